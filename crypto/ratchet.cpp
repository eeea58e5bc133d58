#include "crypto/ratchet.h"

#include <sodium.h>

#include <algorithm>
#include <cassert>
#include <limits>

#include "crypto/derive.h"
#include "crypto/labels.h"
#include "proto/limits.h"

namespace attune::crypto {
namespace {

constexpr std::size_t kNonceBytes = 24;
constexpr std::size_t kHeaderBytes = 40;
constexpr std::size_t kSealedHeaderBytes = kHeaderBytes + kTagBytes;
constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kOverheadBytes = kNonceBytes + kSealedHeaderBytes + kTagBytes + kLengthBytes;
constexpr std::uint8_t kStateVersion = 1;
constexpr std::uint32_t kNumberEnd = std::numeric_limits<std::uint32_t>::max();
constexpr std::array kParcelBytes{limits::kParcelBytesMin, limits::kParcelBytesLow,
                                  limits::kParcelBytesHigh, limits::kParcelBytesMax};
static_assert(Ratchet::kBodyBytesMax == limits::kParcelBytesMax - kOverheadBytes);

struct Stepped {
  Key root;
  Key chain;
  Key next_header;
};

Key key_at(const Secret<192>& from, std::size_t offset) {
  Key out;
  std::memcpy(out.writable().data(), from.view().data() + offset, 32);
  return out;
}

// KDF_RK_HE: the new root is the salt's successor.
Stepped step_root(const Key& root, const Key& shared) {
  const Secret<192> out = hkdf_blake2b<3>(root.view(), shared.view(), labels::kMailboxStep);
  return {.root = key_at(out, 0), .chain = key_at(out, 64), .next_header = key_at(out, 128)};
}

Key half_of_hmac(const Key& key, std::uint8_t input) {
  Hash64 out = hmac_blake2b(key.view(), ByteView(&input, 1));
  Key half(std::span<const std::uint8_t, 64>(out).first<32>());
  sodium_memzero(out.data(), out.size());
  return half;
}

// KDF_CK: the parcel's key; the chain goes on.
Key step_chain(Key& chain) {
  Key message = half_of_hmac(chain, 0x01);
  chain = half_of_hmac(chain, 0x02);
  return message;
}

std::size_t parcel_bytes_for(std::size_t body) {
  for (const std::size_t whole : kParcelBytes) {
    if (body + kOverheadBytes <= whole) return whole;
  }
  assert(!"a body that fits no parcel");
  return 0;
}

Nonce24 nonce_of(ByteView parcel) {
  Nonce24 nonce;
  std::memcpy(nonce.data(), parcel.data(), nonce.size());
  return nonce;
}

// What the body is sealed with: all that stands before it.
Bytes bound(ByteView associated, ByteView sealed_header) {
  Bytes all;
  append_lv(all, associated);
  append(all, sealed_header);
  return all;
}

std::optional<Bytes> open_body(const Key& key, ByteView parcel, ByteView associated) {
  const ByteView sealed_header = parcel.subspan(kNonceBytes, kSealedHeaderBytes);
  auto padded = open(key.view(), nonce_of(parcel), bound(associated, sealed_header),
                     parcel.subspan(kNonceBytes + kSealedHeaderBytes));
  if (!padded) return std::nullopt;
  Reader reader(*padded);
  const std::uint32_t length = reader.u32le();
  if (length > reader.left()) return std::nullopt;
  const ByteView body = reader.take(length);
  const ByteView zeros = reader.take(reader.left());
  if (std::ranges::any_of(zeros, [](std::uint8_t byte) { return byte != 0; })) return std::nullopt;
  return Bytes(body.begin(), body.end());
}

void append_key(Bytes& out, const Key& key) { append(out, key.view()); }
void append_key(Bytes& out, const std::optional<Key>& key) {
  out.push_back(key ? 1 : 0);
  if (key) append_key(out, *key);
}

std::optional<Key> take_key(Reader& reader) {
  const ByteView bytes = reader.take(32);
  if (bytes.size() != 32) return std::nullopt;
  return Key(std::span<const std::uint8_t, 32>(bytes));
}

// False for what is neither absent nor a key.
bool take_optional_key(Reader& reader, std::optional<Key>& into) {
  const std::uint8_t there = reader.u8();
  if (there == 0) return reader.ok();
  if (there == 1) into = take_key(reader);
  return into.has_value();
}

}  // namespace

Ratchet::Chain Ratchet::Chain::clone() const {
  Chain copy;
  if (header) copy.header = header->clone();
  if (chain) copy.chain = chain->clone();
  copy.number = number;
  copy.next_header = next_header.clone();
  return copy;
}

Ratchet Ratchet::without_skipped() const {
  Ratchet copy;
  copy.root_ = root_.clone();
  copy.own_ = own_.clone();
  copy.theirs_ = theirs_;
  copy.sending_ = sending_.clone();
  copy.receiving_ = receiving_.clone();
  copy.before_ = before_;
  return copy;
}

std::optional<Ratchet> Ratchet::initiator(KeyView secret, const PublicKey& theirs, Random& random) {
  Ratchet ratchet;
  ratchet.own_ = KeyPair::generate(random);
  ratchet.theirs_ = theirs;
  const auto shared = x25519(ratchet.own_.secret, theirs);
  if (!shared) return std::nullopt;
  Stepped stepped = step_root(kdf(secret, labels::kMailboxRootKey), *shared);
  ratchet.root_ = std::move(stepped.root);
  ratchet.sending_.header = kdf(secret, labels::kMailboxHeaderKeyA);
  ratchet.sending_.chain = std::move(stepped.chain);
  ratchet.sending_.next_header = std::move(stepped.next_header);
  ratchet.receiving_.next_header = kdf(secret, labels::kMailboxNextHeaderKeyB);
  return ratchet;
}

Ratchet Ratchet::responder(KeyView secret, KeyPair own) {
  Ratchet ratchet;
  ratchet.own_ = std::move(own);
  ratchet.root_ = kdf(secret, labels::kMailboxRootKey);
  ratchet.sending_.next_header = kdf(secret, labels::kMailboxNextHeaderKeyB);
  ratchet.receiving_.next_header = kdf(secret, labels::kMailboxHeaderKeyA);
  return ratchet;
}

Bytes Ratchet::seal(ByteView body, ByteView associated, Random& random) {
  assert(can_send() && body.size() <= kBodyBytesMax);
  const auto nonce = random.bytes<kNonceBytes>();
  Bytes header(own_.public_key.begin(), own_.public_key.end());
  append_u32le(header, before_);
  append_u32le(header, sending_.number);
  const Bytes sealed_header = crypto::seal(sending_.header->view(), nonce, associated, header);
  Bytes padded;
  padded.reserve(parcel_bytes_for(body.size()));  // never moved: no copy stays behind
  append_u32le(padded, static_cast<std::uint32_t>(body.size()));
  append(padded, body);
  padded.resize(parcel_bytes_for(body.size()) - kOverheadBytes + kLengthBytes);
  const Key message = step_chain(*sending_.chain);
  ++sending_.number;
  Bytes parcel(nonce.begin(), nonce.end());
  append(parcel, sealed_header);
  append(parcel, crypto::seal(message.view(), nonce, bound(associated, sealed_header), padded));
  sodium_memzero(padded.data(), padded.size());
  return parcel;
}

std::optional<Ratchet::Header> Ratchet::open_header(const Key& key, ByteView parcel,
                                                    ByteView associated) {
  const auto plain = crypto::open(key.view(), nonce_of(parcel), associated,
                                  parcel.subspan(kNonceBytes, kSealedHeaderBytes));
  if (!plain) return std::nullopt;
  Reader reader(*plain);
  Header header;
  const ByteView bytes = reader.take(header.key.size());
  std::memcpy(header.key.data(), bytes.data(), bytes.size());
  header.before = reader.u32le();
  header.number = reader.u32le();
  return header;
}

std::optional<Bytes> Ratchet::open_skipped(ByteView parcel, ByteView associated) {
  for (SkippedChain& chain : skipped_) {
    const auto header = open_header(chain.header, parcel, associated);
    if (!header) continue;
    const auto at =
        std::ranges::find(chain.keys, header->number, [](const auto& kept) { return kept.first; });
    if (at == chain.keys.end()) continue;  // the chain may still be the current one
    auto body = open_body(at->second, parcel, associated);
    if (!body) return std::nullopt;
    chain.keys.erase(at);
    std::erase_if(skipped_, [](const SkippedChain& each) { return each.keys.empty(); });
    return body;
  }
  return std::nullopt;
}

// DHRatchetHE: the other side's new key begins a receiving chain, and a new key of ours a sending
// one. False where their key is of low order.
bool Ratchet::turn(const PublicKey& theirs, Random& random) {
  const auto received = x25519(own_.secret, theirs);
  if (!received) return false;
  KeyPair own = KeyPair::generate(random);
  const auto sent = x25519(own.secret, theirs);
  if (!sent) return false;
  before_ = sending_.number;
  theirs_ = theirs;
  Stepped in = step_root(root_, *received);
  receiving_ = {.header = std::move(receiving_.next_header),
                .chain = std::move(in.chain),
                .number = 0,
                .next_header = std::move(in.next_header)};
  own_ = std::move(own);
  Stepped out = step_root(in.root, *sent);
  sending_ = {.header = std::move(sending_.next_header),
              .chain = std::move(out.chain),
              .number = 0,
              .next_header = std::move(out.next_header)};
  root_ = std::move(out.root);
  return true;
}

void Ratchet::keep_of_receiving(std::uint32_t up_to) {
  if (!receiving_.chain || receiving_.number >= up_to) return;
  SkippedChain skipped{.header = receiving_.header->clone(), .keys = {}};
  while (receiving_.number < up_to) {
    skipped.keys.emplace_back(receiving_.number, step_chain(*receiving_.chain));
    ++receiving_.number;
  }
  skipped_.push_back(std::move(skipped));
}

Key Ratchet::reach(std::uint32_t number) {
  keep_of_receiving(number);
  ++receiving_.number;
  return step_chain(*receiving_.chain);
}

// What was kept before comes first; of more than the limit the oldest go.
void Ratchet::adopt_skipped(std::vector<SkippedChain> older) {
  for (SkippedChain& fresh : skipped_) older.push_back(std::move(fresh));
  std::size_t count = 0;
  for (const SkippedChain& chain : older) count += chain.keys.size();
  while (count > limits::kSkippedKeysMax) {
    std::vector<std::pair<std::uint32_t, Key>>& oldest = older.front().keys;
    const std::size_t drop = std::min(oldest.size(), count - limits::kSkippedKeysMax);
    oldest.erase(oldest.begin(), oldest.begin() + static_cast<std::ptrdiff_t>(drop));
    count -= drop;
    if (oldest.empty()) older.erase(older.begin());
  }
  skipped_ = std::move(older);
}

std::variant<Bytes, Ratchet::Refused> Ratchet::open(ByteView parcel, ByteView associated,
                                                    Random& random) {
  if (std::ranges::find(kParcelBytes, parcel.size()) == kParcelBytes.end()) {
    return Refused::kForeign;
  }
  if (auto body = open_skipped(parcel, associated)) return std::move(*body);

  Ratchet next = without_skipped();
  std::optional<Header> header;
  if (receiving_.header) header = open_header(*receiving_.header, parcel, associated);
  const bool turns = !header;
  if (turns) {
    header = open_header(receiving_.next_header, parcel, associated);
    if (!header) return Refused::kForeign;
  }
  const std::uint32_t from = turns ? 0 : receiving_.number;
  if (header->number < from || header->number == kNumberEnd) return Refused::kForeign;
  const bool gap = header->number - from > limits::kSkippedKeysMax;
  if (gap && !turns) return Refused::kGap;
  if (turns) {
    // An end of the chain before that is too far off is passed by without its keys.
    if (header->before >= receiving_.number &&
        header->before - receiving_.number <= limits::kSkippedKeysMax) {
      next.keep_of_receiving(header->before);
    }
    if (!next.turn(header->key, random)) return Refused::kForeign;
    if (gap) {
      // The header is the other side's own. Without the turn nothing of ours would tell it to begin
      // another chain, and nothing of this one could ever be reached.
      next.adopt_skipped(std::move(skipped_));
      *this = std::move(next);
      return Refused::kGap;
    }
  }
  const Key message = next.reach(header->number);
  auto body = open_body(message, parcel, associated);
  if (!body) return Refused::kForeign;
  next.adopt_skipped(std::move(skipped_));
  *this = std::move(next);
  return std::move(*body);
}

Bytes Ratchet::encode() const {
  Bytes out{kStateVersion};
  append_key(out, root_);
  append_key(out, own_.secret);
  out.push_back(theirs_ ? 1 : 0);
  if (theirs_) append(out, *theirs_);
  for (const Chain* chain : {&sending_, &receiving_}) {
    append_key(out, chain->header);
    append_key(out, chain->chain);
    append_u32le(out, chain->number);
    append_key(out, chain->next_header);
  }
  append_u32le(out, before_);
  append_leb(out, skipped_.size());
  for (const SkippedChain& chain : skipped_) {
    append_key(out, chain.header);
    append_leb(out, chain.keys.size());
    for (const auto& [number, key] : chain.keys) {
      append_u32le(out, number);
      append_key(out, key);
    }
  }
  return out;
}

std::optional<Ratchet> Ratchet::decode(ByteView bytes) {
  Reader reader(bytes);
  if (reader.u8() != kStateVersion) return std::nullopt;
  Ratchet ratchet;
  auto root = take_key(reader);
  auto own = take_key(reader);
  if (!root || !own) return std::nullopt;
  ratchet.root_ = std::move(*root);
  ratchet.own_ = KeyPair::from_secret(own->view());
  std::optional<Key> theirs;
  if (!take_optional_key(reader, theirs)) return std::nullopt;
  if (theirs) {
    ratchet.theirs_.emplace();
    std::memcpy(ratchet.theirs_->data(), theirs->view().data(), 32);
  }
  for (Chain* chain : {&ratchet.sending_, &ratchet.receiving_}) {
    if (!take_optional_key(reader, chain->header)) return std::nullopt;
    if (!take_optional_key(reader, chain->chain)) return std::nullopt;
    if (chain->header.has_value() != chain->chain.has_value()) return std::nullopt;
    chain->number = reader.u32le();
    auto next = take_key(reader);
    if (!next) return std::nullopt;
    chain->next_header = std::move(*next);
  }
  ratchet.before_ = reader.u32le();
  const std::uint64_t chains = reader.leb();
  std::size_t keys_in_all = 0;
  for (std::uint64_t i = 0; i < chains; ++i) {
    auto header = take_key(reader);
    const std::uint64_t keys = reader.leb();
    if (!header || keys == 0 || keys > limits::kSkippedKeysMax) return std::nullopt;
    SkippedChain chain{.header = std::move(*header), .keys = {}};
    for (std::uint64_t k = 0; k < keys; ++k) {
      const std::uint32_t number = reader.u32le();
      auto key = take_key(reader);
      if (!key || ++keys_in_all > limits::kSkippedKeysMax) return std::nullopt;
      if (!chain.keys.empty() && chain.keys.back().first >= number) return std::nullopt;
      chain.keys.emplace_back(number, std::move(*key));
    }
    ratchet.skipped_.push_back(std::move(chain));
  }
  if (!reader.done()) return std::nullopt;
  return ratchet;
}

}  // namespace attune::crypto
