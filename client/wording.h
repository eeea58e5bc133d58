#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attune/v1/control.pb.h"
#include "client/verbs.h"
#include "proto/kind_table.h"

/// Every sentence that a person reads. They speak of what is, never of what somebody did or failed
/// to do, and never repeat what was typed.
namespace attune::client {

inline constexpr const char* kNoDaemonSentence = "The daemon of this home is not running.";
inline constexpr const char* kStrangeAnswer =
    "The daemon's answer cannot be read; are both of one version?";
inline constexpr const char* kWordsSentence =
    "Words are never arguments, where others on this computer can see them: they are asked for, or "
    "given "
    "with --stdin.";
inline constexpr const char* kIdSentence =
    "An entry's id is a letter, a hyphen and 4 to 26 letters and digits, as `attune list` shows "
    "it.";

/// The sentence of a Reason; nullopt where there is none.
std::optional<std::string_view> reason_sentence(v1::Reason reason);
/// The same where a name from the kind rows or a wait makes it clearer.
std::string error_sentence(const v1::Error& error);
/// Commands that may help after an error.
std::vector<std::string> next_steps(v1::Reason reason);
/// Commands that start the daemon.
std::vector<std::string> start_the_daemon(bool home_named);

/// What a person is asked for, by `kind.field` or by a command's own field (`init.name`).
std::optional<std::string_view> prompt_sentence(std::string_view key);
/// The same for a field of a kind; the field's name where no sentence is known.
std::string prompt_of(const KindRow& kind, const FieldRow& field);
/// A field's name in front of its value.
std::string label_of(const FieldRow& field);

/// One line on what a command does; nullopt where there is none.
std::optional<std::string_view> verb_sentence(const Verb& verb);
/// The same, made from the row where no sentence is known.
std::string help_of(const Verb& verb);
/// One line on a flag; its field's name where no sentence is known.
std::optional<std::string_view> flag_sentence(std::string_view flag);

/// What to do about a check of `doctor` that is not fine.
std::optional<std::string_view> finding_sentence(std::string_view check);

/// Said at pairing, on a terminal.
std::string_view honest_limits();
/// The page of `help safety|consent|privacy|errors`; nullopt for another word.
std::optional<std::string_view> help_page(std::string_view topic);
const std::vector<std::string>& help_topics();

}  // namespace attune::client
