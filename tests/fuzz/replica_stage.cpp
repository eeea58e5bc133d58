#include "tests/fuzz/replica_stage.h"

#include <algorithm>

#include "daemon/sync/control_codec.h"
#include "daemon/sync/discovery.h"
#include "proto/kind_table.h"
#include "proto/limits.h"
#include "tests/fuzz/target.h"

namespace attune::fuzz {
namespace {

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kFour = std::int64_t{4} * 3'600;
constexpr std::int64_t kEvening = 1'800'000'000;

void set_time(Now& now, std::chrono::nanoseconds steady, std::int64_t wall) {
  now.steady = Steady{steady};
  now.boot.since = std::chrono::duration_cast<std::chrono::seconds>(steady);
  now.wall.seconds = wall;
  now.day.days = static_cast<std::int32_t>(wall / kDay);
  now.night.days = static_cast<std::int32_t>((wall - kFour) / kDay);
  now.next_four.seconds = (std::int64_t{now.night.days} + 1) * kDay + kFour;
}

std::vector<Record> records_of(const std::map<std::pair<RecordType, Bytes>, Bytes>& disk) {
  std::vector<Record> out;
  for (const auto& [key, body] : disk) {
    out.push_back({.type = key.first, .name = key.second, .body = body});
  }
  return out;
}

}  // namespace

sync::testing::PairedDevices& stage_devices() {
  static sync::testing::PairedDevices kDevices;
  return kDevices;
}

Endpoint stage_elsewhere() { return Endpoint::v4({192, 0, 2, 7}, 4711); }

ReplicaStage::ReplicaStage(Script& script) : script_(script) {
  for (const RecordChange& change : {sync::self_record(stage_devices().ben),
                                     sync::partner_record(stage_devices().ada_as_partner)}) {
    disk_[{change.type, change.name}] = change.body.value();
  }
  now_.boot.id[0] = 1;
  set_time(now_, std::chrono::hours(1), kEvening);
  reopen();
}

ReplicaStage::~ReplicaStage() = default;

RawPeer::Setting ReplicaStage::partner_setting() {
  return {
      .self = &stage_devices().ada, .partner = &stage_devices().ben_as_partner, .random = &random_};
}

void ReplicaStage::pass() {
  for (int steps = 0; !script_.done() && steps < 100; ++steps) step();
  compare();
}

void ReplicaStage::step() {
  const auto what = static_cast<Step>(script_.below(static_cast<std::size_t>(Step::kCount)));
  say_step(what);
  world_step(what);
  while (!follows_.empty()) {
    sync::Input input = std::move(follows_.front());
    follows_.pop_front();
    happen(std::move(input));
  }
}

void ReplicaStage::world_step(Step what) {
  switch (what) {
    case Step::kTime: {
      const std::uint16_t amount = script_.u16();
      const auto ahead = std::chrono::seconds(amount & 0x8000 ? (amount & 0x7fff) * 60 : amount);
      set_time(now_, now_.steady.since + ahead, now_.wall.seconds + ahead.count());
      happen(sync::TimeReached{});
      return check_wake();
    }
    case Step::kCommand: {
      auto request = sync::decode_request(script_.piece());
      auto* command = request ? std::get_if<sync::Command>(&*request) : nullptr;
      if (command == nullptr) return;
      return happen(
          sync::CommandCame{.request = RequestId{next_id_++}, .command = std::move(*command)});
    }
    case Step::kGone:
      return happen(sync::ClientGone{RequestId{script_.u8()}});
    case Step::kDatagram:
      return datagram();
    case Step::kNetwork: {
      sync::NetworkChanged changed;
      if (script_.coin()) changed.own = {Endpoint::v4({192, 0, 2, 9}, 4000)};
      if (script_.coin()) changed.paths = {{.path = 0, .source = stage_elsewhere().address}};
      changed.port = 4000;
      return happen(changed);
    }
    case Step::kDialUp:
    case Step::kDialDown: {
      if (dials_.empty()) return;
      const std::size_t which = script_.below(dials_.size());
      const sync::Dial dial = dials_[which];
      dials_.erase(dials_.begin() + static_cast<std::ptrdiff_t>(which));
      if (what == Step::kDialDown) return happen(sync::DialFailed{dial.link});
      links_.push_back({.id = dial.link, .peer = RawPeer::listener(partner_setting())});
      return happen(sync::LinkOpened{.link = dial.link, .dialled = true, .remote = dial.to});
    }
    case Step::kReopen:
      return reopen();
    default:
      return;
  }
}

void ReplicaStage::happen(sync::Input input) { perform(replica_->step(now_, std::move(input))); }

void ReplicaStage::perform(sync::Output output) {
  for (RecordChange& change : output.persist.changes) {
    require(!change.body || change.body->size() <= limits::kRecordBytesMax, "a record is short");
    if (change.body) {
      disk_[{change.type, change.name}] = std::move(*change.body);
    } else {
      disk_.erase({change.type, change.name});
    }
  }
  for (const sync::AnswerOut& answer : output.answers) {
    require(sync::encode_answer(answer.answer, answer.last).size() <= limits::kControlAnswerMax,
            "an answer is within its frame");
  }
  for (const sync::UnitOut& unit : output.units) take_unit(unit);
  for (const sync::DatagramOut& datagram : output.datagrams) {
    require(datagram.bytes.size() == limits::kBeaconBytes, "a datagram is a beacon");
  }
  for (const sync::LinkAct& act : output.links) take_act(act);
  wake_ = output.wake;
}

// Everything that the Replica says to its partner must be what a partner understands.
void ReplicaStage::take_unit(const sync::UnitOut& unit) {
  require(unit.bytes.size() <= limits::kFrameBytesMax, "a unit is within its frame");
  const auto it = std::ranges::find(links_, unit.link, &Link::id);
  if (it == links_.end() || !it->open || !it->peer) return;
  if (!unit.framed) {
    const auto answer = it->peer->keyed()                          ? std::nullopt
                        : unit.bytes.size() == limits::kHelloBytes ? it->peer->on_hello(unit.bytes)
                                                                   : std::nullopt;
    if (answer) {
      follows_.emplace_back(sync::UnitCame{.link = unit.link, .bytes = *answer});
    } else {
      require(!it->peer->keyed() && it->peer->on_answer(unit.bytes), "its answer is right");
    }
    return;
  }
  require(it->peer->keyed(), "a frame comes after the keys");
  const auto frame = it->peer->open(unit.bytes);
  require(frame.has_value(), "its frames open in their order");
  if (frame->type == sync::FrameType::kClose) return;
  const auto message = sync::decode_sync(frame->body);
  require(message.has_value(), "its messages are understood");
  learn(*message);
}

void ReplicaStage::learn(const sync::SyncMessage& message) {
  const auto* batch = std::get_if<sync::OpsMessage>(&message);
  if (batch == nullptr) return;
  for (const sync::OpRun& each : batch->runs) {
    crdt::RunReader reader(batch->actors, each.run, nullptr);
    crdt::RunReader::Read read;
    auto result = reader.next(read);
    while (result == crdt::RunReader::Result::kOp) result = reader.next(read);
    require(result != crdt::RunReader::Result::kMalformed, "its ops are understood");
    crdt::Dot dot = each.run.first;
    for (std::size_t i = 0; i < each.run.count; ++i, ++dot.counter) {
      dots_.push_back(dot);
      theirs_.raise(dot.actor, dot.counter);
    }
  }
  if (told_.size() < 16) told_.push_back(*batch);
}

void ReplicaStage::take_act(const sync::LinkAct& act) {
  if (const auto* dial = std::get_if<sync::Dial>(&act)) {
    require(dial->to.is_unicast() && dial->to.port != 0, "it dials what can be dialled");
    dials_.push_back(*dial);
    require(dials_.size() < 64, "it dials few at once");
  } else if (const auto* hangup = std::get_if<sync::Hangup>(&act)) {
    const auto it = std::ranges::find(links_, hangup->link, &Link::id);
    if (it != links_.end()) it->open = false;
    std::erase_if(dials_, [&](const sync::Dial& each) { return each.link == hangup->link; });
  }
}

// A driver that is woken at once again and again would never sleep.
void ReplicaStage::check_wake() {
  for (int again = 0; again < 4; ++again) {
    if (!wake_ || *wake_ > now_.steady) return;
    happen(sync::TimeReached{});
  }
  require(!wake_ || *wake_ > now_.steady, "time moves on");
}

void ReplicaStage::reopen() {
  replica_ =
      sync::Replica::open({.kinds = &KindTable::standard(), .random = &random_, .beacons = true},
                          records_of(disk_), now_);
  require(replica_ != nullptr, "what it wrote can be opened");
  links_.clear();
  follows_.clear();
  dials_.clear();
  sync::NetworkChanged network;
  network.port = 4000;
  happen(network);
}

Bytes ReplicaStage::view() {
  Bytes out;
  for (const sync::Command& command :
       {sync::Command{sync::ListEntries{}}, sync::Command{sync::ListEntries{.ended = true}},
        sync::Command{sync::ShowOwn{11}}, sync::Command{sync::AskStatus{}}}) {
    sync::Output output = replica_->step(
        now_, sync::CommandCame{.request = RequestId{next_id_++}, .command = command});
    require(output.answers.size() == 1, "a question has one answer");
    append(out, sync::encode_answer(output.answers[0].answer, true));
    perform(std::move(output));
  }
  return out;
}

void ReplicaStage::compare() {
  happen(sync::TimeReached{});
  const Bytes before = view();
  reopen();
  require(view() == before, "the disk says what memory said");
}

}  // namespace attune::fuzz
