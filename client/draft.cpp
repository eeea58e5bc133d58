#include "client/draft.h"

#include <cassert>
#include <charconv>

#include "client/failure.h"
#include "client/item_fields.h"
#include "client/normal_form.h"
#include "client/wording.h"
#include "proto/code_words.h"
#include "proto/limits.h"

namespace attune::client {
namespace {

constexpr std::uint32_t kSyncWaitSeconds = 10;
constexpr std::uint32_t kPairWaitSeconds = 60;
constexpr std::size_t kFullDigits = 26;

std::uint32_t seconds_of(const Invocation& invocation, std::uint32_t otherwise) {
  const auto given = invocation.flags.find("wait");
  if (given == invocation.flags.end()) return otherwise;
  std::uint32_t number = 0;
  const std::string& text = given->second;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

Question own_question(const std::string& verb, const std::string& key, Shape shape,
                      bool twice = false) {
  Question question;
  question.key = key;
  question.prompt = prompt_sentence(verb + '.' + key).value_or(key);
  question.shape = shape;
  question.required = true;
  question.twice = twice;
  return question;
}

Question version_question() {
  Question question;
  question.key = "version";
  question.shape = Shape::kVersion;
  return question;
}

/// An entry without it cannot be: a protective choice that nobody made for the person.
bool must_choose(const FieldRow& field) {
  return field.merge == Merge::kProtective && !field.flag.empty() && field.default_value.empty();
}

std::string to_string(const Bytes& bytes) { return std::string(as_text(bytes)); }

[[noreturn]] void refuse(const std::string& sentence) { throw Failure(Ending::kUsage, sentence); }

}  // namespace

Draft::Draft(const Invocation& invocation) : invocation_(invocation), kind_(invocation.verb.kind) {
  if (!start_notebook_act()) start_entry_act();
}

Draft::~Draft() {
  for (auto& [number, bytes] : fields_) {
    if (!bytes.empty()) explicit_bzero(bytes.data(), bytes.size());
  }
  if (request_.has_init()) wipe(*request_.mutable_init()->mutable_passphrase());
  if (request_.has_unlock()) wipe(*request_.mutable_unlock()->mutable_passphrase());
  if (request_.has_change_passphrase()) {
    wipe(*request_.mutable_change_passphrase()->mutable_old_passphrase());
    wipe(*request_.mutable_change_passphrase()->mutable_new_passphrase());
  }
  if (request_.has_pair()) wipe(*request_.mutable_pair()->mutable_code());
  if (request_.has_relay_set()) wipe(*request_.mutable_relay_set()->mutable_url());
  if (request_.has_add()) wipe(*request_.mutable_add()->mutable_entry());
  if (request_.has_edit()) wipe(*request_.mutable_edit()->mutable_entry());
}

/// False where the act concerns an entry.
bool Draft::start_notebook_act() {
  switch (invocation_.verb.act) {
    case Act::kInit:
      request_.mutable_init();
      questions_.push_back(own_question("init", "name", Shape::kLine));
      questions_.push_back(own_question("init", "passphrase", Shape::kHidden, true));
      return true;
    case Act::kUnlock:
      request_.mutable_unlock();
      questions_.push_back(own_question("unlock", "passphrase", Shape::kHidden));
      return true;
    case Act::kPassphrase:
      request_.mutable_change_passphrase();
      questions_.push_back(own_question("passphrase", "old", Shape::kHidden));
      questions_.push_back(own_question("passphrase", "new", Shape::kHidden, true));
      return true;
    case Act::kLock:
      request_.mutable_lock();
      return true;
    case Act::kStatus:
      request_.mutable_status();
      return true;
    case Act::kPair:
      start_pair();
      return true;
    case Act::kUnpair:
      request_.mutable_unpair();
      return true;
    case Act::kSync:
      request_.mutable_sync()->set_wait_seconds(seconds_of(invocation_, kSyncWaitSeconds));
      return true;
    case Act::kDoctor:
      request_.mutable_doctor();
      return true;
    case Act::kWatch:
      request_.mutable_watch();
      return true;
    case Act::kToday:
      request_.mutable_today();
      return true;
    case Act::kUndo:
      request_.mutable_undo();
      return true;
    default:
      return start_relay_act();
  }
}

bool Draft::start_relay_act() {
  switch (invocation_.verb.act) {
    case Act::kRelayShow:
      request_.mutable_relay_show();
      return true;
    case Act::kRelaySet:
      request_.mutable_relay_set();
      questions_.push_back(own_question("relay", "url", Shape::kLine));
      return true;
    case Act::kRelayTest:
      request_.mutable_relay_test();
      return true;
    case Act::kRelayOff:
      request_.mutable_relay_off();
      return true;
    default:
      return false;
  }
}

void Draft::start_entry_act() {
  const std::string& id = invocation_.argument;
  switch (invocation_.verb.act) {
    case Act::kAdd:
      return start_add();
    case Act::kEdit:
      return start_edit();
    case Act::kEnd:
      return start_end();
    case Act::kList:
      return start_list();
    case Act::kShow:
      return request_.mutable_show()->set_id(id);
    case Act::kShowOwn:
      return request_.mutable_show_own()->set_kind(kind_->number);
    case Act::kShare:
      return request_.mutable_share()->set_id(id);
    case Act::kUnshare:
      return request_.mutable_unshare()->set_id(id);
    case Act::kForget:
      request_.mutable_forget()->set_id(id);
      return request_.mutable_forget()->set_here(invocation_.has("here"));
    default:
      assert(!"an act that the daemon does not perform");
  }
}

void Draft::start_pair() {
  v1::Pair& pair = *request_.mutable_pair();
  if (invocation_.has("code")) {
    questions_.push_back(own_question("pair", "code", Shape::kCode));
  } else if (invocation_.has("qr")) {
    questions_.push_back(own_question("pair", "qr", Shape::kLine));
  } else if (!invocation_.has("image") && !invocation_.has("camera")) {
    pair.mutable_invite();
    return;
  }
  pair.set_wait_seconds(seconds_of(invocation_, kPairWaitSeconds));
}

void Draft::start_add() {
  v1::Add& add = *request_.mutable_add();
  add.set_kind(kind_->number);
  add.set_share(invocation_.has("share"));
  set_flags();
  ask_for_fields(false);
  if (kind_->one != One::kMany) questions_.push_back(version_question());
}

void Draft::start_edit() {
  if (kind_ == nullptr) {
    throw Failure(Ending::kNotFound, std::string(*reason_sentence(v1::REASON_NO_SUCH_ENTRY)),
                  next_steps(v1::REASON_NO_SUCH_ENTRY));
  }
  v1::Edit& edit = *request_.mutable_edit();
  edit.set_id(invocation_.argument);
  edit.set_kind(kind_->number);
  for (const auto& [name, value] : invocation_.flags) {
    const Flag* flag = invocation_.verb.flag(name);
    if (flag != nullptr && flag->field != nullptr) set_value(*flag->field, value);
  }
  // Flags alone are a whole edit; words are asked only where somebody came for them.
  if (!invocation_.flags.empty() && !invocation_.options.from_stdin) return;
  ask_for_fields(true);
  questions_.push_back(version_question());
}

void Draft::start_end() {
  v1::End& end = *request_.mutable_end();
  if (invocation_.verb.argument == Argument::kEntry) return end.set_id(invocation_.argument);
  end.set_kind(kind_->number);
  const FieldRow* topic = kind_->topic();
  if (topic == nullptr) return;
  set_topic(*topic, invocation_.argument.empty() ? topic->default_value : invocation_.argument);
}

void Draft::start_list() {
  v1::List& list = *request_.mutable_list();
  if (kind_ != nullptr) list.set_kind(kind_->number);
  if (invocation_.has("mine")) list.set_whose(v1::WHOSE_MINE);
  if (invocation_.has("partner")) list.set_whose(v1::WHOSE_PARTNER);
  list.set_held(invocation_.has("held"));
  list.set_ended(invocation_.has("ended"));
}

/// Every field that the line gives a value. What it leaves out gets the row's default in the
/// daemon.
void Draft::set_flags() {
  for (const FieldRow& field : kind_->fields) {
    const auto given = invocation_.flags.find(field.flag);
    const bool own =
        given != invocation_.flags.end() && invocation_.verb.flag(field.flag) != nullptr;
    if (field.form == Form::kTopic) {
      if (!invocation_.argument.empty()) set_topic(field, invocation_.argument);
    } else if (own && !field.flag.empty()) {
      set_value(field, given->second);
    }
  }
}

void Draft::set_value(const FieldRow& field, const std::string& value) {
  switch (field.type) {
    case FieldType::kBool:
      fields_[field.number] = wire_field(field.number, 1);
      return;
    case FieldType::kEnum:
      fields_[field.number] =
          wire_field(field.number, static_cast<std::uint64_t>(field.value_named(value)->number));
      return;
    case FieldType::kBytes:
      open_ids_[field.number] = value;
      return;
    case FieldType::kInt32: {
      std::int32_t number = 0;
      std::from_chars(value.data(), value.data() + value.size(), number);
      if (field.form == Form::kDay) number = value == "none" ? 0 : parse_day(value)->days;
      const bool none = field.form == Form::kDay && number == 0;
      if (none) {
        cleared_.insert(field.number);
      } else {
        fields_[field.number] =
            wire_field(field.number, static_cast<std::uint64_t>(std::int64_t{number}));
      }
      return;
    }
    case FieldType::kText:
      return;  // words are never flags
  }
}

void Draft::set_topic(const FieldRow& field, const std::string& topic) {
  const auto prefix = parse_entry_prefix(topic);
  if (prefix && prefix->digits.size() < kFullDigits) {
    open_ids_[field.number] = topic;
    return;
  }
  const std::string full = prefix ? std::string{prefix->letter} + '-' + prefix->digits : topic;
  if (request_.has_end()) {
    request_.mutable_end()->set_topic(full);
  } else {
    fields_[field.number] = wire_field(field.number, as_bytes(full));
  }
}

void Draft::complete_id(std::uint32_t field_number, char letter, const EntryId& id) {
  open_ids_.erase(field_number);
  const FieldRow* field = kind_->field(field_number);
  if (field != nullptr && field->form == Form::kTopic)
    return set_topic(*field, entry_name(letter, id));
  Bytes content = {static_cast<std::uint8_t>(letter)};
  append(content, id.view());
  fields_[field_number] = wire_field(field_number, content);
}

void Draft::ask_for_fields(bool changes) {
  bool loosens = false;
  for (const FieldRow& field : kind_->fields) {
    const bool choose = !changes && must_choose(field) && !fields_.contains(field.number);
    if (field.ask == Ask::kNever && !choose) continue;
    Question question;
    question.key = field.name;
    question.prompt = prompt_of(*kind_, field);
    question.shape = choose ? Shape::kChoice : field.repeated ? Shape::kList : Shape::kText;
    question.required = choose || (!changes && field.ask == Ask::kFirst);
    question.changes = changes;
    question.clearable = changes && field.ask == Ask::kOptional;
    question.field = &field;
    questions_.push_back(std::move(question));
    loosens = loosens || field.words_loosen;
  }
  if (changes && loosens) {
    questions_.push_back(own_question("edit", "tighter", Shape::kTruth));
    questions_.back().required = false;
  }
}

void Draft::show_current(const v1::Item& item) {
  if (kind_ == nullptr || !request_.has_edit()) return;
  request_.mutable_edit()->set_version(item.version());
  for (const ShownField& shown : shown_fields(*kind_, as_bytes(item.entry()))) {
    for (Question& question : questions_) {
      if (question.field != shown.row) continue;
      for (const std::string& text : shown.texts) {
        question.current += (question.current.empty() ? "" : "\n") + text;
      }
    }
  }
}

void Draft::take_own(const std::string& key, Reply& reply) {
  if (key == "tighter") return request_.mutable_edit()->set_tighter(reply.truth);
  if (reply.texts.empty()) return;
  Wiped& text = reply.texts.front();
  if (key == "version") {
    const std::string version = to_string(from_hex(text.text()).value_or(Bytes{}));
    if (request_.has_edit()) return request_.mutable_edit()->set_version(version);
    return request_.mutable_add()->set_version(version);
  }
  if (key == "code") {
    const auto code = parse_spoken_code(text.text());
    if (!code) {
      throw Failure(Ending::kUsage, std::string(*reason_sentence(v1::REASON_CODE_WORD)),
                    next_steps(v1::REASON_CODE_WORD));
    }
    return request_.mutable_pair()->set_code(to_text(*code));
  }
  if (key == "qr") return request_.mutable_pair()->set_qr(text.text());
  if (key == "url") return request_.mutable_relay_set()->set_url(text.text());
  const Wiped normal = to_nfc(std::move(text));
  if (key == "name") request_.mutable_init()->set_name(normal.text());
  if (key == "old") request_.mutable_change_passphrase()->set_old_passphrase(normal.text());
  if (key == "new") request_.mutable_change_passphrase()->set_new_passphrase(normal.text());
  if (key != "passphrase") return;
  if (request_.has_init()) {
    request_.mutable_init()->set_passphrase(normal.text());
  } else {
    request_.mutable_unlock()->set_passphrase(normal.text());
  }
}

void Draft::take_field(const FieldRow& field, Reply& reply) {
  if (reply.cleared) {
    cleared_.insert(field.number);
    return;
  }
  if (field.type == FieldType::kEnum) return set_value(field, reply.texts.front().text());
  if (reply.texts.size() > limits::kListElementsMax) {
    refuse("\"" + field.name + "\" has too many elements.");
  }
  Bytes wire;
  for (const Wiped& text : reply.texts) {
    Bytes one = wire_field(field.number, as_bytes(text.text()));
    const bool fitting = fits(field, one);
    append(wire, one);
    explicit_bzero(one.data(), one.size());
    if (fitting) continue;
    explicit_bzero(wire.data(), wire.size());
    refuse("\"" + field.name + "\" is too long, or no text.");
  }
  fields_[field.number] = std::move(wire);
}

void Draft::take(Replies replies) {
  for (const Question& question : questions_) {
    const auto said = replies.find(question.key);
    if (said == replies.end()) continue;
    if (question.field != nullptr) {
      take_field(*question.field, said->second);
    } else {
      take_own(question.key, said->second);
    }
  }
}

Bytes Draft::message() const {
  Bytes out;
  std::size_t size = 0;
  for (const auto& [number, bytes] : fields_) size += bytes.size();
  out.reserve(size);
  for (const auto& [number, bytes] : fields_) append(out, bytes);
  return out;
}

const v1::Request& Draft::request() {
  assert(open_ids_.empty());
  if (!request_.has_add() && !request_.has_edit()) return request_;
  Bytes entry = message();
  if (request_.has_add()) {
    request_.mutable_add()->set_entry(entry.data(), entry.size());
  } else {
    v1::Edit& edit = *request_.mutable_edit();
    edit.set_entry(entry.data(), entry.size());
    edit.clear_clear();
    for (const std::uint32_t number : cleared_) edit.add_clear(number);
    if (entry.empty() && cleared_.empty()) refuse("That changes nothing: say what to change.");
  }
  if (!entry.empty()) explicit_bzero(entry.data(), entry.size());
  return request_;
}

}  // namespace attune::client
