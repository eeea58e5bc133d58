// Two people who pair while somebody sits on the wire: real machines on both ends, whose every unit
// may be changed, lost or replaced, and whose people, clients and clocks do what they like.
#include <algorithm>

#include "tests/fuzz/script.h"
#include "tests/fuzz/target.h"
#include "tests/sync/pairing_world.h"

namespace attune::fuzz {
namespace {

using sync::testing::PairingWorld;
using sync::testing::Phone;

enum class Step : std::uint8_t {
  kInvite,
  kJoin,
  kScan,
  kHear,
  kRun,
  kSay,
  kLeave,
  kPass,
  kCut,
  kKnock,
  kReopen,
  kWire,
  kCount
};

/// What happens to the next units on the wire, from a script of their own.
class Meddler {
 public:
  void begin(ByteView script) {
    script_.assign(script.begin(), script.end());
    at_ = 0;
  }

  PairingWorld::Fate take(Bytes& unit) {
    Script script(ByteView(script_).subspan(at_));
    const std::uint8_t what = script.u8();
    at_ += script_.size() > at_ ? 1 : 0;
    switch (what) {
      case 1:
        return PairingWorld::Fate::kLose;
      case 2:
        return PairingWorld::Fate::kCut;
      case 3: {  // one bit, one byte, or the length
        const std::size_t place = script.u8();
        const std::uint8_t change = script.u8();
        skip(2);
        if (!unit.empty()) unit[place % unit.size()] ^= change;
        return PairingWorld::Fate::kPass;
      }
      case 4: {  // other bytes of the same length: net cuts openings by it
        const std::size_t fill = script.u8();
        skip(1);
        for (std::size_t i = 0; i < unit.size(); ++i) {
          unit[i] = static_cast<std::uint8_t>(fill * (i + 1));
        }
        return PairingWorld::Fate::kPass;
      }
      default:
        return PairingWorld::Fate::kPass;
    }
  }

 private:
  void skip(std::size_t bytes) { at_ = std::min(script_.size(), at_ + bytes); }

  Bytes script_;
  std::size_t at_ = 0;
};

class Evening {
 public:
  explicit Evening(ByteView input) : script_(input) {
    world_.tap = [this](std::size_t, Bytes& unit) { return meddler_.take(unit); };
  }

  void pass() {
    for (int steps = 0; !script_.done() && steps < 40; ++steps) step();
    check();
  }

 private:
  Phone& somebody() { return script_.coin() ? world_.ben : world_.ada; }

  /// As typed, or as Ada's screen shows it.
  std::string said(bool qr) {
    const ByteView typed = script_.piece();
    if (!typed.empty()) return std::string(as_text(typed));
    return qr ? shown_.qr : shown_.code;
  }

  void step() {
    switch (static_cast<Step>(script_.below(static_cast<std::size_t>(Step::kCount)))) {
      case Step::kInvite:
        world_.invite(world_.ada);
        for (const sync::AnswerOut& out : world_.ada.answers) {
          if (const auto* shown = std::get_if<sync::Invitation>(&out.answer)) shown_ = *shown;
        }
        return;
      case Step::kJoin:
        return world_.join(world_.ben, said(false));
      case Step::kScan:
        return world_.scan(world_.ben, said(true));
      case Step::kHear:
        world_.hear(world_.ben, world_.ada);
        return;
      case Step::kRun:
        return world_.run();
      case Step::kSay:
        return world_.say(somebody(), script_.coin());
      case Step::kLeave:
        return world_.leave(somebody());
      case Step::kPass:
        return world_.pass(std::chrono::seconds(script_.u16()));
      case Step::kCut:
        return world_.cut_all();
      case Step::kKnock:
        world_.knock(somebody(), script_.piece());
        return world_.strangers_leave();
      case Step::kReopen:
        return somebody().reopen();
      case Step::kWire:
        return meddler_.begin(script_.piece());
      case Step::kCount:
        return;
    }
  }

  void check() {
    const auto ada = world_.ada.partner_on_disk();
    const auto ben = world_.ben.partner_on_disk();
    require(!ada || ada->person == world_.ben.self.person, "ada has no other partner than ben");
    require(!ben || ben->person == world_.ada.self.person, "ben has no other partner than ada");
    if (!ada || !ben) return;
    require(ada->devices.back().device == world_.ben.self.device, "it is his device");
    require(ben->devices.back().device == world_.ada.self.device, "it is her device");
  }

  Script script_;
  PairingWorld world_;
  Meddler meddler_;
  sync::Invitation shown_;
};

void run_pairing(ByteView input) { Evening(input).pass(); }

Bytes steps(std::initializer_list<Step> all) {
  Bytes script;
  for (const Step step : all) {
    script.push_back(static_cast<std::uint8_t>(step));
    if (step == Step::kJoin || step == Step::kScan) add_piece(script, {});
    if (step == Step::kSay) append(script, Bytes{0, 1, static_cast<std::uint8_t>(step), 1, 1});
    if (step == Step::kPass) append_u16be(script, 601);
    if (step == Step::kKnock) add_piece(script, Bytes(17, 2));
    if (step == Step::kWire) add_piece(script, Bytes{0, 0, 3, 5, 1});
    if (step == Step::kLeave || step == Step::kReopen) script.push_back(0);
  }
  return script;
}

std::vector<Bytes> pairing_seeds() {
  using enum Step;
  return {steps({kInvite, kJoin, kHear, kRun, kSay, kRun}),
          steps({kInvite, kScan, kRun, kSay, kRun}),
          steps({kInvite, kKnock, kWire, kJoin, kHear, kRun, kPass, kInvite}),
          steps({kInvite, kJoin, kHear, kRun, kSay, kReopen, kCut, kRun, kPass}),
          steps({kInvite, kScan, kLeave, kRun, kCut, kPass})};
}

}  // namespace

std::vector<Target> pairing_targets() {
  return {{.name = "pairing",
           .run = run_pairing,
           .seeds = pairing_seeds,
           .bytes_max = 512,
           .damages_max = 150}};
}

}  // namespace attune::fuzz
