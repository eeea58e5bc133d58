#include "client/pairing.h"

#include <unistd.h>

#include "client/qr.h"
#include "client/safe_text.h"
#include "client/wording.h"

namespace attune::client {
namespace {

Failure declined() {
  return {
      Ending::kCancelled, std::string(*reason_sentence(v1::REASON_YOU_DECLINED)), {"attune pair"}};
}

}  // namespace

std::optional<int> Pairing::run(const v1::Request& request) {
  Console& console = parts_.console;
  const bool talks = !parts_.look.json && !parts_.look.quiet;
  if (talks && console.out_is_terminal()) console.print(std::string(honest_limits()) + '\n');
  parts_.channel.send(request);
  while (true) {
    if (state_ == State::kDeciding) decide();
    if (!console.wait_while_read(parts_.channel.fd())) return exit_status(Ending::kFailed);
    const auto answer = parts_.channel.next();
    if (!answer && state_ == State::kDeclined) throw declined();
    if (!answer) return std::nullopt;
    if (answer->has_error()) {
      if (state_ == State::kDeclined) throw declined();
      throw failure_of(answer->error());
    }
    if (answer->has_pair() && state_ != State::kDeclined) show(answer->pair(), *answer);
    if (!answer->last()) continue;
    if (state_ == State::kDeclined) throw declined();
    return exit_status(Ending::kDone);
  }
}

void Pairing::show(const v1::PairEvent& event, const v1::Answer& answer) {
  if (event.has_invitation()) show_invitation(event.invitation());
  if (parts_.look.json || !event.has_invitation()) {
    parts_.console.print(parts_.renderer.answer(answer, parts_.invocation.verb));
  }
  if (event.has_check()) state_ = State::kDeciding;
}

void Pairing::show_invitation(const v1::Invitation& invitation) {
  const auto file = parts_.invocation.flags.find("qr-png");
  const bool to_file = file != parts_.invocation.flags.end();
  if (to_file) {
    if (file_written_) unlink(file->second.c_str());  // the one before has expired
    write_new_file(file->second, qr_as_png(invitation.qr()));
    file_written_ = true;
  }
  if (parts_.look.json) return;
  std::string out = "Code: " + safe_line(invitation.code()) + '\n';
  if (to_file) {
    out += "The QR code is in the file.\n";
  } else if (parts_.look.terminal && !parts_.look.plain) {
    out = "Read this code to your partner, who types it after `attune pair --code`:\n\n    " +
          safe_line(invitation.code()) + "\n\nOr let their camera see this:\n\n" +
          qr_for_terminal(invitation.qr());
  } else {
    out += "QR: " + safe_line(invitation.qr()) + '\n';
  }
  parts_.console.print(out);
}

void Pairing::decide() {
  const Options& options = parts_.invocation.options;
  if (options.yes) return say(true);
  if (!parts_.console.can_ask() || options.no_input) return say(false);
  const auto said = parts_.asker.confirm("Does your partner read the same four words to you?",
                                         parts_.channel.fd());
  if (said == Asker::Said::kInterrupted) return;  // the daemon has something to say first
  say(said == Asker::Said::kYes);
}

void Pairing::say(bool yes) {
  v1::Request request;
  request.mutable_pair_answer()->set_yes(yes);
  parts_.channel.send(request);
  state_ = yes ? State::kWaiting : State::kDeclined;
}

}  // namespace attune::client
