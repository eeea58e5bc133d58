#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "crypto/hash.h"
#include "crypto/noise.h"
#include "daemon/crdt/dot.h"
#include "daemon/crdt/run_codec.h"
#include "daemon/crdt/version_vector.h"
#include "proto/bytes.h"
#include "proto/endpoint.h"
#include "proto/relay_url.h"

namespace attune::sync {

// What two devices say to each other inside a live session. Source: docs/protocol.md, Live session.

/// The first message of each side: what it has and where it can be reached.
struct Greeting {
  crypto::Hash32 digest{};          ///< of the stream that both share; zero where there is none yet
  crdt::VersionVector moved;        ///< what moved since the vector this peer last acknowledged
  bool whole = false;               ///< `moved` is the whole vector
  std::vector<Endpoint> addresses;  ///< at most limits::kAddressesMax
  std::optional<RelayUrl> relay{};  ///< what the sender uses, without its invite
  friend bool operator==(const Greeting&, const Greeting&) = default;
};

/// Consecutive ops of one actor, and the author's tag over the chain after the last.
struct OpRun {
  crdt::Run run;
  std::optional<std::array<std::uint8_t, 32>> tag;
  friend bool operator==(const OpRun&, const OpRun&) = default;
};
/// A batch: at most limits::kBatchOpsMax ops in causal order, of one stream. The ops are bytes
/// still: crdt::RunReader reads them.
struct OpsMessage {
  std::vector<crdt::Actor> actors;  ///< whom the runs name, by place
  std::vector<OpRun> runs;          ///< the actor of each is one of these
  friend bool operator==(const OpsMessage&, const OpsMessage&) = default;
};

/// Rows that are taken and durable at the sender.
struct Ack {
  crdt::VersionVector moved;
  bool whole_names = false;  ///< an op that named an entry is not here: the rest again, by id
  friend bool operator==(const Ack&, const Ack&) = default;
};

/// `sync` asks whether both have the same; the answer carries the question's number.
struct Even {
  std::uint64_t number = 0;
  bool answer = false;
  crdt::VersionVector moved;  ///< the sender's whole vector of the shared stream
  friend bool operator==(const Even&, const Even&) = default;
};

/// Nothing more comes from the sender. A frame of its own type, without a body.
struct CloseMessage {
  friend bool operator==(const CloseMessage&, const CloseMessage&) = default;
};

/// Makes a new ratchet for parcels; which of its parts are there says which step it is.
struct NewRatchet {
  enum class Step {
    kAsk,    ///< nothing: the dialler wants one
    kOffer,  ///< random and key: of the listener
    kBegin,  ///< random and parcel: of the dialler
    kTurn,   ///< parcel: of the listener, then of the dialler
  };
  std::optional<std::array<std::uint8_t, 32>> random;
  std::optional<crypto::PublicKey> key;
  Bytes parcel;  ///< limits::kParcelBytesMin bytes, or none
  [[nodiscard]] Step step() const {
    if (!parcel.empty()) return random ? Step::kBegin : Step::kTurn;
    return random ? Step::kOffer : Step::kAsk;
  }
  friend bool operator==(const NewRatchet&, const NewRatchet&) = default;
};

using SyncMessage = std::variant<Greeting, OpsMessage, Ack, Even, NewRatchet, CloseMessage>;

/// The body of a frame; empty for CloseMessage.
Bytes encode_sync(const SyncMessage& message);
/// nullopt for bytes that are not one message within limits.h; never gives CloseMessage. Counts and
/// depth are checked on the wire form before anything is built from it.
std::optional<SyncMessage> decode_sync(ByteView body);

/// What a parcel says: ops, and rows that are durable at the sender. Both may be empty.
struct ParcelBody {
  OpsMessage ops;
  crdt::VersionVector ack;
  friend bool operator==(const ParcelBody&, const ParcelBody&) = default;
};
Bytes encode_parcel(const ParcelBody& parcel);
/// As decode_sync, for what a parcel held; its ops are within the limits of one batch.
std::optional<ParcelBody> decode_parcel(ByteView body);

/// Groups, ascending: stream 16 | device 16 | LEB128(rows) | rows, ascending: incarnation 8 |
/// LEB128(counter). Canonical: equal vectors have equal bytes, and no other bytes are taken.
Bytes encode_vector(const crdt::VersionVector& vector);
std::optional<crdt::VersionVector> decode_vector(ByteView bytes);

}  // namespace attune::sync
