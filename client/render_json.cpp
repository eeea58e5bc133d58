#include "client/render_json.h"

#include "client/item_fields.h"
#include "client/wording.h"
#include "proto/ids.h"
#include "proto/time.h"

namespace attune::client {
namespace {

constexpr int kSchema = 1;

OrderedJson object() {
  OrderedJson out;
  out["schema"] = kSchema;
  return out;
}

OrderedJson value_of(const ShownField& shown) {
  if (shown.truth) return *shown.truth;
  if (shown.number) return *shown.number;
  if (shown.row->repeated) return shown.texts;
  return shown.texts.front();
}

void add_fields(const KindRow* kind, const std::string& message, OrderedJson& out) {
  if (kind == nullptr) return;
  for (const ShownField& shown : shown_fields(*kind, as_bytes(message))) {
    out[shown.row->name] = value_of(shown);
  }
}

OrderedJson said_json(const KindTable& kinds, bool present, const v1::Item& item) {
  OrderedJson out;
  out["said"] = is_said(kinds, present, item);
  if (out["said"] == true) {
    const OrderedJson whole = item_json(kinds, item);
    for (const auto& [key, value] : whole.items()) out[key] = value;
  } else if (present && item.mine()) {
    out["version"] = to_hex(as_bytes(item.version()));
  }
  return out;
}

OrderedJson status_json(const v1::StatusAnswer& status) {
  OrderedJson out = object();
  out["version"] = status.version();
  out["state"] = status.state();
  if (status.state() != "unlocked") return out;
  out["name"] = status.name();
  out["paired"] = status.paired();
  out["partner"] = status.partner();
  out["devices"] = status.devices();
  out["exchanged_this_week"] = status.exchanged_this_week();
  out["relay"] = status.relay();
  return out;
}

OrderedJson pair_json(const v1::PairEvent& event) {
  OrderedJson out = object();
  switch (event.event_case()) {
    case v1::PairEvent::kInvitation:
      out["event"] = "invitation";
      out["code"] = event.invitation().code();
      out["qr"] = event.invitation().qr();
      break;
    case v1::PairEvent::kCheck:
      out["event"] = "check";
      out["words"] = OrderedJson::array();
      for (const std::string& word : event.check().words()) out["words"].push_back(word);
      break;
    case v1::PairEvent::kPaired:
      out["event"] = "paired";
      out["partner"] = event.paired();
      break;
    case v1::PairEvent::EVENT_NOT_SET:
      break;
  }
  return out;
}

OrderedJson findings_json(const v1::Findings& findings) {
  OrderedJson out = object();
  out["items"] = OrderedJson::array();
  for (const v1::Finding& finding : findings.items()) {
    const bool fine = finding.verdict() == v1::VERDICT_OK;
    const std::string next(finding_sentence(finding.check()).value_or(""));
    out["items"].push_back({{"check", finding.check()},
                            {"verdict", verdict_word(finding.verdict())},
                            {"next", fine ? std::string() : next}});
  }
  return out;
}

OrderedJson items_json(const KindTable& kinds, const v1::Items& items) {
  OrderedJson out = object();
  out["items"] = OrderedJson::array();
  for (const v1::Item& item : items.items()) out["items"].push_back(item_json(kinds, item));
  return out;
}

OrderedJson with(const char* key, OrderedJson value) {
  OrderedJson out = object();
  out[key] = std::move(value);
  return out;
}

}  // namespace

std::string item_name(const KindTable& kinds, std::uint32_t kind, ByteView id) {
  const KindRow* row = kinds.kind(kind);
  const auto entry = EntryId::from(id);
  return row != nullptr && entry ? entry_name(row->letter, *entry) : to_hex(id);
}

std::string noun_of(const KindTable& kinds, std::uint32_t kind) {
  const KindRow* row = kinds.kind(kind);
  return row == nullptr ? "entry" : row->noun;
}

std::string_view verdict_word(v1::Verdict verdict) {
  if (verdict == v1::VERDICT_OK) return "ok";
  return verdict == v1::VERDICT_LOOK ? "look" : "fix";
}

bool is_said(const KindTable& kinds, bool present, const v1::Item& item) {
  const KindRow* kind = kinds.kind(item.kind());
  return present && kind != nullptr && item.state() == kind->state_live;
}

OrderedJson item_json(const KindTable& kinds, const v1::Item& item) {
  const KindRow* kind = kinds.kind(item.kind());
  OrderedJson out;
  out["id"] = item_name(kinds, item.kind(), as_bytes(item.id()));
  out["kind"] = noun_of(kinds, item.kind());
  out["by"] = item.mine() ? "me" : "partner";
  out["day"] = to_text(LocalDay{item.day()});
  out["shared"] = item.shared();
  out["state"] = item.state();
  out["version"] = to_hex(as_bytes(item.version()));
  add_fields(kind, item.entry(), out);
  if (item.rivals().empty()) return out;
  out["rivals"] = OrderedJson::array();
  for (const v1::Rival& rival : item.rivals()) {
    OrderedJson beside;
    beside["by"] = rival.mine() ? "me" : "partner";
    add_fields(kind, rival.entry(), beside);
    out["rivals"].push_back(std::move(beside));
  }
  return out;
}

OrderedJson answer_json(const KindTable& kinds, const v1::Answer& answer) {
  switch (answer.body_case()) {
    case v1::Answer::kDone:
      return answer.done().state().empty() ? object() : with("state", answer.done().state());
    case v1::Answer::kEntered:
      return with("id", item_name(kinds, answer.entered().kind(), as_bytes(answer.entered().id())));
    case v1::Answer::kItems:
      return items_json(kinds, answer.items());
    case v1::Answer::kItem:
      return with("item", item_json(kinds, answer.item()));
    case v1::Answer::kOwnAndTheirs: {
      const v1::OwnAndTheirs& both = answer.own_and_theirs();
      OrderedJson out = with("mine", said_json(kinds, both.has_mine(), both.mine()));
      out["partner"] = said_json(kinds, both.has_partner(), both.partner());
      return out;
    }
    case v1::Answer::kStatus:
      return status_json(answer.status());
    case v1::Answer::kSynced: {
      OrderedJson out = with("exchanged", answer.synced().exchanged());
      out["posted"] = answer.synced().posted();
      out["pending_out"] = answer.synced().pending_out();
      return out;
    }
    case v1::Answer::kPair:
      return pair_json(answer.pair());
    case v1::Answer::kChanged:
      return with("changed", noun_of(kinds, answer.changed().kind()));
    case v1::Answer::kFindings:
      return findings_json(answer.findings());
    case v1::Answer::kDevice:
      return with("device", to_base32(as_bytes(answer.device().id())));
    case v1::Answer::kRelay: {
      const std::string& url = answer.relay().url();
      return with("url", url.empty() ? OrderedJson(nullptr) : OrderedJson(url));
    }
    case v1::Answer::kError:
    case v1::Answer::BODY_NOT_SET:
      break;
  }
  throw Failure(Ending::kFailed, kStrangeAnswer);
}

OrderedJson failure_json(const Failure& failure) {
  OrderedJson error;
  error["code"] = code_word(failure.ending());
  error["exit"] = exit_status(failure.ending());
  error["message"] = failure.message();
  error["next"] = failure.next();
  return with("error", std::move(error));
}

std::string one_line(const OrderedJson& value, bool ascii) {
  return value.dump(-1, ' ', ascii, OrderedJson::error_handler_t::replace) + '\n';
}

}  // namespace attune::client
