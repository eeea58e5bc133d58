#include "daemon/clock.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <system_error>

#include "proto/bytes.h"

namespace attune {
namespace {

constexpr int kNightEndsHour = 4;

timespec read(clockid_t id) {
  timespec at{};
  if (::clock_gettime(id, &at) != 0)
    throw std::system_error(errno, std::generic_category(), "clock_gettime");
  return at;
}

/// `f81d4fae-7dec-...` of /proc, as 16 bytes; the same for the life of the kernel.
std::array<std::uint8_t, 16> read_boot_id() {
  std::array<std::uint8_t, 16> id{};
  const int fd = ::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return id;
  std::array<char, 64> text{};
  const ssize_t size = ::read(fd, text.data(), text.size());
  ::close(fd);
  std::string digits;
  for (ssize_t i = 0; i < size; ++i) {
    const char c = text[static_cast<std::size_t>(i)];
    if (c != '-' && c != '\n') digits.push_back(c);
  }
  if (auto bytes = from_hex(digits); bytes && bytes->size() == id.size()) {
    std::copy(bytes->begin(), bytes->end(), id.begin());
  }
  return id;
}

LocalDay day_of(const std::tm& local) {
  const std::chrono::year_month_day date{
      std::chrono::year{local.tm_year + 1900},
      std::chrono::month{static_cast<unsigned>(local.tm_mon + 1)},
      std::chrono::day{static_cast<unsigned>(local.tm_mday)}};
  return {static_cast<std::int32_t>(std::chrono::sys_days{date}.time_since_epoch().count())};
}

std::tm local_time(std::int64_t seconds) {
  const std::time_t at = seconds;
  std::tm local{};
  ::localtime_r(&at, &local);
  return local;
}

}  // namespace

void fill_calendar(Now& now) {
  const std::tm local = local_time(now.wall.seconds);
  now.day = day_of(local);
  // By the clock on the wall, so that the night of a changed hour ends at 04:00 as well.
  now.night = now.day;
  if (local.tm_hour < kNightEndsHour) --now.night.days;
  std::tm four = local;
  four.tm_hour = kNightEndsHour;
  four.tm_min = 0;
  four.tm_sec = 0;
  four.tm_isdst = -1;
  if (local.tm_hour >= kNightEndsHour) four.tm_mday += 1;
  now.next_four = Wall{std::mktime(&four)};
}

Now read_clock() {
  static const std::array<std::uint8_t, 16> boot_id = read_boot_id();
  const timespec steady = read(CLOCK_MONOTONIC);
  const timespec boot = read(CLOCK_BOOTTIME);
  const timespec wall = read(CLOCK_REALTIME);
  Now now;
  now.steady.since = std::chrono::seconds(steady.tv_sec) + std::chrono::nanoseconds(steady.tv_nsec);
  now.boot = Boot{.id = boot_id, .since = std::chrono::seconds(boot.tv_sec)};
  now.wall = Wall{wall.tv_sec};
  // It looks up the zone each time, and a second has one date.
  static Now last;
  if (now.wall != last.wall || last.next_four == Wall{}) {
    fill_calendar(now);
    last = now;
  } else {
    now.day = last.day;
    now.night = last.night;
    now.next_four = last.next_four;
  }
  return now;
}

}  // namespace attune
