#include "client/run.h"

#include <algorithm>

#include "client/ask.h"
#include "client/command_line.h"
#include "client/control_channel.h"
#include "client/draft.h"
#include "client/editor.h"
#include "client/help.h"
#include "client/pairing.h"
#include "client/qr.h"
#include "client/qr_image.h"
#include "client/render.h"
#include "client/told.h"
#include "client/wording.h"
#include "proto/home.h"
#include "proto/limits.h"
#include "proto/version.h"

namespace attune::client {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 120s;       // a passphrase takes a second, on a busy machine more
constexpr auto kSecondPatience = 10s;  // to learn why a connection ended

Failure failure_for(v1::Code code, v1::Reason reason) {
  v1::Error error;
  error.set_code(code);
  error.set_reason(reason);
  return failure_of(error);
}

Look look_of(const Options& options, const Console& console) {
  return {.json = options.json,
          .plain = options.plain,
          .color = console.color_allowed() && !options.no_color && !options.plain,
          .quiet = options.quiet,
          .terminal = console.out_is_terminal()};
}

Home home_of(const Options& options) {
  try {
    return find_home(options.home);
  } catch (const NoHome& none) {
    throw Failure(Ending::kUsage, none.what(), {"attune --home DIR"});
  }
}

/// One invocation on its way.
class Run {
 public:
  Run(const Invocation& invocation, const KindTable& kinds, Console& console)
      : invocation_(invocation),
        kinds_(kinds),
        console_(console),
        look_(look_of(invocation.options, console)),
        renderer_(kinds, look_) {}

  int perform();

 private:
  int ask_daemon(Wiped told);
  void take_picture(Draft& draft);
  [[nodiscard]] bool asks_person(const Draft& draft) const;
  bool prepare_to_ask(ControlChannel& channel, Draft& draft);
  void confirm_first(ControlChannel& channel, Asker& asker);
  void complete_ids(ControlChannel& channel, Draft& draft);
  int converse(ControlChannel& channel, const v1::Request& request);
  v1::Answer one_answer(ControlChannel& channel, const v1::Request& request);
  v1::StatusAnswer status(ControlChannel& channel);
  [[noreturn]] void explain_silence();
  void print(const v1::Answer& answer);

  const Invocation& invocation_;
  const KindTable& kinds_;
  Console& console_;
  Look look_;
  Renderer renderer_;
  Home home_;
};

int Run::perform() {
  const Options& options = invocation_.options;
  Wiped told;
  if (options.from_stdin) told = console_.read_all(limits::kStdinBytesMax);
  if (options.version) {
    console_.print(renderer_.version(kVersion));
  } else if (options.help || invocation_.verb.act == Act::kHelp) {
    console_.print(help_text(invocation_, kinds_));
  } else if (invocation_.verb.act == Act::kKinds) {
    console_.print(renderer_.kinds(invocation_.has("markdown")));
  } else {
    home_ = home_of(options);
    return ask_daemon(std::move(told));
  }
  return exit_status(Ending::kDone);
}

int Run::ask_daemon(Wiped told) {
  Draft draft(invocation_);
  const Options& options = invocation_.options;
  if (options.from_stdin) draft.take(told_replies(std::move(told), draft.questions()));
  take_picture(draft);
  ControlChannel channel(home_.socket(), home_.root.has_value());
  Asker asker(console_, {.editor = editor_wanted(home_.config), .scratch = home_.run.native()});
  if (!options.from_stdin && asks_person(draft)) {
    if (!prepare_to_ask(channel, draft)) return exit_status(Ending::kDone);
    draft.take(asker.ask(draft.questions()));
  }
  confirm_first(channel, asker);
  complete_ids(channel, draft);
  if (invocation_.verb.act != Act::kPair) return converse(channel, draft.request());
  Pairing pairing({.console = console_,
                   .channel = channel,
                   .asker = asker,
                   .renderer = renderer_,
                   .invocation = invocation_,
                   .look = look_});
  const auto ended = pairing.run(draft.request());
  if (!ended) explain_silence();
  return *ended;
}

/// A QR code from a picture or a camera takes the place of typed words.
void Run::take_picture(Draft& draft) {
  if (invocation_.verb.act != Act::kPair) return;
  const auto image = invocation_.flags.find("image");
  const auto file = invocation_.flags.find("qr-png");
  if (file != invocation_.flags.end()) refuse_existing(file->second);
  if (image != invocation_.flags.end()) {
    draft.take_qr(qr_from_file(image->second, console_.streams().in));
  } else if (invocation_.has("camera")) {
    draft.take_qr(qr_from_camera());
  }
}

/// Whether a person must be, or can be, asked something. Throws where they must and cannot; only
/// what may stay empty is not worth ending for.
bool Run::asks_person(const Draft& draft) const {
  const auto& questions = draft.questions();
  const bool can = console_.can_ask() && !invocation_.options.no_input;
  const auto asked = [](const Question& each) { return each.shape != Shape::kVersion; };
  const auto needed = [](const Question& each) { return each.required; };
  if (can) return std::any_of(questions.begin(), questions.end(), asked);
  for (const Question& question : questions) {
    if (!question.required) continue;
    if (question.shape == Shape::kChoice) {
      throw Failure(Ending::kUsage, "--" + question.field->flag + " is needed.",
                    {"attune " + invocation_.verb.path() + " --help"});
    }
    if (invocation_.options.no_input) {
      throw Failure(Ending::kUsage, "This needs words: give them with --stdin.",
                    {"attune " + invocation_.verb.path() + " --stdin"});
    }
  }
  return std::any_of(questions.begin(), questions.end(), needed);
}

/// Nobody types words for a notebook that is closed. False where nothing is left to do.
bool Run::prepare_to_ask(ControlChannel& channel, Draft& draft) {
  const v1::StatusAnswer now = status(channel);
  const Act act = invocation_.verb.act;
  if (act == Act::kInit) {
    if (now.state() != "empty") throw failure_for(v1::CODE_REFUSED, v1::REASON_STORE_EXISTS);
  } else if (now.state() == "empty") {
    throw failure_for(v1::CODE_NOT_SET_UP, v1::REASON_NOT_SET_UP);
  } else if (act == Act::kUnlock && now.state() == "unlocked") {
    v1::Answer already;
    already.mutable_done()->set_state("unlocked");
    print(already);
    return false;
  } else if (act != Act::kUnlock && act != Act::kPassphrase && now.state() == "locked") {
    throw failure_for(v1::CODE_LOCKED, v1::REASON_LOCKED);
  } else if (act == Act::kPair && now.paired()) {
    throw failure_for(v1::CODE_REFUSED, v1::REASON_ALREADY_PAIRED);
  }
  if (!console_.can_ask()) {
    throw Failure(Ending::kCancelled, "Nobody is here to be asked: there is no terminal.",
                  {"attune " + invocation_.verb.path() + " --stdin"});
  }
  if (act == Act::kEdit) {
    v1::Request show;
    show.mutable_show()->set_id(invocation_.argument);
    draft.show_current(one_answer(channel, show).item());
  }
  return true;
}

void Run::confirm_first(ControlChannel& channel, Asker& asker) {
  const Options& options = invocation_.options;
  const Act act = invocation_.verb.act;
  const bool can = console_.can_ask() && !options.no_input;
  if (options.yes || (act != Act::kUnpair && (act != Act::kForget || !can))) return;
  if (act == Act::kUnpair) {
    const v1::StatusAnswer now = status(channel);
    if (now.state() == "locked") throw failure_for(v1::CODE_LOCKED, v1::REASON_LOCKED);
    if (now.state() == "empty") throw failure_for(v1::CODE_NOT_SET_UP, v1::REASON_NOT_SET_UP);
    if (!now.paired()) throw failure_for(v1::CODE_NOT_PAIRED, v1::REASON_NOT_PAIRED);
  }
  const char* const sentence = act == Act::kUnpair
                                   ? "Stop all exchange? Nobody is told, and entries stay."
                                   : "Erase your words of this entry, everywhere, for good?";
  if (can && asker.confirm(sentence) == Asker::Said::kYes) return;
  throw Failure(Ending::kCancelled, "Not confirmed; nothing was done.",
                {"attune " + invocation_.verb.path() + " --yes"});
}

/// An id inside an entry is whole: the daemon knows which one a beginning means.
void Run::complete_ids(ControlChannel& channel, Draft& draft) {
  const auto open = draft.open_ids();
  for (const auto& [field, typed] : open) {
    v1::Request show;
    show.mutable_show()->set_id(typed);
    const v1::Answer answer = one_answer(channel, show);
    const KindRow* kind = kinds_.kind(answer.item().kind());
    const auto id = EntryId::from(as_bytes(answer.item().id()));
    if (kind == nullptr || !id) throw Failure(Ending::kFailed, kStrangeAnswer);
    draft.complete_id(field, kind->letter, *id);
  }
}

v1::Answer Run::one_answer(ControlChannel& channel, const v1::Request& request) {
  channel.send(request);
  auto answer = channel.next(kPatience);
  if (!answer) explain_silence();
  if (answer->has_error()) throw failure_of(answer->error());
  return std::move(*answer);
}

v1::StatusAnswer Run::status(ControlChannel& channel) {
  v1::Request request;
  request.mutable_status();
  return one_answer(channel, request).status();
}

int Run::converse(ControlChannel& channel, const v1::Request& request) {
  channel.send(request);
  const bool streams = request.has_watch();
  std::optional<std::chrono::milliseconds> patience = kPatience;
  if (request.has_sync()) *patience += std::chrono::seconds(request.sync().wait_seconds());
  if (streams) patience.reset();
  while (true) {
    if (streams && !console_.wait_while_read(channel.fd())) return exit_status(Ending::kFailed);
    const auto answer = channel.next(patience);
    if (!answer) explain_silence();
    if (answer->has_error()) throw failure_of(answer->error());
    const bool clears = request.has_lock() && invocation_.has("clear") && look_.terminal;
    if (clears) console_.print("\x1b[H\x1b[2J\x1b[3J");
    print(*answer);
    if (answer->last()) return exit_status(needs_fixing(*answer) ? Ending::kFailed : Ending::kDone);
  }
}

/// The daemon closed the connection without an answer: it locked itself meanwhile, or it is gone.
void Run::explain_silence() {
  ControlChannel again(home_.socket(), home_.root.has_value());
  v1::Request request;
  request.mutable_status();
  again.send(request);
  const auto answer = again.next(kSecondPatience);
  const bool locked = answer && answer->status().state() == "locked";
  if (locked) throw failure_for(v1::CODE_LOCKED, v1::REASON_LOCKED);
  throw Failure(Ending::kFailed, "The daemon ended the connection without an answer.",
                {"attune status"});
}

void Run::print(const v1::Answer& answer) {
  const std::string text = renderer_.answer(answer, invocation_.verb);
  if (!text.empty()) console_.print(text);
}

}  // namespace

int run(const std::vector<std::string>& arguments, const KindTable& kinds, Console& console) {
  Options options;
  options.json = wants_json(arguments);
  Look look = look_of(options, console);
  const auto end = [&](const Failure& failure) {
    console.complain(Renderer(kinds, look).failure(failure));
    return exit_status(failure.ending());
  };
  try {
    const Invocation invocation = parse_command_line(arguments, kinds);
    look = look_of(invocation.options, console);
    return Run(invocation, kinds, console).perform();
  } catch (const Failure& failure) {
    return end(failure);
  } catch (const std::exception&) {  // its words may hold ours
    return end(Failure(Ending::kFailed, "Something in this program failed."));
  }
}

}  // namespace attune::client
