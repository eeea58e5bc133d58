#include "daemon/sync/qr_text.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "daemon/sync/check_phrase.h"
#include "proto/limits.h"

namespace attune::sync {
namespace {

TEST(Base45, FollowsTheRfc) {
  const auto text = [](std::string_view plain) { return encode_base45(as_bytes(plain)); };
  EXPECT_EQ(text("AB"), "BB8");
  EXPECT_EQ(text("Hello!!"), "%69 VD92EX0");
  EXPECT_EQ(text("base-45"), "UJCLQE7W581");
  EXPECT_EQ(text(""), "");
  EXPECT_EQ(as_text(decode_base45("QED8WEX0").value()), "ietf!");
}

TEST(Base45, GivesBackEveryLength) {
  crypto::SeededRandom random(1);
  Bytes bytes;
  for (std::size_t size = 0; size < 100; ++size) {
    EXPECT_EQ(decode_base45(encode_base45(bytes)), bytes);
    bytes.push_back(random.bytes<1>()[0]);
  }
}

TEST(Base45, TakesOneFormOnly) {
  EXPECT_TRUE(decode_base45("FGW"));   // 65,535
  EXPECT_FALSE(decode_base45("GGW"));  // 65,536
  EXPECT_FALSE(decode_base45(":::"));
  EXPECT_TRUE(decode_base45("U5"));   // 255
  EXPECT_FALSE(decode_base45("V5"));  // 256
  EXPECT_FALSE(decode_base45("A"));
  EXPECT_FALSE(decode_base45("BB8A"));
  EXPECT_FALSE(decode_base45("bb8"));
  EXPECT_FALSE(decode_base45("BB\n"));
}

class QrText : public ::testing::Test {
 protected:
  QrText() {
    Reader reader(as_bytes("0123456789abcdef"));
    v6.address = reader.take_array<16>();
    v6.port = 4711;
    me = random.bytes<32>();
  }
  QrOffer offer(const std::vector<Endpoint>& own) { return make_qr_offer(me, own, {}, random); }
  static Endpoint v4(std::uint8_t last) { return Endpoint::v4({192, 0, 2, last}, 4711); }

  crypto::SeededRandom random{9};
  crypto::PublicKey me{};
  Endpoint v6;
};

TEST_F(QrText, ComesBackWhole) {
  const QrOffer made = offer({v4(1), v6});
  const QrOffer read = parse_qr_text(qr_text(made)).value();
  EXPECT_EQ(read.bytes, made.bytes);
  EXPECT_TRUE(crypto::equal(read.secret.view(), made.secret.view()));
  EXPECT_EQ(read.identity, hash_identity(me));
  EXPECT_EQ(read.endpoints, (std::vector<Endpoint>{v4(1), v6}));
}

TEST_F(QrText, FitsASmallQr) {
  EXPECT_EQ(qr_text(offer({v4(1), v6})).size(), 113u);
  std::vector<Endpoint> many;
  for (std::uint8_t i = 1; i < 9; ++i) many.push_back(v4(i));
  many.push_back(v6);
  const QrOffer made = offer(many);
  EXPECT_LE(qr_text(made).size(), 114u);
  EXPECT_EQ(made.endpoints, (std::vector<Endpoint>{v4(1), v6}));
}

TEST_F(QrText, NamesMoreOfOneFamilyWhereThereIsRoom) {
  EXPECT_EQ(offer({v4(1), v4(2), v4(3), v4(4)}).endpoints,
            (std::vector<Endpoint>{v4(1), v4(2), v4(3)}));
  EXPECT_EQ(offer({v6}).endpoints, std::vector<Endpoint>{v6});
  EXPECT_TRUE(parse_qr_text(qr_text(offer({})))->endpoints.empty());
}

TEST_F(QrText, HasANewSecretEachTime) {
  EXPECT_NE(qr_text(offer({v4(1)})), qr_text(offer({v4(1)})));
}

TEST_F(QrText, IsNotCutOrLonger) {
  const QrOffer made = offer({v4(1), v6});
  constexpr std::size_t kHead = 49;
  const std::vector<std::size_t> whole{kHead, kHead + 7, kHead + 26};
  for (std::size_t size = 0; size < made.bytes.size() + 3; ++size) {
    Bytes other = made.bytes;
    other.resize(size);
    const bool fits = std::ranges::find(whole, size) != whole.end();
    EXPECT_EQ(parse_qr_text(encode_base45(other)).has_value(), fits) << size;
  }
}

TEST_F(QrText, IsOfThisVersionAndNamesMachines) {
  Bytes bytes = offer({v4(1)}).bytes;
  bytes[0] = 2;
  EXPECT_FALSE(parse_qr_text(encode_base45(bytes)));
  bytes = offer({}).bytes;
  append(bytes, Bytes{4, 224, 0, 0, 1, 0, 80});  // multicast
  EXPECT_FALSE(parse_qr_text(encode_base45(bytes)));
  bytes = offer({}).bytes;
  append(bytes, Bytes{5, 0, 0});
  EXPECT_FALSE(parse_qr_text(encode_base45(bytes)));
}

TEST_F(QrText, NamesTheRelayWithoutItsInvite) {
  const RelayUrl relay{
      .place = {.host = "relay.example", .port = 443}, .invite = "let-us-in", .key = {4, 5}};
  const QrOffer made = make_qr_offer(me, {v4(1), v6}, relay, random);
  const QrOffer read = parse_qr_text(qr_text(made)).value();
  EXPECT_EQ(read.endpoints, (std::vector<Endpoint>{v4(1), v6}));
  ASSERT_TRUE(read.relay);
  EXPECT_EQ(read.relay->place, relay.place);
  EXPECT_EQ(read.relay->key, relay.key);
  EXPECT_EQ(read.relay->invite, std::nullopt);
  EXPECT_LE(qr_text(made).size(), 200u);
  RelayUrl long_name = relay;
  long_name.place.host = std::string(65, 'a');
  EXPECT_EQ(make_qr_offer(me, {}, long_name, random).relay, std::nullopt);
  EXPECT_EQ(parse_qr_text(qr_text(offer({v4(1)})))->relay, std::nullopt);
}

TEST_F(QrText, PassesOverARelayThatNobodyCouldDial) {
  for (const Bytes& place : {Bytes{7, 0, 80}, Bytes{7, 0, 0}}) {
    Bytes bytes = offer({v4(1)}).bytes;
    append(bytes, place);
    append(bytes, Bytes(32, 0xee));
    append(bytes, Bytes{3, 'a', '/', 'b'});
    append_endpoint(bytes, v6);
    const auto read = parse_qr_text(encode_base45(bytes));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->endpoints, (std::vector<Endpoint>{v4(1), v6}));
    EXPECT_EQ(read->relay, std::nullopt);
    bytes.resize(bytes.size() - 20);
    EXPECT_FALSE(parse_qr_text(encode_base45(bytes)));
  }
}

TEST_F(QrText, NamesABoundedNumberOfMachines) {
  Bytes bytes = offer({}).bytes;
  for (std::uint8_t i = 1; i <= limits::kAddressesMax; ++i) append_endpoint(bytes, v4(i));
  EXPECT_TRUE(parse_qr_text(encode_base45(bytes)));
  append_endpoint(bytes, v4(100));
  EXPECT_FALSE(parse_qr_text(encode_base45(bytes)));
}

TEST(CheckPhrase, IsFourWordsOfTheWholeHash) {
  crypto::Hash64 hash{};
  const CheckPhrase zero = check_phrase(hash);
  for (const std::uint16_t word : zero.words) EXPECT_LT(word, limits::kCodeWords);
  EXPECT_EQ(check_phrase(hash).words, zero.words);
  for (const std::size_t at : {0u, 31u, 32u, 63u}) {
    crypto::Hash64 other = hash;
    other[at] ^= 1;
    EXPECT_NE(check_phrase(other).words, zero.words) << at;
  }
}

}  // namespace
}  // namespace attune::sync
