#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Every bound of the system, one line each. What bounds bytes that travel belongs to the protocol
/// version and only grows. Source: docs/protocol.md, docs/storage.md.
namespace attune::limits {

using namespace std::chrono_literals;

// Words and entries.
inline constexpr std::size_t kWordsBytesMax = 8'192;  // one text field, UTF-8
inline constexpr std::size_t kShortBytesMax = 256;    // one element of a list, one name
inline constexpr std::size_t kNameBytesMax = 128;     // a person's name
inline constexpr std::size_t kPassphraseBytesMax = 1'024;
inline constexpr std::size_t kPassphraseBytesMin = 1;
inline constexpr std::size_t kListElementsMax = 64;  // elements of one repeated field
inline constexpr std::size_t kSlotBytesMax = kWordsBytesMax + 16;  // a field with tag and length
inline constexpr std::size_t kFieldsPerOpMax = 64;
inline constexpr std::size_t kDotsMax = 256;              // one list of dots that an op names

// Operations and batches.
inline constexpr std::size_t kOpBytesMax = 16'384;  // an op's canonical bytes
inline constexpr std::size_t kBatchOpsMax = 1'024;
inline constexpr std::size_t kBatchBytesMax = 61'440;
inline constexpr std::size_t kSaltTreesMax = 1'024;   // of one log, 64 ops each
inline constexpr std::size_t kActorsMax = 4'096;      // rows of a version vector
inline constexpr std::size_t kWaitingOpsMax = 4'096;  // per person, causally not yet applicable
inline constexpr std::size_t kWaitingBytesMax = 4u << 20;
inline constexpr std::size_t kPartnerOpsPerDayMax = 20'000;
inline constexpr std::size_t kPartnerBytesPerDayMax = 16u << 20;
inline constexpr std::size_t kHeadPageActors = 64;  // heads sealed in one record
inline constexpr std::size_t kMessageDepthMax = 8;  // nesting of a message from outside

// Live session.
inline constexpr std::size_t kFramePlainMax = 65'519;
inline constexpr std::size_t kFramePlainMin = 512;
inline constexpr std::size_t kFrameBytesMax = 65'535;  // after the u16 length
inline constexpr std::size_t kHelloBytes = 65;
inline constexpr std::size_t kHelloMemory = 1'024;  // repeated hellos remembered
inline constexpr std::chrono::seconds kRenewalAge = 15min;
inline constexpr std::uint64_t kRenewalFrames = 1u << 20;
inline constexpr std::chrono::seconds kRenewalPause = 60s;  // between attempts at a renewal
inline constexpr std::chrono::seconds kSimultaneous = 10s;  // both dialled: no older link
inline constexpr std::chrono::seconds kAckPatience = 10s;  // unacknowledged: dead link
inline constexpr std::size_t kAddressesMax = 8;            // addresses in a Greeting

// Before authentication.
inline constexpr std::size_t kHandshakeBytesMax = 1'024;
inline constexpr std::chrono::seconds kHandshakePatience = 5s;
inline constexpr std::size_t kHalfOpenMax = 256;  // unauthenticated LAN connections

// Pairing.
inline constexpr std::chrono::seconds kInvitationLife = 10min;
inline constexpr std::chrono::seconds kQrLife = 120s;
inline constexpr std::chrono::seconds kConfirmLife = 10min;
inline constexpr std::chrono::seconds kFlightPatience = 5s;
inline constexpr std::chrono::seconds kRelayedFlightPatience = 20s;  // a relay and a proxy between
inline constexpr std::size_t kBurntMax = 3;  // burnt codes within kBurntWindow ...
inline constexpr std::chrono::seconds kBurntWindow = 1h;
inline constexpr std::chrono::seconds kBurntPause = 1h;  // ... start this pause
inline constexpr std::size_t kJoinersMax = 20;           // disconnects before the first proof
inline constexpr std::size_t kCodeWords = 2'048;
inline constexpr std::size_t kQrBytesMax = 256;

// Mailbox.
inline constexpr std::size_t kParcelBytesMin = 960;  // whole parcels have one of four sizes
inline constexpr std::size_t kParcelBytesLow = 4'032;
inline constexpr std::size_t kParcelBytesHigh = 16'320;
inline constexpr std::size_t kParcelBytesMax = 65'455;
inline constexpr std::uint64_t kWseqMax = INT64_MAX;  // no mailbox comes near it
inline constexpr std::size_t kPartingsMax = 8;  // pairings whose end a relay has yet to hear of
inline constexpr std::size_t kSkippedKeysMax = 256;  // parcels of a ratchet that may still come
inline constexpr int kMailboxWeeksAhead = 1;  // mailboxes that are read: from the week after ...
inline constexpr int kMailboxWeeksBack = 5;   // ... to so many before, by the relay's clock
inline constexpr std::chrono::seconds kPartingLife = (kMailboxWeeksBack + 1) * 168h;
inline constexpr std::size_t kPutsUnanswered = 8;  // parcels on their way to a relay at once
inline constexpr std::chrono::seconds kMailboxPause = 2s;  // not live so long: it is posted
inline constexpr std::chrono::seconds kRatchetAge = 24h;   // then the next session makes a new one
inline constexpr std::size_t kRatchetsMax = 8;             // of one device, while they change over
inline constexpr std::uint16_t kMailboxWindow = 16;        // messages not yet acknowledged
inline constexpr std::chrono::seconds kMailboxOpenPause = 1min;  // after a refusal to open one
inline constexpr std::chrono::seconds kMailboxSavePause = 5min;  // what others have, by the way
inline constexpr std::chrono::seconds kFullPause = 1min;  // disk full: nothing unasked is begun

// Beacons.
inline constexpr std::size_t kBeaconBytes = 32;
inline constexpr std::uint16_t kBeaconPort = 47'109;
inline constexpr std::size_t kBeaconMemory = 4'096;  // nonces remembered
inline constexpr std::size_t kBeaconBurst = 3;
inline constexpr std::chrono::seconds kBeaconBurstSpan = 2s;
inline constexpr std::chrono::seconds kBeaconPeriodMin = 20s;
inline constexpr std::chrono::seconds kBeaconPeriodMax = 40s;
inline constexpr std::chrono::seconds kBeaconPatience = 10min;
inline constexpr std::chrono::seconds kDialPause = 5s;  // per heard peer

// A relay: what travels.
inline constexpr std::uint16_t kRelayVersion = 1;
inline constexpr std::size_t kRelayHandshakeBytes = 48;  // each of the two NK messages
inline constexpr std::size_t kRelayPlainMin = 64;      // the smallest class of record; times 4 ...
inline constexpr std::size_t kRelayPlainMax = 65'519;  // ... and this instead of 65,536
inline constexpr std::size_t kRelayBodyMax = 65'455;   // one parcel
inline constexpr std::size_t kRelayInviteMax = 64;     // characters of an invite
inline constexpr std::size_t kRelayHostMax = 253;      // characters of a host's name
inline constexpr std::size_t kRelayWindowMax = 256;    // pushed and not acknowledged, per mailbox
inline constexpr std::chrono::seconds kRelayKeepaliveMin = 30s;
inline constexpr std::chrono::seconds kRelayKeepaliveMax = 30min;
inline constexpr std::chrono::seconds kRelayPipeWait = 25h;  // a live pipe's: an id lasts a day

// A relay: its devices.
inline constexpr std::chrono::seconds kRelayPatience = 20s;   // to connect; then for Params
inline constexpr std::chrono::seconds kRelayPauseMin = 1s;    // before another attempt, doubled ...
inline constexpr std::chrono::seconds kRelayPauseMax = 5min;  // ... up to this
inline constexpr std::chrono::seconds kRelayPongPatience = 10s;
inline constexpr std::size_t kRelayNameplatesMax = 8;  // drawn for one invitation where taken
inline constexpr std::chrono::seconds kRelayNameplatePatience = 4s;  // then a code is shown anyway
inline constexpr std::chrono::seconds kRelayPingPauseMax = 10min;    // of silence before a Ping
inline constexpr std::chrono::seconds kRelayRetryMax = 24h;          // however long a relay says
inline constexpr std::chrono::seconds kRelayGoodSession = 60s;  // stood so long: soon another try
inline constexpr std::chrono::seconds kRelayGoodPipe = 10s;     // waited or stood so long: as well
inline constexpr std::chrono::seconds kRelayTrialLife = 15s;    // `relay test` is answered by then
inline constexpr std::chrono::seconds kAddressTurn = 5s;  // of one of several addresses of a name

// A relay: what its operator may change. Each is a key of its configuration.
inline constexpr std::size_t kRelayMailboxBytes = 32u << 20;
inline constexpr std::size_t kRelayMailboxMessages = 4'096;
inline constexpr std::uint32_t kRelayMessageDays = 30;
inline constexpr std::uint32_t kRelayPutsPerSecond = 20;
inline constexpr std::uint32_t kRelayPutsBurst = 200;
inline constexpr std::size_t kRelayHandles = 64;                  // open mailboxes of one session
inline constexpr std::size_t kRelayWaitingPipes = 8;              // of one session
inline constexpr std::uint64_t kRelayPipeFreeBytes = 1ull << 30;  // per source and day
inline constexpr std::uint64_t kRelayPipeRate = 1'000'000;        // bytes a second after that
inline constexpr std::uint32_t kRelayConnectsPerSecond = 20;      // per /32 or /64
inline constexpr std::size_t kRelayConnectionsPerSource = 100;
inline constexpr std::size_t kRelayHalfOpenMax = 1'024;  // no HELLO yet; then the oldest goes
inline constexpr std::chrono::seconds kRelayPipePatience = 10s;  // from READY to PIPE_ACK
inline constexpr std::size_t kRelayLooks = 4;            // of one session, under way at once
inline constexpr std::size_t kRelaySourceRows = 65'536;  // sources remembered at once
inline constexpr std::uint64_t kRelayStoreBytes = 10ull << 30;
inline constexpr std::uint64_t kRelayNewBytesPerDay = 256u << 20;  // per /32 or /64, uninvited
inline constexpr std::size_t kRelaySessionPutBytes = 256u << 10;   // waiting: not read meanwhile
inline constexpr std::size_t kRelayQueueBytes = 16u << 20;         // the same, of all sessions
inline constexpr std::size_t kRelayUnsentBytes = 16u << 20;  // what slow readers hold up, of all
inline constexpr std::size_t kRelayBatchMessages = 512;      // one transaction
inline constexpr std::size_t kRelayBatchBytes = 1u << 20;    // one transaction
inline constexpr std::size_t kRelayReadBytes = 64u << 10;    // one look into a mailbox

// Promises.
inline constexpr std::chrono::seconds kConsentLife = 18h;  // after receipt, at the very most
inline constexpr std::chrono::seconds kLoosenWait = 24h;
inline constexpr std::chrono::seconds kUndoLife = 10min;
inline constexpr int kQuietDays = 30;
inline constexpr std::chrono::seconds kWaitKept = 1h;  // between writings of how long one waited
inline constexpr std::chrono::seconds kNightLook = 10min;  // between looks at what a night ends
inline constexpr std::size_t kIntentDotsMax = 64;          // dots that a waiting loosening names

// At rest.
inline constexpr std::uint64_t kArgonBytes = 256ull << 20;
inline constexpr std::uint64_t kArgonBytesMin = 64ull << 20;
inline constexpr std::uint64_t kArgonBytesMax = 1ull << 30;
inline constexpr std::uint64_t kArgonPasses = 3;
inline constexpr std::uint64_t kArgonPassesMax = 10;
inline constexpr std::size_t kRecordPadMin = 256;
inline constexpr std::size_t kRecordBytesMax = 1u << 20;
inline constexpr std::chrono::seconds kClockSecondsMax = 1'099'511'627'776s;  // 2^40
inline constexpr std::size_t kPartnerDevicesMax = 1'024;  // that ever paired as the partner
inline constexpr int kLogPagesMax = 1'000;                // of 4 KiB; then they are written back
inline constexpr std::size_t kRootOthersMax = 12'288;     // bytes of records in the root beside ops
inline constexpr std::size_t kRootOpsRoomMin = 1'536;     // with less for ops it takes another page
inline constexpr std::uint64_t kColdCommits = 64;  // not written in so many: a record is cold
inline constexpr std::size_t kDeadBytesAllowed = 256u << 10;  // beyond as many as live ones
inline constexpr std::uint32_t kLockPagesMax = 1u << 16;      // 16 million records
inline constexpr int kUnlockFreeTries = 3;  // wrong passphrases before waits grow
inline constexpr std::chrono::seconds kUnlockWaitMax = 60s;

// A daemon's ends and rests.
inline constexpr std::chrono::milliseconds kAnswersPatience = 500ms;  // for clients, before it goes
inline constexpr std::chrono::milliseconds kPostPatience = 900ms;     // for a relay, of 2 s in all
inline constexpr std::chrono::seconds kFullRestMin = 1s;   // disk full: no links, doubled ...
inline constexpr std::chrono::seconds kFullRestMax = 16s;  // ... up to this

// Control socket.
inline constexpr std::size_t kControlFrameMax = 1u << 20;
inline constexpr std::size_t kControlAnswerMax = 64u << 20;  // one answer to a local client
inline constexpr std::size_t kControlClientsMax = 64;
inline constexpr std::size_t kControlBacklogBytes = 65'536;  // further behind: dropped
inline constexpr std::size_t kWaitingRequestsMax = 64;
inline constexpr std::size_t kSocketPathMax = 107;
inline constexpr std::size_t kStdinBytesMax = 1u << 20;

}  // namespace attune::limits
