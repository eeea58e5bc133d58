#include "client/pairing.h"

#include <gtest/gtest.h>

#include <sstream>

#include "client/code_line.h"
#include "client/qr_image.h"
#include "tests/client/fake_daemon.h"
#include "tests/client/stage.h"

namespace attune::client {
namespace {

using nlohmann::json;
using Reaction = FakeDaemon::Reaction;
using Arguments = std::vector<std::string>;

const char* const kCode = "1234-abacus-abode-above";

v1::Answer invitation() {
  v1::Answer answer;
  answer.mutable_pair()->mutable_invitation()->set_code(kCode);
  answer.mutable_pair()->mutable_invitation()->set_qr("ATTUNE1TEXT");
  return answer;
}
v1::Answer check() {
  v1::Answer answer;
  for (const char* word : {"abacus", "abode", "above", "absent"}) {
    answer.mutable_pair()->mutable_check()->add_words(word);
  }
  return answer;
}
v1::Answer paired() {
  v1::Answer answer;
  answer.set_last(true);
  answer.mutable_pair()->set_paired("Ben");
  return answer;
}

/// Goes through a pairing: invites where asked to, and ends as the person decides.
Reaction partner_is_there(const v1::Request& request) {
  if (request.has_status()) return {.answers = {open_status()}};
  if (request.has_pair() && request.pair().has_invite())
    return {.answers = {invitation(), check()}};
  if (request.has_pair()) return {.answers = {check()}};
  if (request.pair_answer().yes()) return {.answers = {paired()}};
  return {.answers = {error(v1::CODE_CANCELLED, v1::REASON_YOU_DECLINED)}};
}

Arguments at(const FakeDaemon& daemon, Arguments more) {
  more.insert(more.begin(), {"--home", daemon.home()});
  return more;
}

std::vector<json> lines_of(const std::string& text) {
  std::vector<json> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) out.push_back(json::parse(line));
  return out;
}

TEST(Pairing, IsThreeLinesWithYes) {
  FakeDaemon daemon(partner_is_there);
  const Ended ended = run_client(at(daemon, {"pair", "--yes", "--json"}));
  EXPECT_EQ(ended.code, 0) << ended.err;
  const auto lines = lines_of(ended.out);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0]["event"], "invitation");
  EXPECT_EQ(lines[0]["code"], kCode);
  EXPECT_EQ(lines[1]["words"].size(), 4u);
  EXPECT_EQ(lines[2], json::parse(R"({"schema":1,"event":"paired","partner":"Ben"})"));
  EXPECT_TRUE(daemon.asked().at(1).pair_answer().yes());
}

TEST(Pairing, NobodyToAskIsANo) {
  FakeDaemon daemon(partner_is_there);
  for (const Arguments& more : {Arguments{}, Arguments{"--no-input"}}) {
    Arguments line = {"pair", "--code", "--stdin", "--json"};
    line.insert(line.end(), more.begin(), more.end());
    const Ended ended = run_client(at(daemon, line), std::string(R"({"code":")") + kCode + R"("})");
    EXPECT_EQ(ended.code, 11);
    EXPECT_EQ(ended.error()["code"], "cancelled");
  }
  ASSERT_EQ(daemon.asked().size(), 4u);
  EXPECT_EQ(daemon.asked()[0].pair().code(), kCode);
  EXPECT_FALSE(daemon.asked()[1].pair_answer().yes());
}

TEST(Pairing, ANoIsElevenWhateverTheDaemonSays) {
  for (const v1::Answer& last : {error(v1::CODE_NOT_REACHED, v1::REASON_LINK_LOST), paired()}) {
    FakeDaemon daemon([last](const v1::Request& request) {
      return Reaction{.answers = {request.has_pair() ? check() : last}};
    });
    EXPECT_EQ(run_client(at(daemon, {"pair"})).code, 11);
  }
  FakeDaemon gone([](const v1::Request& request) {
    if (request.has_pair()) return Reaction{.answers = {check()}};
    return Reaction{.answers = {}, .hangs_up = true};
  });
  EXPECT_EQ(run_client(at(gone, {"pair"})).code, 11);
}

TEST(Pairing, TheDaemonsRefusalIsTheEnd) {
  for (const auto& [code, reason, status] :
       {std::tuple{v1::CODE_CHECK_FAILED, v1::REASON_WRONG_CODE, 9},
        std::tuple{v1::CODE_NOT_REACHED, v1::REASON_PEER_DECLINED, 8},
        std::tuple{v1::CODE_REFUSED, v1::REASON_ALREADY_PAIRED, 7}}) {
    const v1::Answer refusal = error(code, reason);
    FakeDaemon daemon(
        [refusal](const v1::Request&) { return Reaction{.answers = {invitation(), refusal}}; });
    EXPECT_EQ(run_client(at(daemon, {"pair", "--yes"})).code, status);
  }
}

TEST(Pairing, TheConnectionsEndIsSaid) {
  FakeDaemon daemon([](const v1::Request& request) {
    if (request.has_status()) return Reaction{.answers = {closed_status("locked")}};
    return Reaction{.answers = {invitation()}, .hangs_up = true};
  });
  EXPECT_EQ(run_client(at(daemon, {"pair", "--yes"})).code, 4);
}

TEST(Pairing, APersonComparesTheWords) {
  FakeDaemon daemon(partner_is_there);
  const Ended yes = run_at_terminal(at(daemon, {"pair"}), {{"[y/N]", "y\n"}}, false);
  EXPECT_EQ(yes.code, 0);
  EXPECT_NE(yes.out.find("encryption is not safety"), std::string::npos);
  EXPECT_NE(yes.out.find(kCode), std::string::npos);
  EXPECT_NE(yes.out.find("\u2580"), std::string::npos);
  EXPECT_NE(yes.out.find("abacus abode above absent"), std::string::npos);
  EXPECT_NE(yes.out.find("Paired with Ben."), std::string::npos);
  EXPECT_EQ(run_at_terminal(at(daemon, {"pair"}), {{"[y/N]", "n\n"}}).code, 11);
  EXPECT_EQ(run_at_terminal(at(daemon, {"pair"}), {{"[y/N]", "\n"}}).code, 11);
  EXPECT_EQ(run_at_terminal(at(daemon, {"pair"}), {{"[y/N]", ""}}).code, 11);
}

TEST(Pairing, AQuestionEndsWhenTheOtherSideDoes) {
  FakeDaemon daemon([](const v1::Request& request) {
    if (request.has_status()) return Reaction{.answers = {open_status()}};
    return Reaction{.answers = {check(), error(v1::CODE_NOT_REACHED, v1::REASON_PEER_DECLINED)}};
  });
  EXPECT_EQ(run_at_terminal(at(daemon, {"pair"}), {{"never asked", "y\n"}}).code, 8);
}

TEST(Pairing, APlainScreenHasTheTextOfTheCode) {
  FakeDaemon daemon(partner_is_there);
  const Ended ended = run_at_terminal(at(daemon, {"pair", "--plain", "--yes"}), {}, false);
  EXPECT_NE(ended.out.find("QR: ATTUNE1TEXT"), std::string::npos);
  EXPECT_EQ(ended.out.find("\u2580"), std::string::npos);
}

TEST(Pairing, ThePictureOfOneSidePairsTheOther) {
  FakeDaemon daemon(partner_is_there);
  const std::string file = daemon.home() + "/code.png";
  EXPECT_EQ(run_client(at(daemon, {"pair", "--qr-png", file, "--yes", "--json"})).code, 0);
  EXPECT_EQ(qr_from_file(file, 0), "ATTUNE1TEXT");
  EXPECT_EQ(run_client(at(daemon, {"pair", "--image", file, "--yes", "--json"})).code, 0);
  EXPECT_EQ(daemon.asked().at(2).pair().qr(), "ATTUNE1TEXT");
  EXPECT_EQ(run_client(at(daemon, {"pair", "--qr-png", file, "--yes"})).code, 2);
  EXPECT_EQ(daemon.asked().size(), 4u);
}

TEST(Pairing, TheTextOfACodeIsPassedOn) {
  FakeDaemon daemon(partner_is_there);
  EXPECT_EQ(
      run_client(at(daemon, {"pair", "--qr", "--stdin", "--yes"}), R"({"qr":"ATTUNE1TEXT"})").code,
      0);
  EXPECT_EQ(daemon.asked().at(0).pair().qr(), "ATTUNE1TEXT");
}

TEST(Pairing, ACodeIsTypedWithCompletion) {
  FakeDaemon daemon(partner_is_there);
  const Ended ended = run_at_terminal(at(daemon, {"pair", "--code", "--yes"}),
                                      {{"reads to you: ", "1234-abac\t-abode-abov\t\n"}});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(daemon.asked().at(0).pair().code(), kCode);
}

TEST(CodeLine, TabOffersTheWordsThatFit) {
  EXPECT_EQ(code_completions("1234-abac"), (std::vector<std::string>{"1234-abacus"}));
  EXPECT_EQ(code_completions("1234 abacus abod"), (std::vector<std::string>{"1234 abacus abode"}));
  EXPECT_GT(code_completions("1234-ab").size(), 1u);
  EXPECT_TRUE(code_completions("1234-qqqq").empty());
  EXPECT_TRUE(code_completions("1234").empty());
}

}  // namespace
}  // namespace attune::client
