#include "proto/home.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "proto/limits.h"

namespace attune {
namespace {

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
  EXPECT_THROW(find_home(longest + "a"), NoHome);
  EXPECT_THROW(find_home(""), NoHome);
}

}  // namespace
}  // namespace attune
