#pragma once

#include <span>

#include "tests/house/source_tree.h"

namespace attune::house {

inline constexpr std::size_t kFileLinesMax = 600;
inline constexpr std::size_t kLineColumnsMax = 100;

/// Headers, sources and schemas are short enough to read in one go.
Faults long_files(std::span<const SourceFile> tree);
/// Columns are counted in characters, not bytes.
Faults long_lines(std::span<const SourceFile> tree);

/// No drawer in which anything fits: the words util, common, helper, manager, handler and misc are
/// in no name of a file, type or message.
Faults drawer_names(std::span<const SourceFile> tree);

/// No disabled, skipped or sleeping test, and no mark of unfinished work.
Faults unfinished_marks(std::span<const SourceFile> tree);

/// Whatever stands at the top beside what the architecture names and dot-files and build folders,
/// and what must stand there and does not.
Faults wrong_top(std::span<const std::string> names);

/// crypto/labels.h: a label's bytes and its name stand there once.
Faults repeated_labels(const SourceFile& labels);

/// proto/limits.h: each limit is one line, its name stands there once, and nothing else is there.
Faults broken_limits(const SourceFile& limits);

/// proto/attune/v1/entry.proto: every row says noun, letter, writer and audience, each noun and
/// letter once; no field takes a name that JSON keeps for itself.
Faults incomplete_rows(const SourceFile& entry_proto);

}  // namespace attune::house
