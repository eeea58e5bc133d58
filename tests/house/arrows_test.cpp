#include "tests/house/arrows.h"

#include <gtest/gtest.h>

namespace attune::house {
namespace {

// A tree in which the one file under test includes `line`, beside files that it may name.
std::vector<SourceFile> tree_with(std::string path, std::string text) {
  std::vector<SourceFile> tree = {
      {"proto/bytes.h", ""},         {"proto/ids.h", ""},
      {"crypto/hash.h", ""},         {"crypto/seal.h", ""},
      {"daemon/crdt/dot.h", ""},     {"daemon/couple/people.h", ""},
      {"daemon/sync/replica.h", ""}, {"daemon/store/store.h", ""},
      {"daemon/net/lan.h", ""},      {"daemon/net/frame_stream.h", ""},
      {"daemon/driver.h", ""},       {"client/render.h", ""},
  };
  tree.push_back({std::move(path), std::move(text)});
  return tree;
}

std::string quoted(std::string_view target) { return "#include \"" + std::string(target) + "\"\n"; }
std::string angled(std::string_view target) { return "#include <" + std::string(target) + ">\n"; }

struct Arrow {
  const char* from;
  const char* to;
};

TEST(Arrows, OfThePictureAreAllowed) {
  for (const Arrow& arrow : std::vector<Arrow>{
           {"crypto/seal.cpp", "proto/bytes.h"},
           {"daemon/crdt/op.cpp", "crypto/hash.h"},
           {"daemon/couple/lapse.cpp", "daemon/crdt/dot.h"},
           {"daemon/sync/session.cpp", "crypto/seal.h"},
           {"daemon/store/vault.cpp", "crypto/seal.h"},
           {"daemon/net/lan.cpp", "proto/ids.h"},
           {"daemon/relay/server.cpp", "daemon/net/frame_stream.h"},
           {"daemon/driver.cpp", "daemon/store/store.h"},
           {"daemon/driver.cpp", "daemon/net/lan.h"},
           {"client/main.cpp", "proto/ids.h"},
           {"tests/sync/replica_test.cpp", "daemon/sync/replica.h"},
       }) {
    EXPECT_EQ(wrong_includes(tree_with(arrow.from, quoted(arrow.to))), Faults{}) << arrow.from;
  }
}

TEST(Arrows, AgainstThePictureAreFaults) {
  for (const Arrow& arrow : std::vector<Arrow>{
           {"proto/ids.cpp", "crypto/hash.h"},
           {"crypto/seal.cpp", "proto/ids.h"},
           {"crypto/seal.cpp", "daemon/crdt/dot.h"},
           {"daemon/crdt/op.cpp", "crypto/seal.h"},
           {"daemon/crdt/op.cpp", "daemon/couple/people.h"},
           {"daemon/couple/lapse.cpp", "daemon/sync/replica.h"},
           {"daemon/sync/session.cpp", "daemon/store/store.h"},
           {"daemon/sync/session.cpp", "daemon/net/lan.h"},
           {"daemon/sync/session.cpp", "daemon/driver.h"},
           {"daemon/store/vault.cpp", "daemon/sync/replica.h"},
           {"daemon/store/vault.cpp", "daemon/net/lan.h"},
           {"daemon/net/lan.cpp", "crypto/seal.h"},
           {"daemon/net/lan.cpp", "daemon/store/store.h"},
           {"daemon/relay/server.cpp", "daemon/net/lan.h"},
           {"daemon/relay/server.cpp", "daemon/sync/replica.h"},
           {"daemon/driver.cpp", "client/render.h"},
           {"client/main.cpp", "daemon/sync/replica.h"},
           {"client/main.cpp", "crypto/seal.h"},
           {"extra/thing.cpp", "proto/bytes.h"},
       }) {
    EXPECT_EQ(wrong_includes(tree_with(arrow.from, quoted(arrow.to))).size(), 1u)
        << arrow.from << " -> " << arrow.to;
  }
}

TEST(Arrows, StartAtTheRootAndEndAtAFile) {
  for (const char* target : {"dot.h", "../proto/bytes.h", "daemon/crdt/gone.h"}) {
    EXPECT_EQ(wrong_includes(tree_with("daemon/crdt/op.cpp", quoted(target))).size(), 1u) << target;
  }
  EXPECT_EQ(wrong_includes(tree_with("daemon/driver.cpp", quoted("attune/v1/entry.pb.h"))),
            Faults{});
}

TEST(Arrows, MayEndAtAFileThatCMakeWrites) {
  auto tree = tree_with("daemon/main.cpp", quoted("proto/version.h"));
  EXPECT_EQ(wrong_includes(tree).size(), 1u);
  tree.push_back({"proto/version.h.in", ""});
  EXPECT_EQ(wrong_includes(tree), Faults{});
}

TEST(Arrows, NameTheLine) {
  const auto faults =
      wrong_includes(tree_with("daemon/crdt/op.cpp", "\n\n" + quoted("daemon/net/lan.h")));
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_TRUE(faults[0].starts_with("daemon/crdt/op.cpp:3: ")) << faults[0];
}

TEST(GeneratedCode, IsSeenByItsReadersAlone) {
  const std::string generated = quoted("attune/v1/entry.pb.h");
  for (const char* path : {"proto/kind_table.cpp", "daemon/sync/session_codec.cpp",
                           "daemon/driver.cpp", "client/render.cpp", "tests/proto/rows_test.cpp"}) {
    EXPECT_EQ(stray_generated_code(tree_with(path, generated)), Faults{}) << path;
  }
  for (const char* path :
       {"proto/kind_table.h", "daemon/crdt/op.cpp", "daemon/couple/lapse.h",
        "daemon/sync/session.cpp", "daemon/sync/session_codec.h", "daemon/store/store.cpp",
        "daemon/net/lan.cpp", "daemon/relay/server.cpp", "crypto/seal.cpp"}) {
    EXPECT_EQ(stray_generated_code(tree_with(path, generated)).size(), 1u) << path;
  }
  EXPECT_EQ(stray_generated_code(tree_with("daemon/crdt/op.h", angled("google/protobuf/message.h")))
                .size(),
            1u);
}

TEST(PureRooms, RefuseTheHeadersOfTheWorld) {
  for (const char* header : {"asio.hpp", "asio/steady_timer.hpp", "sqlite3.h", "thread", "mutex",
                             "fstream", "filesystem", "ctime", "random", "sodium.h",
                             "spdlog/spdlog.h", "unistd.h", "sys/socket.h"}) {
    for (const char* path : {"daemon/crdt/a.h", "daemon/couple/a.cpp", "daemon/sync/a.cpp",
                             "daemon/relay/mailboxes.cpp"}) {
      EXPECT_EQ(impure_rooms(tree_with(path, angled(header))).size(), 1u) << path << ' ' << header;
    }
    EXPECT_EQ(impure_rooms(tree_with("daemon/driver.cpp", angled(header))), Faults{}) << header;
  }
  for (const char* header : {"vector", "chrono", "map", "variant", "cstring"}) {
    EXPECT_EQ(impure_rooms(tree_with("daemon/crdt/a.h", angled(header))), Faults{}) << header;
  }
}

TEST(PureRooms, RefuseToLookAtAClockOrADie) {
  for (const char* line :
       {"auto now = std::chrono::steady_clock::now();", "auto t = time(nullptr);",
        "clock_gettime(CLOCK_REALTIME, &at);", "std::random_device device;",
        "randombytes_buf(a, b);", "int die = rand();", "auto home = std::getenv(\"HOME\");"}) {
    EXPECT_EQ(impure_rooms(tree_with("daemon/sync/a.cpp", line)).size(), 1u) << line;
    EXPECT_EQ(impure_rooms(tree_with("daemon/sync/a.cpp", std::string("// ") + line)), Faults{})
        << line;
  }
  EXPECT_EQ(impure_rooms(tree_with("daemon/sync/a.cpp", "next_time(now.steady);")), Faults{});
}

TEST(Links, AreThePermittedNeighbours) {
  EXPECT_EQ(wrong_links(tree_with("daemon/crdt/CMakeLists.txt",
                                  "add_library(attune_crdt STATIC op.cpp)\n"
                                  "target_link_libraries(attune_crdt PUBLIC attune_crypto)\n")),
            Faults{});
  for (const Arrow& arrow : std::vector<Arrow>{
           {"daemon/crdt/CMakeLists.txt", "attune_couple"},
           {"daemon/store/CMakeLists.txt", "attune_sync"},
           {"daemon/net/CMakeLists.txt", "attune_crypto"},
           {"daemon/relay/CMakeLists.txt", "attune_net"},
           {"client/CMakeLists.txt", "attune_couple"},
           {"crypto/CMakeLists.txt", "attune_proto"},
       }) {
    EXPECT_EQ(wrong_links(tree_with(arrow.from, arrow.to)).size(), 1u) << arrow.from;
  }
}

}  // namespace
}  // namespace attune::house
