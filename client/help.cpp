#include "client/help.h"

#include <algorithm>

#include "client/failure.h"
#include "client/nearest.h"
#include "client/wording.h"

namespace attune::client {
namespace {

constexpr std::size_t kColumn = 30;
constexpr const char* kEverywhere[] = {"home",  "json", "plain", "no-input", "no-color",
                                       "quiet", "yes",  "stdin", "help",     "version"};

std::string row(const std::string& left, const std::string& right) {
  std::string out = "  " + left;
  out.resize(std::max(out.size() + 2, kColumn), ' ');
  return out + right + '\n';
}

std::string argument_of(const Verb& verb) {
  switch (verb.argument) {
    case Argument::kNone:
      return {};
    case Argument::kEntry:
      return " ID";
    case Argument::kTopic:
      return " [ID|NOUN|all]";
    case Argument::kNoun:
      return " [NOUN]";
    case Argument::kHelpTopic:
      return " [COMMAND|TOPIC]";
  }
  return {};
}

std::string value_of(const Flag& flag) {
  switch (flag.value) {
    case Value::kNothing:
      return {};
    case Value::kWord: {
      std::string words;
      for (const ValueRow& value : flag.field->values) {
        if (!value.hidden) words += (words.empty() ? " " : "|") + value.word;
      }
      return words;
    }
    case Value::kDay:
      return " DATE|none";
    case Value::kEntry:
      return " ID";
    case Value::kNumber:
      return flag.field == nullptr ? " SECONDS" : " NUMBER";
    case Value::kFile:
      return flag.name == "image" ? " FILE|-" : " FILE";
  }
  return {};
}

std::string flag_row(const Flag& flag) {
  const auto known = flag_sentence(flag.name);
  const std::string what = known ? std::string(*known) : flag.field ? label_of(*flag.field) : "";
  const std::string left = "--" + flag.name + value_of(flag);
  // Where the values fill the line, the sentence stands below them.
  return left.size() + 4 < kColumn ? row(left, what) : "  " + left + '\n' + row("", what);
}

std::string verb_page(const Verb& verb) {
  std::string out = "attune " + verb.path() + argument_of(verb) + '\n' + help_of(verb) + ".\n";
  for (const Flag& flag : verb.flags)
    out += (&flag == &verb.flags.front() ? "\n" : "") + flag_row(flag);
  if (verb.act != Act::kAdd && verb.act != Act::kEdit) return out;
  std::string asked;
  for (const FieldRow& field : verb.kind ? verb.kind->fields : std::vector<FieldRow>{}) {
    if (field.ask == Ask::kNever) continue;
    const bool optional = verb.act == Act::kEdit || field.ask == Ask::kOptional;
    asked += (asked.empty() ? "" : ", ") + field.name + (optional ? "?" : "");
  }
  if (!asked.empty())
    out += "\nAsked for, or fields of one JSON object with --stdin: " + asked + ".\n";
  return out;
}

std::string overview(const std::vector<Verb>& verbs) {
  std::string out = "attune: a private notebook for two people.\n\n";
  std::string group;
  for (const Verb& verb : verbs) {
    const std::string of = verb.kind == nullptr ? std::string() : verb.kind->noun;
    if (of != group) out += '\n';
    group = of;
    out += row(verb.path() + argument_of(verb), help_of(verb));
  }
  out += "\nFlags that stand anywhere:\n";
  for (const char* flag : kEverywhere) {
    out += row(std::string("--") + flag, std::string(flag_sentence(flag).value_or("")));
  }
  out += "\nPages: ";
  for (const std::string& topic : help_topics()) {
    out += (topic == help_topics().front() ? "attune help " : " | ") + topic;
  }
  return out + '\n';
}

}  // namespace

std::string help_text(const Invocation& invocation, const KindTable& kinds) {
  const std::vector<Verb> verbs = verbs_of(kinds);
  const bool whole = invocation.verb.act == Act::kHelp;
  if (!whole) return verb_page(invocation.verb);
  const std::string& topic = invocation.argument;
  if (topic.empty()) return overview(verbs);
  if (const auto page = help_page(topic)) return std::string(*page);
  std::string pages;
  std::vector<std::string> names = help_topics();
  for (const Verb& verb : verbs) {
    const std::string& first = verb.noun.empty() ? verb.name : verb.noun;
    names.push_back(first);
    if (first == topic) pages += (pages.empty() ? "" : "\n") + verb_page(verb);
  }
  if (!pages.empty()) return pages;
  const std::string near = nearest(topic, names);
  throw Failure(Ending::kUsage, "There is no such page.",
                {near.empty() ? "attune help" : "attune help " + near});
}

}  // namespace attune::client
