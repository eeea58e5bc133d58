#pragma once

#include <exception>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace attune::vectors {

/// A vector that does not hold, with what was wrong.
class Wrong : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Counts the cases of one file.
class Tally {
 public:
  /// Runs one case: it passes when `check` returns, and fails on whatever it throws, so that a case
  /// that cannot be run is never taken for one that holds.
  template <typename Check>
  void run(std::string_view form, std::string_view what, Check check) {
    forms_.emplace(form);
    try {
      check();
      ++passed_;
    } catch (const std::exception& error) {
      ++failed_;
      complaints_.push_back(std::string(form) + " " + std::string(what) + ": " + error.what());
    }
  }
  /// A file of a kind that no room uses.
  void name_unused(std::string_view kind) { unused_.emplace(kind); }

  [[nodiscard]] std::size_t passed() const { return passed_; }
  [[nodiscard]] std::size_t failed() const { return failed_; }
  [[nodiscard]] const std::vector<std::string>& complaints() const { return complaints_; }
  [[nodiscard]] const std::set<std::string>& forms() const { return forms_; }
  [[nodiscard]] const std::set<std::string>& unused() const { return unused_; }

 private:
  std::size_t passed_ = 0;
  std::size_t failed_ = 0;
  std::vector<std::string> complaints_;
  std::set<std::string> forms_;
  std::set<std::string> unused_;
};

}  // namespace attune::vectors
