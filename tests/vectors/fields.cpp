#include "tests/vectors/fields.h"

#include <sodium.h>

#include <algorithm>

namespace attune::vectors {

Bytes bytes_of_hex(std::string_view text) {
  std::optional<Bytes> bytes = from_hex(text);
  if (!bytes) throw Wrong("a value is not hexadecimal");
  return *bytes;
}

Bytes bytes_of_either(std::string_view text) {
  if (std::optional<Bytes> bytes = from_hex(text)) return *bytes;
  Bytes out(text.size());
  std::size_t used = 0;
  if (sodium_base642bin(out.data(), out.size(), text.data(), text.size(), nullptr, &used, nullptr,
                        sodium_base64_VARIANT_ORIGINAL) != 0) {
    throw Wrong("a value is neither hexadecimal nor base64");
  }
  out.resize(used);
  return out;
}

bool has(const Json& object, std::string_view key) {
  return object.is_object() && object.find(key) != object.end();
}

const Json& at(const Json& object, std::string_view key) {
  if (!has(object, key)) throw Wrong("no " + std::string(key));
  return *object.find(key);
}

std::string text(const Json& object, std::string_view key) {
  const Json& value = at(object, key);
  if (!value.is_string()) throw Wrong(std::string(key) + " is no text");
  return value.get<std::string>();
}

Bytes hex(const Json& object, std::string_view key) { return bytes_of_hex(text(object, key)); }

std::optional<Bytes> hex_if_given(const Json& object, std::string_view key) {
  if (!has(object, key) || at(object, key).is_null()) return std::nullopt;
  Bytes bytes = hex(object, key);
  if (bytes.empty()) return std::nullopt;
  return bytes;
}

std::uint64_t number(const Json& object, std::string_view key) {
  const Json& value = at(object, key);
  if (!value.is_number_unsigned()) throw Wrong(std::string(key) + " is no number");
  return value.get<std::uint64_t>();
}

bool flag(const Json& object, std::string_view key) {
  if (!has(object, key)) return false;
  const Json& value = at(object, key);
  if (!value.is_boolean()) throw Wrong(std::string(key) + " is neither true nor false");
  return value.get<bool>();
}

void expect(bool holds, std::string_view what) {
  if (!holds) throw Wrong(std::string(what));
}

void expect_equal(ByteView got, ByteView stated, std::string_view what) {
  if (!std::equal(got.begin(), got.end(), stated.begin(), stated.end())) {
    throw Wrong(std::string(what) + " differs");
  }
}

}  // namespace attune::vectors
