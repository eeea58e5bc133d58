#include "daemon/findings.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <map>
#include <string>

#include "daemon/net/control_folder.h"
#include "daemon/net/listener.h"
#include "daemon/port_file.h"
#include "tests/driver/temporary_home.h"

namespace attune {
namespace {

class FindingsTest : public testing::Test {
 protected:
  FindingsTest() {
    net::ControlSettings settings;
    settings.path = home_->socket();
    settings.holds_lock = true;
    control_ = net::open_control_listener(settings);
    lan_ = net::open_tcp_listener(0);
  }
  std::map<std::string, sync::Verdict> look() {
    std::map<std::string, sync::Verdict> found;
    const Watched watched{.lan_listener = lan_.get(), .control_listener = control_.get()};
    for (const sync::Finding& each : look_around(home_.get(), watched)) {
      found[each.check] = each.verdict;
    }
    return found;
  }

  TemporaryHome home_;
  net::Fd control_;
  net::Fd lan_;
};

TEST_F(FindingsTest, AHealthyHomeIsOk) {
  const auto found = look();
  EXPECT_EQ(found.size(), 5u);
  for (const char* check : {"home-folder", "control-socket", "lan-listener", "clock"}) {
    EXPECT_EQ(found.at(check), sync::Verdict::kOk) << check;
  }
  EXPECT_TRUE(found.contains("disk-space"));
}

TEST_F(FindingsTest, AFolderThatOthersMayReadWantsFixing) {
  for (const auto& folder : {home_->data, home_->run, *home_->root}) {
    ASSERT_EQ(chmod(folder.c_str(), 0750), 0);
    EXPECT_EQ(look().at("home-folder"), sync::Verdict::kFix) << folder;
    ASSERT_EQ(chmod(folder.c_str(), 0700), 0);
  }
  EXPECT_EQ(look().at("home-folder"), sync::Verdict::kOk);
}

TEST_F(FindingsTest, ASocketFileThatIsGoneOrOpenWantsFixing) {
  ASSERT_EQ(chmod(home_->socket().c_str(), 0666), 0);
  EXPECT_EQ(look().at("control-socket"), sync::Verdict::kFix);
  std::filesystem::remove(home_->socket());
  EXPECT_EQ(look().at("control-socket"), sync::Verdict::kFix);
}

TEST_F(FindingsTest, AListenerThatIsNoneWantsFixing) {
  lan_ = net::Fd{};
  EXPECT_EQ(look().at("lan-listener"), sync::Verdict::kFix);
  control_ = net::Fd{};
  EXPECT_EQ(look().at("control-socket"), sync::Verdict::kFix);
}

TEST_F(FindingsTest, AFolderThatIsGoneHasNoSpace) {
  std::filesystem::remove(home_->data);
  EXPECT_EQ(look().at("disk-space"), sync::Verdict::kFix);
  EXPECT_EQ(look().at("home-folder"), sync::Verdict::kFix);
}

TEST(PortFile, KeepsThePortOfLastTime) {
  TemporaryHome home;
  EXPECT_EQ(read_port_file(home.get()), 0);
  write_port_file(home.get(), 40'000);
  EXPECT_EQ(read_port_file(home.get()), 40'000);
  write_port_file(home.get(), 1);
  EXPECT_EQ(read_port_file(home.get()), 1);
}

TEST(PortFile, WhatIsNoPortIsNone) {
  TemporaryHome home;
  for (const char* text : {"", "words", "65536", "-1", "99999999999999"}) {
    std::ofstream(home->data / "port", std::ios::trunc) << text;
    EXPECT_EQ(read_port_file(home.get()), 0) << text;
  }
}

TEST(PortFile, AFolderThatIsGoneCostsOnlyTheMemory) {
  TemporaryHome home;
  std::filesystem::remove(home->data);
  write_port_file(home.get(), 40'000);
  EXPECT_EQ(read_port_file(home.get()), 0);
}

}  // namespace
}  // namespace attune
