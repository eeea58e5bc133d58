#include "daemon/settings.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <string>

#include "proto/limits.h"
#include "tests/driver/temporary_home.h"

namespace attune {
namespace {

std::string refusal_of(const std::string& text) {
  try {
    parse_settings(text);
  } catch (const BadSettings& bad) {
    return bad.what();
  }
  return "none";
}

TEST(Settings, HaveDefaults) {
  const Settings settings = parse_settings("");
  EXPECT_EQ(settings.port, 0);
  EXPECT_TRUE(settings.beacon);
  EXPECT_EQ(settings.log, "info");
}

TEST(Settings, TakeWhatThePersonWrote) {
  const Settings settings =
      parse_settings("# mine\nport = 40000\nbeacon = \"off\"\nlog = \"debug\"\n");
  EXPECT_EQ(settings.port, 40'000);
  EXPECT_FALSE(settings.beacon);
  EXPECT_EQ(settings.log, "debug");
  EXPECT_TRUE(parse_settings("beacon = true").beacon);
}

TEST(Settings, TheEditorIsTheClientsToReadAndASwitchHere) {
  EXPECT_NO_THROW(parse_settings("editor = \"on\"\n"));
  EXPECT_NE(refusal_of("\neditor = \"vi\"\n").find("line 2"), std::string::npos);
}

TEST(Settings, APortIsANumberFromZeroTo65535) {
  EXPECT_EQ(parse_settings("port = 65535").port, 65'535);
  for (const char* value : {"65536", "-1", "1.5", "\"80\"", "true", "99999999999999999999"}) {
    EXPECT_NE(refusal_of(std::string("port = ") + value).find("line 1"), std::string::npos)
        << value;
  }
}

TEST(Settings, NameTheLineOfWhatIsWrong) {
  EXPECT_NE(refusal_of("port = 1\nport 2\n").find("line 2"), std::string::npos);
  EXPECT_NE(refusal_of("\n\nlog = \"loud\"\n").find("line 3"), std::string::npos);
  EXPECT_NE(refusal_of("port = 1\n\n\nbeacon = \"maybe\"").find("line 4"), std::string::npos);
  EXPECT_NE(refusal_of("[port]\n").find("line 1"), std::string::npos);
}

TEST(Settings, RefuseAKeyThatNobodyKnows) {
  EXPECT_NE(refusal_of("port = 1\nprot = 2\n").find("line 2"), std::string::npos);
  EXPECT_EQ(refusal_of("port = 1\nprot = 2\n").find("prot ="), std::string::npos);
  EXPECT_NE(refusal_of("[relay]\nurl = 1\n"), "none");
}

TEST(Settings, AMissingFileIsAllDefaults) {
  TemporaryHome home;
  EXPECT_EQ(read_settings(home->config).log, "info");
}

TEST(Settings, AFileIsReadUpToItsLimit) {
  TemporaryHome home;
  const std::string setting = "log = \"warn\"\n#";
  const std::size_t limit = 64u << 10;
  std::ofstream(home->config) << setting << std::string(limit - setting.size(), 'x');
  EXPECT_EQ(read_settings(home->config).log, "warn");
  std::ofstream(home->config, std::ios::app) << 'x';
  EXPECT_THROW(read_settings(home->config), BadSettings);
}

TEST(Settings, AFolderInPlaceOfTheFileIsRefused) {
  TemporaryHome home;
  std::filesystem::create_directory(home->config);
  EXPECT_THROW(read_settings(home->config), BadSettings);
}

TEST(FindHome, KeepsEverythingBelowTheGivenFolder) {
  const Home home = find_home("/srv/ada");
  EXPECT_EQ(home.config, "/srv/ada/config.toml");
  EXPECT_EQ(home.data, "/srv/ada/data");
  EXPECT_EQ(home.socket(), "/srv/ada/run/attuned.sock");
  EXPECT_EQ(home.lock(), "/srv/ada/run/lock");
}

TEST(FindHome, AnOptionGoesBeforeTheEnvironment) {
  setenv("ATTUNE_HOME", "/srv/from-environment", 1);
  EXPECT_EQ(find_home(std::nullopt).data, "/srv/from-environment/data");
  EXPECT_EQ(find_home("/srv/given").data, "/srv/given/data");
  unsetenv("ATTUNE_HOME");
}

TEST(FindHome, WithoutAHomeItFollowsXdg) {
  unsetenv("ATTUNE_HOME");
  setenv("HOME", "/home/ada", 1);
  setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
  unsetenv("XDG_CONFIG_HOME");
  unsetenv("XDG_DATA_HOME");
  Home home = find_home(std::nullopt);
  EXPECT_FALSE(home.root.has_value());
  EXPECT_EQ(home.config, "/home/ada/.config/attune/config.toml");
  EXPECT_EQ(home.data, "/home/ada/.local/share/attune");
  EXPECT_EQ(home.socket(), "/run/user/7/attune/attuned.sock");
  setenv("XDG_DATA_HOME", "/data/ada", 1);
  setenv("XDG_CONFIG_HOME", "not/absolute", 1);
  home = find_home(std::nullopt);
  EXPECT_EQ(home.data, "/data/ada/attune");
  EXPECT_EQ(home.config, "/home/ada/.config/attune/config.toml");
  unsetenv("XDG_DATA_HOME");
  unsetenv("XDG_CONFIG_HOME");
}

TEST(FindHome, TheSocketsPathHasALimit) {
  const std::size_t rest = std::string("/run/attuned.sock").size();
  const std::string longest = "/" + std::string(limits::kSocketPathMax - rest - 1, 'a');
  EXPECT_EQ(find_home(longest).socket().native().size(), limits::kSocketPathMax);
  EXPECT_THROW(find_home(longest + "a"), BadSettings);
  EXPECT_THROW(find_home(""), BadSettings);
}

}  // namespace
}  // namespace attune
