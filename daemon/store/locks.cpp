#include "daemon/store/locks.h"

#include <algorithm>
#include <cassert>

#include "daemon/store/segment.h"
#include "proto/limits.h"

//   locks = u8 2 | u32 page | 250 x lock 16

namespace attune::store {
namespace {

constexpr Lock kNone{};
// A page is filled again when so many of its slots are free: fewer would scatter what is written
// together over many pages.
constexpr std::size_t kFillAgainFrom = Locks::kPerPage / 4;

std::uint32_t page_of(std::uint32_t slot) {
  return slot / static_cast<std::uint32_t>(Locks::kPerPage);
}

}  // namespace

void Locks::grow(std::size_t pages) {
  slots_.resize(pages * kPerPage, kNone);
  free_.resize(pages, static_cast<std::uint16_t>(kPerPage));
}

std::uint32_t Locks::page_with_room() {
  if (open_ && free_[*open_] > 0) return *open_;
  const auto most = std::ranges::max_element(free_);
  if (most == free_.end() || *most < kFillAgainFrom) {
    open_ = static_cast<std::uint32_t>(free_.size());
    grow(free_.size() + 1);
  } else {
    open_ = static_cast<std::uint32_t>(most - free_.begin());
  }
  return *open_;
}

std::uint32_t Locks::add(const Lock& lock) {
  std::uint32_t slot = 0;
  if (!freed_.empty()) {
    slot = freed_.back();
    freed_.pop_back();
  } else {
    const std::uint32_t page = page_with_room();
    const auto begin = slots_.begin() + static_cast<std::ptrdiff_t>(page * kPerPage);
    slot = static_cast<std::uint32_t>(std::find(begin, slots_.end(), kNone) - slots_.begin());
  }
  assert(slots_.at(slot) == kNone);
  slots_[slot] = lock;
  --free_[page_of(slot)];
  changed_.insert(page_of(slot));
  return slot;
}

void Locks::erase(std::uint32_t slot) {
  assert(find(slot) != nullptr);
  slots_[slot] = kNone;
  ++free_[page_of(slot)];
  freed_.push_back(slot);
  changed_.insert(page_of(slot));
}

const Lock* Locks::find(std::uint32_t slot) const {
  return slot < slots_.size() && slots_[slot] != kNone ? &slots_[slot] : nullptr;
}

void Locks::settled() {
  freed_.clear();
  changed_.clear();
}

Bytes Locks::encode(std::uint32_t page) const {
  Bytes body;
  body.reserve(kPageBodyBytes);
  body.push_back(static_cast<std::uint8_t>(PageKind::kLocks));
  append_u32le(body, page);
  for (std::size_t i = 0; i < kPerPage; ++i) append(body, slots_[page * kPerPage + i]);
  return body;
}

bool Locks::decode(ByteView body) {
  Reader reader(body);
  const bool is_locks = reader.u8() == static_cast<std::uint8_t>(PageKind::kLocks);
  const std::uint32_t page = reader.u32le();
  if (!is_locks || page >= limits::kLockPagesMax || reader.left() != kPerPage * sizeof(Lock))
    return false;
  if (!decoded_.insert(page).second) return false;
  if (page >= free_.size()) grow(page + 1);
  for (std::size_t i = 0; i < kPerPage; ++i) {
    Lock& lock = slots_[page * kPerPage + i];
    lock = reader.take_array<sizeof(Lock)>();
    if (lock != kNone) --free_[page];
  }
  return true;
}

}  // namespace attune::store
