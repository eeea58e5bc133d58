#include "client/verbs.h"

namespace attune::client {
namespace {

Value value_of(const FieldRow& field) {
  switch (field.type) {
    case FieldType::kEnum:
      return Value::kWord;
    case FieldType::kBool:
      return Value::kNothing;
    case FieldType::kInt32:
      return field.form == Form::kDay ? Value::kDay : Value::kNumber;
    case FieldType::kBytes:
      return Value::kEntry;
    case FieldType::kText:
      return Value::kNothing;
  }
  return Value::kNothing;
}

/// A text has no flag whatever its row says: words are never arguments.
bool has_flag(const FieldRow& field) {
  if (field.flag.empty() || field.type == FieldType::kText) return false;
  return field.type != FieldType::kBytes || field.form == Form::kEntry;
}

std::vector<Flag> field_flags(const KindRow& kind) {
  std::vector<Flag> flags;
  for (const FieldRow& field : kind.fields) {
    if (has_flag(field)) {
      flags.push_back({.name = field.flag, .value = value_of(field), .field = &field});
    }
  }
  return flags;
}

Flag own(std::string name, Value value = Value::kNothing) {
  return {.name = std::move(name), .value = value, .field = nullptr};
}

Verb alone(std::string name, Act act, Argument argument = Argument::kNone,
           std::vector<Flag> flags = {}) {
  return {.noun = {},
          .name = std::move(name),
          .act = act,
          .kind = nullptr,
          .argument = argument,
          .flags = std::move(flags)};
}

Verb of_relay(std::string name, Act act) {
  Verb verb = alone(std::move(name), act);
  verb.noun = "relay";
  return verb;
}

std::vector<Flag> list_flags() { return {own("mine"), own("partner"), own("held"), own("ended")}; }

void add_our_own(std::vector<Verb>& out) {
  out.push_back(alone("init", Act::kInit));
  out.push_back(alone("unlock", Act::kUnlock));
  out.push_back(alone("lock", Act::kLock, Argument::kNone, {own("clear")}));
  out.push_back(alone("passphrase", Act::kPassphrase));
  out.push_back(alone("status", Act::kStatus));
  out.push_back(alone("pair", Act::kPair, Argument::kNone,
                      {own("code"), own("qr"), own("camera"), own("image", Value::kFile),
                       own("qr-png", Value::kFile), own("wait", Value::kNumber)}));
  out.push_back(alone("unpair", Act::kUnpair));
  out.push_back(alone("sync", Act::kSync, Argument::kNone, {own("wait", Value::kNumber)}));
  out.push_back(alone("doctor", Act::kDoctor));
  out.push_back(of_relay("show", Act::kRelayShow));
  out.push_back(of_relay("set", Act::kRelaySet));
  out.push_back(of_relay("test", Act::kRelayTest));
  out.push_back(of_relay("off", Act::kRelayOff));
  out.push_back(alone("watch", Act::kWatch));
  out.push_back(alone("today", Act::kToday));
  out.push_back(alone("undo", Act::kUndo));
  out.push_back(alone("kinds", Act::kKinds, Argument::kNone, {own("markdown")}));
  out.push_back(alone("help", Act::kHelp, Argument::kHelpTopic));
  out.push_back(alone("list", Act::kList, Argument::kNoun, list_flags()));
  out.push_back(alone("show", Act::kShow, Argument::kEntry));
  out.push_back(alone("edit", Act::kEdit, Argument::kEntry));
  out.push_back(alone("share", Act::kShare, Argument::kEntry));
  out.push_back(alone("unshare", Act::kUnshare, Argument::kEntry));
  out.push_back(alone("end", Act::kEnd, Argument::kEntry));
  out.push_back(alone("forget", Act::kForget, Argument::kEntry, {own("here")}));
}

/// What begins, shows and ends a kind of which each person, or each topic, has one.
void add_single(const KindRow& kind, std::vector<Verb>& out) {
  const bool by_topic = kind.one == One::kPerPersonAndTopic;
  const Argument about = by_topic ? Argument::kTopic : Argument::kNone;
  const bool top = kind.top_verbs;
  const auto verb = [&](const std::string& name, Act act, std::vector<Flag> flags) {
    const bool is_noun = top && name == kind.noun;
    out.push_back({.noun = top && !is_noun ? std::string() : kind.noun,
                   .name = is_noun ? std::string() : name,
                   .act = act,
                   .kind = &kind,
                   .argument = about,
                   .flags = std::move(flags)});
  };
  verb(kind.add_verb, Act::kAdd, field_flags(kind));
  verb(kind.end_verb, Act::kEnd, {});
  if (!by_topic) verb("show", Act::kShowOwn, {});
}

void add_many(const KindRow& kind, std::vector<Verb>& out) {
  const auto verb = [&](const std::string& name, Act act, Argument argument,
                        std::vector<Flag> flags) {
    out.push_back({.noun = kind.noun,
                   .name = name,
                   .act = act,
                   .kind = &kind,
                   .argument = argument,
                   .flags = std::move(flags)});
  };
  std::vector<Flag> add_flags = field_flags(kind);
  if (kind.audience == Audience::kChosen) add_flags.push_back(own("share"));
  verb(kind.add_verb, Act::kAdd, Argument::kNone, std::move(add_flags));
  verb("show", Act::kShow, Argument::kEntry, {});
  verb("edit", Act::kEdit, Argument::kEntry, field_flags(kind));
  if (kind.audience == Audience::kChosen) {
    verb("share", Act::kShare, Argument::kEntry, {});
    verb("unshare", Act::kUnshare, Argument::kEntry, {});
  }
  verb(kind.end_verb, Act::kEnd, Argument::kEntry, {});
  verb("forget", Act::kForget, Argument::kEntry, {own("here")});
}

}  // namespace

const Flag* Verb::flag(std::string_view flag_name) const {
  for (const Flag& each : flags) {
    if (each.name == flag_name) return &each;
  }
  return nullptr;
}

std::string Verb::path() const {
  if (noun.empty() || name.empty()) return noun + name;
  return noun + ' ' + name;
}

std::vector<Verb> verbs_of(const KindTable& kinds) {
  std::vector<Verb> out;
  add_our_own(out);
  for (const KindRow& kind : kinds.kinds()) {
    if (kind.one == One::kMany) {
      add_many(kind, out);
    } else {
      add_single(kind, out);
    }
    out.push_back({.noun = kind.noun,
                   .name = "list",
                   .act = Act::kList,
                   .kind = &kind,
                   .argument = Argument::kNone,
                   .flags = list_flags()});
  }
  return out;
}

Verb bare_edit(const KindRow& kind) {
  return {.noun = {},
          .name = "edit",
          .act = Act::kEdit,
          .kind = &kind,
          .argument = Argument::kEntry,
          .flags = field_flags(kind)};
}

}  // namespace attune::client
