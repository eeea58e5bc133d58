#pragma once

#include <string_view>
#include <vector>

#include "proto/bytes.h"

namespace attune::fuzz {

/// One door through which bytes of others come in, and what must hold whatever they are. The same
/// targets run under libFuzzer (fuzz_main.cpp) and, over their seeds and every damage of them, in
/// the ordinary suite (fuzz_test.cpp). Source: docs/testing.md, Fuzzing.
struct Target {
  std::string_view name;
  /// Takes any bytes; ends the process by require() where a promise does not hold. The same bytes
  /// do the same each time.
  void (*run)(ByteView input) = nullptr;
  /// Inputs that the code itself has made: where a fuzzer begins.
  std::vector<Bytes> (*seeds)() = nullptr;
  std::size_t bytes_max = 4'096;  ///< of an input that a fuzzer tries
  /// Damages of a seed that the ordinary suite tries, evenly spread; a whole conversation costs
  /// milliseconds, a decoder nothing.
  std::size_t damages_max = 20'000;
};

const std::vector<Target>& targets();
/// nullptr where there is none of this name.
const Target* find_target(std::string_view name);

/// Ends the process with these words on standard error where `holds` is false: for libFuzzer that
/// is a finding.
void require(bool holds, const char* what);

// What each file of targets holds, for targets.cpp.
std::vector<Target> codec_targets();
std::vector<Target> link_targets();
std::vector<Target> disk_targets();
std::vector<Target> text_targets();
std::vector<Target> client_targets();
std::vector<Target> pairing_targets();
std::vector<Target> relay_targets();
std::vector<Target> relay_device_targets();
std::vector<Target> replica_targets();

}  // namespace attune::fuzz
