#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace attune::vectors {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

struct Result {
  int exit_status = -1;
  std::string output;
  std::string last_line;
};

Result run_program(const fs::path& folder) {
  const std::string command =
      std::string("'") + ATTUNE_VECTORS_PROGRAM + "' '" + folder.string() + "'";
  Result result;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return result;
  std::array<char, 4096> buffer{};
  for (std::size_t got = 0; (got = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    result.output.append(buffer.data(), got);
  }
  const int status = pclose(pipe);
  if (WIFEXITED(status)) result.exit_status = WEXITSTATUS(status);
  const std::string body = result.output.substr(0, result.output.find_last_not_of('\n') + 1);
  result.last_line = body.substr(body.rfind('\n') + 1);
  return result;
}

fs::path pinned() { return ATTUNE_VECTORS_PINNED; }

Json pinned_json(const char* file) {
  std::ifstream stream(pinned() / file);
  return Json::parse(stream);
}

// The published vectors are not part of the repository: $ATTUNE_VECTORS, or the folder beside it.
std::optional<fs::path> published() {
  if (const char* given = std::getenv("ATTUNE_VECTORS")) {
    if (fs::is_directory(given)) return fs::path(given);
  }
  if (fs::is_directory(ATTUNE_VECTORS_BESIDE)) return fs::path(ATTUNE_VECTORS_BESIDE);
  return std::nullopt;
}

// A folder that goes with the test.
class Folder : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "attune-vectors-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& content) {
    std::ofstream(folder_ / name) << content;
  }
  void write(const std::string& name, const Json& json) { write(name, json.dump()); }
  Result run() { return run_program(folder_); }

  fs::path folder_;
};

// Every text of hexadecimal digits in the document, as places that can be changed.
void find_texts(Json& value, std::vector<Json*>& found) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    const bool hex = text.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
    if (hex && !text.empty() && text.size() % 2 == 0) found.push_back(&value);
  } else if (value.is_structured()) {
    for (Json& child : value) find_texts(child, found);
  }
}

std::string with_other_digit(std::string text, std::size_t at) {
  text[at] = text[at] == '7' ? '5' : '7';
  return text;
}

TEST(PinnedVectors, Hold) {
  const Result result = run_program(pinned());
  EXPECT_EQ(result.exit_status, 0) << result.output;
  EXPECT_EQ(result.last_line, "20 passed, 0 failed");
}

TEST(PublishedVectors, Hold) {
  const std::optional<fs::path> folder = published();
  if (!folder) {
    std::puts("No published vectors here ($ATTUNE_VECTORS): this test checks nothing.");
    return;
  }
  const Result result = run_program(*folder);
  EXPECT_EQ(result.exit_status, 0) << result.output;
  EXPECT_NE(result.last_line.find(" passed, 0 failed"), std::string::npos) << result.output;
}

// In each published file, the first value in hexadecimal: all files of a known form must notice.
TEST_F(Folder, AChangedValueInAPublishedFileFails) {
  const std::optional<fs::path> from = published();
  if (!from) {
    std::puts("No published vectors here ($ATTUNE_VECTORS): this test checks nothing.");
    return;
  }
  for (const fs::directory_entry& entry : fs::directory_iterator(*from)) {
    std::ifstream stream(entry.path());
    Json json = Json::parse(stream, nullptr, false);
    if (json.is_discarded()) continue;
    write("file.json", json);
    if (run().exit_status != 0) continue;  // no vectors of ours: named, not counted
    std::vector<Json*> texts;
    find_texts(json, texts);
    if (texts.empty()) continue;
    *texts.front() = with_other_digit(texts.front()->get<std::string>(), 0);
    write("file.json", json);
    EXPECT_EQ(run().exit_status, 1) << entry.path().filename();
  }
}

TEST_F(Folder, EveryChangedValueInThePinnedFilesFails) {
  for (const char* file : {"keys.json", "noise.json"}) {
    Json json = pinned_json(file);
    std::vector<Json*> texts;
    find_texts(json, texts);
    ASSERT_GT(texts.size(), 20u);
    for (Json* text : texts) {
      const std::string before = text->get<std::string>();
      *text = with_other_digit(before, before.size() / 2);
      write("file.json", json);
      const Result result = run();
      EXPECT_EQ(result.exit_status, 1) << before;
      EXPECT_EQ(result.last_line.find(" 0 failed"), std::string::npos) << before;
      *text = before;
    }
  }
}

TEST_F(Folder, NoCaseAtAllFails) {
  const Result result = run();
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.last_line, "0 passed, 0 failed");
}

TEST_F(Folder, AFolderThatIsNotThereFails) {
  const Result result = run_program(folder_ / "nowhere");
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.last_line, "0 passed, 0 failed");
}

TEST_F(Folder, OtherFilesAreNamedAndNotCounted) {
  write("notes.txt", std::string("not JSON at all"));
  write("eddsa.json", Json{{"algorithm", "EDDSA"}, {"testGroups", Json::array()}});
  write("other.json", Json{{"something", "else"}});
  write("noise.json", pinned_json("noise.json"));
  const Result result = run();
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.last_line, "8 passed, 0 failed");
  for (const char* name : {"notes.txt", "eddsa.json", "other.json"}) {
    EXPECT_NE(result.output.find(std::string(name) + ": not counted"), std::string::npos) << name;
  }
}

TEST_F(Folder, FormsAreKnownByTheirKeysWhateverTheFileIsCalled) {
  write("zzz", pinned_json("noise.json"));
  EXPECT_EQ(run().last_line, "8 passed, 0 failed");
}

TEST_F(Folder, AHandshakeOfAnotherSuiteCountsAsFailed) {
  Json json = pinned_json("noise.json");
  json["vectors"][0]["protocol_name"] = "Noise_XXpsk0_448_AESGCM_SHA512";
  write("file.json", json);
  const Result result = run();
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.last_line, "7 passed, 1 failed");
}

TEST_F(Folder, AMissingCiphertextCountsAsFailed) {
  Json json = pinned_json("noise.json");
  json["vectors"][0]["messages"][0].erase("ciphertext");
  write("file.json", json);
  EXPECT_EQ(run().last_line, "7 passed, 1 failed");
}

TEST_F(Folder, AHandshakeThatStopsHalfWayCountsAsFailed) {
  Json json = pinned_json("noise.json");
  json["vectors"][0]["messages"].erase(1);
  json["vectors"][1]["messages"] = Json::array();
  write("file.json", json);
  EXPECT_EQ(run().last_line, "6 passed, 2 failed");
}

TEST_F(Folder, AMisshapenFileCountsAsFailed) {
  write("file.json", Json{{"kdf", "00"}, {"label", 7}, {"key", "00"}, {"parts", Json::array()}});
  EXPECT_EQ(run().last_line, "0 passed, 1 failed");
}

// noise-c splits the name in four and has one psk at most.
TEST_F(Folder, TheFormOfNoiseCIsRead) {
  Json vector = pinned_json("noise.json")["vectors"][0];
  vector.erase("protocol_name");
  vector["name"] = "anything";
  vector["pattern"] = "XXpsk0";
  vector["dh"] = "25519";
  vector["cipher"] = "ChaChaPoly";
  vector["hash"] = "BLAKE2b";
  for (const char* side : {"init", "resp"}) {
    const std::string key = std::string(side) + "_psk";
    vector[key] = vector[key + "s"][0];
    vector.erase(key + "s");
  }
  write("file.json", Json{{"vectors", Json::array({vector})}});
  EXPECT_EQ(run().last_line, "1 passed, 0 failed");
}

TEST_F(Folder, UpperCaseAndMissingRemoteKeysAreRead) {
  Json json = pinned_json("noise.json");
  std::vector<Json*> texts;
  find_texts(json, texts);
  for (Json* text : texts) {
    std::string upper = text->get<std::string>();
    for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    *text = upper;
  }
  for (Json& vector : json["vectors"]) {
    vector.erase("init_remote_static");
    vector.erase("resp_remote_static");
    vector.erase("init_remote_ephemeral");
  }
  write("file.json", json);
  EXPECT_EQ(run().last_line, "8 passed, 0 failed");
}

TEST_F(Folder, AFailFlagAsksForARefusalOfTheLastMessage) {
  Json vector = pinned_json("noise.json")["vectors"][0];
  vector["fail"] = true;
  write("file.json", vector);
  EXPECT_EQ(run().last_line, "0 passed, 1 failed");
  Json& last = vector["messages"].back()["ciphertext"];
  last = with_other_digit(last.get<std::string>(), 0);
  write("file.json", vector);
  EXPECT_EQ(run().last_line, "1 passed, 0 failed");
}

}  // namespace
}  // namespace attune::vectors
