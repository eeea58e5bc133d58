#pragma once

#include <cstdint>

namespace attune {

/// Faults that stand in the simulator's copy of the pure rooms, to show that it would find each of
/// them. One row a fault: mutants.cpp says what each does, mutants.txt where it stands. The
/// product's sources hold none; plant.py writes the copies. Source: docs/architecture.md,
/// Simulator.
enum class Mutant : std::uint8_t {
  kNone,
  // What the world does with an Output.
  kAnswerBeforeCommit,
  kFramesBeforeCommit,
  kFullDiskIgnored,
  // crdt
  kGrantBeatsWithdrawal,
  kConcurrentGrantWins,
  kOverReachesTooFar,
  kRemovalTakesAll,
  kWordsNotErased,
  kForgetLeavesOps,
  kRivalLost,
  // couple
  kVoidOpCounts,
  kForeignKindEnters,
  kRankNotChecked,
  kPrivateFieldShared,
  kConsentOutlivesNight,
  kConsentOutlivesReboot,
  kConsentLengthenedByClock,
  kLooseningAtOnce,
  kWaitCountedByWall,
  kStaleScreenAccepted,
  // sync
  kReusedCounter,
  kOpNotKept,
  kHuskNotWritten,
  kUndoKeptForEver,
  kLooseningWithoutOver,
  kScreenIsAllMerged,
  kSettledIntentIssued,
  kShareLeavesPrivate,
  kUnshareLeavesShared,
  kForgetLeavesBeside,
  kPauseIgnored,
  kTagNotChecked,
  kAckOfWhatWaits,
  kPrivateOpSent,
  kGreetingNotRead,
  kSaltsOutliveWords,
  kLostLinkForgotten,
  kHelloReplayed,
  kUnpairedStillTalks,
  kSyncedTooEarly,
  kPendingNotKept,
  kRatchetNotKept,
  kLossAtRelayIgnored,
  kParcelNotKept,
};

/// Which one is planted now; the simulator owns it.
extern Mutant planted_mutant;
inline bool planted(Mutant mutant) { return planted_mutant == mutant; }

}  // namespace attune
