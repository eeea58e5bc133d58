#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "proto/bytes.h"
#include "proto/ids.h"
#include "proto/time.h"

namespace attune::sync {

// ---- What a local client asks of an unlocked daemon. Words in here are a person's: no formatter.

struct AddEntry {
  std::uint32_t kind = 0;
  Bytes message{};  ///< the kind's message
  bool share = false;
  Bytes version{};  ///< what was on screen; empty: what this device last answered
};
struct EditEntry {
  std::string id{};  ///< as typed
  std::uint32_t kind = 0;
  Bytes message{};
  std::vector<std::uint32_t> clear{};
  bool tighter = false;
  Bytes version{};
};
struct EndEntry {
  std::string id{};
  std::uint32_t kind = 0;  ///< where there is one of it, with `topic`
  std::string topic{};
};
struct ShareEntry {
  std::string id{};
};
struct UnshareEntry {
  std::string id{};
};
struct ForgetEntry {
  std::string id{};
  bool here = false;
};
struct Undo {};
enum class Whose { kBoth, kMine, kPartner };
struct ListEntries {
  std::uint32_t kind = 0;  ///< 0: every kind
  Whose whose = Whose::kBoth;
  bool held = false;
  bool ended = false;
};
struct ShowEntry {
  std::string id{};
};
struct ShowOwn {
  std::uint32_t kind = 0;
};
struct ListToday {};
struct Watch {};
struct SyncNow {
  std::chrono::seconds wait{0};
};
struct AskStatus {};
struct Diagnose {};  ///< the Replica's part of `doctor`
struct PairInvite {};
struct PairByCode {
  std::string code{};
  std::chrono::seconds wait{0};
};
struct PairByQr {
  std::string text{};
};
/// Said on the connection of a running pair command, under that command's RequestId.
struct PairReply {
  bool yes = false;
};
struct Unpair {};
struct RelayShow {};
struct RelaySet {
  std::string url{};  ///< as typed; its invite is a secret
};
struct RelayTest {};  ///< whether the relay that is set takes this device in
struct RelayOff {};

using Command = std::variant<AddEntry, EditEntry, EndEntry, ShareEntry, UnshareEntry, ForgetEntry,
                             Undo, ListEntries, ShowEntry, ShowOwn, ListToday, Watch, SyncNow,
                             AskStatus, Diagnose, PairInvite, PairByCode, PairByQr, PairReply,
                             Unpair, RelayShow, RelaySet, RelayTest, RelayOff>;

// ---- What it is answered.

/// The codes of the command line by their exit status; kNotPaired exits 5 as kNotSetUp does.
enum class Code : std::uint32_t {
  kFailed = 1,
  kUsage = 2,
  kNotFound = 3,
  kLocked = 4,
  kNotSetUp = 5,
  kRefused = 7,
  kNotReached = 8,
  kCheckFailed = 9,
  kDamaged = 10,
  kCancelled = 11,
  kWaiting = 12,
  kNotPaired = 25,
};
/// Same numbers as control.proto's Reason, which comments on each.
enum class Reason : std::uint32_t {
  kNone = 0,
  kMalformed = 1,
  kTooLong = 2,
  kFieldMissing = 3,
  kFieldUnknown = 4,
  kValueUnknown = 5,
  kAmbiguous = 6,
  kNoSuchEntry = 7,
  kNotYours = 8,
  kAlreadySo = 9,
  kLookAgain = 10,
  kNotShared = 11,
  kPrivateKind = 12,
  kEnded = 13,
  kNothingToUndo = 14,
  kCannotUndo = 15,
  kNoVerb = 16,
  kStoreExists = 20,
  kNotSetUp = 21,
  kLocked = 22,
  kWrongPassphrase = 23,
  kWaitBeforeTrying = 24,
  kEmptyName = 25,
  kEmptyPassphrase = 26,
  kNotPaired = 30,
  kAlreadyPaired = 31,
  kCodeWord = 32,
  kWrongCode = 33,
  kCodeSpent = 34,
  kPairingPause = 35,
  kPeerDeclined = 36,
  kYouDeclined = 37,
  kNobodyFound = 38,
  kLinkLost = 39,
  kSamePerson = 40,
  kPairingRuns = 41,
  kQrUnreadable = 42,
  kInvitationExpired = 43,
  kPartnerAway = 50,
  kRelayUrl = 51,
  kNoRelay = 52,
  kRelayAway = 53,
  kRelayRefused = 54,
  kStoreFull = 60,
  kStoreFailed = 61,
  kStoreDamaged = 62,
  kStoreNewer = 63,
  kBusy = 64,
  kOutOfMemory = 65,
};

struct Failed {
  Code code{};
  Reason reason{};
  std::string detail;  ///< a name from the kind rows, never what was typed
  std::chrono::seconds wait{0};
};
inline Failed failed(Code code, Reason reason) {
  return {.code = code, .reason = reason, .detail = {}, .wait = {}};
}
struct Done {
  std::string state;
};
struct DeviceMade {
  DeviceId id;
};
struct Entered {
  EntryId id;
  std::uint32_t kind = 0;
};
struct RivalShown {
  bool mine = false;
  Bytes message;
};
struct Item {
  EntryId id;
  std::uint32_t kind = 0;
  bool mine = false;
  LocalDay day;
  bool shared = false;
  std::string state;
  Bytes version;
  Bytes message;
  std::vector<RivalShown> rivals;
};
struct Items {
  std::vector<Item> items;
};
struct OwnAndTheirs {
  std::optional<Item> mine;
  std::optional<Item> partner;
};
struct StatusShown {
  std::string name;
  bool paired = false;
  std::string partner;
  std::uint32_t devices = 0;
  bool exchanged_this_week = false;
  std::string relay{};  ///< none, reached, away
};
struct RelayShown {
  std::string url;  ///< without its invite; empty: none is set
};
struct Synced {
  bool exchanged = false;
  bool posted = false;
  std::uint32_t pending_out = 0;
};
struct Invitation {
  std::string code;
  std::string qr;
};
struct CheckPhrase {
  std::array<std::uint16_t, 4> words{};  ///< indices of code_words()
};
struct Paired {
  std::string partner;
};
struct Changed {
  std::uint32_t kind = 0;
};
enum class Verdict { kOk = 1, kLook = 2, kFix = 3 };
struct Finding {
  std::string check;
  Verdict verdict{};
};
struct Findings {
  std::vector<Finding> items;
};

using Answer =
    std::variant<Done, DeviceMade, Failed, Entered, Items, Item, OwnAndTheirs, StatusShown, Synced,
                 Invitation, CheckPhrase, Paired, Changed, Findings, RelayShown>;

}  // namespace attune::sync
