// What a relay says to a device: to one session, and to a whole Replica.
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "crypto/relay_record.h"
#include "daemon/sync/relay_reach.h"
#include "daemon/sync/relay_session.h"
#include "daemon/sync/replica.h"
#include "proto/kind_table.h"
#include "proto/limits.h"
#include "tests/fuzz/script.h"
#include "tests/fuzz/target.h"
#include "tests/sync/pure_relay.h"
#include "tests/sync/session_fixture.h"

namespace attune::fuzz {
namespace {

using sync::Framed;
using sync::RelayEnd;
using sync::RelaySession;

const crypto::KeyPair& relay_key() {
  static const crypto::KeyPair kKey = [] {
    crypto::SeededRandom random(5);
    return crypto::KeyPair::generate(random);
  }();
  return kKey;
}

RelayUrl relay_url() {
  return {.place = {.host = "relay.example", .port = 443},
          .invite = "let-us-in",
          .key = relay_key().public_key};
}

/// A well-formed frame under a correlation that may have been asked.
Framed<relay::FromRelay> make_frame(Script& script) {
  const std::uint32_t correlation = script.u8() % 6;
  const std::uint16_t handle = script.u8() % 4;
  static const Bytes kBody(50, 3);
  const std::array<relay::FromRelay, 13> all = {
      relay::Params{.hour = 24 * 400u + handle},
      relay::Wait{},
      relay::Ready{},
      relay::Pong{},
      relay::Error{.code = relay::ErrorCode::kBusy},
      relay::Error{.code = relay::ErrorCode::kInvite},
      relay::GoAway{.retry_seconds = handle},
      relay::Ok{.handle = handle, .seq = 1, .used = 2},
      relay::PutOk{.wseq = 1},
      relay::Message{.handle = handle, .seq = 1, .body = kBody},
      relay::End{.handle = handle},
      relay::Done{.handle = handle},
      relay::Quota{}};
  return {.correlation = correlation, .message = all[script.below(all.size())]};
}

// ---- One session.

enum class Step : std::uint8_t {
  kOpened,
  kAnswer,  ///< the relay's, or a damaged one
  kSay,     ///< a record of well-formed frames
  kPlain,   ///< a record of any plaintext
  kRaw,     ///< a unit that nobody sealed
  kAsk,
  kTime,
  kProbe,
  kLost,
  kCount
};

class SessionStage {
 public:
  explicit SessionStage(Script& script)
      : script_(script), session_(LinkId{9}, relay_url(), now_, random_, out_) {}

  void pass() {
    perform();
    while (!script_.done()) {
      step();
      perform();
    }
  }

 private:
  void step() {
    switch (static_cast<Step>(script_.below(static_cast<std::size_t>(Step::kCount)))) {
      case Step::kOpened:
        return session_.opened(now_, out_);
      case Step::kAnswer: {
        Bytes answer = end_ ? end_->answer() : Bytes(limits::kRelayHandshakeBytes);
        answer[script_.below(answer.size())] ^= script_.u8();
        return hear(std::move(answer));
      }
      case Step::kSay: {
        std::vector<Framed<relay::FromRelay>> frames;
        for (std::size_t left = 1 + script_.below(3); left > 0; --left) {
          frames.push_back(make_frame(script_));
        }
        if (end_) hear(end_->record(frames));
        return;
      }
      case Step::kPlain: {
        const ByteView plain = script_.piece();
        if (end_ && plain.size() <= limits::kRelayPlainMax) hear(end_->seal(plain));
        return;
      }
      case Step::kRaw: {
        const ByteView unit = script_.piece();
        return hear(Bytes(unit.begin(), unit.end()));
      }
      case Step::kAsk:
        return ask();
      case Step::kTime:
        now_.steady = now_.steady + std::chrono::seconds(script_.u16());
        return session_.pass_time(now_, keepalive_, out_, news_);
      case Step::kProbe:
        return session_.probe();
      case Step::kLost:
        hung_up_ = true;  // whoever lost it has nothing to hang up
        return session_.lost(news_);
      case Step::kCount:
        return;
    }
  }

  void hear(Bytes unit) { session_.unit(std::move(unit), now_, out_, news_); }

  void ask() {
    if (!session_.up()) return;
    const bool pipe = script_.coin();
    const std::uint32_t asked = pipe ? session_.ask(relay::Pipe{}) : session_.ask(relay::Open{});
    require(asked_.insert(asked).second, "each question has a number of its own");
    if (pipe) pipes_.insert(asked);
  }

  void perform() {
    for (const sync::RelayEvent& event : news_.events) learn(event);
    news_ = {};
    require(session_.up() == up_, "who uses it is told whether it is up");
    session_.flush(now_, out_);
    for (const sync::UnitOut& unit : out_.units) take(unit);
    for (const sync::LinkAct& act : out_.links) {
      if (!std::holds_alternative<sync::Hangup>(act)) continue;
      require(!hung_up_, "a link is hung up once");
      hung_up_ = true;
    }
    require(session_.gone() == hung_up_, "a session that is gone has no link");
    const auto next = session_.next(keepalive_);
    require(!next || session_.gone() || *next + 24h > now_.steady, "a deadline means something");
    out_ = {};
  }

  void learn(const sync::RelayEvent& event) {
    if (std::holds_alternative<sync::RelayUp>(event)) {
      require(!up_ && !was_up_, "it comes up once");
      up_ = was_up_ = true;
      return;
    }
    require(up_, "nothing is heard of a session that is not up");
    if (std::holds_alternative<sync::RelayDown>(event)) {
      up_ = false;
      return;
    }
    const auto& came = std::get<sync::RelayFrameCame>(event);
    require(asked_.contains(came.correlation), "what comes was asked");
    const bool ready = std::holds_alternative<relay::Ready>(came.frame);
    require(!ready || pipes_.contains(came.correlation), "a pipe was asked for");
    if (ready) up_ = false;
  }

  void take(const sync::UnitOut& unit) {
    require(!unit.framed, "a record brings its length");
    if (!end_) {
      end_ = RelayEnd::shake_hands(relay_key(), unit.bytes, random_);
      require(end_.has_value(), "our message 1 is right");
      return;
    }
    require(end_->read(unit.bytes).has_value(), "our records are right");
  }

  Script& script_;
  crypto::SeededRandom random_{6};
  Now now_;
  sync::Output out_;
  sync::RelayNews news_;
  sync::RelayKeepalive keepalive_;
  RelaySession session_;
  std::optional<RelayEnd> end_;
  std::set<std::uint32_t> asked_;
  std::set<std::uint32_t> pipes_;
  bool up_ = false;
  bool was_up_ = false;
  bool hung_up_ = false;
};

void run_session(ByteView input) {
  Script script(input);
  SessionStage(script).pass();
}

std::uint8_t of(Step step) { return static_cast<std::uint8_t>(step); }

/// Opened, answered, and Params.
Bytes session_start() {
  return {of(Step::kOpened), of(Step::kAnswer), 0, 0, of(Step::kSay), 0, 1, 0, 0};
}

std::vector<Bytes> session_seeds() {
  std::vector<Bytes> out;
  const auto add = [&out](const Bytes& more) {
    out.push_back(session_start());
    append(out.back(), more);
  };
  add({of(Step::kAsk), 1, of(Step::kSay), 0, 2, 0, 1, of(Step::kSay), 0, 2, 0, 2});
  add({of(Step::kAsk), 0, of(Step::kAsk), 0, of(Step::kSay), 1, 2, 1, 7, 3, 2, 9});
  add({of(Step::kTime), 2, 0, of(Step::kSay), 0, 2, 0, 3, of(Step::kTime), 0, 40});
  add({of(Step::kProbe), of(Step::kTime), 0, 0, of(Step::kTime), 0, 11, of(Step::kLost)});
  add({of(Step::kSay), 0, 0, 9, 6, of(Step::kLost)});
  Bytes plain{of(Step::kAsk), 0, of(Step::kPlain)};
  add_piece(plain, Bytes{66, 2, 0, 0, 0, 0, 14, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  add(plain);
  Bytes raw{of(Step::kRaw)};
  add_piece(raw, Bytes(80, 9));
  add(raw);
  return out;
}

// ---- A whole Replica, paired, with a relay set and nothing but the relay to hear from.

enum class World : std::uint8_t {
  kUp,
  kDown,
  kAnswer,
  kSay,
  kPlain,
  kRaw,
  kLost,
  kTime,
  kAsked,
  kCount
};

class ReplicaWithRelay {
 public:
  explicit ReplicaWithRelay(Script& script) : script_(script) {
    static sync::testing::PairedDevices& devices = *new sync::testing::PairedDevices;
    std::vector<Record> records;
    for (const RecordChange& change :
         {sync::self_record(devices.ben), sync::partner_record(devices.ada_as_partner),
          sync::relay_record(relay_url())}) {
      records.push_back({.type = change.type, .name = change.name, .body = *change.body});
    }
    now_.steady = Steady{1h};
    replica_ = sync::Replica::open(
        {.kinds = &KindTable::standard(), .random = &random_, .beacons = false}, records, now_);
    require(replica_ != nullptr, "good records are opened");
    happen(sync::NetworkChanged{.own = {}, .paths = {}, .port = 4711});
  }

  void pass() {
    while (!script_.done()) step();
  }

 private:
  struct Link {
    bool open = false;
    Bytes message{};  ///< 1, of the handshake
    std::optional<RelayEnd> end{};
    bool piped = false;
  };

  void step() {
    const auto what = static_cast<World>(script_.below(static_cast<std::size_t>(World::kCount)));
    if (what == World::kTime) return wait();
    if (what == World::kAsked) return command();
    if (links_.empty()) return;
    auto it = links_.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(script_.below(links_.size())));
    relay_step(what, it->first, it->second);
  }

  void relay_step(World what, LinkId id, Link& link) {
    if (what == World::kUp && !link.open) {
      link.open = true;
      return happen(sync::LinkOpened{.link = id, .dialled = true, .remote = {}});
    }
    if (what == World::kDown && !link.open) {
      links_.erase(id);
      return happen(sync::DialFailed{id});
    }
    if (!link.open) return;
    if (what == World::kLost) {
      links_.erase(id);
      return happen(sync::LinkClosed{id});
    }
    if (auto unit = make_unit(what, link)) {
      happen(sync::UnitCame{.link = id, .bytes = std::move(*unit)});
    }
  }

  std::optional<Bytes> make_unit(World what, Link& link) {
    if (what == World::kRaw) {
      const ByteView raw = script_.piece();
      return Bytes(raw.begin(), raw.end());
    }
    if (what == World::kAnswer && !link.end && !link.message.empty()) {
      link.end = RelayEnd::shake_hands(relay_key(), link.message, random_);
      require(link.end.has_value(), "our message 1 is right");
      return link.end->answer();
    }
    if (!link.end || link.piped) return std::nullopt;
    if (what == World::kPlain) return link.end->seal(script_.piece());
    if (what == World::kSay) return link.end->record({make_frame(script_)});
    return std::nullopt;
  }

  void wait() {
    now_.steady = now_.steady + std::chrono::seconds(script_.u16());
    happen(sync::TimeReached{});
    for (int turn = 0; wake_ && *wake_ <= now_.steady; ++turn) {
      require(turn < 8, "time is not reached again and again");
      happen(sync::TimeReached{});
    }
  }

  void command() {
    const std::vector<sync::Command> all = {sync::RelayTest{}, sync::AskStatus{}, sync::Diagnose{},
                                            sync::SyncNow{5s}, sync::RelayShow{}};
    const RequestId request{++requests_};
    happen(sync::CommandCame{.request = request, .command = all[script_.below(all.size())]});
  }

  void happen(sync::Input input) {
    sync::Output out = replica_->step(now_, std::move(input));
    require(out.persist.empty(), "a relay's word changes nothing that is kept");
    for (const sync::UnitOut& unit : out.units) {
      Link& link = links_.at(unit.link);
      require(link.open, "nothing is said on a link that does not stand");
      if (link.message.empty()) link.message = unit.bytes;
    }
    for (const sync::LinkAct& act : out.links) take_act(act);
    wake_ = out.wake;
    require(links_.size() <= 3, "few links are dialled at a time");
  }

  void take_act(const sync::LinkAct& act) {
    if (const auto* dial = std::get_if<sync::DialRelay>(&act)) {
      require(dial->to == relay_url().place, "nobody else is dialled");
      require(links_.try_emplace(dial->link).second, "each link has a number of its own");
    } else if (const auto* closed = std::get_if<sync::Hangup>(&act)) {
      require(links_.erase(closed->link) == 1, "what is hung up stood");
    } else if (const auto* recut = std::get_if<sync::Recut>(&act)) {
      Link& link = links_.at(recut->link);
      require(link.end && !link.piped, "a session becomes a pipe once");
      link.piped = true;
    } else if (const auto* dial_device = std::get_if<sync::Dial>(&act)) {
      require(dial_device == nullptr, "a relay sends this device nowhere");
    }
  }

  Script& script_;
  crypto::SeededRandom random_{8};
  std::unique_ptr<sync::Replica> replica_;
  Now now_;
  std::optional<Steady> wake_;
  std::map<LinkId, Link> links_;
  std::uint64_t requests_ = 0;
};

void run_replica(ByteView input) {
  Script script(input);
  ReplicaWithRelay(script).pass();
}

std::uint8_t of(World step) { return static_cast<std::uint8_t>(step); }

std::vector<Bytes> replica_seeds() {
  // The standing session comes up; then a pipe's, which meets somebody.
  const Bytes up{of(World::kUp), 0, of(World::kAnswer), 0, of(World::kSay), 0, 1, 0, 0};
  const Bytes pipe{of(World::kTime),
                   0,
                   0,
                   of(World::kUp),
                   1,
                   of(World::kAnswer),
                   1,
                   of(World::kSay),
                   1,
                   1,
                   1,
                   0};
  std::vector<Bytes> out{up, up, up, up};
  append(out[1], pipe);
  append(out[1], Bytes{of(World::kSay), 1, 2, 0, 1, of(World::kSay), 1, 2, 0, 2});
  add_piece(out[1], {});
  append(out[1], Bytes{of(World::kRaw), 1});
  add_piece(out[1], Bytes(65, 1));
  append(out[2], Bytes{of(World::kAsked), 0, of(World::kUp), 2, of(World::kAnswer), 2,
                       of(World::kSay), 2, 1, 0, 0, of(World::kLost), 0, of(World::kTime), 0, 9});
  append(out[3], Bytes{of(World::kTime),
                       0,
                       200,
                       of(World::kSay),
                       0,
                       2,
                       0,
                       3,
                       of(World::kSay),
                       0,
                       0,
                       1,
                       6,
                       of(World::kLost),
                       0,
                       of(World::kTime),
                       1,
                       0,
                       of(World::kDown),
                       0});
  return out;
}

}  // namespace

std::vector<Target> relay_device_targets() {
  return {{.name = "relay_session", .run = run_session, .seeds = session_seeds},
          {.name = "relay_replica",
           .run = run_replica,
           .seeds = replica_seeds,
           .bytes_max = 1'024,
           .damages_max = 1'500}};
}

}  // namespace attune::fuzz
