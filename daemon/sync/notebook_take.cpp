#include <algorithm>

#include "crypto/hash.h"
#include "daemon/couple/admission.h"
#include "daemon/couple/lapse.h"
#include "daemon/sync/notebook_state.h"
#include "proto/limits.h"

namespace attune::sync {
namespace {

// The size of an op once what it says is erased or not: neither may exceed what an op may have.
bool stays_within_limits(const crdt::Op& op) {
  constexpr std::size_t kCommitmentBytes = 32;
  constexpr std::size_t kSaltAndSizeMin = 16 + 1;
  if (!crdt::within_limits(op)) return false;
  std::size_t size = crdt::encoded_size(op);
  for (const crdt::Slot& slot : op.slots) {
    if (!slot.body || slot.body->bytes.size() + kSaltAndSizeMin >= kCommitmentBytes) continue;
    size += kCommitmentBytes - kSaltAndSizeMin - slot.body->bytes.size();
  }
  return size <= limits::kOpBytesMax;
}

}  // namespace

Notebook::Verdict Notebook::State::take(const Now& now, Arriving arriving, Ripple& ripple) {
  Stream* in = both();
  const crdt::Op& op = arriving.op;
  if (in == nullptr || unpaired() || op.dot.actor.stream != in->log.stream()) {
    return Verdict::kRefused;
  }
  if (const crdt::Kept* kept = in->log.find(op.dot); kept != nullptr) {
    return crdt::same_header(kept->op, op) ? Verdict::kKnown : Verdict::kRefused;
  }
  const std::optional<PersonId> author = people.person(op.dot.actor.device);
  if (!author) return Verdict::kRefused;
  end_nights(now, ripple);
  if (*author == self.person && arriving.from != self.person) {
    return take_returned(now, std::move(arriving), ripple);
  }
  if (*author != arriving.from) return Verdict::kRefused;
  return take_partners(now, std::move(arriving), ripple);
}

Notebook::Verdict Notebook::State::take_partners(const Now& now, Arriving arriving,
                                                 Ripple& ripple) {
  const crdt::Dot& dot = arriving.op.dot;
  if (dot.counter == 1 && actors_of(*both(), arriving.from) >= kActorsOfPersonMax) {
    return Verdict::kRefused;
  }
  if (quota.day != now.day) quota = {.day = now.day};
  if (quota.ops >= limits::kPartnerOpsPerDayMax ||
      quota.bytes + arriving.bytes > limits::kPartnerBytesPerDayMax) {
    return Verdict::kOverLimit;
  }
  ++quota.ops;
  quota.bytes += arriving.bytes;
  return admit(now, waiting_partner,
               {.op = std::move(arriving.op), .tag = arriving.tag, .bytes = arriving.bytes},
               ripple);
}

// Mine, brought back by the partner: only a tag that my devices alone can make proves it, over a
// chain without a gap from what is here. One tag stands for the run before it.
Notebook::Verdict Notebook::State::take_returned(const Now& now, Arriving arriving,
                                                 Ripple& ripple) {
  const crdt::Actor actor = arriving.op.dot.actor;
  const std::uint64_t first = both()->log.vector().last(actor) + 1;
  if (!returned.hold(std::move(arriving.op), arriving.bytes, first)) return Verdict::kRefused;
  if (!arriving.tag) return Verdict::kHeld;
  std::vector<crdt::Op> proved = returned.take(actor);
  crdt::Hash32 chain = both()->log.head(actor);
  for (const crdt::Op& op : proved) chain = crdt::next_chain(chain, op);
  const crdt::Dot last = proved.back().dot;
  if (!crypto::equal(*arriving.tag, make_author_tag(self.author_key, last, chain))) {
    return Verdict::kRefused;
  }
  Verdict verdict = Verdict::kTaken;
  for (crdt::Op& op : proved) {
    const std::size_t bytes = crdt::encoded_size(op);
    verdict = admit(now, waiting_mine, {.op = std::move(op), .tag = {}, .bytes = bytes}, ripple);
    if (verdict == Verdict::kRefused) break;
  }
  return verdict;
}

Notebook::Verdict Notebook::State::admit(const Now& now, crdt::WaitingOps& waiting,
                                         crdt::WaitingOps::Item item, Ripple& ripple) {
  if (!stays_within_limits(item.op) || !couple::may_enter(kinds, item.op)) {
    return Verdict::kRefused;
  }
  switch (append_op(now, item, ripple)) {
    case crdt::OpLog::Taken::kAppended:
      drain(now, ripple);
      return Verdict::kTaken;
    case crdt::OpLog::Taken::kDuplicate:
      return Verdict::kKnown;
    case crdt::OpLog::Taken::kWaits:
      return waiting.hold(std::move(item)) ? Verdict::kHeld : Verdict::kRefused;
    case crdt::OpLog::Taken::kForked:
    case crdt::OpLog::Taken::kMalformed:
      return Verdict::kRefused;
  }
  return Verdict::kRefused;
}

crdt::OpLog::Taken Notebook::State::append_op(const Now& now, const crdt::WaitingOps::Item& item,
                                              Ripple& ripple) {
  Stream& in = *both();
  const crdt::Dot dot = item.op.dot;
  const crdt::Kept::Arrival arrival =
      is_tonight(item.op.kind)
          ? couple::arrival_tonight(now)
          : crdt::Kept::Arrival{.day = now.day, .wall = now.wall, .boot = now.boot};
  const auto taken = in.log.append(item.op, arrival);
  if (taken != crdt::OpLog::Taken::kAppended) return taken;
  if (item.tag) in.log.set_tag(dot, *item.tag);
  enter(in, *in.log.find(dot), ripple);
  return taken;
}

void Notebook::State::drain(const Now& now, Ripple& ripple) {
  for (bool moved = true; moved;) {
    moved = false;
    for (crdt::WaitingOps* waiting : {&waiting_partner, &waiting_mine}) {
      while (auto item = waiting->next(both()->log)) {
        if (append_op(now, *item, ripple) == crdt::OpLog::Taken::kAppended) moved = true;
      }
    }
  }
}

}  // namespace attune::sync
