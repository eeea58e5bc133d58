#include "daemon/settings.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

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

TEST(Settings, AProxyIsNamedByItsSchemeAndPlace) {
  EXPECT_EQ(parse_settings("").proxy, std::nullopt);
  EXPECT_EQ(parse_settings("proxy = \"socks5://127.0.0.1:9050\"").proxy,
            (HostPort{.host = "127.0.0.1", .port = 9050}));
  EXPECT_EQ(parse_settings("proxy = \"socks5://[::1]:9050\"").proxy,
            (HostPort{.host = "::1", .port = 9050}));
  for (const char* value : {"\"\"", "\"127.0.0.1:9050\"", "\"http://127.0.0.1:80\"", "9050",
                            "\"socks5://127.0.0.1\"", "\"socks5://a:b@127.0.0.1:1\"", "true"}) {
    EXPECT_NE(refusal_of(std::string("proxy = ") + value).find("line 1"), std::string::npos)
        << value;
  }
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

}  // namespace
}  // namespace attune
