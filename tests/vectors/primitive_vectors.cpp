#include <sodium.h>

#include <limits>

#include "crypto/derive.h"
#include "crypto/padding.h"
#include "tests/vectors/forms.h"

namespace attune::vectors {
namespace {

using Element = std::array<std::uint8_t, crypto_core_ristretto255_BYTES>;
using Scalar = std::array<std::uint8_t, crypto_core_ristretto255_SCALARBYTES>;

Element element_of(const Json& value) {
  expect(value.is_string(), "an element is no text");
  return fixed<crypto_core_ristretto255_BYTES>(bytes_of_hex(value.get<std::string>()), "element");
}

// Both ways to the same multiple: by multiplying, and by adding the generator once more each time.
void run_multiples(const Json& list, Tally& tally) {
  Element sum{};
  Element generator{};
  const Scalar one{1};
  crypto_scalarmult_ristretto255_base(generator.data(), one.data());
  for (std::size_t i = 0; i < list.size(); ++i) {
    tally.run("ristretto255", std::to_string(i) + " times the generator", [&] {
      const Element stated = element_of(list[i]);
      expect_equal(sum, stated, "the sum");
      if (i == 0) return;
      Scalar scalar{};
      for (std::size_t at = 0; at < sizeof(i); ++at) {
        scalar[at] = static_cast<std::uint8_t>(i >> (8 * at));
      }
      Element product{};
      expect(crypto_scalarmult_ristretto255_base(product.data(), scalar.data()) == 0, "is refused");
      expect_equal(product, stated, "the product");
    });
    crypto_core_ristretto255_add(sum.data(), sum.data(), generator.data());
  }
}

void run_bad_encodings(const Json& list, Tally& tally) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    tally.run("ristretto255", "bad encoding " + std::to_string(i), [&] {
      const Element element = element_of(list[i].is_object() ? at(list[i], "encoding") : list[i]);
      const Scalar one{1};
      Element product{};
      expect(crypto_scalarmult_ristretto255(product.data(), one.data(), element.data()) != 0,
             "is not refused");
      expect(crypto_core_ristretto255_is_valid_point(element.data()) == 0, "passes for valid");
    });
  }
}

void run_derivations(const Json& list, Tally& tally) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    tally.run("ristretto255", "derivation " + std::to_string(i), [&] {
      const auto wide = fixed<crypto_core_ristretto255_HASHBYTES>(hex(list[i], "in"), "in");
      Element element{};
      crypto_core_ristretto255_from_hash(element.data(), wide.data());
      expect_equal(element, hex(list[i], "out"), "the element");
    });
  }
}

// libsodium's own form: any output size, a salt of 16 bytes.
void check_argon2_raw(const Json& object) {
  Bytes passphrase = hex(object, "passwd_hex");
  if (has(object, "passwd_len")) {
    const std::uint64_t size = number(object, "passwd_len");
    expect(size <= passphrase.size(), "the passphrase is shorter than stated");
    passphrase.resize(static_cast<std::size_t>(size));
  }
  const auto salt = fixed<crypto_pwhash_SALTBYTES>(hex(object, "salt_hex"), "salt");
  const Bytes stated = hex(object, "out_hex");
  if (has(object, "outlen"))
    expect(number(object, "outlen") == stated.size(), "another output size");
  Bytes out(stated.size());
  const int result = crypto_pwhash(
      out.data(), out.size(), reinterpret_cast<const char*>(passphrase.data()), passphrase.size(),
      salt.data(), number(object, "opslimit"),
      static_cast<std::size_t>(number(object, "memlimit_bytes")), crypto_pwhash_ALG_ARGON2ID13);
  if (has(object, "expect") && text(object, "expect") != "ok") {
    expect(result != 0, "is not refused");
    return;
  }
  expect(result == 0, "is refused");
  expect_equal(out, stated, "the hash");
}

// The field of `$argon2id$v=19$m=..,t=..,p=..$salt$hash` after `count` dollar signs.
std::string encoded_field(const std::string& encoded, int count) {
  std::size_t begin = 0;
  for (int i = 0; i < count; ++i) {
    begin = encoded.find('$', begin);
    expect(begin != std::string::npos, "the encoded form has too few fields");
    ++begin;
  }
  return encoded.substr(begin, encoded.find('$', begin) - begin);
}

Bytes unpadded_base64(const std::string& text) {
  Bytes out(text.size());
  std::size_t used = 0;
  expect(sodium_base642bin(out.data(), out.size(), text.data(), text.size(), nullptr, &used,
                           nullptr, sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0,
         "a field of the encoded form is not base64");
  out.resize(used);
  return out;
}

// The reference's form has salts of 8 bytes, which libsodium takes in the encoded form alone.
void check_argon2_encoded(const Json& object) {
  const std::string password = text(object, "password");
  const std::string encoded = text(object, "encoded");
  const std::uint64_t log2_memory = number(object, "log2_m_kib");
  expect(log2_memory < 22, "more memory than a test may take");
  const std::string cost = "m=" + std::to_string(1ull << log2_memory) +
                           ",t=" + std::to_string(number(object, "t_cost")) +
                           ",p=" + std::to_string(number(object, "lanes"));
  expect(encoded_field(encoded, 1) == "argon2id" && encoded_field(encoded, 2) == "v=19",
         "another function");
  expect(encoded_field(encoded, 3) == cost, "the encoded cost differs");
  expect_equal(unpadded_base64(encoded_field(encoded, 4)), as_bytes(text(object, "salt")),
               "the salt");
  expect_equal(unpadded_base64(encoded_field(encoded, 5)), hex(object, "hash_hex"), "the hash");
  expect(crypto_pwhash_str_verify(encoded.c_str(), password.data(), password.size()) == 0,
         "is refused");
}

// kdf takes its parts as arguments; here their number comes from the file.
void check_kdf(const Json& object) {
  const auto key = fixed<32>(hex(object, "key"), "key");
  crypto::Hasher hasher = crypto::detail::keyed(key, text(object, "label"));
  for (const Json& part : at(object, "parts")) {
    expect(part.is_string(), "a part is no text");
    hasher.lv(bytes_of_hex(part.get<std::string>()));
  }
  expect_equal(hasher.finish<32>(), hex(object, "kdf"), "the key");
}

}  // namespace

bool run_ristretto(const Json& object, Place place, Tally& tally) {
  static_cast<void>(place);
  bool known = false;
  auto run = [&](const char* key, void (*cases)(const Json&, Tally&)) {
    if (!has(object, key) || !at(object, key).is_array()) return;
    cases(at(object, key), tally);
    known = true;
  };
  run("multiples_of_generator", run_multiples);
  run("invalid_encodings", run_bad_encodings);
  run("element_derivation", run_derivations);
  return known;
}

bool run_argon2(const Json& object, Place place, Tally& tally) {
  if (has(object, "passwd_hex") && has(object, "opslimit")) {
    tally.run("Argon2id", place, [&] { check_argon2_raw(object); });
    return true;
  }
  if (has(object, "t_cost") && has(object, "encoded")) {
    tally.run("Argon2id", place, [&] { check_argon2_encoded(object); });
    return true;
  }
  return false;
}

bool run_keys(const Json& object, Place place, Tally& tally) {
  if (has(object, "kdf") && has(object, "label")) {
    tally.run("kdf", text(object, "label"), [&] { check_kdf(object); });
    return true;
  }
  if (has(object, "hmac_blake2b")) {
    tally.run("HMAC-BLAKE2b", place, [&] {
      expect_equal(crypto::hmac_blake2b(hex(object, "key"), hex(object, "message")),
                   hex(object, "hmac_blake2b"), "the code");
    });
    return true;
  }
  return false;
}

bool run_padme(const Json& object, Place place, Tally& tally) {
  static_cast<void>(place);
  if (!has(object, "pairs") || !at(object, "pairs").is_array()) return false;
  const Json& pairs = at(object, "pairs");
  auto is_pair = [](const Json& pair) {
    return pair.is_array() && pair.size() == 2 && pair[0].is_number() && pair[1].is_number();
  };
  if (pairs.empty() || !is_pair(pairs[0])) return false;
  for (const Json& pair : pairs) {
    tally.run("Padme", pair.dump(), [&] {
      expect(is_pair(pair) && pair[0].is_number_unsigned() && pair[1].is_number_unsigned(),
             "is no pair of lengths");
      const auto length = pair[0].get<std::uint64_t>();
      expect(length <= std::numeric_limits<std::size_t>::max() / 2, "no length of a file");
      expect(crypto::padme(length) == pair[1].get<std::uint64_t>(), "another padded length");
    });
  }
  return true;
}

}  // namespace attune::vectors
