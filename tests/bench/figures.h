#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace attune::bench {

/// What the machine would take at the very least for the same thing, measured in the same run.
struct Floor {
  std::string what;
  double value = 0;
};

/// One measured number beside its floor and what it aims at.
struct Figure {
  enum class Better { kLess, kMore };
  std::string what;
  double value = 0;
  std::string unit;
  std::optional<Floor> floor{};
  std::optional<double> aim{};
  Better better = Better::kLess;
};

/// Prints a table in Markdown, a line as soon as its figure is there.
void begin_table(const std::string& title);
void print(const Figure& figure);
void remark(const std::string& sentence);

double median(std::vector<double> values);
/// `part` of them are at most so much: 0.5, 0.95.
double percentile(std::vector<double> values, double part);

using Stopwatch = std::chrono::steady_clock;
double seconds_since(Stopwatch::time_point start);
double seconds_of(const std::function<void()>& act);
/// Of this thread's processor alone: what else the machine does is left out, and so is waiting.
double cpu_seconds_of(const std::function<void()>& act);
/// The median of several runs of one thing that gives a number.
double median_of(std::size_t runs, const std::function<double()>& measure);

}  // namespace attune::bench
