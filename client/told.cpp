#include "client/told.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "client/failure.h"
#include "proto/bytes.h"
#include "proto/limits.h"

namespace attune::client {
namespace {

using Json = nlohmann::json;

[[noreturn]] void refuse(const std::string& sentence) { throw Failure(Ending::kUsage, sentence); }

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

std::string known_fields(const std::vector<Question>& questions) {
  std::string out;
  for (const Question& question : questions) {
    if (question.shape == Shape::kChoice) continue;
    out += (out.empty() ? "" : ", ") + question.key + (question.required ? "" : "?");
  }
  return out;
}

/// The texts that a parsed object holds, overwritten when it goes. What is nested deeper than any
/// answer, or is more than any answer has, is not kept: brackets and commas would cost many times
/// their own size.
class Parsed {
 public:
  explicit Parsed(const std::string& text) {
    const auto keeps = [this](int depth, Json::parse_event_t event, const Json&) {
      const bool ends =
          event == Json::parse_event_t::object_end || event == Json::parse_event_t::array_end;
      const bool opens =
          event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start;
      if (ends || (opens ? depth < kDepthMax : ++parts_ <= kPartsMax)) return true;
      beyond = true;
      return false;
    };
    root = Json::parse(text, keeps, false);
  }
  ~Parsed() { wipe_texts(root); }
  Parsed(const Parsed&) = delete;
  Parsed& operator=(const Parsed&) = delete;

  Json root;
  bool beyond = false;  ///< something was not kept

 private:
  static constexpr int kDepthMax = 2;  // a list in an object
  static constexpr std::size_t kPartsMax = 16 * limits::kListElementsMax;
  static void wipe_text(Json& value) {
    if (auto* text = value.get_ptr<std::string*>()) wipe(*text);
  }
  static void wipe_texts(Json& value) {
    wipe_text(value);
    auto* fields = value.get_ptr<Json::object_t*>();
    if (fields == nullptr) return;
    for (auto& [key, field] : *fields) {
      wipe_text(field);
      auto* list = field.get_ptr<Json::array_t*>();
      if (list == nullptr) continue;
      for (Json& element : *list) wipe_text(element);
    }
  }

  std::size_t parts_ = 0;  // keys and values so far
};

Wiped taken(Json& value) { return Wiped(std::move(value.get_ref<std::string&>())); }

std::vector<Wiped> list_of(Json& value, const Question& question) {
  std::vector<Wiped> out;
  if (!value.is_array()) refuse("\"" + question.key + "\" is a list of texts.");
  if (value.size() > limits::kListElementsMax)
    refuse("\"" + question.key + "\" has too many elements.");
  for (Json& element : value) {
    if (!element.is_string()) refuse("\"" + question.key + "\" is a list of texts.");
    if (is_blank(element.get_ref<std::string&>())) continue;
    out.push_back(taken(element));
  }
  return out;
}

/// What a field says, or a Reply that says nothing.
Reply reply_of(Json& value, const Question& question) {
  Reply reply;
  if (value.is_null()) {
    reply.cleared = question.clearable;
    return reply;
  }
  if (question.shape == Shape::kTruth) {
    if (!value.is_boolean()) refuse("\"" + question.key + "\" is true or false.");
    reply.truth = value.get<bool>();
    return reply;
  }
  if (question.shape == Shape::kList) {
    reply.texts = list_of(value, question);
    reply.cleared = question.clearable && reply.texts.empty();
    return reply;
  }
  if (!value.is_string()) refuse("\"" + question.key + "\" is a text.");
  if (question.shape == Shape::kVersion && !from_hex(value.get_ref<std::string&>())) {
    refuse("\"" + question.key + "\" is what an answer gave as version.");
  }
  // An empty name or passphrase is the daemon's to judge, after whether there is a notebook at all.
  const bool judged = question.shape == Shape::kText;
  if (judged && is_blank(value.get_ref<std::string&>())) {
    reply.cleared = question.clearable;
  } else {
    reply.texts.push_back(taken(value));
  }
  return reply;
}

bool says_something(const Reply& reply) {
  return !reply.texts.empty() || reply.truth || reply.cleared;
}

}  // namespace

Replies told_replies(Wiped text, const std::vector<Question>& questions) {
  if (text.text().size() > limits::kStdinBytesMax) refuse("Standard input is longer than 1 MiB.");
  const std::string fields = known_fields(questions);
  if (fields.empty() && is_blank(text.text())) return {};
  Parsed parsed(text.text());
  if (!parsed.root.is_object() || parsed.beyond) refuse("Standard input is not one JSON object.");
  Replies replies;
  for (auto& [key, value] : parsed.root.items()) {
    const auto asked =
        std::find_if(questions.begin(), questions.end(), [&, &name = key](const Question& each) {
          return each.key == name && each.shape != Shape::kChoice;
        });
    if (asked == questions.end()) {
      refuse(fields.empty() ? "This command takes no fields on standard input."
                            : "An unknown field on standard input. Known are: " + fields + '.');
    }
    Reply reply = reply_of(value, *asked);
    if (says_something(reply)) replies[key] = std::move(reply);
  }
  for (const Question& question : questions) {
    if (!question.required || replies.contains(question.key)) continue;
    if (question.shape == Shape::kChoice) refuse("--" + question.field->flag + " is needed.");
    refuse("\"" + question.key + "\" is needed on standard input.");
  }
  return replies;
}

}  // namespace attune::client
