#include "daemon/lifecycle.h"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "daemon/clock.h"
#include "daemon/store/store_files.h"
#include "proto/limits.h"
#include "tests/driver/temporary_home.h"

namespace attune {
namespace {

using State = Lifecycle::State;

Bytes phrase(const std::string& text) { return {text.begin(), text.end()}; }

class LifecycleTest : public testing::Test {
 protected:
  LifecycleTest() { begin(); }

  /// A fresh process on the same home.
  void begin() {
    lifecycle_.reset();
    lifecycle_ = std::make_unique<Lifecycle>(io_, home_.get(), settings_);
  }
  /// What came of one call; the io_context runs until it is there.
  sync::Answer said(const std::function<void(Lifecycle::Reply)>& call) {
    std::vector<sync::Answer> answers;
    call([&](sync::Answer answer) { answers.push_back(std::move(answer)); });
    EXPECT_TRUE(run_until(io_, [&] { return !answers.empty(); }));
    io_.restart();
    io_.poll();
    EXPECT_EQ(answers.size(), 1u);
    return answers.empty() ? sync::Answer{} : answers.front();
  }
  sync::Answer init(const std::string& name, const std::string& passphrase) {
    return said([&](auto reply) { lifecycle_->init(name, phrase(passphrase), std::move(reply)); });
  }
  sync::Answer unlock(const std::string& passphrase) {
    return said([&](auto reply) { lifecycle_->unlock(phrase(passphrase), std::move(reply)); });
  }
  sync::Answer change(const std::string& before, const std::string& after) {
    return said([&](auto reply) {
      lifecycle_->change_passphrase(phrase(before), phrase(after), std::move(reply));
    });
  }
  void set_up() { ASSERT_TRUE(std::holds_alternative<sync::DeviceMade>(init("Ada", "mine"))); }

  static void expect_failed(const sync::Answer& answer, sync::Code code, sync::Reason reason) {
    const auto* failed = std::get_if<sync::Failed>(&answer);
    ASSERT_NE(failed, nullptr) << answer.index();
    EXPECT_EQ(failed->code, code) << static_cast<int>(failed->code);
    EXPECT_EQ(failed->reason, reason) << static_cast<int>(failed->reason);
  }
  static void expect_unlocked(const sync::Answer& answer) {
    const auto* done = std::get_if<sync::Done>(&answer);
    ASSERT_NE(done, nullptr) << answer.index();
    EXPECT_EQ(done->state, "unlocked");
  }
  void flip_a_byte(const char* name) {
    std::fstream file(home_->data / name, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(0, std::ios::end);
    const auto middle = file.tellg() / 2;
    file.seekg(middle);
    const int byte = file.get();
    file.seekp(middle);
    file.put(static_cast<char>(byte ^ 0x10));
    ASSERT_TRUE(file.good());
  }

  TemporaryHome home_;
  Settings settings_;
  asio::io_context io_{1};
  std::unique_ptr<Lifecycle> lifecycle_;
};

TEST_F(LifecycleTest, AFreshHomeIsEmpty) {
  EXPECT_EQ(lifecycle_->state(), State::kEmpty);
  EXPECT_EQ(lifecycle_->replica(), nullptr);
  expect_failed(unlock("any"), sync::Code::kNotSetUp, sync::Reason::kNotSetUp);
  expect_failed(change("any", "other"), sync::Code::kNotSetUp, sync::Reason::kNotSetUp);
}

TEST_F(LifecycleTest, AfterInitItIsOpenAndNamesItsDevice) {
  const sync::Answer answer = init("Ada", "mine");
  const auto* made = std::get_if<sync::DeviceMade>(&answer);
  ASSERT_NE(made, nullptr);
  EXPECT_FALSE(made->id.is_zero());
  EXPECT_EQ(lifecycle_->state(), State::kOpen);
  EXPECT_NE(lifecycle_->replica(), nullptr);
  expect_unlocked(unlock("whatever, it is open"));
}

TEST_F(LifecycleTest, AStoreIsHereBeforeANameOrPassphraseIsJudged) {
  set_up();
  for (const char* passphrase : {"", "other"}) {
    expect_failed(init("", passphrase), sync::Code::kRefused, sync::Reason::kStoreExists);
  }
  begin();
  expect_failed(init("", ""), sync::Code::kRefused, sync::Reason::kStoreExists);
  EXPECT_EQ(lifecycle_->state(), State::kLocked);
}

TEST_F(LifecycleTest, WhatInitNeedsIsAskedFor) {
  expect_failed(init("", "mine"), sync::Code::kUsage, sync::Reason::kEmptyName);
  expect_failed(init(" \t", "mine"), sync::Code::kUsage, sync::Reason::kEmptyName);
  expect_failed(init("Ada", ""), sync::Code::kUsage, sync::Reason::kEmptyPassphrase);
  expect_failed(init(std::string(limits::kNameBytesMax + 1, 'a'), "mine"), sync::Code::kUsage,
                sync::Reason::kTooLong);
  expect_failed(init("Ada", std::string(limits::kPassphraseBytesMax + 1, 'a')), sync::Code::kUsage,
                sync::Reason::kTooLong);
  EXPECT_EQ(lifecycle_->state(), State::kEmpty);
  EXPECT_FALSE(std::filesystem::exists(home_->data / store::kStoreFile));
}

TEST_F(LifecycleTest, TheLongestNameAndPassphraseAreTaken) {
  const std::string passphrase(limits::kPassphraseBytesMax, 'p');
  const auto answer = init(std::string(limits::kNameBytesMax, 'a'), passphrase);
  EXPECT_TRUE(std::holds_alternative<sync::DeviceMade>(answer));
  begin();
  expect_unlocked(unlock(passphrase));
}

TEST_F(LifecycleTest, AFreshProcessIsLockedUntilTheRightPassphrase) {
  set_up();
  begin();
  EXPECT_EQ(lifecycle_->state(), State::kLocked);
  expect_failed(unlock("not mine"), sync::Code::kCheckFailed, sync::Reason::kWrongPassphrase);
  EXPECT_EQ(lifecycle_->state(), State::kLocked);
  EXPECT_EQ(lifecycle_->replica(), nullptr);
  expect_failed(unlock(""), sync::Code::kUsage, sync::Reason::kEmptyPassphrase);
  expect_failed(change("mine", "other"), sync::Code::kLocked, sync::Reason::kLocked);
  expect_unlocked(unlock("mine"));
  EXPECT_EQ(lifecycle_->state(), State::kOpen);
}

TEST_F(LifecycleTest, AfterTheFreeTriesEvenTheRightPassphraseWaitsUnhashed) {
  set_up();
  begin();
  for (int tries = 0; tries <= limits::kUnlockFreeTries; ++tries) {
    expect_failed(unlock("no"), sync::Code::kCheckFailed, sync::Reason::kWrongPassphrase);
  }
  // No hash can be done before the call returns: the answer is there, and came without one.
  std::optional<sync::Answer> at_once;
  lifecycle_->unlock(phrase("mine"), [&](sync::Answer early) { at_once = std::move(early); });
  EXPECT_EQ(lifecycle_->state(), State::kLocked);
  ASSERT_TRUE(at_once.has_value());
  const sync::Answer& answer = *at_once;
  expect_failed(answer, sync::Code::kCheckFailed, sync::Reason::kWaitBeforeTrying);
  EXPECT_GT(std::get<sync::Failed>(answer).wait.count(), 0);
  EXPECT_LE(std::get<sync::Failed>(answer).wait, limits::kUnlockWaitMax);
}

TEST_F(LifecycleTest, WhileItOpensASecondWishIsBusy) {
  set_up();
  begin();
  std::vector<sync::Answer> first;
  lifecycle_->unlock(phrase("mine"),
                     [&](sync::Answer answer) { first.push_back(std::move(answer)); });
  EXPECT_EQ(lifecycle_->state(), State::kOpening);
  expect_failed(said([&](auto reply) { lifecycle_->unlock(phrase("mine"), std::move(reply)); }),
                sync::Code::kFailed, sync::Reason::kBusy);
  expect_failed(said([&](auto reply) { lifecycle_->init("Eve", {}, std::move(reply)); }),
                sync::Code::kRefused, sync::Reason::kStoreExists);
  ASSERT_TRUE(run_until(io_, [&] { return !first.empty(); }));
  expect_unlocked(first.front());
}

TEST_F(LifecycleTest, TwoInitsAtOnceMakeOneHome) {
  std::vector<sync::Answer> first;
  lifecycle_->init("Ada", phrase("mine"),
                   [&](sync::Answer answer) { first.push_back(std::move(answer)); });
  expect_failed(init("Eve", "hers"), sync::Code::kFailed, sync::Reason::kBusy);
  ASSERT_TRUE(run_until(io_, [&] { return !first.empty(); }));
  EXPECT_TRUE(std::holds_alternative<sync::DeviceMade>(first.front()));
}

TEST_F(LifecycleTest, ClosingAnswersWhatIsOwed) {
  set_up();
  begin();
  std::vector<sync::Answer> owed;
  lifecycle_->unlock(phrase("mine"),
                     [&](sync::Answer answer) { owed.push_back(std::move(answer)); });
  lifecycle_->close();
  ASSERT_EQ(owed.size(), 1u);
  expect_failed(owed.front(), sync::Code::kLocked, sync::Reason::kLocked);
  EXPECT_TRUE(run_until(io_, [&] { return !lifecycle_->hash_runs(); }));
  io_.restart();
  io_.poll();
  EXPECT_EQ(lifecycle_->state(), State::kLocked);
  EXPECT_EQ(lifecycle_->replica(), nullptr);
  expect_unlocked(unlock("mine"));
}

TEST_F(LifecycleTest, AClosedOneCanBeOpenedAgain) {
  set_up();
  lifecycle_->close();
  EXPECT_EQ(lifecycle_->state(), State::kLocked);
  EXPECT_EQ(lifecycle_->replica(), nullptr);
  expect_unlocked(unlock("mine"));
}

TEST_F(LifecycleTest, AChangedPassphraseReplacesTheOldOne) {
  set_up();
  expect_failed(change("not mine", "other"), sync::Code::kCheckFailed,
                sync::Reason::kWrongPassphrase);
  expect_failed(change("mine", ""), sync::Code::kUsage, sync::Reason::kEmptyPassphrase);
  EXPECT_TRUE(std::holds_alternative<sync::Done>(change("mine", "other")));
  EXPECT_EQ(lifecycle_->state(), State::kOpen);
  begin();
  expect_failed(unlock("mine"), sync::Code::kCheckFailed, sync::Reason::kWrongPassphrase);
  expect_unlocked(unlock("other"));
}

TEST_F(LifecycleTest, FoldingAgainGivesAnotherReplicaOfTheSameStore) {
  set_up();
  EXPECT_TRUE(lifecycle_->fold_again(read_clock()));
  EXPECT_NE(lifecycle_->replica(), nullptr);
}

TEST_F(LifecycleTest, WhatAnInitLeftThatNeverEndedIsRemovedByTheNext) {
  set_up();
  lifecycle_.reset();
  // As a crash right before the slots were written leaves it.
  for (const char* name : store::kSlotFiles) std::filesystem::remove(home_->data / name);
  std::ofstream(home_->data / store::kUnfinished).flush();
  begin();
  EXPECT_EQ(lifecycle_->state(), State::kEmpty);
  EXPECT_TRUE(std::holds_alternative<sync::DeviceMade>(init("Ben", "his")));
  EXPECT_FALSE(std::filesystem::exists(home_->data / store::kUnfinished));
  begin();
  expect_unlocked(unlock("his"));
}

TEST_F(LifecycleTest, ADamagedStoreIsSaidAndLeftAsItIs) {
  set_up();
  lifecycle_->close();
  flip_a_byte(store::kStoreFile);
  expect_failed(unlock("mine"), sync::Code::kDamaged, sync::Reason::kStoreDamaged);
  EXPECT_EQ(lifecycle_->state(), State::kLocked);
  EXPECT_EQ(lifecycle_->replica(), nullptr);
}

TEST_F(LifecycleTest, OneDamagedSlotIsRepairedTwoAreDamage) {
  set_up();
  lifecycle_->close();
  flip_a_byte(store::kSlotFiles[0]);
  expect_unlocked(unlock("mine"));
  lifecycle_->close();
  flip_a_byte(store::kSlotFiles[1]);
  expect_unlocked(unlock("mine"));
  lifecycle_->close();
  for (const char* name : store::kSlotFiles) flip_a_byte(name);
  expect_failed(unlock("mine"), sync::Code::kDamaged, sync::Reason::kStoreDamaged);
  begin();
  EXPECT_EQ(lifecycle_->state(), State::kLocked);
  expect_failed(unlock("mine"), sync::Code::kDamaged, sync::Reason::kStoreDamaged);
  expect_failed(init("Eve", "hers"), sync::Code::kRefused, sync::Reason::kStoreExists);
}

}  // namespace
}  // namespace attune
