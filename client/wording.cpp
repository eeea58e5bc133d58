#include "client/wording.h"

#include <algorithm>
#include <array>

namespace attune::client {
namespace {

struct Sentence {
  std::string_view key;
  std::string_view text;
};

std::optional<std::string_view> find(const auto& sentences, std::string_view key) {
  const auto found = std::find_if(sentences.begin(), sentences.end(),
                                  [&](const Sentence& each) { return each.key == key; });
  if (found == sentences.end()) return std::nullopt;
  return found->text;
}

constexpr std::array kPrompts = {
    Sentence{"init.name", "The name your partner will see"},
    Sentence{"init.passphrase", "A passphrase that opens this notebook"},
    Sentence{"unlock.passphrase", "Passphrase"},
    Sentence{"passphrase.old", "The passphrase as it is"},
    Sentence{"passphrase.new", "The new passphrase"},
    Sentence{"pair.code", "The code your partner reads to you"},
    Sentence{"pair.qr", "The text of your partner's QR code"},
    Sentence{"relay.url", "The address of the relay; your partner sets the same"},
    Sentence{"edit.tighter", "Is it stricter than before? Then it holds at once"},
    Sentence{"boundary.words", "The boundary, in your words"},
    Sentence{"boundary.why", "Why it matters to you; this stays with you, even when you share it"},
    Sentence{"consent.stance", "Where you are tonight"},
    Sentence{"consent.feels_good", "What feels good tonight"},
    Sentence{"consent.would_break_trust", "What would break trust tonight"},
    Sentence{"journal.words", "What you want to keep; only your own devices have it"},
    Sentence{"journal.feelings", "Feelings, one on each line"},
    Sentence{"thanks.words", "What you are thankful for"},
    Sentence{"resource.words", "What helps, and where to find it"},
};

constexpr std::array kVerbs = {
    Sentence{"init", "Make a notebook on this device"},
    Sentence{"unlock", "Open the notebook with your passphrase"},
    Sentence{"lock", "Close the notebook; its keys leave memory"},
    Sentence{"passphrase", "Change the passphrase"},
    Sentence{"status", "Say whether the notebook is open and paired"},
    Sentence{"pair", "Pair with your partner, by a spoken code or a QR code"},
    Sentence{"unpair", "Stop all exchange; nobody is told, and entries stay"},
    Sentence{"sync", "Exchange with your partner's device now"},
    Sentence{"doctor", "Check this home, its disk, clock and network"},
    Sentence{"relay show", "Show the address of the relay, without its invite"},
    Sentence{"relay set", "Use a relay where you share no network; your partner sets the same"},
    Sentence{"relay test", "Say whether the relay is there and takes this device in"},
    Sentence{"relay off", "Use no relay"},
    Sentence{"watch", "One neutral line for each change, until interrupted"},
    Sentence{"today", "What awaits you"},
    Sentence{"undo", "Take back your last act here, for ten minutes"},
    Sentence{"kinds", "Every kind of entry and what holds for it"},
    Sentence{"help", "These pages; also: help safety, consent, privacy, errors"},
    Sentence{"list", "List entries, all or of one kind"},
    Sentence{"show", "Show one entry"},
    Sentence{"edit", "Change an entry of yours"},
    Sentence{"share", "Let your partner see an entry"},
    Sentence{"unshare", "Take an entry back; it gets a new, private id"},
    Sentence{"end", "End an entry"},
    Sentence{"forget", "Erase your words of an entry, everywhere"},
    Sentence{"boundary add", "Write down a limit of yours"},
    Sentence{"consent say", "Say where you are tonight; it is gone at 04:00"},
    Sentence{"consent show", "What each of you has said tonight; not said is no"},
    Sentence{"consent withdraw", "Take back what you said tonight, at once"},
    Sentence{"pause", "Put all, a kind or an entry on hold, at once"},
    Sentence{"resume", "Lift a pause of yours"},
    Sentence{"journal add", "Write a private note"},
    Sentence{"thanks add", "Thank your partner, or note a win"},
    Sentence{"resource add", "Keep something that helps"},
};

constexpr std::array kFlags = {
    Sentence{"about", "the entry it is about, by its id"},
    Sentence{"area", "what it is about"},
    Sentence{"camera", "read the partner's QR code with this computer's camera"},
    Sentence{"clear", "also clear the terminal and its scrollback"},
    Sentence{"code", "take the code that your partner reads to you"},
    Sentence{"ended", "also what is ended or forgotten"},
    Sentence{"held", "what a pause or a quiet topic holds back"},
    Sentence{"here", "erase the partner's words too, on this person's devices only"},
    Sentence{"home", "the folder that holds everything, instead of the usual ones"},
    Sentence{"image",
             "read the partner's QR code from a PNG or JPEG file, or - for standard input"},
    Sentence{"json", "answers and errors as one JSON object"},
    Sentence{"kind", "how firm it is"},
    Sentence{"markdown", "as a table for a document"},
    Sentence{"mine", "only mine"},
    Sentence{"no-color", "no colours"},
    Sentence{"no-input", "never ask; end with 2 where something is missing"},
    Sentence{"partner", "only the partner's"},
    Sentence{"plain", "no layout: a QR code as text, ids in full"},
    Sentence{"qr", "take the text of your partner's QR code"},
    Sentence{"qr-png", "write the QR code to a new file that only you can read"},
    Sentence{"quiet", "say nothing when all is well"},
    Sentence{"review", "look at it again on this day"},
    Sentence{"revisit", "look at it again on this day"},
    Sentence{"share", "let your partner see it at once"},
    Sentence{"state", "where you are tonight"},
    Sentence{"stdin", "words come as one JSON object on standard input"},
    Sentence{"template", "what kind of note it is"},
    Sentence{"wait", "how many seconds to wait"},
    Sentence{"win", "a win of both, rather than thanks"},
    Sentence{"yes", "confirm without being asked"},
    Sentence{"help", "what this command does and takes"},
    Sentence{"version", "the version of this program"},
};

constexpr std::array kFindings = {
    Sentence{"home-folder",
             "Other users can enter the home's folders: take their rights away with chmod 700."},
    Sentence{"control-socket", "The daemon's socket is gone or open to others: restart attuned."},
    Sentence{"disk-space", "The disk is nearly full: make room, or nothing new can be kept."},
    Sentence{"lan-listener",
             "Nothing listens for your partner's device: see the port in config.toml."},
    Sentence{"clock", "This device's clock is years off: set it."},
    Sentence{"pairing", "Not paired yet: attune pair."},
    Sentence{"exchange",
             "Nothing was exchanged this week: attune sync where both devices are in one network."},
    Sentence{"relay", "The relay is not reached, or its invite is wrong: attune relay test."},
    Sentence{"relay-partner",
             "Your partner is known to use another relay or none: both set the same."},
    Sentence{"network", "No network that reaches other devices: connect to one."},
};

}  // namespace

std::optional<std::string_view> prompt_sentence(std::string_view key) {
  return find(kPrompts, key);
}

std::string prompt_of(const KindRow& kind, const FieldRow& field) {
  const auto sentence = prompt_sentence(kind.noun + '.' + field.name);
  return sentence ? std::string(*sentence) : label_of(field);
}

std::string label_of(const FieldRow& field) {
  std::string label = field.name;
  std::replace(label.begin(), label.end(), '_', ' ');
  return label;
}

std::optional<std::string_view> verb_sentence(const Verb& verb) {
  const auto own = find(kVerbs, verb.path());
  if (own || verb.kind == nullptr) return own;
  // What is done to an entry is the same for every kind.
  if (verb.act == Act::kAdd || verb.act == Act::kShowOwn) return std::nullopt;
  if (verb.act == Act::kEnd) return find(kVerbs, "end");
  return find(kVerbs, verb.name);
}

std::string help_of(const Verb& verb) {
  if (const auto sentence = verb_sentence(verb)) return std::string(*sentence);
  return verb.name.empty() ? verb.noun : verb.name + " a " + verb.noun;
}

std::optional<std::string_view> flag_sentence(std::string_view flag) { return find(kFlags, flag); }

std::optional<std::string_view> finding_sentence(std::string_view check) {
  return find(kFindings, check);
}

}  // namespace attune::client
