#include <sodium.h>

#include <algorithm>

#include "crypto/cpace.h"
#include "crypto/cpace_strings.h"
#include "tests/vectors/forms.h"

namespace attune::vectors {
namespace {

using crypto::Cpace;
using Scalar = std::array<std::uint8_t, 32>;

constexpr std::string_view kDomain = "CPaceRistretto255";
constexpr Scalar kOne{1};

Bytes value(const Json& object, std::string_view key) { return bytes_of_either(text(object, key)); }

void check_if_given(const Json& object, std::string_view key, ByteView got) {
  if (has(object, key)) expect_equal(got, value(object, key), key);
}

Bytes sha512(ByteView head, ByteView tail = {}) {
  Bytes input(head.begin(), head.end());
  append(input, tail);
  Bytes out(crypto_hash_sha512_BYTES);
  crypto_hash_sha512(out.data(), input.data(), input.size());
  return out;
}

Scalar scalar_of(const Json& object, std::string_view key) {
  const Scalar scalar = fixed<32>(value(object, key), key);
  expect(sodium_is_zero(scalar.data(), scalar.size()) == 0, "a scalar is zero");
  return scalar;
}

// transcript_oc: for parties without roles; attune has roles and does not use it.
Bytes ordered_transcript(ByteView a, ByteView b) {
  const bool a_first = std::lexicographical_compare(b.begin(), b.end(), a.begin(), a.end());
  Bytes out;
  append(out, as_bytes("oc"));
  append(out, a_first ? a : b);
  append(out, a_first ? b : a);
  return out;
}

// The whole exchange, played from both ends.
void check_exchange(const Json& object) {
  const Bytes password = value(object, "PRS");
  const Bytes channel = value(object, "CI");
  const Bytes session = value(object, "sid");
  const Bytes ad_a = value(object, "ADa");
  const Bytes ad_b = value(object, "ADb");
  const Cpace::Setting setting{.password = password, .channel = channel, .session = session};
  check_if_given(object, "g", Cpace(setting, kOne).share());

  const Scalar scalar_a = scalar_of(object, "ya");
  const Cpace a(setting, scalar_a);
  const Cpace b(setting, scalar_of(object, "yb"));
  expect_equal(a.share(), value(object, "Ya"), "Ya");
  expect_equal(b.share(), value(object, "Yb"), "Yb");

  auto of_a = a.finish_as_initiator(ad_a, b.share(), ad_b);
  auto of_b = b.finish_as_responder(ad_b, a.share(), ad_a);
  expect(of_a && of_b, "a share is refused");
  expect_equal(of_a->isk.view(), value(object, "ISK_IR"), "the initiator's ISK_IR");
  expect_equal(of_b->isk.view(), value(object, "ISK_IR"), "the responder's ISK_IR");
  check_if_given(object, "sid_output_ir", of_a->sid_output);
  check_if_given(object, "sid_output_ir", of_b->sid_output);

  Scalar shared{};
  expect(crypto_scalarmult_ristretto255(shared.data(), scalar_a.data(), b.share().data()) == 0,
         "K is refused");
  check_if_given(object, "K", shared);
  const Bytes ordered = ordered_transcript(lv(a.share(), ad_a), lv(b.share(), ad_b));
  const Bytes head = lv(as_bytes(std::string(kDomain) + "_ISK"), session, shared);
  check_if_given(object, "ISK_SY", sha512(head, ordered));
  check_if_given(object, "sid_output_oc", sha512(as_bytes("CPaceSidOutput"), ordered));
}

std::string key_that_starts(const Json& object, std::string_view start) {
  for (const auto& [key, child] : object.items()) {
    if (key.starts_with(start)) return key;
  }
  return {};
}

void check_generator(const Json& object) {
  const Bytes domain = value(object, "DSI");
  const Bytes password = value(object, "PRS");
  const Bytes channel = value(object, "CI");
  const Bytes session = value(object, "sid");
  const std::uint64_t block = number(object, "H.s_in_bytes");
  expect(block <= 1024, "no hash has such blocks");
  const Bytes input =
      crypto::cpace_generator_string({.domain = domain,
                                      .password = password,
                                      .channel = channel,
                                      .session = session,
                                      .hash_block = static_cast<std::size_t>(block)});
  expect_equal(input, value(object, key_that_starts(object, "generator_string(")), "the string");
  if (has(object, "ZPAD length")) {
    const std::size_t rest = lv(domain, password, channel, session).size() + 1;
    expect(input.size() == rest + number(object, "ZPAD length"), "ZPAD length differs");
  }
  const Bytes hash = sha512(input);
  check_if_given(object, "hash result", hash);
  Scalar generator{};
  crypto_core_ristretto255_from_hash(generator.data(), hash.data());
  check_if_given(object, "encoded generator g", generator);
  expect_equal(domain, as_bytes(kDomain), "the group");
  const Cpace::Setting setting{.password = password, .channel = channel, .session = session};
  expect_equal(Cpace(setting, kOne).share(), generator, "the generator used in an exchange");
}

void check_valid_point(const Json& object) {
  const auto scalar = fixed<32>(value(object, "s"), "s");
  const auto point = fixed<32>(value(object, "X"), "X");
  Scalar product{};
  expect(crypto_scalarmult_ristretto255(product.data(), scalar.data(), point.data()) == 0,
         "is refused");
  check_if_given(object, "G.scalar_mult(s,decode(X))", product);
  check_if_given(object, "G.scalar_mult_vfy(s,X)", product);
}

// What an exchange does with such a share.
void check_invalid_share(const Json& encoded) {
  expect(encoded.is_string(), "is no text");
  const Bytes share = bytes_of_either(encoded.get<std::string>());
  const Cpace cpace({.password = as_bytes("p"), .channel = {}, .session = {}}, kOne);
  expect(!cpace.finish_as_initiator({}, share, {}), "is not refused");
  expect(!cpace.finish_as_responder({}, share, {}), "is not refused");
}

}  // namespace

bool run_cpace_exchange(const Json& object, Place place, Tally& tally) {
  if (!has(object, "PRS") || !has(object, "ya") || !has(object, "yb")) return false;
  tally.run("CPace", place, [&] { check_exchange(object); });
  return true;
}

bool run_cpace_generator(const Json& object, Place place, Tally& tally) {
  if (!has(object, "PRS") || !has(object, "DSI")) return false;
  if (key_that_starts(object, "generator_string(").empty()) return false;
  tally.run("CPace generator", place, [&] { check_generator(object); });
  return true;
}

bool run_cpace_points(const Json& object, Place place, Tally& tally) {
  const bool valid = has(object, "Valid") && has(at(object, "Valid"), "X");
  if (!valid || key_that_starts(object, "Invalid Y").empty()) return false;
  tally.run("CPace points", place, [&] { check_valid_point(at(object, "Valid")); });
  for (const auto& [key, child] : object.items()) {
    if (!key.starts_with("Invalid Y")) continue;
    tally.run("CPace points", key, [&] { check_invalid_share(child); });
  }
  return true;
}

}  // namespace attune::vectors
