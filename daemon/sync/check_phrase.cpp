#include "daemon/sync/check_phrase.h"

#include "crypto/derive.h"
#include "crypto/labels.h"
#include "proto/limits.h"

namespace attune::sync {
namespace {

constexpr unsigned kBitsPerWord = 11;
static_assert(limits::kCodeWords == 1u << kBitsPerWord);

}  // namespace

CheckPhrase check_phrase(const crypto::Hash64& handshake_hash) {
  const std::span<const std::uint8_t, 64> hash(handshake_hash);
  const auto tag =
      crypto::mac(hash.first<32>(), crypto::labels::kCheckPhrase, ByteView(hash.last<32>()));
  CheckPhrase phrase;
  std::uint32_t bits = 0;
  unsigned held = 0;
  std::size_t next = 0;
  for (std::uint16_t& word : phrase.words) {
    for (; held < kBitsPerWord; held += 8) bits = bits << 8 | tag[next++];
    held -= kBitsPerWord;
    word = static_cast<std::uint16_t>(bits >> held & (limits::kCodeWords - 1));
  }
  return phrase;
}

}  // namespace attune::sync
