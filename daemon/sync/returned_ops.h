#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "daemon/crdt/op.h"

namespace attune::sync {

/// Ops of this person that the partner brings back and whose tag is still to come: of each actor
/// consecutive ones, from the first that its log lacks. The runs of several actors may come in
/// pieces, one between those of another. Pure; a value of the Notebook. At most
/// limits::kBatchOpsMax of an actor, and limits::kWaitingOpsMax and kWaitingBytesMax of all: of
/// more, all are dropped. Source: docs/protocol.md, Author tags.
class ReturnedOps {
 public:
  /// `first`: the counter of the first that the log lacks; an op with it begins its actor anew.
  /// False where it is not the next of its actor, whose ops are dropped then, or has no room.
  bool hold(crdt::Op op, std::size_t bytes, std::uint64_t first);
  /// All that are held of an actor, in their order; none of them is held any more.
  std::vector<crdt::Op> take(const crdt::Actor& actor);

 private:
  struct Held {
    std::vector<crdt::Op> ops;
    std::size_t bytes = 0;
  };
  std::map<crdt::Actor, Held> held_;
  std::size_t ops_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace attune::sync
