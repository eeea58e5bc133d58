#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace attune {

using namespace std::chrono_literals;

/// CLOCK_MONOTONIC: waits and deadlines. Means nothing in another process.
struct Steady {
  std::chrono::nanoseconds since{0};
  friend auto operator<=>(const Steady&, const Steady&) = default;
  friend Steady operator+(Steady at, std::chrono::nanoseconds d) { return {at.since + d}; }
  friend std::chrono::nanoseconds operator-(Steady a, Steady b) { return a.since - b.since; }
};

/// CLOCK_BOOTTIME with the kernel's boot id: counts through suspend, comparable within one boot.
struct Boot {
  std::array<std::uint8_t, 16> id{};
  std::chrono::seconds since{0};
  friend auto operator<=>(const Boot&, const Boot&) = default;
};

/// CLOCK_REALTIME, seconds since 1970 UTC. May be wrong by decades; orders nothing.
struct Wall {
  std::int64_t seconds = 0;
  friend auto operator<=>(const Wall&, const Wall&) = default;
};

/// A calendar day where the person is: days since 1970-01-01. 0 is "none said".
struct LocalDay {
  std::int32_t days = 0;
  friend auto operator<=>(const LocalDay&, const LocalDay&) = default;
};

/// Days that can be said: to 9999-12-31, from the night before a clock that begins at 1970-01-01.
inline constexpr LocalDay kFirstDay{-1};
inline constexpr LocalDay kLastDay{2'932'896};

/// Every clock that the pure rooms may know, read once per wake-up by the driver.
struct Now {
  Steady steady;
  Boot boot;
  Wall wall;
  LocalDay day;    ///< the local date
  LocalDay night;  ///< the day whose night it is: consent's day ends at local 04:00
  Wall next_four;  ///< the next local 04:00
};

/// `2027-09-17`, and back; nullopt for what is not a date between 1970 and 9999.
std::string to_text(LocalDay day);
std::optional<LocalDay> parse_day(std::string_view text);

}  // namespace attune
