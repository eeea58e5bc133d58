#include <sodium.h>

#include <algorithm>

#include "crypto/noise.h"
#include "crypto/seal.h"
#include "tests/vectors/forms.h"

namespace attune::vectors {
namespace {

enum class Result { kValid, kInvalid, kAcceptable };

Result result_of(const Json& test) {
  const std::string word = text(test, "result");
  if (word == "valid") return Result::kValid;
  if (word == "invalid") return Result::kInvalid;
  if (word == "acceptable") return Result::kAcceptable;
  throw Wrong("no such result: " + word);
}

// An all-zero shared secret is refused, whatever the file thinks of it.
void check_x25519(const Json& group, const Json& test) {
  expect(text(group, "curve") == "curve25519", "another curve");
  const Result result = result_of(test);
  const Bytes public_key = hex(test, "public");
  const Bytes secret = hex(test, "private");
  const Bytes shared = hex(test, "shared");
  std::optional<crypto::Key> got;
  if (public_key.size() == 32 && secret.size() == 32) {
    got =
        crypto::x25519(crypto::Key(fixed<32>(secret, "private")), fixed<32>(public_key, "public"));
  }
  const bool zero = std::all_of(shared.begin(), shared.end(), [](auto byte) { return byte == 0; });
  if (result == Result::kInvalid || zero) {
    expect(!got, "is not refused");
    return;
  }
  expect(got.has_value(), "is refused");
  expect_equal(got->view(), shared, "the shared secret");
}

// Nonces of another size have no type here: they are refused before any key is touched.
template <typename Nonce>
void check_aead(const Json& group, const Json& test) {
  static_cast<void>(group);
  const Result result = result_of(test);
  const Bytes key_bytes = hex(test, "key");
  const Bytes nonce_bytes = hex(test, "iv");
  const Bytes associated = hex(test, "aad");
  const Bytes message = hex(test, "msg");
  Bytes sealed = hex(test, "ct");
  append(sealed, hex(test, "tag"));

  if (key_bytes.size() != 32 || nonce_bytes.size() != std::tuple_size_v<Nonce>) {
    expect(result == Result::kInvalid, "the key or the nonce has the wrong size");
    return;
  }
  const auto key = fixed<32>(key_bytes, "key");
  const Nonce nonce = fixed<std::tuple_size_v<Nonce>>(nonce_bytes, "iv");
  std::optional<Bytes> opened = crypto::open(key, nonce, associated, sealed);
  if (result == Result::kInvalid) {
    expect(!opened, "is not refused");
    return;
  }
  expect(opened.has_value(), "is refused");
  expect_equal(*opened, message, "what was opened");
  expect_equal(crypto::seal(key, nonce, associated, message), sealed, "what was sealed");
}

void check_hmac_sha512(const Json& group, const Json& test) {
  const Result result = result_of(test);
  const Bytes key = hex(test, "key");
  const Bytes message = hex(test, "msg");
  const Bytes tag = hex(test, "tag");
  std::array<std::uint8_t, crypto_auth_hmacsha512_BYTES> mac{};
  crypto_auth_hmacsha512_state state;
  crypto_auth_hmacsha512_init(&state, key.data(), key.size());
  crypto_auth_hmacsha512_update(&state, message.data(), message.size());
  crypto_auth_hmacsha512_final(&state, mac.data());
  const std::uint64_t tag_bytes = number(group, "tagSize") / 8;
  expect(tag_bytes > 0 && tag_bytes <= mac.size(), "no such tag size");
  const bool same = crypto::equal(ByteView(mac).first(tag_bytes), tag);
  expect(same == (result != Result::kInvalid), "the tag is judged wrongly");
}

using Check = void (*)(const Json& group, const Json& test);

Check check_for(std::string_view algorithm) {
  if (algorithm == "XDH" || algorithm == "X25519") return check_x25519;
  if (algorithm == "CHACHA20-POLY1305") return check_aead<crypto::Nonce12>;
  if (algorithm == "XCHACHA20-POLY1305") return check_aead<crypto::Nonce24>;
  if (algorithm == "HMACSHA512") return check_hmac_sha512;
  return nullptr;
}

}  // namespace

bool run_wycheproof(const Json& object, Place place, Tally& tally) {
  static_cast<void>(place);
  if (!has(object, "algorithm") || !has(object, "testGroups")) return false;
  if (!at(object, "algorithm").is_string() || !at(object, "testGroups").is_array()) return false;
  const std::string algorithm = text(object, "algorithm");
  const Check check = check_for(algorithm);
  if (check == nullptr) {
    tally.name_unused(algorithm);
    return true;
  }
  for (const Json& group : at(object, "testGroups")) {
    if (!has(group, "tests")) continue;
    for (const Json& test : at(group, "tests")) {
      const std::string id = has(test, "tcId") ? at(test, "tcId").dump() : "?";
      tally.run("Wycheproof " + algorithm, id, [&] { check(group, test); });
    }
  }
  return true;
}

}  // namespace attune::vectors
