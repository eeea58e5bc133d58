#include "client/render.h"

#include "client/item_text.h"
#include "client/render_json.h"
#include "client/safe_text.h"
#include "client/wording.h"

namespace attune::client {
namespace {

std::string relay_state(const std::string& state) {
  if (state == "reached") return "The relay is reached.\n";
  if (state == "away") return "The relay is not reached.\n";
  return {};
}

std::string status_text(const v1::StatusAnswer& status) {
  if (status.state() == "empty") return "There is no notebook in this home yet: attune init\n";
  if (status.state() != "unlocked") return "The notebook is locked: attune unlock\n";
  std::string out = "The notebook of " + safe_line(status.name()) + " is open.\n";
  if (!status.paired()) {
    return out + "You are not paired: attune pair\n" + relay_state(status.relay());
  }
  out += "Paired with " + safe_line(status.partner()) + "; " + std::to_string(status.devices()) +
         (status.devices() == 1 ? " device" : " devices") + " of yours.\n";
  return out +
         (status.exchanged_this_week() ? "Exchanged this week.\n" : "Not exchanged this week.\n") +
         relay_state(status.relay());
}

std::string findings_text(const v1::Findings& findings) {
  std::string out;
  for (const v1::Finding& finding : findings.items()) {
    out += std::string(verdict_word(finding.verdict())) + "  " + safe_line(finding.check()) + '\n';
    const auto sentence = finding_sentence(finding.check());
    if (finding.verdict() != v1::VERDICT_OK && sentence)
      out += "      " + std::string(*sentence) + '\n';
  }
  return out;
}

std::string synced_text(const v1::Synced& synced) {
  if (synced.exchanged()) return "Both have what either had.\n";
  if (synced.posted()) return "What was new here waits for your partner at the relay.\n";
  return "Nothing was exchanged; " + std::to_string(synced.pending_out()) + " changes wait.\n";
}

std::string done_text(const v1::Done& done, const Verb& verb) {
  if (done.state() == "unlocked") return "The notebook is open.\n";
  if (done.state() == "locked") return "The notebook is locked.\n";
  switch (verb.act) {
    case Act::kUnpair:
      return "Unpaired. Nothing is exchanged any more; nobody was told.\n"
             "What your partner's device has stays there; what waits at your relay, if you have\n"
             "one, is taken back when it is reached.\n";
    case Act::kForget:
      return "Forgotten.\n";
    case Act::kEnd:
      return "Ended.\n";
    case Act::kUndo:
      return "Taken back.\n";
    case Act::kPassphrase:
      return "The passphrase is changed.\n";
    case Act::kRelaySet:
      return "The relay is set.\nNext: attune relay test\n";
    case Act::kRelayTest:
      return "The relay is there and takes this device in.\n";
    case Act::kRelayOff:
      return "No relay is used.\n";
    default:
      return "Done.\n";
  }
}

std::string check_text(const v1::CheckPhrase& check) {
  std::string out = "Both screens show the same four words:";
  for (const std::string& word : check.words()) out += ' ' + safe_line(word);
  return out + '\n';
}

std::string audience_word(Audience audience) {
  switch (audience) {
    case Audience::kMine:
      return "my devices";
    case Audience::kBoth:
      return "both";
    case Audience::kChosen:
      return "mine until shared";
  }
  return {};
}

std::string kinds_markdown(const KindTable& kinds) {
  std::string out =
      "| kind | letter | written by | seen by | begins, ends | asked | flags | loosening waits |\n"
      "|---|---|---|---|---|---|---|---|\n";
  for (const KindRow& kind : kinds.kinds()) {
    std::string asked;
    std::string flags;
    for (const FieldRow& field : kind.fields) {
      if (field.ask != Ask::kNever) {
        asked += (asked.empty() ? "" : ", ") + field.name + (field.ask == Ask::kFirst ? "" : "?");
      }
      if (!field.flag.empty()) flags += (flags.empty() ? "--" : ", --") + field.flag;
    }
    const bool waits = kind.loosen_wait_hours > 0;
    for (const std::string& cell :
         {kind.noun, std::string(1, kind.letter),
          std::string(kind.writer == Writer::kOwner ? "its owner" : "either"),
          audience_word(kind.audience), kind.add_verb + ", " + kind.end_verb, asked, flags,
          waits ? std::to_string(kind.loosen_wait_hours) + " h" : std::string("no")}) {
      out += "| ";
      out += cell;
      out += ' ';
    }
    out += "|\n";
  }
  return out;
}

std::string kinds_text(const KindTable& kinds) {
  std::string out;
  for (const Verb& verb : verbs_of(kinds)) {
    if (verb.kind == nullptr || verb.act != Act::kAdd) continue;
    out += verb.kind->letter + std::string("  ") + verb.kind->noun + " (" +
           audience_word(verb.kind->audience) + "): " + help_of(verb) + '\n';
  }
  return out;
}

}  // namespace

Failure failure_of(const v1::Error& error) {
  const bool known = v1::Code_IsValid(error.code()) && error.code() != v1::CODE_UNSPECIFIED;
  const auto ending = known ? static_cast<Ending>(error.code()) : Ending::kFailed;
  return Failure(ending, error_sentence(error), next_steps(error.reason()));
}

bool needs_fixing(const v1::Answer& answer) {
  for (const v1::Finding& finding : answer.findings().items()) {
    if (finding.verdict() != v1::VERDICT_OK && finding.verdict() != v1::VERDICT_LOOK) return true;
  }
  return false;
}

std::string Renderer::answer(const v1::Answer& answer, const Verb& verb) const {
  return look_.json ? json(answer, verb) : text(answer, verb);
}

std::string Renderer::json(const v1::Answer& answer, const Verb&) const {
  return one_line(answer_json(kinds_, answer), look_.terminal);
}

std::string Renderer::text(const v1::Answer& answer, const Verb& verb) const {
  const ItemText items(kinds_, look_);
  switch (answer.body_case()) {
    case v1::Answer::kDone:
      return look_.quiet ? std::string() : done_text(answer.done(), verb);
    case v1::Answer::kEntered:
      return items.name(answer.entered().kind(), answer.entered().id()) + '\n';
    case v1::Answer::kItems:
      return items.list(answer.items(), verb.act == Act::kToday);
    case v1::Answer::kItem:
      return items.one(answer.item());
    case v1::Answer::kOwnAndTheirs:
      return items.said(answer.own_and_theirs());
    case v1::Answer::kStatus:
      return status_text(answer.status());
    case v1::Answer::kSynced:
      return look_.quiet ? std::string() : synced_text(answer.synced());
    case v1::Answer::kPair:
      if (answer.pair().has_check()) return check_text(answer.pair().check());
      if (!answer.pair().has_paired()) return {};
      return "Paired with " + safe_line(answer.pair().paired()) + ".\n";
    case v1::Answer::kChanged:
      return "changed: " + noun_of(kinds_, answer.changed().kind()) + '\n';
    case v1::Answer::kFindings:
      return findings_text(answer.findings());
    case v1::Answer::kDevice:
      return look_.quiet ? std::string() : "The notebook is made, and open.\nNext: attune pair\n";
    case v1::Answer::kRelay:
      if (answer.relay().url().empty()) return "No relay is set: attune relay set\n";
      return safe_line(answer.relay().url()) + '\n';
    case v1::Answer::kError:
    case v1::Answer::BODY_NOT_SET:
      break;
  }
  throw Failure(Ending::kFailed, kStrangeAnswer);
}

std::string Renderer::failure(const Failure& failure) const {
  if (look_.json) return one_line(failure_json(failure), true);
  std::string out = failure.message() + '\n';
  std::string next;
  for (const std::string& step : failure.next()) next += (next.empty() ? "Next: " : ", or ") + step;
  if (!next.empty()) out += next + '\n';
  return out + '(' + std::string(code_word(failure.ending())) + ", " +
         std::to_string(exit_status(failure.ending())) + ")\n";
}

std::string Renderer::version(const std::string& version) const {
  if (!look_.json) return "attune " + version + '\n';
  OrderedJson out;
  out["schema"] = 1;
  out["version"] = version;
  return one_line(out, look_.terminal);
}

std::string Renderer::kinds(bool markdown) const {
  if (look_.json) return one_line(kinds_json(kinds_), look_.terminal);
  return markdown ? kinds_markdown(kinds_) : kinds_text(kinds_);
}

}  // namespace attune::client
