// What a decoder costs is bounded by the size of what it is given: bytes that it holds at once, and
// work. Work is counted, not timed: the decoders are compiled into this program with a call at each
// of their basic blocks (CMakeLists.txt), and each allocation counts too.
#include <gtest/gtest.h>

#include <algorithm>

#include "client/failure.h"
#include "client/safe_text.h"
#include "client/told.h"
#include "daemon/crdt/op.h"
#include "daemon/settings.h"
#include "daemon/sync/control_codec.h"
#include "daemon/sync/pairing_codec.h"
#include "daemon/sync/qr_text.h"
#include "daemon/sync/sync_codec.h"
#include "proto/code_words.h"
#include "proto/kind_table.h"
#include "proto/limits.h"
#include "tests/fuzz/cost.h"

namespace attune::fuzz {
namespace {

/// One way to fill a message with as much structure as its bytes allow.
struct Filling {
  const char* name;
  /// About `size` bytes.
  Bytes (*make)(std::size_t size);
};

Bytes repeated(std::string_view unit, std::size_t size) {
  Bytes out;
  out.reserve(size + unit.size());
  while (out.size() < size) append(out, as_bytes(unit));
  return out;
}

Bytes joined(std::string_view head, const Bytes& rest) {
  Bytes out(head.begin(), head.end());
  append(out, rest);
  return out;
}

/// A length-delimited field around bytes.
Bytes within(std::uint32_t number, ByteView content) { return wire_field(number, content); }

std::vector<Filling> fillings() {
  using namespace std::string_view_literals;
  return {
      {"empties", [](std::size_t size) { return repeated("\x12\x00"sv, size); }},
      {"other_empties", [](std::size_t size) { return repeated("\x0a\x00"sv, size); }},
      {"numbers", [](std::size_t size) { return repeated("\x08\x01"sv, size); }},
      {"unknown", [](std::size_t size) { return repeated("\xfa\x7f\x00"sv, size); }},
      {"packed",
       [](std::size_t size) {  // Edit.clear
         return within(13, within(3, repeated("\x01"sv, size)));
       }},
      {"runs", [](std::size_t size) { return within(2, repeated("\x0a\x00"sv, size)); }},
      {"ops", [](std::size_t size) { return within(2, within(1, repeated("\x1a\x00"sv, size))); }},
      {"fields", [](std::size_t size) { return within(12, repeated("\x10\x00"sv, size)); }},
      {"unknown_fields", [](std::size_t size) { return within(1, repeated("\x78\x00"sv, size)); }},
      {"nested",
       [](std::size_t size) {
         Bytes out;
         while (out.size() + 6 < size && out.size() < 4'096) out = within(2, out);
         return within(2, repeated(as_text(out), size - std::min(size, out.size())));
       }},
      {"groups", [](std::size_t size) { return repeated("\x13"sv, size); }},
      {"zeros", [](std::size_t size) { return Bytes(size, 0); }},
      {"continued", [](std::size_t size) { return Bytes(size, 0xff); }},
      {"letters", [](std::size_t size) { return Bytes(size, 'A'); }},
      {"blanks", [](std::size_t size) { return Bytes(size, ' '); }},
      {"brackets", [](std::size_t size) { return Bytes(size, '['); }},
      {"objects", [](std::size_t size) { return repeated("{\"a\":"sv, size); }},
      {"list", [](std::size_t size) { return joined("{\"words\":["sv, repeated("1,"sv, size)); }},
      {"texts",
       [](std::size_t size) { return joined("{\"words\":["sv, repeated("\"\","sv, size)); }},
      {"tables", [](std::size_t size) { return joined("x="sv, repeated("[[],"sv, size)); }},
      {"dots", [](std::size_t size) { return repeated("a."sv, size); }},
      {"lines", [](std::size_t size) { return repeated("[a]\n"sv, size); }},
  };
}

/// One decoder and the most that it may cost. What an input has beyond `bytes_max` must be refused
/// without being read.
struct Decoder {
  const char* name;
  std::size_t bytes_max;
  void (*decode)(ByteView bytes);
};

// Held at once: a copy in each of few forms. Measured 20 for keys of TOML, 4 and less for most.
constexpr std::size_t kHeldPerByte = 24;
constexpr std::size_t kHeldAnyway = 256u << 10;
// A basic block or allocation for each byte that is looked at, a few times over.
constexpr std::size_t kWorkPerByte = 48;
constexpr std::size_t kWorkAnyway = 200'000;
constexpr std::size_t kAround = 24;  // bytes that a filling may add to its size

void read_json(ByteView bytes) {
  client::Question words;
  words.key = "words";
  words.shape = client::Shape::kList;
  try {
    client::told_replies(client::Wiped(std::string(as_text(bytes))), {words});
  } catch (const client::Failure&) {
    // Refused or not, it has its cost.
  }
}

void read_config(ByteView bytes) {
  try {
    parse_settings(std::string(as_text(bytes)));
  } catch (const BadSettings&) {
    // The same.
  }
}

const std::vector<Decoder>& decoders() {
  static const std::vector<Decoder> kDecoders = {
      {"control", limits::kControlFrameMax, [](ByteView bytes) { sync::decode_request(bytes); }},
      {"sync", limits::kFramePlainMax, [](ByteView bytes) { sync::decode_sync(bytes); }},
      {"vector", limits::kFramePlainMax, [](ByteView bytes) { sync::decode_vector(bytes); }},
      {"pairing", sync::kPairingMessageBytesMax,
       [](ByteView bytes) { sync::decode_pairing(bytes); }},
      {"entry", limits::kControlFrameMax, [](ByteView bytes) { split_message(bytes); }},
      {"op", limits::kOpBytesMax,
       [](ByteView bytes) { crdt::decode_op({.actor = {}, .counter = 1}, bytes); }},
      {"qr", limits::kQrBytesMax / 2 * 3,
       [](ByteView bytes) { sync::parse_qr_text(as_text(bytes)); }},
      {"code", limits::kControlFrameMax, [](ByteView bytes) { parse_spoken_code(as_text(bytes)); }},
      {"text", limits::kControlFrameMax, [](ByteView bytes) { client::safe_text(as_text(bytes)); }},
      {"json", limits::kStdinBytesMax, read_json},
      {"config", 64u << 10, read_config},
  };
  return kDecoders;
}

class Bounds : public ::testing::TestWithParam<Decoder> {};

TEST_P(Bounds, HoldLittleMoreThanTheyAreGiven) {
  for (const Filling& filling : fillings()) {
    const Bytes bytes = filling.make(GetParam().bytes_max - kAround);
    const Cost cost = cost_of([&bytes] { GetParam().decode(bytes); });
    EXPECT_LE(cost.held_bytes_max, kHeldPerByte * bytes.size() + kHeldAnyway) << filling.name;
  }
}

TEST_P(Bounds, WorkNoMoreThanTheyAreGiven) {
  for (const Filling& filling : fillings()) {
    for (const std::size_t part : {1u, 4u}) {
      const Bytes bytes = filling.make(GetParam().bytes_max / part - kAround);
      const Cost cost = cost_of([&bytes] { GetParam().decode(bytes); });
      EXPECT_LE(cost.work, kWorkPerByte * bytes.size() + kWorkAnyway) << filling.name;
    }
  }
}

// What is longer than it may be costs nothing at all.
TEST_P(Bounds, DoNotReadWhatIsTooLong) {
  const std::size_t bytes_max = GetParam().bytes_max;
  const std::string_view name = GetParam().name;
  // Nothing longer reaches these: it is not read from the socket, standard input or the file.
  if (bytes_max >= limits::kControlFrameMax || name == "config") return;
  for (const Filling& filling : fillings()) {
    const Bytes bytes = filling.make(1u << 20);
    const Cost cost = cost_of([&bytes] { GetParam().decode(bytes); });
    EXPECT_LE(cost.held_bytes_max, kHeldAnyway) << filling.name;
    EXPECT_LE(cost.work, kWorkAnyway) << filling.name;
  }
}

// The counters count: a decoder that reads its input works for each byte, and holds what it copies.
TEST(Cost, IsCounted) {
  const Bytes words(100'000, 'A');
  const Cost small = cost_of([] {});
  EXPECT_EQ(small.work, 0u);
  EXPECT_EQ(small.held_bytes_max, 0u);
  const Cost read = cost_of([&words] { split_message(wire_field(1, words)); });
  EXPECT_GE(read.held_bytes_max, words.size());
  EXPECT_GT(read.work, 10u);
  const Cost shown = cost_of([&words] { client::safe_text(as_text(words)); });
  EXPECT_GE(shown.work, words.size());
}

INSTANTIATE_TEST_SUITE_P(Decoders, Bounds, ::testing::ValuesIn(decoders()),
                         [](const auto& decoder) { return std::string(decoder.param.name); });

}  // namespace
}  // namespace attune::fuzz
