// The rules of the house, held against the tree itself. That each rule can fail is shown in
// arrows_test.cpp and manners_test.cpp.
#include <gtest/gtest.h>

#include "tests/house/arrows.h"
#include "tests/house/manners.h"
#include "tests/house/source_tree.h"

namespace attune::house {
namespace {

const std::vector<SourceFile>& tree() {
  static const std::vector<SourceFile> kTree = read_tree(ATTUNE_SOURCE_DIR);
  return kTree;
}

const SourceFile& file_at(std::string_view path) {
  static const SourceFile kNone;
  for (const SourceFile& file : tree()) {
    if (file.path == path) return file;
  }
  ADD_FAILURE() << path << " is not there";
  return kNone;
}

void expect_none(const Faults& faults) {
  std::string all;
  for (const std::string& fault : faults) all += "\n  " + fault;
  EXPECT_TRUE(faults.empty()) << faults.size() << " faults:" << all;
}

TEST(House, HasRooms) { EXPECT_GT(tree().size(), 50u); }
TEST(House, TopLevelIsFixed) { expect_none(wrong_top(top_names(ATTUNE_SOURCE_DIR))); }
TEST(House, IncludesFollowTheArrows) { expect_none(wrong_includes(tree())); }
TEST(House, GeneratedCodeStaysInItsPlaces) { expect_none(stray_generated_code(tree())); }
TEST(House, PureRoomsArePure) { expect_none(impure_rooms(tree())); }
TEST(House, RoomsLinkTheirNeighbours) { expect_none(wrong_links(tree())); }
TEST(House, FilesAreShort) { expect_none(long_files(tree())); }
TEST(House, LinesAreShort) { expect_none(long_lines(tree())); }
TEST(House, NothingIsADrawer) { expect_none(drawer_names(tree())); }
TEST(House, NothingIsLeftUnfinished) { expect_none(unfinished_marks(tree())); }
TEST(House, LabelsAreUnique) { expect_none(repeated_labels(file_at("crypto/labels.h"))); }
TEST(House, LimitsAreOneLineEach) { expect_none(broken_limits(file_at("proto/limits.h"))); }
TEST(House, KindRowsAreComplete) {
  expect_none(incomplete_rows(file_at("proto/attune/v1/entry.proto")));
}

}  // namespace
}  // namespace attune::house
