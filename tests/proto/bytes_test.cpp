#include "proto/bytes.h"

#include <gtest/gtest.h>

#include <limits>

namespace attune {
namespace {

Bytes leb_of(std::uint64_t value) {
  Bytes out;
  append_leb(out, value);
  return out;
}

// What a reader makes of these bytes as one LEB128 number and nothing after it.
std::optional<std::uint64_t> read_leb(const Bytes& bytes) {
  Reader reader(bytes);
  const std::uint64_t value = reader.leb();
  return reader.done() ? std::optional(value) : std::nullopt;
}

TEST(Leb, IsReadBackAsItWasWritten) {
  const std::uint64_t max = std::numeric_limits<std::uint64_t>::max();
  for (std::uint64_t value : {std::uint64_t{0}, std::uint64_t{1}, max}) {
    EXPECT_EQ(read_leb(leb_of(value)), value);
  }
  for (unsigned bit = 0; bit < 64; ++bit) {
    const std::uint64_t value = std::uint64_t{1} << bit;
    EXPECT_EQ(read_leb(leb_of(value)), value);
    EXPECT_EQ(read_leb(leb_of(value - 1)), value - 1);
  }
}

TEST(Leb, HasTheBytesOfTheStandard) {
  EXPECT_EQ(to_hex(leb_of(0)), "00");
  EXPECT_EQ(to_hex(leb_of(127)), "7f");
  EXPECT_EQ(to_hex(leb_of(128)), "8001");
  EXPECT_EQ(to_hex(leb_of(624485)), "e58e26");
  EXPECT_EQ(to_hex(leb_of(std::numeric_limits<std::uint64_t>::max())), "ffffffffffffffffff01");
}

TEST(Leb, LongerThanNeededIsRefused) {
  EXPECT_EQ(read_leb({0x80, 0x00}), std::nullopt);
  EXPECT_EQ(read_leb({0xff, 0x00}), std::nullopt);
  EXPECT_EQ(read_leb({0x81, 0x80, 0x00}), std::nullopt);
  EXPECT_EQ(read_leb({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}), std::nullopt);
}

TEST(Leb, BeyondSixtyFourBitsIsRefused) {
  EXPECT_EQ(read_leb({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02}), std::nullopt);
  EXPECT_EQ(read_leb({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x81, 0x00}),
            std::nullopt);
  EXPECT_EQ(read_leb(Bytes(64, 0xff)), std::nullopt);
}

TEST(Leb, CutAnywhereIsRefused) {
  const Bytes whole = leb_of(std::numeric_limits<std::uint64_t>::max());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(read_leb(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))),
              std::nullopt)
        << size;
  }
}

TEST(Reader, TakesValuesInTheOrderTheyWereAppended) {
  Bytes bytes;
  bytes.push_back(0xab);
  append_u16be(bytes, 0x1234);
  append_u32le(bytes, 0xdeadbeef);
  append_u64le(bytes, 0x0123456789abcdef);
  append_lv(bytes, "say");
  Reader reader(bytes);
  EXPECT_EQ(reader.u8(), 0xab);
  EXPECT_EQ(reader.u16be(), 0x1234);
  EXPECT_EQ(reader.u32le(), 0xdeadbeefu);
  EXPECT_EQ(reader.u64le(), 0x0123456789abcdefu);
  EXPECT_EQ(as_text(reader.lv(3)), "say");
  EXPECT_TRUE(reader.done());
}

TEST(Reader, WritesBigAndLittleEndianAsNamed) {
  Bytes bytes;
  append_u16be(bytes, 0x0102);
  append_u32le(bytes, 0x01020304);
  append_u64le(bytes, 0x0102030405060708);
  EXPECT_EQ(to_hex(bytes), "0102040302010807060504030201");
}

TEST(Reader, GivesZeroAndStaysFailedOnceBytesAreMissing) {
  const Bytes bytes = {1, 2, 3};
  Reader reader(bytes);
  EXPECT_EQ(reader.u32le(), 0u);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.left(), 0u);
  EXPECT_EQ(reader.u8(), 0);
  EXPECT_EQ(reader.u16be(), 0);
  EXPECT_EQ(reader.u64le(), 0u);
  EXPECT_EQ(reader.leb(), 0u);
  EXPECT_TRUE(reader.take(0).empty());
  EXPECT_TRUE(reader.lv(10).empty());
  EXPECT_EQ(reader.take_array<2>(), (std::array<std::uint8_t, 2>{}));
  EXPECT_FALSE(reader.done());
}

TEST(Reader, IsNotDoneWhileBytesAreLeft) {
  const Bytes bytes = {1, 2};
  Reader reader(bytes);
  EXPECT_EQ(reader.u8(), 1);
  EXPECT_TRUE(reader.ok());
  EXPECT_FALSE(reader.done());
  EXPECT_EQ(reader.left(), 1u);
  EXPECT_EQ(reader.u8(), 2);
  EXPECT_TRUE(reader.done());
}

TEST(Reader, OfNothingIsDoneAndGivesNothing) {
  Reader reader(ByteView{});
  EXPECT_TRUE(reader.done());
  EXPECT_EQ(reader.u8(), 0);
  EXPECT_FALSE(reader.ok());
}

TEST(Reader, TakesNoMoreThanThereIs) {
  const Bytes bytes = {1, 2, 3};
  Reader all(bytes);
  EXPECT_EQ(all.take(3).size(), 3u);
  EXPECT_TRUE(all.done());
  Reader more(bytes);
  EXPECT_TRUE(more.take(4).empty());
  EXPECT_FALSE(more.ok());
  Reader huge(bytes);
  EXPECT_TRUE(huge.take(std::numeric_limits<std::size_t>::max()).empty());
  EXPECT_FALSE(huge.ok());
}

TEST(Lv, KeepsItsBounds) {
  Bytes bytes;
  append_lv(bytes, Bytes(5, 0x77));
  Reader exact(bytes);
  EXPECT_EQ(exact.lv(5).size(), 5u);
  EXPECT_TRUE(exact.done());
  Reader narrow(bytes);
  EXPECT_TRUE(narrow.lv(4).empty());
  EXPECT_FALSE(narrow.ok());
}

TEST(Lv, CutAnywhereIsRefused) {
  const Bytes whole = lv(std::string_view{"nonce"}, Bytes(200, 0x55));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Reader reader(ByteView(whole).first(size));
    reader.lv(1'000);
    reader.lv(1'000);
    EXPECT_FALSE(reader.ok()) << size;
  }
}

TEST(Lv, LengthBeyondTheBytesIsRefused) {
  Bytes bytes;
  append_leb(bytes, std::numeric_limits<std::uint64_t>::max());
  bytes.push_back(1);
  Reader reader(bytes);
  EXPECT_TRUE(reader.lv(std::numeric_limits<std::size_t>::max()).empty());
  EXPECT_FALSE(reader.ok());
}

TEST(Lv, TellsWhereOnePartEnds) {
  EXPECT_EQ(to_hex(lv(std::string_view{"a"}, std::string_view{"bc"})),
            "016102"
            "6263");
  EXPECT_NE(lv(std::string_view{"ab"}, std::string_view{"c"}),
            lv(std::string_view{"a"}, std::string_view{"bc"}));
  EXPECT_EQ(to_hex(lv(std::string_view{})), "00");
}

TEST(Hex, IsReadBackInBothCases) {
  const Bytes bytes = {0x00, 0x7f, 0xab, 0xff};
  EXPECT_EQ(to_hex(bytes), "007fabff");
  EXPECT_EQ(from_hex("007fabff"), bytes);
  EXPECT_EQ(from_hex("007FABFF"), bytes);
  EXPECT_EQ(from_hex(""), Bytes{});
}

TEST(Hex, RefusesOddLengthsAndOtherLetters) {
  for (std::string_view text : {"0", "0g", "g0", " 0", "0x", "abc", "a:", "/0", "@0", "`0"}) {
    EXPECT_EQ(from_hex(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace attune
