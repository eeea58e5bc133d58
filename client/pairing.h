#pragma once

#include "client/ask.h"
#include "client/command_line.h"
#include "client/console.h"
#include "client/control_channel.h"
#include "client/render.h"

namespace attune::client {

/// The conversation of `pair`, from the request to the partner's name. All of it outlives it.
//
//   Waiting --invitation--> Waiting       the code and the QR are shown
//   Waiting --check-------> Deciding      the words are shown; --yes decides at once
//   Deciding --yes--------> Waiting       PairAnswer{yes}
//   Deciding --no---------> Declined      PairAnswer{no}; so does nobody to ask, and end of input
//   Waiting, Deciding --paired--> done    0
//   any --error, end of the connection--> Failure; Declined: 11 whatever the daemon says
class Pairing {
 public:
  struct Parts {
    Console& console;
    ControlChannel& channel;
    Asker& asker;
    const Renderer& renderer;
    const Invocation& invocation;
    const Look& look;
  };
  explicit Pairing(const Parts& parts) : parts_(parts) {}

  /// Throws Failure. nullopt where the daemon ended the connection.
  std::optional<int> run(const v1::Request& request);

 private:
  enum class State { kWaiting, kDeciding, kDeclined };

  void show(const v1::PairEvent& event, const v1::Answer& answer);
  void show_invitation(const v1::Invitation& invitation);
  void decide();
  void say(bool yes);

  Parts parts_;
  State state_ = State::kWaiting;
  bool file_written_ = false;
};

}  // namespace attune::client
