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

std::uint32_t Locks::page_with_room() {
  if (open_ && free_[*open_] > 0) return *open_;
  const auto most = std::ranges::max_element(free_);
  if (most == free_.end() || *most < kFillAgainFrom) {
    open_ = static_cast<std::uint32_t>(free_.size());
    pages_.emplace_back(kPerPage, kNone);
    free_.push_back(static_cast<std::uint16_t>(kPerPage));
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
    const std::uint32_t number = page_with_room();
    const Page& page = pages_[number];
    slot = static_cast<std::uint32_t>(number * kPerPage) +
           static_cast<std::uint32_t>(std::ranges::find(page, kNone) - page.begin());
  }
  assert(at(slot) == kNone);
  at(slot) = lock;
  --free_[page_of(slot)];
  changed_.insert(page_of(slot));
  return slot;
}

void Locks::erase(std::uint32_t slot) {
  assert(find(slot) != nullptr);
  at(slot) = kNone;
  ++free_[page_of(slot)];
  freed_.push_back(slot);
  changed_.insert(page_of(slot));
}

const Lock* Locks::find(std::uint32_t slot) const {
  if (page_of(slot) >= pages_.size()) return nullptr;
  const Page& page = pages_[page_of(slot)];
  if (page.empty() || page[slot % kPerPage] == kNone) return nullptr;
  return &page[slot % kPerPage];
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
  for (const Lock& lock : pages_.at(page)) append(body, lock);
  return body;
}

bool Locks::decode(ByteView body) {
  Reader reader(body);
  const bool is_locks = reader.u8() == static_cast<std::uint8_t>(PageKind::kLocks);
  const std::uint32_t page = reader.u32le();
  if (!is_locks || page >= limits::kLockPagesMax || reader.left() != kPerPage * sizeof(Lock))
    return false;
  if (!decoded_.insert(page).second) return false;
  if (page >= pages_.size()) {
    pages_.resize(page + 1);
    free_.resize(page + 1, static_cast<std::uint16_t>(kPerPage));
  }
  pages_[page].resize(kPerPage);
  for (Lock& lock : pages_[page]) {
    lock = reader.take_array<sizeof(Lock)>();
    if (lock != kNone) --free_[page];
  }
  return true;
}

}  // namespace attune::store
