#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <string>

#include "proto/home.h"

namespace attune {

/// A home in the temporary folder, as hold_home() makes one; removed at the end.
class TemporaryHome {
 public:
  TemporaryHome() {
    std::string name = (std::filesystem::temp_directory_path() / "attune-XXXXXX").string();
    root_ = mkdtemp(name.data());
    home_ = find_home(root_.native());
    for (const auto& folder : {home_.data, home_.run}) {
      std::filesystem::create_directory(folder);
      EXPECT_EQ(chmod(folder.c_str(), 0700), 0);
    }
  }
  ~TemporaryHome() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }
  TemporaryHome(const TemporaryHome&) = delete;
  TemporaryHome& operator=(const TemporaryHome&) = delete;

  [[nodiscard]] const Home& get() const { return home_; }
  [[nodiscard]] const Home* operator->() const { return &home_; }

 private:
  std::filesystem::path root_;
  Home home_;
};

/// Runs the io_context until a condition holds; false where it does not within half a minute, which
/// is a failure of the test and never its normal course.
template <typename Condition>
bool run_until(asio::io_context& io, Condition holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    if (io.stopped()) io.restart();
    io.run_one_for(std::chrono::milliseconds{2});
  }
  return true;
}

}  // namespace attune
