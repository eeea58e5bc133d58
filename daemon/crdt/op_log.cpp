#include "daemon/crdt/op_log.h"

#include <algorithm>
#include <cassert>
#include <queue>
#include <tuple>

#include "crypto/labels.h"
#include "proto/limits.h"

namespace attune::crdt {

OpLog::OpLog(StreamId stream) : stream_(stream) {}

const OpLog::Line* OpLog::line(const Actor& actor) const {
  if (recent_ == nullptr || recent_->first != actor) {
    auto it = lines_.find(actor);
    if (it == lines_.end()) return nullptr;
    recent_ = &*it;
  }
  return &recent_->second;
}

const Kept* OpLog::find(const Dot& dot) const {
  const Line* of = line(dot.actor);
  if (of == nullptr || dot.counter == 0 || dot.counter > of->ops.size()) return nullptr;
  return &of->ops[static_cast<std::size_t>(dot.counter - 1)];
}

Kept* OpLog::held(const Dot& dot) {
  if (find(dot) == nullptr) return nullptr;
  return &lines_.find(dot.actor)->second.ops[static_cast<std::size_t>(dot.counter - 1)];
}

std::size_t OpLog::size() const { return order_.size(); }

Hash32 OpLog::head(const Actor& actor) const {
  const Line* of = line(actor);
  return of == nullptr ? first_chain(actor) : of->ops.back().chain;
}

Hash32 OpLog::digest() const {
  crypto::Hasher hasher(32);
  hasher.lv(crypto::labels::kDigest).lv(stream_.couple.view());
  for (const auto& [actor, of] : lines_) {
    Bytes row;
    attune::append(row, actor.device.view());
    attune::append(row, actor.incarnation.view());
    append_u64le(row, of.ops.size());
    attune::append(row, of.ops.back().chain);
    hasher.lv(row);
  }
  return hasher.finish<32>();
}

std::uint64_t OpLog::weight(const Dot& dot) const {
  const Kept* kept = find(dot);
  return kept == nullptr ? 0 : kept->past.total() + 1;
}

VersionVector OpLog::closure(const std::vector<Dot>& dots) const {
  VersionVector all;
  for (const Dot& dot : dots) {
    if (const Kept* kept = find(dot); kept != nullptr) kept->past.join(all);
    all.raise(dot.actor, dot.counter);
  }
  return all;
}

// Those of the writer's own device first: what it takes back must have all of it in its past,
// however many heavier loose ends others leave about.
std::vector<Dot> OpLog::first_to_name(std::vector<Dot> dots, const DeviceId& own) const {
  if (dots.size() <= limits::kDotsMax) return dots;
  const auto key = [&](const Dot& dot) {
    return std::tuple(dot.actor.device == own, weight(dot), dot);
  };
  std::ranges::sort(dots, [&key](const Dot& a, const Dot& b) { return key(b) < key(a); });
  dots.resize(limits::kDotsMax);
  std::ranges::sort(dots);
  return dots;
}

Op OpLog::compose(const Actor& self, Op draft) const {
  std::vector<Dot> past = frontier_;
  std::erase_if(past, [&self](const Dot& dot) { return dot.actor == self; });
  return compose(self, std::move(draft), std::move(past));
}

Op OpLog::compose(const Actor& self, Op draft, std::vector<Dot> past) const {
  assert(self.stream == stream_);
  draft.dot = {self, vector_.last(self) + 1};
  draft.husk = false;
  draft.seen = first_to_name(std::move(past), self.device);
  for (Slot& slot : draft.slots) {
    std::ranges::sort(slot.over.dots);
    std::ranges::sort(slot.removed);
    if (slot.body) slot.commitment = commit_body(slot.field, *slot.body);
  }
  draft.rest_hash = hash_rest(draft);
  return draft;
}

bool OpLog::needs_salt_root(const Actor& self) const {
  return salts_.needs_root({self, vector_.last(self) + 1});
}

void OpLog::salt(const Actor& self, std::vector<Slot>& slots, const std::optional<SaltNode>& root) {
  const Dot next{self, vector_.last(self) + 1};
  if (salts_.needs_root(next)) salts_.plant(next, root.value());
  salts_.give(next, slots);
  salted_ = self;
}

std::optional<SaltNode> OpLog::salt_node(const Dot& first, unsigned level) const {
  if (first.counter == 0 || first.counter + ops_under(level) - 1 > vector_.last(first.actor)) {
    return std::nullopt;
  }
  return salts_.node(first, level);
}

void OpLog::delivered(const VersionVector& has) {
  salts_.drop([&](const SaltTreeId& id) {
    const std::uint64_t end = id.first() + ops_under(kSaltLevelMax) - 1;
    const std::uint64_t last = vector_.last(id.actor);
    if (last < end && id.actor == salted_) return false;
    return has.last(id.actor) >= std::min(last, end);
  });
}

std::vector<std::pair<SaltTreeId, std::optional<Bytes>>> OpLog::take_changed_salts() {
  std::vector<std::pair<SaltTreeId, std::optional<Bytes>>> changed;
  for (const SaltTreeId& id : salts_.take_changed()) changed.emplace_back(id, salts_.encode(id));
  return changed;
}

// What can be said of `seen` without knowing any other op: real dots of other actors of this
// stream, in order, one of each actor.
bool OpLog::names_only_others(const Op& op) const {
  const Actor& self = op.dot.actor;
  if (self.stream != stream_ || op.dot.counter == 0) return false;
  for (std::size_t i = 0; i < op.seen.size(); ++i) {
    const Dot& dot = op.seen[i];
    if (dot.actor.stream != stream_ || dot.actor == self || dot.counter == 0) return false;
    if (i > 0 && !(op.seen[i - 1].actor < dot.actor)) return false;
  }
  return true;
}

// Everything before the op, all of which is held; nullopt where a dot of `seen` is in the past of
// another or of the op before, so that it said nothing new.
std::optional<Past> OpLog::past_of(const Op& op) const {
  const Actor& self = op.dot.actor;
  const std::uint64_t own = op.dot.counter - 1;
  const Kept* before = find({self, own});
  std::shared_ptr<const VersionVector> others;
  if (before != nullptr) others = before->past.others();
  if (op.seen.empty()) return Past(self, own, std::move(others));
  VersionVector past;
  if (others) past = *others;
  for (const Dot& dot : op.seen) find(dot)->past.join(past);
  for (const Dot& dot : op.seen) {
    if (past.contains(dot)) return std::nullopt;
  }
  for (const Dot& dot : op.seen) past.raise(dot.actor, dot.counter);
  return Past(self, own, std::make_shared<const VersionVector>(std::move(past)));
}

// A dot of the frontier that is in the op's past is named in `seen`, or is the op before it: were
// it in the past of one of these, it would have left the frontier with it.
void OpLog::advance_frontier(const Op& op) {
  std::erase_if(frontier_, [&op](const Dot& dot) {
    return dot.actor == op.dot.actor || std::ranges::binary_search(op.seen, dot);
  });
  frontier_.insert(std::ranges::upper_bound(frontier_, op.dot), op.dot);
}

OpLog::Taken OpLog::append(Op op, Kept::Arrival arrival) {
  if (const Kept* kept = find(op.dot); kept != nullptr) {
    return same_header(kept->op, op) ? Taken::kDuplicate : Taken::kForked;
  }
  if (!names_only_others(op) || op.seen.size() > limits::kDotsMax) return Taken::kMalformed;
  const Actor self = op.dot.actor;
  const bool all_here =
      std::ranges::all_of(op.seen, [this](const Dot& dot) { return vector_.contains(dot); });
  if (op.dot.counter != vector_.last(self) + 1 || !all_here) return Taken::kWaits;
  if (op.dot.counter == 1 && lines_.size() >= limits::kActorsMax) return Taken::kMalformed;
  std::optional<Past> past = past_of(op);
  if (!past) return Taken::kMalformed;
  // One of mine that comes back from the partner may have lost its words meanwhile.
  const auto is_erased = [](const Slot& slot) { return !slot.body && !slot.removes; };
  const bool erased = op.husk || std::ranges::any_of(op.slots, is_erased);
  if (erased) salts_.forget(op.dot);

  const Hash32 chain = next_chain(head(self), op);
  advance_frontier(op);
  vector_.raise(self, op.dot.counter);
  Kept& kept = lines_[self].ops.emplace_back();
  kept.op = std::move(op);
  kept.chain = chain;
  kept.past = std::move(*past);
  kept.place = order_.size();
  kept.arrival = arrival;
  order_.push_back(&kept);
  return Taken::kAppended;
}

void OpLog::mark_void(const Dot& dot) {
  Kept* kept = held(dot);
  assert(kept != nullptr);
  kept->counted = false;
}

void OpLog::set_tag(const Dot& dot, const std::array<std::uint8_t, 32>& tag) {
  Kept* kept = held(dot);
  assert(kept != nullptr);
  kept->tag = tag;
}

bool OpLog::erase_slot(const Dot& dot, std::size_t slot) {
  Kept* kept = held(dot);
  if (kept == nullptr || slot >= kept->op.slots.size()) return false;
  Slot& of = kept->op.slots[slot];
  std::optional<SlotBody>& body = of.body;
  if (!body) return false;
  if (of.commitment == Hash32{}) of.commitment = commit_body(of.field, *body);
  body.reset();
  salts_.forget(dot);
  return true;
}

bool OpLog::husk(const Dot& dot) {
  Kept* kept = held(dot);
  if (kept == nullptr || kept->op.husk) return false;
  make_husk(kept->op);
  salts_.forget(dot);
  return true;
}

std::vector<const Kept*> OpLog::missing(const VersionVector& has, std::size_t count) const {
  // The next that is missing of each actor; the one that was appended here first goes first,
  // because the past of an op was appended before it.
  struct Next {
    std::size_t place;
    const Line* of;
    std::size_t index;
    bool operator<(const Next& other) const { return place > other.place; }
  };
  std::priority_queue<Next> heads;
  const auto push = [&heads](const Line& of, std::uint64_t index) {
    if (index >= of.ops.size()) return;
    const auto at = static_cast<std::size_t>(index);
    heads.push({of.ops[at].place, &of, at});
  };
  for (const auto& [actor, of] : lines_) push(of, has.last(actor));
  std::vector<const Kept*> out;
  while (!heads.empty() && out.size() < count) {
    const Next first = heads.top();
    heads.pop();
    out.push_back(&first.of->ops[first.index]);
    push(*first.of, first.index + 1);
  }
  return out;
}

void OpLog::for_each(const std::function<void(const Kept&)>& visit) const {
  for (const Kept* kept : order_) visit(*kept);
}

}  // namespace attune::crdt
