#include "client/run.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "attune/v1/entry.pb.h"
#include "tests/client/fake_daemon.h"
#include "tests/client/stage.h"
#include "tests/proto/schema.h"

namespace attune::client {
namespace {

using nlohmann::json;
using Reaction = FakeDaemon::Reaction;
using Arguments = std::vector<std::string>;

const char* const kSecret = "Zimtschnecke";

/// A daemon that is open and answers everything but Status alike.
FakeDaemon::React always(const v1::Answer& answer) {
  return [answer](const v1::Request& request) {
    return Reaction{.answers = {request.has_status() ? open_status() : answer}};
  };
}
/// A daemon whose notebook is not open.
FakeDaemon::React closed(const std::string& state) {
  return [state](const v1::Request& request) {
    const bool empty = state == "empty";
    const auto refusal = empty ? error(v1::CODE_NOT_SET_UP, v1::REASON_NOT_SET_UP)
                               : error(v1::CODE_LOCKED, v1::REASON_LOCKED);
    return Reaction{.answers = {request.has_status() ? closed_status(state) : refusal}};
  };
}

Arguments at(const FakeDaemon& daemon, Arguments more) {
  more.insert(more.begin(), {"--home", daemon.home()});
  return more;
}

TEST(Run, AnAnswerIsOneObjectAndAnErrorLeavesOutputEmpty) {
  FakeDaemon daemon(always(entered(10, '\0')));
  const Ended good =
      run_client(at(daemon, {"boundary", "add", "--stdin", "--json"}), R"({"words":"a"})");
  EXPECT_EQ(good.code, 0);
  EXPECT_EQ(good.json()["id"], "b-00000000000000000000000000");
  EXPECT_EQ(good.err, "");
  FakeDaemon locked(closed("locked"));
  const Ended bad = run_client(at(locked, {"list", "--json"}));
  EXPECT_EQ(bad.code, 4);
  EXPECT_EQ(bad.out, "");
  EXPECT_EQ(bad.error()["code"], "locked");
  EXPECT_EQ(bad.error()["next"], json({"attune unlock"}));
}

TEST(Run, WithoutADaemonEveryCommandSaysHowToStartIt) {
  for (const Arguments& line :
       std::vector<Arguments>{{"status"}, {"list"}, {}, {"pause"}, {"watch"}}) {
    Arguments arguments = {"--home", "/tmp/attune-test-none", "--json"};
    arguments.insert(arguments.end(), line.begin(), line.end());
    const Ended ended = run_client(arguments);
    EXPECT_EQ(ended.code, 6);
    EXPECT_EQ(ended.error()["next"], json({"attuned --home DIR"}));
  }
}

TEST(Run, AHomeWithTooLongAPathIsRefused) {
  const Ended ended = run_client({"--home", "/tmp/" + std::string(100, 'x'), "status", "--json"});
  EXPECT_EQ(ended.code, 2);
}

TEST(Run, WrongInputIsRefusedBeforeTheDaemonIsAsked) {
  FakeDaemon daemon(always(done()));
  const std::string told = std::string(R"({"words":"a","more":")") + kSecret + R"("})";
  for (const bool as_json : {true, false}) {
    Arguments line = {"boundary", "add", "--stdin"};
    if (as_json) line.push_back("--json");
    const Ended ended = run_client(at(daemon, line), told);
    EXPECT_EQ(ended.code, 2);
    EXPECT_EQ(ended.out, "");
    EXPECT_EQ(ended.err.find(kSecret), std::string::npos);
    EXPECT_LE(std::count(ended.err.begin(), ended.err.end(), '\n'), 3);
  }
  const Ended code = run_client(at(daemon, {"pair", "--code", "--stdin", "--json"}),
                                R"({"code":"1234-abacus-abode-qqqq"})");
  EXPECT_EQ(code.code, 2);
  EXPECT_TRUE(daemon.asked().empty());
}

TEST(Run, AnUnknownHelpPageIsRefusedWithoutRepeatingIt) {
  const Ended ended = run_client({"help", kSecret, "--json"});
  EXPECT_EQ(ended.code, 2);
  EXPECT_EQ(ended.err.find(kSecret), std::string::npos);
  EXPECT_EQ(run_client({"help", "safty", "--json"}).error()["next"], json({"attune help safety"}));
}

TEST(Run, HelpVersionAndKindsNeedNoDaemon) {
  const std::string home = "/tmp/attune-test-none";
  EXPECT_EQ(run_client({"--home", home, "help"}).code, 0);
  EXPECT_EQ(run_client({"--home", home, "boundary", "add", "--help"}).code, 0);
  EXPECT_EQ(run_client({"--home", home, "kinds", "--json"}).json()["items"][0]["kind"], "boundary");
  EXPECT_TRUE(run_client({"--home", home, "--version"}).out.starts_with("attune "));
  EXPECT_TRUE(run_client({"--version", "--json"}).json().contains("version"));
}

TEST(Run, WithoutATerminalNeededWordsAreCancelled) {
  FakeDaemon daemon(always(entered(10, '\0')));
  const Ended ended =
      run_client(at(daemon, {"boundary", "add", "--json"}), R"({"words":"unread"})");
  EXPECT_EQ(ended.code, 11);
  EXPECT_EQ(ended.error()["code"], "cancelled");
  EXPECT_EQ(run_client(at(daemon, {"boundary", "add", "--no-input"})).code, 2);
  EXPECT_EQ(run_client(at(daemon, {"consent", "say"})).code, 2);
  EXPECT_TRUE(daemon.asked().empty());
}

TEST(Run, WordsThatMayBeMissingAreNotWaitedFor) {
  FakeDaemon daemon(always(entered(11, '\0')));
  EXPECT_EQ(run_client(at(daemon, {"consent", "say", "--state", "open"})).code, 0);
  EXPECT_EQ(daemon.asked().size(), 1u);
}

TEST(Run, AClosedNotebookIsSaidBeforeAnythingIsAsked) {
  FakeDaemon locked(closed("locked"));
  EXPECT_EQ(run_client(at(locked, {"boundary", "add"})).code, 4);
  FakeDaemon empty(closed("empty"));
  EXPECT_EQ(run_client(at(empty, {"boundary", "add"})).code, 5);
  EXPECT_EQ(run_client(at(empty, {"unlock"})).code, 5);
  FakeDaemon open(always(done()));
  EXPECT_EQ(run_client(at(open, {"init"})).code, 7);
  EXPECT_EQ(run_client(at(open, {"unlock", "--json"})).json()["state"], "unlocked");
  EXPECT_TRUE(open.asked().empty());
}

TEST(Run, PauseAndWithdrawAreAskedOfALockedNotebookToo) {
  FakeDaemon daemon([](const v1::Request&) { return Reaction{.answers = {done()}}; });
  EXPECT_EQ(run_client(at(daemon, {"pause"})).code, 0);
  EXPECT_EQ(run_client(at(daemon, {"consent", "withdraw"})).code, 0);
  const auto asked = daemon.asked();
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_TRUE(asked[0].has_add());
  EXPECT_TRUE(asked[1].has_end());
}

TEST(Run, AShortIdInsideAnEntryIsCompletedByTheDaemon) {
  FakeDaemon daemon([](const v1::Request& request) {
    if (!request.has_show()) return Reaction{.answers = {entered(14, '\0')}};
    v1::Answer answer;
    answer.set_last(true);
    answer.mutable_item()->set_kind(10);
    answer.mutable_item()->set_id(std::string(16, '\7'));
    return Reaction{.answers = {answer}};
  });
  const Ended ended =
      run_client(at(daemon, {"thanks", "add", "--about", "b-0w30", "--stdin"}), R"({"words":"a"})");
  EXPECT_EQ(ended.code, 0);
  const auto asked = daemon.asked();
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_EQ(asked[0].show().id(), "b-0w30");
  v1::Thanks thanks;
  ASSERT_TRUE(thanks.ParseFromString(asked[1].add().entry()));
  EXPECT_EQ(thanks.about(), "b" + std::string(16, '\7'));
}

TEST(Run, AWatchIsOneObjectALine) {
  FakeDaemon daemon([](const v1::Request&) {
    v1::Answer changed;
    changed.mutable_changed()->set_kind(10);
    return Reaction{.answers = {changed, changed, error(v1::CODE_LOCKED, v1::REASON_LOCKED)}};
  });
  const Ended ended = run_client(at(daemon, {"watch", "--json"}));
  EXPECT_EQ(ended.code, 4);
  const std::string line = R"({"schema":1,"changed":"boundary"})"
                           "\n";
  EXPECT_EQ(ended.out, line + line);
}

TEST(Run, ADoctorThatSaysFixEndsWithOne) {
  v1::Answer answer;
  answer.set_last(true);
  answer.mutable_findings()->add_items()->set_verdict(v1::VERDICT_FIX);
  FakeDaemon daemon(always(answer));
  EXPECT_EQ(run_client(at(daemon, {"doctor", "--json"})).code, 1);
}

TEST(Run, AnEndedConnectionOfALockingDaemonIsLocked) {
  FakeDaemon daemon([](const v1::Request& request) {
    if (request.has_status()) return Reaction{.answers = {closed_status("locked")}};
    return Reaction{.answers = {}, .hangs_up = true};
  });
  EXPECT_EQ(run_client(at(daemon, {"list"})).code, 4);
}

TEST(Run, AnEndedConnectionOfAnOpenDaemonIsAFailure) {
  FakeDaemon daemon([](const v1::Request& request) {
    if (request.has_status()) return Reaction{.answers = {open_status()}};
    return Reaction{.answers = {}, .hangs_up = true};
  });
  EXPECT_EQ(run_client(at(daemon, {"list"})).code, 1);
}

TEST(Run, AnAnswerNobodyUnderstandsIsAFailure) {
  FakeDaemon empty([](const v1::Request&) { return Reaction{.answers = {v1::Answer()}}; });
  EXPECT_EQ(run_client(at(empty, {"list", "--json"})).error()["code"], "failed");
  FakeDaemon noise([](const v1::Request&) {
    return Reaction{.answers = {}, .hangs_up = true, .raw = std::string("\0\0\0\3\xff\xff\xff", 7)};
  });
  EXPECT_EQ(run_client(at(noise, {"list"})).code, 1);
}

TEST(Run, UnpairNeedsAYes) {
  FakeDaemon daemon([](const v1::Request& request) {
    return Reaction{.answers = {request.has_status() ? open_status(true) : done()}};
  });
  EXPECT_EQ(run_client(at(daemon, {"unpair"})).code, 11);
  EXPECT_TRUE(daemon.asked().empty());
  EXPECT_EQ(run_client(at(daemon, {"unpair", "--yes", "--json"})).json(), json({{"schema", 1}}));
  FakeDaemon alone(always(done()));
  EXPECT_EQ(run_client(at(alone, {"unpair", "--json"})).error()["code"], "not-paired");
}

TEST(Terminal, InitAsksANameAndTwiceAPassphraseThatIsNotShown) {
  v1::Answer made;
  made.set_last(true);
  made.mutable_device()->set_id(std::string(16, 'd'));
  FakeDaemon daemon([made](const v1::Request& request) {
    return Reaction{.answers = {request.has_status() ? closed_status("empty") : made}};
  });
  const Ended ended = run_at_terminal(at(daemon, {"init"}), {{"see: ", "Ada\n"},
                                                             {"notebook: ", "one long\n"},
                                                             {"Once more: ", "another\n"},
                                                             {"differ", ""},
                                                             {"notebook: ", "one long\n"},
                                                             {"Once more: ", "one long\n"}});
  EXPECT_EQ(ended.code, 0) << ended.err;
  ASSERT_EQ(daemon.asked().size(), 1u);
  EXPECT_EQ(daemon.asked()[0].init().name(), "Ada");
  EXPECT_EQ(daemon.asked()[0].init().passphrase(), "one long");
  EXPECT_EQ(ended.err.find("one long"), std::string::npos);
  EXPECT_EQ(ended.err.find("another"), std::string::npos);
  EXPECT_NE(ended.err.find("Ada"), std::string::npos);
}

TEST(Terminal, WordsEndWithAnEmptyLineAndMayBeSkipped) {
  FakeDaemon daemon(always(entered(10, '\0')));
  const Ended ended = run_at_terminal(at(daemon, {"boundary", "add"}),
                                      {{"your words", "one\ntwo\n\n"}, {"stays with you", "\n"}});
  EXPECT_EQ(ended.code, 0) << ended.err;
  ASSERT_EQ(daemon.asked().size(), 1u);
  v1::Boundary boundary;
  ASSERT_TRUE(boundary.ParseFromString(daemon.asked()[0].add().entry()));
  EXPECT_EQ(boundary.words(), "one\ntwo");
  EXPECT_TRUE(boundary.why().empty());
}

TEST(Terminal, EndOfInputCancels) {
  FakeDaemon daemon(always(entered(10, '\0')));
  EXPECT_EQ(run_at_terminal(at(daemon, {"boundary", "add"}), {}).code, 11);
  EXPECT_TRUE(daemon.asked().empty());
}

TEST(Terminal, AMissingChoiceIsAsked) {
  FakeDaemon daemon(always(entered(11, '\0')));
  const Ended ended = run_at_terminal(at(daemon, {"consent", "say"}), {{"tonight (", "withdrawn\n"},
                                                                       {"tonight (", "slow\n"},
                                                                       {"feels good", "\n"},
                                                                       {"break trust", "\n"}});
  EXPECT_EQ(ended.code, 0) << ended.err;
  v1::Consent consent;
  ASSERT_TRUE(consent.ParseFromString(daemon.asked().at(0).add().entry()));
  EXPECT_EQ(consent.stance(), v1::STANCE_SLOW);
}

TEST(Terminal, AnEditShowsWhatIsThereAndSaysWhatWasSeen) {
  v1::Boundary boundary;
  boundary.set_words("old words");
  boundary.set_why("old why");
  v1::Answer shown;
  shown.set_last(true);
  shown.mutable_item()->set_kind(10);
  shown.mutable_item()->set_version("seen");
  shown.mutable_item()->set_entry(boundary.SerializeAsString());
  FakeDaemon daemon([shown](const v1::Request& request) {
    if (request.has_status()) return Reaction{.answers = {open_status()}};
    return Reaction{.answers = {request.has_show() ? shown : entered(10, '\0')}};
  });
  const Ended ended = run_at_terminal(
      at(daemon, {"edit", "b-0000"}),
      {{"Now: old words", "new words\n\n"}, {"Now: old why", "-\n"}, {"[y/N]", "y\n"}});
  EXPECT_EQ(ended.code, 0) << ended.err;
  const v1::Edit edit = daemon.asked().at(1).edit();
  EXPECT_EQ(edit.version(), "seen");
  EXPECT_TRUE(edit.tighter());
  EXPECT_EQ(edit.clear(0), 2u);
  ASSERT_TRUE(boundary.ParseFromString(edit.entry()));
  EXPECT_EQ(boundary.words(), "new words");
}

TEST(Terminal, ForgettingIsConfirmed) {
  FakeDaemon daemon(always(done()));
  EXPECT_EQ(run_at_terminal(at(daemon, {"forget", "b-0000"}), {{"[y/N]", "n\n"}}).code, 11);
  EXPECT_TRUE(daemon.asked().empty());
  EXPECT_EQ(run_at_terminal(at(daemon, {"forget", "b-0000"}), {{"[y/N]", "y\n"}}).code, 0);
  EXPECT_EQ(run_client(at(daemon, {"forget", "b-0000"})).code, 0);
}

TEST(Terminal, LockClearsTheScreenAndItsScrollback) {
  FakeDaemon daemon(always(done("locked")));
  const Ended ended = run_at_terminal(at(daemon, {"lock", "--clear"}), {}, false);
  EXPECT_EQ(ended.code, 0);
  EXPECT_TRUE(ended.out.starts_with("\x1b[H\x1b[2J\x1b[3J")) << ended.out;
}

TEST(Terminal, TheEditorIsUsedOnlyByThoseWhoAskedForIt) {
  FakeDaemon daemon(always(entered(13, '\0')));
  std::ofstream(daemon.home() + "/config.toml") << "editor = \"on\"\n";
  setenv("VISUAL", "printf 'from the editor\\n' >>", 1);
  const Ended ended = run_at_terminal(at(daemon, {"journal", "add"}), {{"each line", "\n"}});
  unsetenv("VISUAL");
  EXPECT_EQ(ended.code, 0) << ended.err;
  v1::Journal journal;
  ASSERT_TRUE(journal.ParseFromString(daemon.asked().at(0).add().entry()));
  EXPECT_EQ(journal.words(), "from the editor");
  for (const auto& left : std::filesystem::directory_iterator(daemon.home() + "/run")) {
    EXPECT_EQ(left.path().filename(), "attuned.sock");
  }
}

TEST(OwnKind, ARowOfATestsOwnIsAWholeKind) {
  const Schema schema(R"(
    enum Warmth {
      WARMTH_UNSPECIFIED = 0;
      WARMTH_LUKE_WARM = 1;
      WARMTH_HOT = 2;
    }
    message Tea {
      string the_leaves = 1 [(attune.v1.field) = { ask: FIRST }];
      string with_milk = 2 [(attune.v1.field) = { ask: OPTIONAL }];
      Warmth warmth = 3 [(attune.v1.field) = { flag: "warmth" default_value: "hot" }];
      int32 until = 4 [(attune.v1.field) = { flag: "until" form: DAY }];
      int32 cups = 5 [(attune.v1.field) = { flag: "cups" }];
    }
    message Entry {
      Tea tea = 77 [(attune.v1.kind) = { noun: "tea" plural: "teas" letter: "t" writer: OWNER
                                         audience: CHOSEN add_verb: "brew" end_verb: "finish" }];
    })");
  const KindTable kinds(schema.descriptor());
  Bytes kept;
  FakeDaemon daemon([&kept](const v1::Request& request) {
    if (request.has_status()) return Reaction{.answers = {open_status()}};
    if (request.has_add()) return Reaction{.answers = {entered(77, '\0')}};
    v1::Answer shown;
    shown.set_last(true);
    shown.mutable_item()->set_kind(77);
    shown.mutable_item()->set_id(std::string(16, '\0'));
    shown.mutable_item()->set_entry(std::string(as_text(kept)));
    return Reaction{.answers = {shown}};
  });
  const Ended told =
      run_client(at(daemon, {"tea", "brew", "--warmth", "luke-warm", "--until", "2027-09-17",
                             "--cups", "3", "--share", "--stdin", "--json"}),
                 R"({"the_leaves":"green","with_milk":null})", kinds);
  EXPECT_EQ(told.code, 0) << told.err;
  EXPECT_EQ(told.json()["id"], "t-00000000000000000000000000");
  const v1::Add add = daemon.asked().at(0).add();
  EXPECT_EQ(add.kind(), 77u);
  EXPECT_TRUE(add.share());
  const ByteView entry = as_bytes(add.entry());
  kept.assign(entry.begin(), entry.end());
  const json item = run_client(at(daemon, {"show", "t-0000", "--json"}), {}, kinds).json()["item"];
  EXPECT_EQ(item["kind"], "tea");
  EXPECT_EQ(item["the_leaves"], "green");
  EXPECT_EQ(item["warmth"], "luke-warm");
  EXPECT_EQ(item["until"], "2027-09-17");
  EXPECT_EQ(item["cups"], 3);
  EXPECT_FALSE(item.contains("with_milk"));
  const Ended asked = run_at_terminal(
      at(daemon, {"tea", "brew"}), {{"the leaves", "black\n\n"}, {"with milk", "\n"}}, true, kinds);
  EXPECT_EQ(asked.code, 0) << asked.err;
  EXPECT_EQ(run_client(at(daemon, {"tea", "brew", "--warmth", "cold"}), {}, kinds).code, 2);
  EXPECT_EQ(run_client(at(daemon, {"tea", "finish", "t-0000"}), {}, kinds).code, 0);
  EXPECT_EQ(run_client({"tea", "brew", "--help"}, {}, kinds).code, 0);
}

}  // namespace
}  // namespace attune::client
