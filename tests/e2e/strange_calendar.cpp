#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>

// Loaded before the C library: moves the calendar of one daemon by as many seconds as FAKETIME
// says, or as the file says whose path it is, so that the calendar jumps when the file changes.
// Clocks that only measure, and every timer, stay as they are: a wrong date is all that is wrong.
namespace {

time_t read_shift(const char* file) {
  char text[32] = {};
  const int fd = open(file, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  const ssize_t size = read(fd, text, sizeof text - 1);
  close(fd);
  return size > 0 ? std::atol(text) : 0;
}

time_t shift() {
  static const char* const told = std::getenv("FAKETIME");
  if (told == nullptr) return 0;
  return *told == '/' ? read_shift(told) : std::atol(told);
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
