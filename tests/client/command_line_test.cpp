#include "client/command_line.h"

#include <gtest/gtest.h>

#include "client/failure.h"
#include "client/wording.h"
#include "tests/client/stage.h"
#include "tests/proto/schema.h"

namespace attune::client {
namespace {

const char* const kSecret = "Zimtschnecke";

Invocation parse(const std::vector<std::string>& arguments) {
  return parse_command_line(arguments, KindTable::standard());
}

/// The refusal of a line; fails the test where it is taken.
Failure refusal(const std::vector<std::string>& arguments) {
  try {
    parse(arguments);
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.ending(), Ending::kUsage);
    EXPECT_EQ(failure.message().find(kSecret), std::string::npos);
    for (const std::string& next : failure.next()) {
      EXPECT_EQ(next.find(kSecret), std::string::npos);
    }
    return failure;
  }
  ADD_FAILURE() << "it was taken: " << testing::PrintToString(arguments);
  return Failure(Ending::kDone, "");
}

TEST(CommandLine, NothingIsToday) {
  EXPECT_EQ(parse({}).verb.act, Act::kToday);
  EXPECT_EQ(parse({"--json"}).verb.act, Act::kToday);
  EXPECT_TRUE(parse({"--json"}).options.json);
}

TEST(CommandLine, GlobalFlagsStandAnywhere) {
  for (const auto& line : std::vector<std::vector<std::string>>{
           {"--home", "/h", "--json", "boundary", "add", "--stdin"},
           {"boundary", "--json", "add", "--home=/h", "--stdin"},
           {"boundary", "add", "--stdin", "--json", "--home", "/h"}}) {
    const Invocation invocation = parse(line);
    EXPECT_EQ(invocation.options.home, "/h");
    EXPECT_TRUE(invocation.options.json);
    EXPECT_TRUE(invocation.options.from_stdin);
    EXPECT_EQ(invocation.verb.path(), "boundary add");
    EXPECT_EQ(invocation.verb.act, Act::kAdd);
  }
}

TEST(CommandLine, EveryVerbOfTheTableIsUnderstood) {
  for (const Verb& verb : verbs_of(KindTable::standard())) {
    std::vector<std::string> line;
    if (!verb.noun.empty()) line.push_back(verb.noun);
    if (!verb.name.empty()) line.push_back(verb.name);
    if (verb.argument == Argument::kEntry) {
      line.push_back(std::string(1, verb.kind == nullptr ? 'b' : verb.kind->letter) + "-7k2q");
    }
    const Invocation invocation = parse(line);
    EXPECT_EQ(invocation.verb.act, verb.act) << verb.path();
    // `edit` alone takes the kind from the id.
    const KindRow* named = KindTable::standard().named("boundary");
    const bool bare_edit = verb.act == Act::kEdit && verb.noun.empty();
    EXPECT_EQ(invocation.verb.kind, bare_edit ? named : verb.kind) << verb.path();
  }
}

TEST(CommandLine, FlagsAreThoseOfTheRow) {
  const Invocation invocation = parse({"boundary", "add", "--kind", "negotiable", "--area=pacing",
                                       "--review", "2027-09-17", "--share"});
  EXPECT_EQ(invocation.flags.at("kind"), "negotiable");
  EXPECT_EQ(invocation.flags.at("area"), "pacing");
  EXPECT_EQ(invocation.flags.at("review"), "2027-09-17");
  EXPECT_TRUE(invocation.has("share"));
  EXPECT_NO_THROW(parse({"boundary", "add", "--review", "none"}));
}

TEST(CommandLine, AFlagsValueIsOneOfItsWords) {
  const Failure soft = refusal({"boundary", "add", "--kind", kSecret});
  EXPECT_EQ(soft.message(), "--kind is one of: negotiable, non-negotiable.");
  refusal({"boundary", "add", "--kind", "ended"});  // a verb's alone
  refusal({"boundary", "add", "--review", kSecret});
  refusal({"boundary", "add", "--review", "2027-02-30"});
  refusal({"thanks", "add", "--about", kSecret});
  refusal({"sync", "--wait", kSecret});
  refusal({"sync", "--wait", "-1"});
  refusal({"sync", "--wait", "86401"});
  refusal({"boundary", "add", "--kind"});
  refusal({"boundary", "add", "--kind", "negotiable", "--kind", "negotiable"});
}

TEST(CommandLine, AFlagOfAnotherCommandIsNone) {
  refusal({"journal", "add", "--share"});
  refusal({"status", "--wait", "3"});
  EXPECT_EQ(refusal({"boundary", "add", "--shar"}).message(),
            "There is no such flag; --share is one.");
}

TEST(CommandLine, WordsAreNeverArguments) {
  for (const Verb& verb : verbs_of(KindTable::standard())) {
    std::vector<std::string> line;
    if (!verb.noun.empty()) line.push_back(verb.noun);
    if (!verb.name.empty()) line.push_back(verb.name);
    if (verb.argument == Argument::kEntry) line.push_back("b-7k2q");
    line.push_back(kSecret);
    if (verb.act == Act::kHelp) continue;  // an unknown page: see run_test
    refusal(line);
    line.push_back("und Kaffee");
    refusal(line);
  }
  EXPECT_EQ(refusal({"journal", "add", kSecret}).message(), kWordsSentence);
  refusal({kSecret});
  refusal({std::string("--") + kSecret + "=" + kSecret});
  refusal({std::string("-") + kSecret});
  refusal({"--", kSecret});
  refusal({""});
  refusal({"pause", "list", kSecret});
}

TEST(CommandLine, AMistypedCommandGetsTheNearest) {
  EXPECT_EQ(refusal({"boundry", "add"}).next().front(), "attune boundary");
  EXPECT_EQ(refusal({"boundary", "ad"}).next().front(), "attune boundary add");
  EXPECT_EQ(refusal({"unlok"}).next().front(), "attune unlock");
  EXPECT_EQ(refusal({"boundry", "show", "b-7k2q"}).next().front(), "attune boundary");
  EXPECT_EQ(refusal({"qqqqqqqq"}).message(), "There is no such command.");
}

TEST(CommandLine, ANounAloneSaysItsVerbs) {
  EXPECT_NE(refusal({"boundary"}).message().find("add, show, edit"), std::string::npos);
}

TEST(CommandLine, AnEntryIsNamedByItsId) {
  EXPECT_EQ(parse({"show", "B-7K2Q"}).argument, "B-7K2Q");
  EXPECT_EQ(parse({"boundary", "show", "b-7k2q"}).argument, "b-7k2q");
  refusal({"show"});
  refusal({"show", "b-7k2"});
  refusal({"show", "boundary"});
  refusal({"boundary", "show", "j-7k2q"});
}

TEST(CommandLine, ATopicIsAllAKindOrAnEntry) {
  EXPECT_EQ(parse({"pause"}).verb.act, Act::kAdd);
  EXPECT_EQ(parse({"resume", "boundary"}).verb.act, Act::kEnd);
  for (const char* topic : {"all", "boundary", "pause", "b-7k2q"}) {
    EXPECT_EQ(parse({"pause", topic}).argument, topic);
    EXPECT_EQ(parse({"resume", topic}).argument, topic);
  }
  EXPECT_EQ(parse({"pause", "list"}).verb.act, Act::kList);
  EXPECT_NE(refusal({"pause", "bondary"}).message().find("`boundary`"), std::string::npos);
}

TEST(CommandLine, AListNamesAKindByNounOrPlural) {
  EXPECT_EQ(parse({"list", "boundaries", "--mine"}).argument, "boundaries");
  EXPECT_EQ(parse({"boundary", "list", "--ended"}).verb.kind->noun, "boundary");
  refusal({"list", "--mine", "--partner"});
  refusal({"list", kSecret});
}

TEST(CommandLine, BareEditHasTheFlagsOfTheIdsKind) {
  const Invocation invocation = parse({"edit", "b-7k2q", "--review", "none"});
  EXPECT_EQ(invocation.verb.kind->noun, "boundary");
  refusal({"edit", "j-7k2q", "--review", "none"});
}

TEST(CommandLine, OneWayToPairAtATime) {
  EXPECT_TRUE(parse({"pair", "--code", "--wait", "5"}).has("code"));
  refusal({"pair", "--code", "--qr"});
  refusal({"pair", "--image", "a.png", "--qr-png", "b.png"});
  refusal({"pair", "--wait", "5"});
  refusal({"pair", "--image", ""});
}

TEST(CommandLine, HelpAndVersionNeedNoWholeCommand) {
  EXPECT_TRUE(parse({"show", "--help"}).options.help);
  EXPECT_EQ(parse({"boundary", "--help"}).argument, "boundary");
  EXPECT_TRUE(parse({"--version"}).options.version);
}

TEST(CommandLine, JsonIsSeenOnALineThatCannotBeRead) {
  EXPECT_TRUE(wants_json({"nonsense", "--home", "--json"}));
  EXPECT_FALSE(wants_json({"nonsense"}));
}

}  // namespace
}  // namespace attune::client
