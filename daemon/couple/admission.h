#pragma once

#include "daemon/couple/kinds.h"
#include "daemon/crdt/op_log.h"
#include "daemon/crdt/view.h"

namespace attune::couple {

/// Gate TAKE, as far as the rows decide it: whether bodies that are held fit the fields they are
/// for, a protective slot's rank is what its body says (one that a body can have, where it is
/// gone), no field but a set is written twice, the id is one of these two people's for this kind,
/// and what there is one of has the id of its couple and topic. Husks pass, and so do fields that
/// are not known here, and kinds, where the id proves them. The op stands in the stream of both.
/// Source: docs/protocol.md, Gates.
bool may_enter(const Kinds& kinds, const crdt::Op& op);

/// Gate COUNT: whether an op of the log has effect; a function of the op's header and its past
/// alone, so that every device says the same. False: the op is void. It must not be applied to the
/// view yet, and all of its past is. A husk counts: it writes nothing.
bool counts(const Kinds& kinds, const crdt::View& view, const crdt::Kept& kept);

}  // namespace attune::couple
