#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <vector>

namespace attune::crdt {

/// A list that mostly has one member, which then stands in place; more are on the heap. Members
/// stand side by side. Value type; what it gives out is valid until it is written.
template <typename T>
class Few {
 public:
  using value_type = T;
  using iterator = T*;
  using const_iterator = const T*;
  using reverse_iterator = std::reverse_iterator<const_iterator>;

  [[nodiscard]] std::size_t size() const {
    return more_.empty() ? (has_one_ ? 1 : 0) : more_.size();
  }
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] iterator begin() { return more_.empty() ? &one_ : more_.data(); }
  [[nodiscard]] iterator end() { return begin() + size(); }
  [[nodiscard]] const_iterator begin() const { return more_.empty() ? &one_ : more_.data(); }
  [[nodiscard]] const_iterator end() const { return begin() + size(); }
  [[nodiscard]] reverse_iterator rbegin() const { return reverse_iterator(end()); }
  [[nodiscard]] reverse_iterator rend() const { return reverse_iterator(begin()); }
  [[nodiscard]] const T& operator[](std::size_t at) const { return begin()[at]; }
  [[nodiscard]] const T& front() const { return *begin(); }
  [[nodiscard]] const T& back() const { return *(end() - 1); }

  void insert(const_iterator before, const T& value) {
    const std::ptrdiff_t at = before - begin();
    if (empty()) {
      one_ = value;
      has_one_ = true;
      return;
    }
    if (more_.empty()) more_.push_back(one_);
    more_.insert(more_.begin() + at, value);
  }
  void push_back(const T& value) { insert(end(), value); }
  void clear() { *this = {}; }

  template <typename Which>
  friend std::size_t erase_if(Few& from, Which which) {
    const iterator kept = std::remove_if(from.begin(), from.end(), which);
    const auto count = static_cast<std::size_t>(from.end() - kept);
    const std::size_t left = from.size() - count;
    if (left <= 1 && !from.more_.empty()) {
      from.one_ = from.more_.front();
      from.more_ = {};
    }
    if (left > 1) from.more_.resize(left);
    from.has_one_ = left > 0;
    return count;
  }
  friend bool operator==(const Few& a, const Few& b) { return std::ranges::equal(a, b); }

 private:
  T one_{};
  bool has_one_ = false;
  std::vector<T> more_;  ///< all members, where there are several; else empty
};

}  // namespace attune::crdt
