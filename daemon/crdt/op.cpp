#include "daemon/crdt/op.h"

#include <algorithm>

#include "crypto/labels.h"

namespace attune::crdt {
namespace {

namespace labels = crypto::labels;

constexpr std::size_t kProofBytes = 6;
static_assert(sizeof(EntryNonce) + kProofBytes == EntryId::kSize);

}  // namespace

Hash32 first_chain(const Actor& actor) {
  return crypto::Hasher(32)
      .lv(labels::kActor)
      .add(actor.stream.couple.view())
      .add(actor.device.view())
      .add(actor.incarnation.view())
      .finish<32>();
}

bool same_header(const Op& a, const Op& b) {
  return a.dot == b.dot && a.rest_hash == b.rest_hash && a.seen == b.seen;
}

void make_husk(Op& op) {
  op.husk = true;
  op.entry = {};
  op.kind = 0;
  op.day = {};
  op.slots.clear();
  op.slots.shrink_to_fit();
}

EntryId make_entry_id(const PersonId& owner, std::uint32_t kind, const EntryNonce& nonce) {
  Bytes number;
  append_u32le(number, kind);
  const Hash32 proof =
      crypto::hash_lv<32>(labels::kEntry, owner.view(), ByteView(number), ByteView(nonce));
  EntryId id;
  auto end = std::ranges::copy(nonce, id.bytes.begin()).out;
  std::copy_n(proof.begin(), kProofBytes, end);
  return id;
}

bool proves(const EntryId& id, const PersonId& owner, std::uint32_t kind) {
  EntryNonce nonce;
  std::copy_n(id.bytes.begin(), nonce.size(), nonce.begin());
  return make_entry_id(owner, kind, nonce) == id;
}

EntryNonce topic_nonce(const CoupleId& couple, std::string_view topic) {
  const Hash32 hash = crypto::hash_lv<32>(labels::kTopic, couple.view(), topic);
  EntryNonce nonce;
  std::copy_n(hash.begin(), nonce.size(), nonce.begin());
  return nonce;
}

}  // namespace attune::crdt
