#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "attune/v1/control.pb.h"

namespace attune::client {

/// A small daemon for tests: listens in a home of its own below the temporary folder, answers each
/// request as the test says, and remembers it. Everything is gone with it.
class FakeDaemon {
 public:
  struct Reaction {
    std::vector<v1::Answer> answers;
    bool hangs_up = false;  ///< closes the connection afterwards
    std::string raw{};      ///< bytes that are no frame of an answer, sent last
  };
  using React = std::function<Reaction(const v1::Request&)>;

  explicit FakeDaemon(React react);
  ~FakeDaemon();
  FakeDaemon(const FakeDaemon&) = delete;
  FakeDaemon& operator=(const FakeDaemon&) = delete;

  [[nodiscard]] const std::string& home() const { return home_; }
  [[nodiscard]] std::string socket() const { return home_ + "/run/attuned.sock"; }
  /// What was asked so far, status requests apart.
  std::vector<v1::Request> asked();

 private:
  void serve();
  void converse(int client);

  React react_;
  std::string home_;
  int listener_ = -1;
  std::mutex mutex_;
  std::vector<v1::Request> asked_;
  std::thread thread_;
};

v1::Answer done(const std::string& state = {});
v1::Answer error(v1::Code code, v1::Reason reason);
v1::Answer entered(std::uint32_t kind, char fill);
v1::Answer open_status(bool paired = false);
v1::Answer closed_status(const std::string& state);

}  // namespace attune::client
