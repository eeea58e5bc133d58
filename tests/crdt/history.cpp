#include "tests/crdt/history.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "proto/kind_table.h"

namespace attune::crdt::testing {
namespace {

constexpr std::size_t kDevices = 4;

// Two entries of each person, and one that both write.
std::vector<EntryId> entries_of(std::uint8_t owner) {
  return {entry(owner, 0), entry(owner, 1), entry(9)};
}
bool is_shared(const EntryId& id) { return id == entry(9); }

}  // namespace

History::History(std::uint64_t seed, Options options) : random_(seed), options_(options) {
  for (std::size_t i = 0; i < kDevices; ++i) {
    devices.push_back(std::make_unique<Device>());
    actors_.push_back(
        actor(static_cast<std::uint8_t>(1 + i / 2), static_cast<std::uint8_t>(1 + i)));
  }
}

void History::run() {
  for (int step = 0; step < options_.steps; ++step) {
    const std::size_t who = random_.below(kDevices);
    if (one_in(30)) ++actors_[who].incarnation.bytes[0];
    if (one_in(2)) {
      write(who);
    } else {
      hear(who, random_.below(kDevices));
      compare(who);
    }
  }
  for (std::size_t round = 0; round < 2; ++round) {
    for (std::size_t who = 0; who < kDevices; ++who) {
      for (std::size_t from = 0; from < kDevices; ++from) devices[who]->pull(*devices[from]);
    }
  }
}

// A batch over the wire: some ops, not in order, some of them twice.
void History::hear(std::size_t who, std::size_t from) {
  if (who == from) return;
  std::vector<Op> batch;
  const auto missing = devices[from]->log.missing(devices[who]->log.vector(), 1 + random_.below(6));
  for (const Kept* kept : missing) {
    auto op = decode_op(kept->op.dot, encode_op(kept->op));
    ASSERT_TRUE(op.has_value());
    husks_sent += op->husk ? 1 : 0;
    batch.insert(batch.begin() + random_.below(static_cast<std::uint32_t>(batch.size() + 1)), *op);
    if (one_in(5)) batch.push_back(*op);
  }
  for (const Op& op : batch) take(*devices[who], op);
}

void History::compare(std::size_t who) {
  const Device& one = *devices[who];
  for (const auto& other : devices) {
    if (other.get() == &one || other->log.vector() != one.log.vector()) continue;
    ++met;
    if (seen(other->view) != seen(one.view)) ++uneven;
  }
}

std::unique_ptr<Device> History::reader(bool erases) {
  auto device = std::make_unique<Device>(erases);
  std::vector<const Op*> all;
  for (const auto& [dot, op] : oracle.ops()) {
    all.push_back(&op);
    if (one_in(6)) all.push_back(&op);
  }
  while (!all.empty()) {
    const std::size_t at = random_.below(static_cast<std::uint32_t>(all.size()));
    device->take(*all[at]);
    all.erase(all.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return device;
}

// Any dot there is, known to the device or not.
Dot History::random_dot() {
  if (oracle.ops().empty()) return dot(actors_[0], 1);
  auto it = oracle.ops().begin();
  std::advance(it, random_.below(static_cast<std::uint32_t>(oracle.ops().size())));
  return it->first;
}

Over History::random_over(const Device& device) {
  if (one_in(3)) return {};
  if (one_in(2)) return over_past();
  std::vector<Dot> dots;
  for (std::uint32_t i = random_.below(3); i > 0; --i) dots.push_back(random_dot());
  if (one_in(2) && !device.log.frontier().empty()) dots.push_back(device.log.frontier().front());
  std::ranges::sort(dots);
  dots.erase(std::unique(dots.begin(), dots.end()), dots.end());
  return over_dots(dots);
}

std::vector<SlotRef> History::random_removed(const Device& device, const EntryId& on) {
  std::vector<SlotRef> removed;
  const EntryState* state = device.view.find(on);
  const Register* tags = state == nullptr ? nullptr : state->find(kTags);
  if (tags != nullptr) {
    for (const Standing& each : tags->standing) {
      if (one_in(2)) removed.push_back({each.dot, each.slot});
    }
  }
  if (one_in(4)) removed.push_back({random_dot(), 0});
  std::ranges::sort(removed);
  removed.erase(std::unique(removed.begin(), removed.end()), removed.end());
  return removed;
}

Slot History::random_slot(const Device& device, const EntryId& on) {
  const std::string text = "words " + std::to_string(random_.below(1'000));
  switch (random_.below(6)) {
    case 0:
      return words(kTitle, text);
    case 1:
      return words(kWords, text);
    case 2:
      return add(text);
    case 3:
      return remove(random_removed(device, on));
    case 4:
      return ranked(kAccepted, random_.below(3), random_over(device));
    default:
      // A register of both people's ranks has no forget that says all of it: not on what both
      // write.
      if (is_shared(on)) return words(kTitle, text);
      return ranked(kFirmness, random_.below(3), random_over(device));
  }
}

// What a forget of `self` writes itself: on an entry that both write, each field that its ops
// wrote.
std::vector<Slot> History::forget_slots(const Device& device, const EntryId& on,
                                        const PersonId& self) {
  std::vector<Slot> slots{forgetting()};
  const EntryState* state = device.view.find(on);
  if (!is_shared(on) || state == nullptr) {
    if (one_in(3)) slots.push_back(ranked(kFirmness, 1));
    return slots;
  }
  std::vector<SlotRef> removed;
  bool title = false;
  bool text = false;
  for (const Kept* kept : state->ops) {
    if (schema().person(kept->op.dot.actor.device) != self) continue;
    for (const Slot& slot : kept->op.slots) {
      title |= slot.field == kTitle;
      text |= slot.field == kWords;
      removed.insert(removed.end(), slot.removed.begin(), slot.removed.end());
    }
  }
  // An add that was not in the remover's past stands still, and is not to be taken now.
  std::erase_if(removed, [&device, state](const SlotRef& ref) {
    const Register* tags = state->find(kTags);
    return tags != nullptr && std::ranges::any_of(tags->standing, [&ref](const Standing& s) {
             return SlotRef{s.dot, s.slot} == ref;
           });
  });
  std::ranges::sort(removed);
  removed.erase(std::unique(removed.begin(), removed.end()), removed.end());
  if (title) slots.push_back(words(kTitle, ""));
  if (text) slots.push_back(words(kWords, ""));
  if (!removed.empty()) slots.push_back(remove(removed));
  return slots;
}

void History::write(std::size_t who) {
  Device& device = *devices[who];
  const PersonId self = *schema().person(actors_[who].device);
  const std::vector<EntryId> mine = entries_of(self.bytes[0]);
  const EntryId& on = mine[random_.below(static_cast<std::uint32_t>(mine.size()))];
  Op op = draft(on, {});
  op.day.days += static_cast<std::int32_t>(random_.below(5));
  if (options_.forgets && one_in(12)) {
    op.slots = forget_slots(device, on, self);
  } else {
    for (std::uint32_t i = 1 + random_.below(3); i > 0; --i) {
      op.slots.push_back(random_slot(device, on));
    }
  }
  device.log.salt(actors_[who], op.slots, random_.bytes<16>());
  op = device.log.compose(actors_[who], std::move(op));
  ASSERT_TRUE(within_limits(op));
  oracle.add(op);
  take(device, op);
}

// Whether an op lifts a protective standing: at least as strict, on its screen, or a forget.
bool History::is_lifted(const Standing& before, const Op& by) const {
  if (!oracle.is_in_past(before.dot, by.dot)) return false;
  const Op& standing = oracle.ops().at(before.dot);
  const std::uint32_t field = standing.slots[before.slot].field;
  return by.entry == standing.entry && std::ranges::any_of(by.slots, [&](const Slot& slot) {
           return slot.field == kFieldForget ||
                  (slot.field == field &&
                   (*slot.rank >= before.rank || slot.over.reach != Over::Reach::kNothing));
         });
}

// Hands an op to a device and watches the protective registers.
void History::take(Device& device, const Op& op) {
  std::map<EntryId, std::vector<Register>> before;
  for (const auto& [id, state] : device.view.entries()) before[id] = state.registers;
  const VersionVector had = device.log.vector();
  device.take(op);
  std::vector<Op> came;
  for (const Kept* kept : device.log.missing(had, 10'000)) {
    came.push_back(oracle.ops().at(kept->op.dot));
  }
  for (const auto& [id, registers] : before) {
    for (const Register& each : registers) {
      if (each.field != kFirmness && each.field != kAccepted) continue;
      const Register* now = device.view.find(id)->find(each.field, each.person);
      const Standing& top = each.standing.front();
      if (now != nullptr && now->standing.front().rank >= top.rank) continue;
      ++loosened;
      if (std::ranges::none_of(came, [&](const Op& by) { return is_lifted(top, by); })) ++weakened;
    }
  }
}

}  // namespace attune::crdt::testing
