#include "client/failure.h"

namespace attune::client {

int exit_status(Ending ending) {
  return ending == Ending::kNotPaired ? exit_status(Ending::kNotSetUp) : static_cast<int>(ending);
}

std::string_view code_word(Ending ending) {
  switch (ending) {
    case Ending::kDone:
      return "done";
    case Ending::kFailed:
      return "failed";
    case Ending::kUsage:
      return "usage";
    case Ending::kNotFound:
      return "not-found";
    case Ending::kLocked:
      return "locked";
    case Ending::kNotSetUp:
      return "not-set-up";
    case Ending::kNoDaemon:
      return "no-daemon";
    case Ending::kRefused:
      return "refused";
    case Ending::kNotReached:
      return "not-reached";
    case Ending::kCheckFailed:
      return "check-failed";
    case Ending::kDamaged:
      return "damaged";
    case Ending::kCancelled:
      return "cancelled";
    case Ending::kWaiting:
      return "waiting";
    case Ending::kNotPaired:
      return "not-paired";
  }
  return "failed";
}

}  // namespace attune::client
