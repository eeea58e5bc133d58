#include "client/safe_text.h"
#include "client/wording.h"

namespace attune::client {
namespace {

std::string waited(std::uint32_t seconds) {
  constexpr std::uint32_t kMinute = 60;
  if (seconds < 2 * kMinute) return std::to_string(seconds) + " seconds";
  return std::to_string(seconds / kMinute + (seconds % kMinute > 0 ? 1 : 0)) + " minutes";
}

/// The reasons that concern an entry and what was said of it.
std::optional<std::string_view> entry_sentence(v1::Reason reason) {
  switch (reason) {
    case v1::REASON_MALFORMED:
      return "The daemon cannot read this request; are both of one version?";
    case v1::REASON_TOO_LONG:
      return "That is too long: a text may have 8,192 bytes, an element of a list 256.";
    case v1::REASON_FIELD_MISSING:
      return "Something that is needed is missing.";
    case v1::REASON_FIELD_UNKNOWN:
      return "This kind of entry has no such field.";
    case v1::REASON_VALUE_UNKNOWN:
      return "That is not one of the values.";
    case v1::REASON_AMBIGUOUS:
      return "Several entries start so: give more of the id.";
    case v1::REASON_NO_SUCH_ENTRY:
      return "There is no such entry here.";
    case v1::REASON_NOT_YOURS:
      return "That is your partner's, and theirs alone to change.";
    case v1::REASON_ALREADY_SO:
      return "It is so already.";
    case v1::REASON_LOOK_AGAIN:
      return "Something newer is there that was not on your screen: look, then say it again.";
    case v1::REASON_NOT_SHARED:
      return "It is not shared.";
    case v1::REASON_PRIVATE_KIND:
      return "Who sees this kind of entry is fixed.";
    case v1::REASON_ENDED:
      return "It has ended.";
    case v1::REASON_NOTHING_TO_UNDO:
      return "There is nothing to take back: ten minutes are over, or nothing was done here.";
    case v1::REASON_CANNOT_UNDO:
      return "What was done last cannot be taken back.";
    case v1::REASON_NO_VERB:
      return "This kind of entry knows no such act.";
    default:
      return std::nullopt;
  }
}

/// The reasons that concern the notebook and the machine that it is on.
std::optional<std::string_view> notebook_sentence(v1::Reason reason) {
  switch (reason) {
    case v1::REASON_STORE_EXISTS:
      return "There is a notebook in this home already.";
    case v1::REASON_NOT_SET_UP:
      return "There is no notebook in this home yet.";
    case v1::REASON_LOCKED:
      return "The notebook is locked.";
    case v1::REASON_WRONG_PASSPHRASE:
      return "That passphrase does not open it.";
    case v1::REASON_WAIT_BEFORE_TRYING:
      return "Too many tries; wait a little before the next.";
    case v1::REASON_EMPTY_NAME:
      return "A name is needed, of 128 bytes at most.";
    case v1::REASON_EMPTY_PASSPHRASE:
      return "A passphrase is needed.";
    case v1::REASON_STORE_FULL:
      return "The disk is full; nothing was written.";
    case v1::REASON_STORE_FAILED:
      return "The disk failed; nothing was promised.";
    case v1::REASON_STORE_DAMAGED:
      return "The notebook's file is damaged; nothing in it was changed.";
    case v1::REASON_STORE_NEWER:
      return "The notebook was written by a newer version of attune.";
    case v1::REASON_BUSY:
      return "Too many commands are waiting; end some of them.";
    case v1::REASON_OUT_OF_MEMORY:
      return "There is not enough memory to try a passphrase.";
    default:
      return std::nullopt;
  }
}

/// The reasons that concern the two people.
std::optional<std::string_view> couple_sentence(v1::Reason reason) {
  switch (reason) {
    case v1::REASON_NOT_PAIRED:
      return "You are not paired.";
    case v1::REASON_ALREADY_PAIRED:
      return "You are paired already; unpair first.";
    case v1::REASON_CODE_WORD:
      return "That is no code: four digits and three words of the list.";
    case v1::REASON_WRONG_CODE:
      return "The codes differ. This one is spent: ask for a new one.";
    case v1::REASON_CODE_SPENT:
      return "Nobody waits behind this code: it is unknown, spent, expired or in use.";
    case v1::REASON_PAIRING_PAUSE:
      return "Three codes met wrong guesses; pairing pauses for a while.";
    case v1::REASON_PEER_DECLINED:
      return "The other side said no. Nothing was shared.";
    case v1::REASON_YOU_DECLINED:
      return "Declined. Nothing was shared.";
    case v1::REASON_NOBODY_FOUND:
      return "Nobody with this code was found in the network.";
    case v1::REASON_LINK_LOST:
      return "The connection was lost before both had confirmed. Nothing was shared.";
    case v1::REASON_SAME_PERSON:
      return "That is a device of your own.";
    case v1::REASON_PAIRING_RUNS:
      return "Another pair command is under way here.";
    case v1::REASON_QR_UNREADABLE:
      return "That is no QR code of attune, or it has expired.";
    case v1::REASON_INVITATION_EXPIRED:
      return "The invitation has expired.";
    case v1::REASON_PARTNER_AWAY:
      return "Your partner's device is not within reach.";
    case v1::REASON_RELAY_URL:
      return "That is no address of a relay: attune-relay://HOST:PORT#KEY.";
    case v1::REASON_NO_RELAY:
      return "No relay is set.";
    case v1::REASON_RELAY_AWAY:
      return "The relay is not there, or is not the one with this key.";
    case v1::REASON_RELAY_REFUSED:
      return "The relay does not take this device in: its address lacks the right invite.";
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<std::string_view> reason_sentence(v1::Reason reason) {
  if (const auto sentence = entry_sentence(reason)) return sentence;
  if (const auto sentence = notebook_sentence(reason)) return sentence;
  return couple_sentence(reason);
}

std::string error_sentence(const v1::Error& error) {
  const auto known = reason_sentence(error.reason());
  std::string sentence = known ? std::string(*known) : "It failed.";
  if (error.reason() == v1::REASON_WAIT_BEFORE_TRYING && error.seconds() > 0) {
    sentence = "Too many tries; the next one counts in " + waited(error.seconds()) + '.';
  }
  if (error.reason() == v1::REASON_PAIRING_PAUSE && error.seconds() > 0) {
    sentence += " It goes on in " + waited(error.seconds()) + '.';
  }
  if (!error.detail().empty()) sentence += " (" + safe_line(error.detail()) + ')';
  return sentence;
}

std::vector<std::string> next_steps(v1::Reason reason) {
  switch (reason) {
    case v1::REASON_LOCKED:
    case v1::REASON_WRONG_PASSPHRASE:
    case v1::REASON_STORE_EXISTS:
      return {"attune unlock"};
    case v1::REASON_NOT_SET_UP:
      return {"attune init"};
    case v1::REASON_NOT_PAIRED:
    case v1::REASON_CODE_SPENT:
    case v1::REASON_WRONG_CODE:
    case v1::REASON_INVITATION_EXPIRED:
    case v1::REASON_QR_UNREADABLE:
    case v1::REASON_LINK_LOST:
      return {"attune pair"};
    case v1::REASON_CODE_WORD:
      return {"attune pair --code"};
    case v1::REASON_RELAY_URL:
    case v1::REASON_NO_RELAY:
    case v1::REASON_RELAY_REFUSED:
      return {"attune relay set"};
    case v1::REASON_ALREADY_PAIRED:
      return {"attune unpair"};
    case v1::REASON_AMBIGUOUS:
    case v1::REASON_NO_SUCH_ENTRY:
    case v1::REASON_LOOK_AGAIN:
    case v1::REASON_ENDED:
      return {"attune list"};
    case v1::REASON_NO_VERB:
    case v1::REASON_FIELD_UNKNOWN:
    case v1::REASON_VALUE_UNKNOWN:
      return {"attune kinds"};
    case v1::REASON_NOBODY_FOUND:
    case v1::REASON_PARTNER_AWAY:
    case v1::REASON_RELAY_AWAY:
    case v1::REASON_STORE_FULL:
    case v1::REASON_STORE_FAILED:
      return {"attune doctor"};
    default:
      return {};
  }
}

std::vector<std::string> start_the_daemon(bool home_named) {
  if (home_named) return {"attuned --home DIR"};
  return {"systemctl --user start attuned"};
}

}  // namespace attune::client
