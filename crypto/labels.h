#pragma once

#include <string_view>

/// Every domain label, once. A label separates one use of a hash or key from every other; none is
/// ever reused or renamed. Source: docs/protocol.md, Keys.
namespace attune::crypto::labels {

using namespace std::string_view_literals;

inline constexpr auto kVersion = "attune/1"sv;  // first part of every kdf

// Identity and entries.
inline constexpr auto kDevice = "dev"sv;
inline constexpr auto kIdentityKey = "ik"sv;
inline constexpr auto kEntry = "entry/1"sv;
inline constexpr auto kTopic =
    "topic/1"sv;  // nonce of an entry that exists once per person (and topic)
inline constexpr auto kChain = "chain/1"sv;
inline constexpr auto kBody = "body/1"sv;
inline constexpr auto kRest = "rest/1"sv;
inline constexpr auto kActor = "actor/1"sv;
inline constexpr auto kSaltNode = "salt-node/1"sv;
inline constexpr auto kSlotSalt = "slot-salt/1"sv;
inline constexpr auto kAuthor = "author"sv;
inline constexpr auto kDigest = "digest/1"sv;

// Pairing.
inline constexpr auto kPair = "pair/1"sv;
inline constexpr auto kPairQr = "qr"sv;
inline constexpr auto kPairCode = "code"sv;
inline constexpr auto kCode = "code1"sv;
inline constexpr auto kInitJoiner = "init=joiner"sv;
inline constexpr auto kRespIssuer = "resp=issuer"sv;
inline constexpr auto kInitScanner = "init=scanner"sv;
inline constexpr auto kPairPsk = "pair-psk"sv;
inline constexpr auto kPairRoot = "pair-root"sv;
inline constexpr auto kPairPipe = "pair-pipe"sv;
inline constexpr auto kSame = "same"sv;
inline constexpr auto kSameInitiator = "init"sv;
inline constexpr auto kSameResponder = "resp"sv;
inline constexpr auto kCouple = "couple"sv;
inline constexpr auto kLiveRoot = "live-root"sv;
inline constexpr auto kIdRoot = "id-root"sv;
inline constexpr auto kCheckPhrase = "sas"sv;
inline constexpr auto kNameplate = "nameplate"sv;

// Live sessions and beacons.
inline constexpr auto kLive = "live/1"sv;
inline constexpr auto kLivePsk = "live-psk"sv;
inline constexpr auto kLiveMac1 = "live-mac1"sv;
inline constexpr auto kMac1 = "m1"sv;
inline constexpr auto kBeacon = "beacon"sv;
inline constexpr auto kPipe = "pipe"sv;

// Mailbox.
inline constexpr auto kMailboxRootKey = "mbx-rk"sv;
inline constexpr auto kMailboxHeaderKeyA = "mbx-hk-a"sv;
inline constexpr auto kMailboxNextHeaderKeyB = "mbx-nhk-b"sv;
inline constexpr auto kMailboxStep = "mbx-step"sv;  // info of the ratchet's HKDF
inline constexpr auto kMailboxAssociated = "mbx/1"sv;
inline constexpr auto kMailboxGeneration = "mbx-gen"sv;
inline constexpr auto kMailboxPairing = "mbx-pair"sv;
inline constexpr auto kMailboxFirstKey = "mbx-first"sv;
inline constexpr auto kMailboxDirection = "mbx-dir"sv;
inline constexpr auto kMailboxWeek = "mbx"sv;

// Relays.
inline constexpr auto kRelay = "attune-relay/1"sv;
inline constexpr auto kMailboxId = "mbx-id/1"sv;
inline constexpr auto kRelaySource = "relay-source"sv;

// At rest.
inline constexpr auto kWrap = "wrap"sv;
inline constexpr auto kWrapCommit = "kek-commit"sv;
inline constexpr auto kRecord = "rec"sv;
inline constexpr auto kRecordDigest = "rec-digest"sv;
inline constexpr auto kRecordLock = "rec-lock"sv;
inline constexpr auto kSlotSum = "slot-sum/1"sv;

}  // namespace attune::crypto::labels
