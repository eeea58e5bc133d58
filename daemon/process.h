#pragma once

#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>

#include "proto/home.h"

namespace attune {

/// Before anything else in main: no core dump, no debugger of the same user, files private by
/// default, no SIGPIPE. The signals that ask a daemon to end (SIGTERM, SIGINT, SIGHUP) are blocked
/// for good: one that comes waits in the kernel, over reexecute() too, and ending_signals() shows
/// it.
void harden_process();

/// A descriptor that is readable once one of them has come, whenever that was. The caller's; throws
/// std::system_error.
int ending_signals();

/// Another daemon holds this home.
class HomeInUse : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Descriptors that outlive an exec of this program; -1 where there is none. Owned by the process.
struct Inherited {
  int lock = -1;
  int control = -1;           ///< listening Unix socket
  int lan = -1;               ///< listening TCP socket
  bool from_systemd = false;  ///< `control` came from systemd
};
/// What this process was started with: by reexecute(), or a control socket from systemd. Values
/// that are not descriptors of the right kind are ignored. Removes what it read from the
/// environment.
Inherited take_inherited();

/// Makes the folders of the home (0700) where missing and takes the flock of `run/lock`, which is
/// held until the process ends, over exec too. Throws HomeInUse, or std::system_error.
int hold_home(const Home& home, int inherited_lock);

/// Wipes every secret and becomes a fresh process of the same program that inherits the listeners
/// and the lock alone. Does not return: ends the process where exec fails.
[[noreturn]] void reexecute(const Home& home, const Inherited& keep) noexcept;

}  // namespace attune
