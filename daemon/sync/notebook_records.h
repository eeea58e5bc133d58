#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "crypto/secret.h"
#include "daemon/couple/loosening.h"
#include "daemon/crdt/op_log.h"
#include "proto/record.h"

namespace attune::sync {

/// A loosening that waits. Its slots carry what was on screen when it was asked for.
struct Intent {
  crdt::StreamId stream;
  EntryId entry;
  std::uint32_t kind = 0;
  std::vector<crdt::Slot> slots;
  couple::Wait wait;
};

/// What a client did here last, as `undo` needs it.
struct Act {
  enum class Did : std::uint8_t {
    kAdded = 1,
    kEdited = 2,
    kShared = 3,
    kFinal = 4,  ///< can't be taken back
  };
  Did did = Did::kFinal;
  crdt::StreamId stream;
  EntryId entry;
  std::uint32_t kind = 0;
  bool waits = false;                  ///< kEdited: a loosening began to wait
  Bytes before{};                      ///< kEdited: what the fields said, as a message
  std::vector<std::uint32_t> empty{};  ///< kEdited: fields that said nothing
  Boot since{};
};

/// What of an op's arrival its record keeps: the day, or for one night everything.
enum class ArrivalKept { kDay, kAll };

/// An op as its record gives it back. `bare`: a husk that came without its op ever being here.
struct OpRecord {
  crdt::Op op;
  std::optional<std::array<std::uint8_t, 32>> tag;
  bool counted = true;
  bool bare = false;
  crdt::Kept::Arrival arrival;
};

Bytes op_name(const crdt::Dot& dot);
/// The dot of a name that op_name can have made.
std::optional<crdt::Dot> parse_op_name(ByteView name);
RecordChange op_record(const crdt::Kept& kept, ArrivalKept arrival, bool bare);
/// A tree of salts, by the dot of the first op that it can stand for. `bytes`: of
/// SaltTrees::encode; nullopt: nothing is left of it.
RecordChange salts_record(const crdt::SaltTreeId& tree, std::optional<Bytes> bytes);
std::optional<crdt::SaltTreeId> parse_salts_name(ByteView name);
RecordChange intent_record(const Intent& intent);
RecordChange intent_gone(const EntryId& entry);
RecordChange act_record(const std::optional<Act>& act);

/// nullopt for bytes that no version of this program writes: the store is damaged.
std::optional<OpRecord> decode_op_record(ByteView name, ByteView body);
std::optional<Intent> decode_intent(ByteView name, ByteView body);
std::optional<Act> decode_act(ByteView body);

/// mac(AK, "author", couple 16, device 16 | incarnation 8, counter u64le, chain): only a person's
/// own devices can make it, and only they can check it. Source: docs/protocol.md, Author tags.
crdt::Hash32 make_author_tag(const crypto::Key& author_key, const crdt::Dot& dot,
                             const crdt::Hash32& chain);

/// Last counter and chain of every actor, in pages of limits::kHeadPageActors: what proves at
/// opening that no op is missing. An actor keeps its row for ever.
class HeadPages {
 public:
  struct Head {
    std::uint64_t counter = 0;
    crdt::Hash32 chain{};
  };

  /// Writes an actor's row; a page that is in the batch already is changed there.
  void set(const crdt::Actor& actor, const Head& head, RecordBatch& batch);
  /// A page as the store gives it back; false where it is damaged.
  bool load(ByteView name, ByteView body);
  /// Whether the pages that were loaded have no gap, and what they say of each actor.
  [[nodiscard]] std::optional<std::map<crdt::Actor, Head>> all() const;

 private:
  struct Page {
    Bytes rows;
    std::size_t in_batch = 0;  ///< where its change may be
  };
  Page& page_for(const crdt::Actor& actor, std::size_t* offset);

  std::map<std::uint32_t, Page> pages_;
  std::map<crdt::Actor, std::size_t> places_;
};

}  // namespace attune::sync
