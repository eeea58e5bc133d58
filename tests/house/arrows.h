#pragma once

#include <span>

#include "tests/house/source_tree.h"

namespace attune::house {

/// Every include points where the picture in docs/architecture.md lets its room point, is written
/// from the repository's root, and names a file that is there or is generated.
Faults wrong_includes(std::span<const SourceFile> tree);

/// Generated protobuf code is seen where wire bytes become values, and in no header of the rooms
/// that reason: proto, crdt, couple, sync.
Faults stray_generated_code(std::span<const SourceFile> tree);

/// The pure rooms hold no socket, file, thread, clock, log, database or randomness of their own.
Faults impure_rooms(std::span<const SourceFile> tree);

/// The libraries of ours that a room's CMakeLists.txt names are its permitted neighbours.
Faults wrong_links(std::span<const SourceFile> tree);

}  // namespace attune::house
