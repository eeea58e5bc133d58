#include "tests/sim/mutants.h"

#include <algorithm>
#include <array>

namespace attune {

Mutant planted_mutant = Mutant::kNone;

}  // namespace attune

namespace attune::sim {
namespace {

constexpr std::array kRows{
    MutantRow{Mutant::kAnswerBeforeCommit, "answer-before-commit",
              "a client is answered before the write is durable"},
    MutantRow{Mutant::kFramesBeforeCommit, "frames-before-commit",
              "an acknowledgement leaves before what it acknowledges is durable"},
    MutantRow{Mutant::kFullDiskIgnored, "full-disk-ignored",
              "a commit finds no room, and the rest is done all the same"},
    MutantRow{Mutant::kGrantBeatsWithdrawal, "grant-beats-withdrawal",
              "a later write lifts a stricter one that it had not seen"},
    MutantRow{Mutant::kConcurrentGrantWins, "concurrent-grant-wins",
              "a protective write lifts what is concurrent"},
    MutantRow{Mutant::kOverReachesTooFar, "over-reaches-too-far",
              "an over of named dots stands for the whole past"},
    MutantRow{Mutant::kRemovalTakesAll, "removal-takes-all",
              "a removal takes elements that it doesn't name"},
    MutantRow{Mutant::kWordsNotErased, "words-not-erased", "replaced words stay on the disk"},
    MutantRow{Mutant::kForgetLeavesOps, "forget-leaves-ops", "what was forgotten becomes no husk"},
    MutantRow{Mutant::kRivalLost, "rival-lost", "a concurrent text takes the other's place"},
    MutantRow{Mutant::kVoidOpCounts, "void-op-counts", "anybody may write on an entry"},
    MutantRow{Mutant::kForeignKindEnters, "foreign-kind-enters",
              "an op of an unknown kind may carry any entry's id"},
    MutantRow{Mutant::kRankNotChecked, "rank-not-checked",
              "a protective write may claim another rank than its words have"},
    MutantRow{Mutant::kPrivateFieldShared, "private-field-shared",
              "a field for my own devices is written into the stream of both"},
    MutantRow{Mutant::kConsentOutlivesNight, "consent-outlives-night",
              "consent is shown on another day than its own"},
    MutantRow{Mutant::kConsentOutlivesReboot, "consent-outlives-reboot",
              "consent is shown after the reader's machine started anew"},
    MutantRow{Mutant::kConsentLengthenedByClock, "consent-lengthened-by-clock",
              "only the wall clock says how old a consent is"},
    MutantRow{Mutant::kLooseningAtOnce, "loosening-at-once", "a limit is loosened without a wait"},
    MutantRow{Mutant::kWaitCountedByWall, "wait-counted-by-wall",
              "a clock that is put forward ends a wait"},
    MutantRow{Mutant::kStaleScreenAccepted, "stale-screen-accepted",
              "a write that can have no effect is accepted"},
    MutantRow{Mutant::kReusedCounter, "reused-counter",
              "a store that is opened again goes on with its old incarnation"},
    MutantRow{Mutant::kOpNotKept, "op-not-kept", "every ninth op of an actor is not persisted"},
    MutantRow{Mutant::kHuskNotWritten, "husk-not-written",
              "a night that is over, or a forget, is not written to the disk"},
    MutantRow{Mutant::kUndoKeptForEver, "undo-kept-for-ever",
              "what `undo` needs stays after its ten minutes"},
    MutantRow{Mutant::kLooseningWithoutOver, "loosening-without-over",
              "a protective write doesn't say what was on screen"},
    MutantRow{Mutant::kScreenIsAllMerged, "screen-is-all-merged",
              "a write stands over what no screen had shown"},
    MutantRow{Mutant::kSettledIntentIssued, "settled-intent-issued",
              "a loosening goes on waiting though its field was written"},
    MutantRow{Mutant::kShareLeavesPrivate, "share-leaves-private",
              "sharing an entry leaves the private one standing"},
    MutantRow{Mutant::kUnshareLeavesShared, "unshare-leaves-shared",
              "unsharing an entry leaves the shared one standing"},
    MutantRow{Mutant::kForgetLeavesBeside, "forget-leaves-beside",
              "what only I had beside a shared entry outlives its forgetting"},
    MutantRow{Mutant::kPauseIgnored, "pause-ignored",
              "consent is shown while everything is paused"},
    MutantRow{Mutant::kTagNotChecked, "tag-not-checked",
              "the partner brings ops in my name without my tag"},
    MutantRow{Mutant::kAckOfWhatWaits, "ack-of-what-waits",
              "an Ack names what is not durable, or was refused"},
    MutantRow{Mutant::kPrivateOpSent, "private-op-sent", "ops of `mine` are sent to the partner"},
    MutantRow{Mutant::kGreetingNotRead, "greeting-not-read",
              "what the other has is not read from its Greeting"},
    MutantRow{Mutant::kSaltsOutliveWords, "salts-outlive-words",
              "a stored tree of salts keeps the leaf of an op that lost its words"},
    MutantRow{Mutant::kLostLinkForgotten, "lost-link-forgotten",
              "a lost connection is not looked for again"},
    MutantRow{Mutant::kHelloReplayed, "hello-replayed", "a copy of an old hello is answered"},
    MutantRow{Mutant::kUnpairedStillTalks, "unpaired-still-talks",
              "who has unpaired answers the partner of before"},
    MutantRow{Mutant::kSyncedTooEarly, "synced-too-early",
              "`sync` is done before the partner has answered"},
    MutantRow{Mutant::kPendingNotKept, "pending-not-kept",
              "a yes to a pairing is forgotten when the process ends"},
    MutantRow{Mutant::kRatchetNotKept, "ratchet-not-kept",
              "a parcel leaves before its ratchet's next key is on the disk"},
    MutantRow{Mutant::kLossAtRelayIgnored, "loss-at-relay-ignored",
              "what a relay has lost is not posted again"},
    MutantRow{Mutant::kParcelNotKept, "parcel-not-kept",
              "a parcel is deleted at the relay, and what it brought is on no disk"},
};

}  // namespace

std::span<const MutantRow> mutants() { return kRows; }

const MutantRow* mutant_named(std::string_view name) {
  const auto at = std::ranges::find(kRows, name, &MutantRow::name);
  return at == kRows.end() ? nullptr : &*at;
}

}  // namespace attune::sim
