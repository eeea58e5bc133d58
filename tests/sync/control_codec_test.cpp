#include "daemon/sync/control_codec.h"

#include <gtest/gtest.h>

#include "attune/v1/control.pb.h"
#include "proto/code_words.h"
#include "proto/limits.h"
#include "proto/version.h"

namespace attune::sync {
namespace {

Bytes bytes_of(const v1::Request& request) {
  const std::string text = request.SerializeAsString();
  return {text.begin(), text.end()};
}

template <typename Wanted>
Wanted command(const v1::Request& request) {
  auto decoded = decode_request(bytes_of(request));
  EXPECT_TRUE(decoded && std::holds_alternative<Command>(*decoded));
  if (!decoded || !std::holds_alternative<Command>(*decoded)) return {};
  auto* wanted = std::get_if<Wanted>(&std::get<Command>(*decoded));
  EXPECT_NE(wanted, nullptr);
  return wanted == nullptr ? Wanted{} : *wanted;
}

v1::Answer decoded(const Answer& answer, bool last = true) {
  const Bytes bytes = encode_answer(answer, last);
  v1::Answer out;
  EXPECT_TRUE(out.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  EXPECT_EQ(out.last(), last);
  return out;
}

v1::Request edit() {
  v1::Request request;
  v1::Edit& edit = *request.mutable_edit();
  edit.set_id("b-7k2q");
  edit.set_entry("words");
  edit.add_clear(4);
  edit.add_clear(5);
  edit.set_tighter(true);
  edit.set_version("seen");
  edit.set_kind(10);
  return request;
}

Item item() {
  return {.id = {{1}},
          .kind = 10,
          .mine = true,
          .day = {20'000},
          .shared = true,
          .state = "active",
          .version = {1, 2},
          .message = {3},
          .rivals = {{.mine = false, .message = {4}}}};
}

// ---- Requests.

TEST(ControlCodec, WhatTheLifecycleIsAskedKeepsItsPassphrases) {
  v1::Request request;
  request.mutable_init()->set_name("ada");
  request.mutable_init()->set_passphrase("one");
  auto init = std::get<InitRequest>(*decode_request(bytes_of(request)));
  EXPECT_EQ(init.name, "ada");
  EXPECT_EQ(as_text(init.passphrase), "one");
  request.mutable_unlock()->set_passphrase("two");
  EXPECT_EQ(as_text(std::get<UnlockRequest>(*decode_request(bytes_of(request))).passphrase), "two");
  request.mutable_change_passphrase()->set_old_passphrase("old");
  request.mutable_change_passphrase()->set_new_passphrase("new");
  auto change = std::get<ChangePassphraseRequest>(*decode_request(bytes_of(request)));
  EXPECT_EQ(as_text(change.old_passphrase), "old");
  EXPECT_EQ(as_text(change.new_passphrase), "new");
  request.mutable_lock();
  EXPECT_TRUE(std::holds_alternative<LockRequest>(*decode_request(bytes_of(request))));
}

TEST(ControlCodec, AnAddSaysItsKindAndWords) {
  v1::Request request;
  request.mutable_add()->set_kind(10);
  request.mutable_add()->set_entry("words");
  request.mutable_add()->set_share(true);
  request.mutable_add()->set_version("seen");
  const auto add = command<AddEntry>(request);
  EXPECT_EQ(add.kind, 10u);
  EXPECT_EQ(as_text(add.message), "words");
  EXPECT_TRUE(add.share);
  EXPECT_EQ(as_text(add.version), "seen");
}

TEST(ControlCodec, AnEditSaysWhatItClears) {
  const auto wanted = command<EditEntry>(edit());
  EXPECT_EQ(wanted.id, "b-7k2q");
  EXPECT_EQ(wanted.kind, 10u);
  EXPECT_EQ(as_text(wanted.message), "words");
  EXPECT_EQ(wanted.clear, (std::vector<std::uint32_t>{4, 5}));
  EXPECT_TRUE(wanted.tighter);
  EXPECT_EQ(as_text(wanted.version), "seen");
}

TEST(ControlCodec, VerbsOnAnIdNameIt) {
  v1::Request request;
  request.mutable_end()->set_id("j-7k2q");
  EXPECT_EQ(command<EndEntry>(request).id, "j-7k2q");
  request.mutable_end()->clear_id();
  request.mutable_end()->set_kind(12);
  request.mutable_end()->set_topic("all");
  EXPECT_EQ(command<EndEntry>(request).kind, 12u);
  EXPECT_EQ(command<EndEntry>(request).topic, "all");
  request.mutable_share()->set_id("b-1");
  EXPECT_EQ(command<ShareEntry>(request).id, "b-1");
  request.mutable_unshare()->set_id("b-2");
  EXPECT_EQ(command<UnshareEntry>(request).id, "b-2");
  request.mutable_forget()->set_id("b-3");
  request.mutable_forget()->set_here(true);
  EXPECT_EQ(command<ForgetEntry>(request).id, "b-3");
  EXPECT_TRUE(command<ForgetEntry>(request).here);
  request.mutable_show()->set_id("b-4");
  EXPECT_EQ(command<ShowEntry>(request).id, "b-4");
  request.mutable_show_own()->set_kind(11);
  EXPECT_EQ(command<ShowOwn>(request).kind, 11u);
}

TEST(ControlCodec, AListSaysWhoseAndWhich) {
  v1::Request request;
  v1::List& list = *request.mutable_list();
  EXPECT_EQ(command<ListEntries>(request).whose, Whose::kBoth);
  list.set_kind(13);
  list.set_held(true);
  list.set_ended(true);
  list.set_whose(v1::WHOSE_PARTNER);
  const auto wanted = command<ListEntries>(request);
  EXPECT_EQ(wanted.kind, 13u);
  EXPECT_EQ(wanted.whose, Whose::kPartner);
  EXPECT_TRUE(wanted.held);
  EXPECT_TRUE(wanted.ended);
  list.set_whose(v1::WHOSE_MINE);
  EXPECT_EQ(command<ListEntries>(request).whose, Whose::kMine);
}

TEST(ControlCodec, WhatHasNoFieldsIsStillARequest) {
  v1::Request request;
  request.mutable_status();
  command<AskStatus>(request);
  request.mutable_doctor();
  command<Diagnose>(request);
  request.mutable_watch();
  command<Watch>(request);
  request.mutable_undo();
  command<Undo>(request);
  request.mutable_today();
  command<ListToday>(request);
  request.mutable_unpair();
  command<Unpair>(request);
  request.mutable_relay_show();
  command<RelayShow>(request);
  request.mutable_relay_set()->set_url("attune-relay://a:1#x");
  EXPECT_EQ(command<RelaySet>(request).url, "attune-relay://a:1#x");
  request.mutable_relay_test();
  command<RelayTest>(request);
  request.mutable_relay_off();
  command<RelayOff>(request);
  request.mutable_pair()->mutable_invite();
  command<PairInvite>(request);
}

TEST(ControlCodec, PairingSaysHow) {
  v1::Request request;
  request.mutable_pair()->set_code("1234-a-b-c");
  request.mutable_pair()->set_wait_seconds(60);
  EXPECT_EQ(command<PairByCode>(request).code, "1234-a-b-c");
  EXPECT_EQ(command<PairByCode>(request).wait, 60s);
  request.mutable_pair()->set_qr("QR");
  EXPECT_EQ(command<PairByQr>(request).text, "QR");
  request.mutable_pair()->clear_how();
  EXPECT_FALSE(decode_request(bytes_of(request)));
  request.mutable_pair_answer()->set_yes(true);
  EXPECT_TRUE(command<PairReply>(request).yes);
}

TEST(ControlCodec, NobodyWaitsForEver) {
  v1::Request request;
  request.mutable_sync()->set_wait_seconds(4'000'000'000u);
  EXPECT_EQ(command<SyncNow>(request).wait, 24h);
}

TEST(ControlCodec, NothingCutAndNothingTooLongIsARequest) {
  EXPECT_FALSE(decode_request({}));
  const Bytes whole = bytes_of(edit());
  EXPECT_TRUE(decode_request(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(decode_request(ByteView(whole).first(size))) << size;
  }
  Bytes longer = whole;
  longer.push_back(0);
  EXPECT_FALSE(decode_request(longer));
  v1::Request request;
  request.mutable_add()->set_entry(std::string(limits::kControlFrameMax, 'x'));
  EXPECT_FALSE(decode_request(bytes_of(request)));
}

TEST(ControlCodec, AListHasALimitPackedOrNot) {
  v1::Request request = edit();
  v1::Edit& wanted = *request.mutable_edit();
  wanted.clear_clear();
  for (std::size_t i = 0; i < limits::kListElementsMax; ++i) wanted.add_clear(1);
  EXPECT_TRUE(decode_request(bytes_of(request)));
  wanted.add_clear(1);
  EXPECT_FALSE(decode_request(bytes_of(request)));
}

TEST(ControlCodec, TwoRequestsInOneAreNone) {
  Bytes twice = bytes_of(edit());
  append(twice, bytes_of(edit()));
  EXPECT_FALSE(decode_request(twice));
}

TEST(ControlCodec, ARequestOfALaterVersionIsNone) {
  EXPECT_FALSE(decode_request(Bytes{0xfa, 0x3e, 0x00}));  // field 1,007
}

TEST(ControlCodec, AFlippedBitIsAnotherRequestOrNone) {
  v1::Request request = edit();
  request.mutable_edit()->clear_tighter();  // of a bool, every number but 0 says yes
  const auto expected = command<EditEntry>(request);
  const Bytes whole = bytes_of(request);
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    Bytes other = whole;
    other[bit / 8] = static_cast<std::uint8_t>(other[bit / 8] ^ 1 << bit % 8);
    const auto read = decode_request(other);
    const auto* asked = read ? std::get_if<Command>(&*read) : nullptr;
    const auto* same = asked == nullptr ? nullptr : std::get_if<EditEntry>(asked);
    if (same == nullptr) continue;
    EXPECT_FALSE(same->id == expected.id && same->kind == expected.kind &&
                 same->message == expected.message && same->clear == expected.clear &&
                 same->tighter == expected.tighter && same->version == expected.version)
        << bit;
  }
}

// ---- Answers.

TEST(ControlCodec, AnItemIsWhole) {
  const v1::Answer answer = decoded(item());
  const v1::Item& shown = answer.item();
  EXPECT_EQ(shown.id().size(), EntryId::kSize);
  EXPECT_EQ(shown.id()[0], 1);
  EXPECT_EQ(shown.kind(), 10u);
  EXPECT_TRUE(shown.mine());
  EXPECT_EQ(shown.day(), 20'000);
  EXPECT_TRUE(shown.shared());
  EXPECT_EQ(shown.state(), "active");
  EXPECT_EQ(shown.version(), "\x01\x02");
  EXPECT_EQ(shown.entry(), "\x03");
  ASSERT_EQ(shown.rivals_size(), 1);
  EXPECT_FALSE(shown.rivals(0).mine());
  EXPECT_EQ(shown.rivals(0).entry(), "\x04");
  EXPECT_EQ(decoded(Items{{item(), item()}}).items().items_size(), 2);
}

TEST(ControlCodec, NotSaidIsAbsent) {
  const v1::Answer none = decoded(OwnAndTheirs{});
  ASSERT_TRUE(none.has_own_and_theirs());
  EXPECT_FALSE(none.own_and_theirs().has_mine());
  EXPECT_FALSE(none.own_and_theirs().has_partner());
  EXPECT_TRUE(decoded(OwnAndTheirs{.mine = {}, .partner = item()}).own_and_theirs().has_partner());
}

TEST(ControlCodec, EveryReasonAndCodeHasTheNumberOfTheSchema) {
  const auto* reasons = v1::Reason_descriptor();
  for (int i = 0; i < reasons->value_count(); ++i) {
    const int number = reasons->value(i)->number();
    const Failed failed{.code = Code::kRefused,
                        .reason = static_cast<Reason>(number),
                        .detail = "words",
                        .wait = 5s};
    const v1::Answer answer = decoded(failed);
    EXPECT_EQ(answer.error().reason(), number);
    EXPECT_EQ(answer.error().code(), v1::CODE_REFUSED);
    EXPECT_EQ(answer.error().detail(), "words");
    EXPECT_EQ(answer.error().seconds(), 5u);
  }
  EXPECT_EQ(static_cast<int>(Reason::kLookAgain), v1::REASON_LOOK_AGAIN);
  EXPECT_EQ(static_cast<int>(Reason::kRelayUrl), v1::REASON_RELAY_URL);
  EXPECT_EQ(static_cast<int>(Reason::kRelayRefused), v1::REASON_RELAY_REFUSED);
  EXPECT_EQ(static_cast<int>(Reason::kOutOfMemory), v1::REASON_OUT_OF_MEMORY);
  EXPECT_EQ(static_cast<int>(Reason::kStoreFull), v1::REASON_STORE_FULL);
  EXPECT_EQ(static_cast<int>(Code::kNotPaired), v1::CODE_NOT_PAIRED);
}

TEST(ControlCodec, StatusNamesTheVersion) {
  const v1::Answer answer = decoded(StatusShown{.name = "ada",
                                                .paired = true,
                                                .partner = "ben",
                                                .devices = 1,
                                                .exchanged_this_week = true,
                                                .relay = "away"});
  EXPECT_EQ(answer.status().state(), "unlocked");
  EXPECT_EQ(answer.status().relay(), "away");
  EXPECT_EQ(answer.status().version(), kVersion);
  EXPECT_EQ(answer.status().partner(), "ben");
  const Bytes closed = encode_closed_status("locked");
  v1::Answer out;
  ASSERT_TRUE(out.ParseFromArray(closed.data(), static_cast<int>(closed.size())));
  EXPECT_TRUE(out.last());
  EXPECT_EQ(out.status().state(), "locked");
  EXPECT_EQ(out.status().version(), kVersion);
  EXPECT_EQ(out.status().name(), "");
}

TEST(ControlCodec, PairEventsComeBeforeTheLast) {
  const v1::Answer invited = decoded(Invitation{.code = "1", .qr = "Q"}, false);
  EXPECT_EQ(invited.pair().invitation().code(), "1");
  const v1::Answer check = decoded(CheckPhrase{{0, 1, 2, 2'047}}, false);
  ASSERT_EQ(check.pair().check().words_size(), 4);
  EXPECT_EQ(check.pair().check().words(3), code_words()[2'047]);
  EXPECT_EQ(decoded(Paired{"ben"}).pair().paired(), "ben");
}

TEST(ControlCodec, SmallAnswersSayWhatTheyAre) {
  EXPECT_EQ(decoded(Done{"locked"}).done().state(), "locked");
  EXPECT_EQ(decoded(DeviceMade{{{7}}}).device().id()[0], 7);
  EXPECT_EQ(decoded(Entered{.id = {{9}}, .kind = 10}).entered().id()[0], 9);
  EXPECT_EQ(
      decoded(Synced{.exchanged = true, .posted = false, .pending_out = 3}).synced().pending_out(),
      3u);
  EXPECT_EQ(decoded(Changed{12}, false).changed().kind(), 12u);
  const v1::Answer found = decoded(Findings{{{.check = "disk", .verdict = Verdict::kFix}}});
  EXPECT_EQ(found.findings().items(0).check(), "disk");
  EXPECT_EQ(found.findings().items(0).verdict(), v1::VERDICT_FIX);
}

}  // namespace
}  // namespace attune::sync
