#include "tests/fuzz/samples.h"

#include "attune/v1/control.pb.h"
#include "daemon/sync/burnt_codes.h"
#include "daemon/sync/control_codec.h"
#include "daemon/sync/delivery.h"
#include "daemon/sync/reach.h"
#include "daemon/sync/relay_reach.h"
#include "tests/sync/batch_of.h"
#include "tests/sync/notebook_phone.h"

namespace attune::fuzz {
namespace {

using sync::operator+;
using sync::Phone;

void write_evening(Phone& ada, Phone& ben) {
  const EntryId limit = ada.add("boundary",
                                sync::text_field("boundary", "words", "No calls after ten") +
                                    sync::value_field("boundary", "firmness", "non-negotiable"),
                                true);
  ada.add("journal", sync::text_field("journal", "words", "A good day") +
                         sync::text_field("journal", "feelings", "calm") +
                         sync::text_field("journal", "feelings", "glad"));
  ada.add("thanks", sync::text_field("thanks", "words", "For the soup"));
  ada.say("open", sync::text_field("consent", "feels_good", "A slow evening"));
  sync::exchange(ada, ben);
  ben.add("pause", sync::text_field("pause", "about", "all"));
  ben.add("resource", sync::text_field("resource", "words", "A quiet park"), true);
  ben.say("slow");
  const std::string name = sync::name_of("boundary", limit);
  for (const char* words : {"No calls after nine", "No calls at all"}) {
    ada.ask(sync::EditEntry{.id = name,
                            .kind = sync::kind("boundary"),
                            .message = sync::text_field("boundary", "words", words),
                            .clear = {},
                            .tighter = true,
                            .version = {}});
  }
  sync::exchange(ada, ben);
  ada.withdraw();
  const EntryId gone = ada.add("thanks", sync::text_field("thanks", "words", "A slip"));
  ada.ask(sync::ForgetEntry{.id = sync::name_of("thanks", gone), .here = false});
  // A loosening waits on its own device.
  ada.ask(sync::EditEntry{.id = name,
                          .kind = sync::kind("boundary"),
                          .message = sync::value_field("boundary", "firmness", "negotiable"),
                          .clear = {},
                          .tighter = false,
                          .version = {}});
  sync::exchange(ada, ben);
}

std::vector<Record> whole_store(const Phone& ada) {
  const RelayUrl url{.place = {.host = "relay.example", .port = 443}, .invite = {}, .key = {7}};
  std::vector<Record> records = ada.disk.records();
  const auto keep = [&records](const RecordChange& change) {
    records.push_back({.type = change.type, .name = change.name, .body = change.body.value()});
  };
  keep(sync::self_record(ada.self));
  keep(sync::partner_record(*ada.partner));
  keep(sync::peer_record(
      ada.partner->devices[0].device,
      {.addresses = {Endpoint::v4({192, 0, 2, 7}, 4711)}, .exchanged = ada.now.day, .relay = url}));
  keep(sync::relay_record(url));
  sync::BurntCodes burnt;
  burnt.burn(ada.now.wall);
  keep(burnt.record());
  return records;
}

Evening make_evening() {
  Phone ada("Ada", 1);
  Phone ben("Ben", 2);
  sync::pair(ada, ben);
  write_evening(ada, ben);
  Evening out;
  out.records = whole_store(ada);
  sync::OpsMessage batch;
  for (const crdt::Kept& kept : ada.shared_ops()) {
    out.ops.emplace_back(kept.op.dot, crdt::encode_op(kept.op));
    sync::add_run(batch, kept.op, ada.notebook->author_tag(kept.op.dot));
  }
  crdt::VersionVector nothing;
  const crdt::VersionVector have = ada.notebook->both()->vector();
  out.messages = {sync::Greeting{.digest = ada.notebook->both()->digest(),
                                 .moved = have,
                                 .whole = true,
                                 .addresses = {Endpoint::v4({192, 0, 2, 7}, 4711)}},
                  batch,
                  sync::next_batch(*ada.notebook, nothing, sync::EntryNames::kByOps),
                  sync::Ack{.moved = have},
                  sync::Even{.number = 7, .answer = false, .moved = have},
                  sync::Even{.number = 7, .answer = true, .moved = have}};
  return out;
}

Bytes serialized(const v1::Request& request) {
  const std::string text = request.SerializeAsString();
  return {text.begin(), text.end()};
}

void set_entry_requests(std::vector<v1::Request>& all) {
  const auto next = [&all]() -> v1::Request& { return all.emplace_back(); };
  const Bytes words = sync::text_field("boundary", "words", "No calls after ten");
  const std::string message(as_text(words));
  v1::Add& add = *next().mutable_add();
  add.set_kind(sync::kind("boundary"));
  add.set_entry(message);
  add.set_share(true);
  v1::Edit& edit = *next().mutable_edit();
  edit.set_id("b-0123");
  edit.set_kind(sync::kind("boundary"));
  edit.set_entry(message);
  edit.add_clear(2);
  edit.add_clear(5);
  edit.set_tighter(true);
  edit.set_version("seen");
  next().mutable_end()->set_id("b-0123");
  v1::End& lift = *next().mutable_end();
  lift.set_kind(sync::kind("pause"));
  lift.set_topic("all");
  next().mutable_share()->set_id("b-0123");
  next().mutable_unshare()->set_id("b-0123");
  v1::Forget& forget = *next().mutable_forget();
  forget.set_id("b-0123");
  forget.set_here(true);
  next().mutable_undo();
  v1::List& list = *next().mutable_list();
  list.set_kind(sync::kind("boundary"));
  list.set_whose(v1::WHOSE_MINE);
  list.set_held(true);
  next().mutable_show()->set_id("b-0123");
  next().mutable_show_own()->set_kind(sync::kind("consent"));
  next().mutable_today();
}

}  // namespace

const Evening& evening() {
  static const Evening kEvening = make_evening();
  return kEvening;
}

std::vector<Bytes> sample_requests() {
  std::vector<v1::Request> all;
  const auto next = [&all]() -> v1::Request& { return all.emplace_back(); };
  next().mutable_init()->set_name("Ada");
  all.back().mutable_init()->set_passphrase("candle otter lemon");
  next().mutable_unlock()->set_passphrase("candle otter lemon");
  next().mutable_lock();
  next().mutable_change_passphrase()->set_old_passphrase("one");
  all.back().mutable_change_passphrase()->set_new_passphrase("two");
  next().mutable_status();
  next().mutable_pair()->mutable_invite();
  next().mutable_pair()->set_code("4711-candle-otter-lemon");
  all.back().mutable_pair()->set_wait_seconds(60);
  next().mutable_pair()->set_qr("V50X507H0QS00");
  next().mutable_pair_answer()->set_yes(true);
  next().mutable_unpair();
  next().mutable_sync()->set_wait_seconds(10);
  next().mutable_doctor();
  next().mutable_watch();
  set_entry_requests(all);
  std::vector<Bytes> out;
  for (const v1::Request& request : all) out.push_back(serialized(request));
  return out;
}

std::vector<Bytes> sample_answers() {
  Phone ada("Ada", 3);
  Phone ben("Ben", 4);
  sync::pair(ada, ben);
  write_evening(ada, ben);
  std::vector<sync::Answer> all = {
      ada.ask(sync::ListEntries{}),
      ben.ask(sync::ListEntries{}),
      ada.ask(sync::ListToday{}),
      ada.ask(sync::ShowOwn{sync::kind("consent")}),
      ada.ask(sync::ShowEntry{"b-0000"}),
      sync::Done{"unlocked"},
      sync::DeviceMade{ada.self.device},
      sync::Entered{.id = {{1, 2, 3}}, .kind = sync::kind("thanks")},
      sync::StatusShown{.name = "Ada",
                        .paired = true,
                        .partner = "Ben",
                        .devices = 1,
                        .exchanged_this_week = true,
                        .relay = "reached"},
      sync::RelayShown{
          "attune-relay://relay.example:443#qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqQ"},
      sync::Synced{.exchanged = true, .posted = false, .pending_out = 0},
      sync::Invitation{.code = "4711-candle-otter-lemon", .qr = "V50X507H0QS00"},
      sync::CheckPhrase{{1, 2, 3, 4}},
      sync::Paired{"Ben"},
      sync::Changed{sync::kind("thanks")},
      sync::Findings{{{.check = "pairing", .verdict = sync::Verdict::kLook}}}};
  const sync::Answer listed = ada.ask(sync::ListEntries{});
  for (const sync::Item& item : std::get<sync::Items>(listed).items) all.emplace_back(item);
  std::vector<Bytes> out;
  for (const sync::Answer& answer : all) out.push_back(sync::encode_answer(answer, true));
  out.push_back(sync::encode_closed_status("locked"));
  return out;
}

}  // namespace attune::fuzz
