#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>

// Loaded before the C library: moves the calendar of one daemon by as many seconds as FAKETIME
// says. Clocks that only measure, and every timer, stay as they are: a wrong date is all that is
// wrong.
namespace {

time_t shift() {
  static const char* const seconds = std::getenv("FAKETIME");
  return seconds == nullptr ? 0 : std::atol(seconds);
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t id, timespec* at) noexcept {
  const long failed = syscall(SYS_clock_gettime, id, at);
  if (failed == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) at->tv_sec += shift();
  return static_cast<int>(failed);
}

time_t time(time_t* out) noexcept {
  timespec at{};
  clock_gettime(CLOCK_REALTIME, &at);
  if (out != nullptr) *out = at.tv_sec;
  return at.tv_sec;
}

int gettimeofday(timeval* out, void*) noexcept {
  timespec at{};
  const int failed = clock_gettime(CLOCK_REALTIME, &at);
  if (failed == 0) *out = {at.tv_sec, at.tv_nsec / 1000};
  return failed;
}

}  // extern "C"
