#pragma once

#include <string>
#include <vector>

#include "proto/kind_table.h"

namespace attune::client {

/// What a command does, whatever it is called.
enum class Act {
  kInit,
  kUnlock,
  kLock,
  kPassphrase,
  kStatus,
  kPair,
  kUnpair,
  kSync,
  kDoctor,
  kRelayShow,
  kRelaySet,
  kRelayTest,
  kRelayOff,
  kWatch,
  kToday,
  kUndo,
  kAdd,
  kEdit,
  kEnd,
  kShare,
  kUnshare,
  kForget,
  kList,
  kShow,
  kShowOwn,
  kKinds,
  kHelp,
};

/// The one argument that a command may have beside its flags.
enum class Argument { kNone, kEntry, kTopic, kNoun, kHelpTopic };

/// What follows a flag.
enum class Value { kNothing, kWord, kDay, kEntry, kNumber, kFile };

struct Flag {
  std::string name;  ///< without `--`
  Value value = Value::kNothing;
  const FieldRow* field = nullptr;  ///< that it writes; none: the command's own
};

/// One command: how it is called and what may stand behind it. Points into the KindTable.
struct Verb {
  std::string noun;  ///< empty: it stands alone
  std::string name;  ///< empty: the noun alone is the command
  Act act{};
  const KindRow* kind = nullptr;
  Argument argument = Argument::kNone;
  std::vector<Flag> flags;

  [[nodiscard]] const Flag* flag(std::string_view flag_name) const;
  /// `boundary add`, as it is typed.
  [[nodiscard]] std::string path() const;
};

/// Every command there is: our own, then those of the kind rows. The table outlives them.
std::vector<Verb> verbs_of(const KindTable& kinds);

/// `edit` without a noun, for entries of one kind.
Verb bare_edit(const KindRow& kind);

}  // namespace attune::client
