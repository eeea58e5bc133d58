#include "tests/bench/figures.h"

#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace attune::bench {
namespace {

// Three digits that say something.
std::string rounded(double value) {
  const double size = std::fabs(value);
  const int decimals = size >= 100 || size == 0 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  char text[64];
  std::snprintf(text, sizeof(text), "%.*f", decimals, value);
  return text;
}

}  // namespace

void begin_table(const std::string& title) {
  std::printf(
      "\n### %s\n\n| what | measured | floor | ratio | aim | |\n|---|---|---|---|---|---|\n",
      title.c_str());
  std::fflush(stdout);
}

void print(const Figure& figure) {
  const bool less = figure.better == Figure::Better::kLess;
  std::string floor = " ";
  std::string ratio = " ";
  if (figure.floor) {
    floor = figure.floor->what + ": " + rounded(figure.floor->value);
    ratio = rounded(figure.value / figure.floor->value);
  }
  std::string aim = " ";
  std::string verdict = " ";
  if (figure.aim) {
    aim = std::string(less ? "<= " : ">= ") + rounded(*figure.aim);
    verdict = (less ? figure.value <= *figure.aim : figure.value >= *figure.aim) ? "met" : "missed";
  }
  std::printf("| %s | %s %s | %s | %s | %s | %s |\n", figure.what.c_str(),
              rounded(figure.value).c_str(), figure.unit.c_str(), floor.c_str(), ratio.c_str(),
              aim.c_str(), verdict.c_str());
  std::fflush(stdout);
}

void remark(const std::string& sentence) {
  std::printf("\n%s\n", sentence.c_str());
  std::fflush(stdout);
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double percentile(std::vector<double> values, double part) {
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))];
}

double seconds_since(Stopwatch::time_point start) {
  return std::chrono::duration<double>(Stopwatch::now() - start).count();
}

double seconds_of(const std::function<void()>& act) {
  const auto start = Stopwatch::now();
  act();
  return seconds_since(start);
}

double cpu_seconds_of(const std::function<void()>& act) {
  const auto now = [] {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  };
  const double start = now();
  act();
  return now() - start;
}

double median_of(std::size_t runs, const std::function<double()>& measure) {
  std::vector<double> values;
  for (std::size_t i = 0; i < runs; ++i) values.push_back(measure());
  return median(std::move(values));
}

}  // namespace attune::bench
