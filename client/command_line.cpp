#include "client/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <list>

#include "client/failure.h"
#include "client/nearest.h"
#include "client/wording.h"
#include "proto/ids.h"
#include "proto/time.h"

namespace attune::client {
namespace {

constexpr int kWaitSecondsMax = 86'400;

/// A verb, and where CLI11 leaves what was typed for it.
struct Slot {
  Verb verb;
  CLI::App* app = nullptr;
  std::string argument;
  std::map<std::string, std::string> values;
  std::map<std::string, bool> switches;
  CLI::Option* positional = nullptr;
};

[[noreturn]] void refuse(const std::string& sentence, std::vector<std::string> next = {}) {
  if (next.empty()) next.push_back("attune help");
  throw Failure(Ending::kUsage, sentence, std::move(next));
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

std::vector<std::string> global_flags() {
  return {"home",  "json", "plain", "no-input", "no-color",
          "quiet", "yes",  "stdin", "help",     "version"};
}

/// The CLI11 program for a set of verbs, and the verb that a line chooses.
class Line {
 public:
  Line(std::vector<Verb> verbs, Options& options) : root_("attune", "attune") {
    root_.set_help_flag();
    root_.allow_extras();
    root_.fallthrough();
    root_.require_subcommand(0, 1);
    root_.add_option("--home", home_);
    root_.add_flag("--json", options.json);
    root_.add_flag("--plain", options.plain);
    root_.add_flag("--no-input", options.no_input);
    root_.add_flag("--no-color", options.no_color);
    root_.add_flag("--quiet", options.quiet);
    root_.add_flag("--yes", options.yes);
    root_.add_flag("--stdin", options.from_stdin);
    root_.add_flag("--help,-h", options.help);
    root_.add_flag("--version", options.version);
    for (Verb& verb : verbs) add(std::move(verb));
  }

  /// The slot that the line chose, or nullptr where it names none.
  Slot* parse(const std::vector<std::string>& arguments, Options& options) {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    try {
      root_.parse(std::move(reversed));
    } catch (const CLI::ParseError&) {  // its what() repeats arguments
      refuse("A flag is there twice, or without its value.");
    }
    if (root_.count("--home") > 0) options.home = home_;
    return chosen();
  }

  std::vector<std::string> extras() { return root_.remaining(true); }
  /// The noun that the line named, whether or not a verb followed.
  [[nodiscard]] std::string noun() const {
    const auto used = root_.get_subcommands();
    return used.empty() ? std::string() : used.front()->get_name();
  }
  /// Every name that may stand where the line has an unknown one.
  [[nodiscard]] std::vector<std::string> names(const std::string& noun) const {
    std::vector<std::string> out;
    for (const Slot& slot : slots_) {
      const std::string& first = slot.verb.noun.empty() ? slot.verb.name : slot.verb.noun;
      if (noun.empty()) {
        out.push_back(first);
      } else if (slot.verb.noun == noun && !slot.verb.name.empty()) {
        out.push_back(slot.verb.name);
      }
    }
    return out;
  }

 private:
  CLI::App& noun_app(const std::string& noun) {
    CLI::App*& found = nouns_[noun];
    if (found == nullptr) {
      found = root_.add_subcommand(noun);
      found->set_help_flag();
      found->require_subcommand(0, 1);
    }
    return *found;
  }

  void add(Verb verb) {
    CLI::App& parent = verb.noun.empty() ? root_ : noun_app(verb.noun);
    CLI::App* app = &parent;
    if (!verb.name.empty()) {
      app = verb.noun.empty() ? &noun_app(verb.name) : parent.add_subcommand(verb.name);
      app->set_help_flag();
      app->require_subcommand(0, 1);
    }
    Slot& slot = slots_.emplace_back();
    slot.verb = std::move(verb);
    slot.app = app;
    if (slot.verb.argument != Argument::kNone) {
      slot.positional = app->add_option("argument", slot.argument);
    }
    for (const Flag& flag : slot.verb.flags) {
      const std::string name = "--" + flag.name;
      if (flag.value == Value::kNothing) {
        app->add_flag(name, slot.switches[flag.name]);
      } else {
        app->add_option(name, slot.values[flag.name]);
      }
    }
  }

  Slot* chosen() {
    const CLI::App* deepest = &root_;
    while (!deepest->get_subcommands().empty()) deepest = deepest->get_subcommands().front();
    Slot* found = nullptr;
    for (Slot& slot : slots_) {
      if (slot.app == deepest) {
        found = &slot;
      } else if (slot.positional != nullptr && slot.positional->count() > 0) {
        refuse(std::string(kWordsSentence));  // it fell through to the noun's own argument
      }
    }
    return found;
  }

  CLI::App root_;
  std::string home_;
  std::map<std::string, CLI::App*> nouns_;
  std::list<Slot> slots_;  // CLI11 keeps references into each
};

/// Says what the first argument that nothing takes most likely meant.
[[noreturn]] void refuse_extra(Line& line, const Slot* slot, const std::string& noun,
                               const std::string& extra) {
  if (extra.size() > 1 && extra.front() == '-') {
    std::vector<std::string> flags = global_flags();
    if (slot != nullptr) {
      for (const Flag& flag : slot->verb.flags) flags.push_back(flag.name);
    }
    const std::string near =
        nearest(std::string_view(extra).substr(extra[1] == '-' ? 2 : 1), flags);
    refuse(near.empty() ? "There is no such flag."
                        : "There is no such flag; --" + near + " is one.");
  }
  const std::string near = nearest(extra, line.names(noun));
  if (near.empty() && slot == nullptr) refuse("There is no such command.");
  if (near.empty()) refuse(std::string(kWordsSentence));
  const std::string command = noun.empty() ? near : noun + ' ' + near;
  refuse("There is no such command; the nearest is `" + command + "`.",
         {"attune " + command, "attune help"});
}

/// Whether the first extra stands before the command that was understood: then it is a mistyped
/// noun.
bool stands_first(const std::vector<std::string>& arguments, const std::string& extra,
                  const Verb& verb) {
  const std::string& first = verb.noun.empty() ? verb.name : verb.noun;
  const auto end = arguments.end();
  return std::find(arguments.begin(), end, extra) < std::find(arguments.begin(), end, first);
}

void check_extras(Line& line, const Slot* slot, const std::vector<std::string>& arguments) {
  const std::vector<std::string> extras = line.extras();
  if (extras.empty()) return;
  const std::string& extra = extras.front();
  const bool flag = extra.size() > 1 && extra.front() == '-';
  if (flag || slot == nullptr) refuse_extra(line, slot, line.noun(), extra);
  if (slot->verb.noun.empty() && stands_first(arguments, extra, slot->verb)) {
    refuse_extra(line, nullptr, {}, extra);
  }
  refuse(std::string(kWordsSentence), {"attune " + slot->verb.path() + " --help"});
}

void check_word(const Flag& flag, const std::string& value) {
  std::vector<std::string> words;
  for (const ValueRow& row : flag.field->values) {
    if (row.hidden) continue;
    if (row.word == value) return;
    words.push_back(row.word);
  }
  refuse("--" + flag.name + " is one of: " + joined(words) + '.');
}

void check_number(const Flag& flag, const std::string& value) {
  const bool seconds = flag.field == nullptr;
  std::int32_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  const bool whole = error == std::errc() && end == value.data() + value.size();
  if (!seconds && whole) return;
  if (whole && number >= 0 && number <= kWaitSecondsMax) return;
  refuse("--" + flag.name +
         (seconds ? " is a number of seconds, a day at most." : " is a number."));
}

void check_entry(const std::string& value) {
  if (parse_entry_prefix(value)) return;
  refuse(std::string(kIdSentence), {"attune list"});
}

void check_flag(const Flag& flag, const std::string& value) {
  switch (flag.value) {
    case Value::kNothing:
      return;
    case Value::kWord:
      return check_word(flag, value);
    case Value::kDay:
      if (value == "none" || parse_day(value)) return;
      refuse("--" + flag.name + " is a date like 2027-09-17, or none.");
    case Value::kEntry:
      return check_entry(value);
    case Value::kNumber:
      return check_number(flag, value);
    case Value::kFile:
      if (value.empty()) refuse("--" + flag.name + " needs a file.");
      return;
  }
}

/// By its noun, or by the heading of its list.
const KindRow* kind_of(const std::string& value, const KindTable& kinds) {
  for (const KindRow& kind : kinds.kinds()) {
    if (kind.noun == value || kind.plural == value) return &kind;
  }
  return nullptr;
}

void check_noun(const std::string& value, const KindTable& kinds, bool topic) {
  std::vector<std::string> names;
  for (const KindRow& kind : kinds.kinds()) {
    if (kind.noun == value || (!topic && kind.plural == value)) return;
    names.push_back(kind.noun);
  }
  if (topic && (value == "all" || parse_entry_prefix(value))) return;
  const std::string near = nearest(value, names);
  const std::string what =
      topic ? "Say all, a kind or an entry's id" : "Kinds are " + joined(names);
  refuse(near.empty() ? what + '.' : what + "; the nearest is `" + near + "`.", {"attune kinds"});
}

void check_argument(const Invocation& invocation, const KindTable& kinds) {
  const std::string& given = invocation.argument;
  switch (invocation.verb.argument) {
    case Argument::kNone:
    case Argument::kHelpTopic:
      return;
    case Argument::kEntry:
      if (given.empty()) refuse("Which entry? Its id is missing.", {"attune list"});
      check_entry(given);
      if (invocation.verb.kind != nullptr &&
          parse_entry_prefix(given)->letter != invocation.verb.kind->letter) {
        refuse("That id is not one of a " + invocation.verb.kind->noun + '.');
      }
      return;
    case Argument::kTopic:
      if (!given.empty()) check_noun(given, kinds, true);
      return;
    case Argument::kNoun:
      if (!given.empty()) check_noun(given, kinds, false);
      return;
  }
}

void check_together(const Invocation& invocation) {
  if (invocation.has("mine") && invocation.has("partner")) refuse("--mine or --partner, not both.");
  if (invocation.verb.act != Act::kPair) return;
  const auto ways =
      std::count_if(invocation.flags.begin(), invocation.flags.end(), [](const auto& flag) {
        return flag.first == "code" || flag.first == "qr" || flag.first == "image" ||
               flag.first == "camera" || flag.first == "qr-png";
      });
  if (ways > 1) refuse("Only one of --code, --qr, --image, --camera and --qr-png.");
  const bool invites = ways == 0 || invocation.has("qr-png");
  if (invites && invocation.has("wait")) refuse("--wait is for the one who was invited.");
}

/// `edit` alone has the flags of the kind whose id stands on the line.
void fit_bare_edit(std::vector<Verb>& verbs, const std::vector<std::string>& arguments,
                   const KindTable& kinds) {
  for (const std::string& argument : arguments) {
    const auto prefix = parse_entry_prefix(argument);
    const KindRow* kind = prefix ? kinds.lettered(prefix->letter) : nullptr;
    if (kind == nullptr) continue;
    for (Verb& verb : verbs) {
      if (verb.noun.empty() && verb.act == Act::kEdit) verb = bare_edit(*kind);
    }
    return;
  }
}

Verb without_command(const Options& options) {
  Verb verb;
  verb.name = options.help ? "help" : "today";
  verb.act = options.help ? Act::kHelp : Act::kToday;
  return verb;
}

}  // namespace

Invocation parse_command_line(const std::vector<std::string>& arguments, const KindTable& kinds) {
  Invocation invocation;
  std::vector<Verb> verbs = verbs_of(kinds);
  fit_bare_edit(verbs, arguments, kinds);
  Line line(std::move(verbs), invocation.options);
  Slot* slot = line.parse(arguments, invocation.options);
  check_extras(line, slot, arguments);
  if (slot == nullptr) {
    const std::string noun = line.noun();
    if (!noun.empty() && !invocation.options.help) {
      refuse("What about it? Verbs of " + noun + " are " + joined(line.names(noun)) + '.',
             {"attune " + noun + " --help"});
    }
    invocation.verb = without_command(invocation.options);
    invocation.argument = noun;
    return invocation;
  }
  invocation.verb = slot->verb;
  invocation.argument = slot->argument;
  for (const Flag& flag : slot->verb.flags) {
    if (slot->app->count("--" + flag.name) == 0) continue;
    invocation.flags[flag.name] = flag.value == Value::kNothing ? "" : slot->values[flag.name];
    check_flag(flag, invocation.flags[flag.name]);
    const bool off = flag.value == Value::kNothing && !slot->switches[flag.name];
    if (off) invocation.flags.erase(flag.name);
  }
  if (invocation.options.help || invocation.options.version) return invocation;
  check_argument(invocation, kinds);
  if (invocation.verb.argument == Argument::kNoun) {
    invocation.verb.kind = kind_of(invocation.argument, kinds);
  }
  check_together(invocation);
  return invocation;
}

bool wants_json(const std::vector<std::string>& arguments) {
  return std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
}

}  // namespace attune::client
