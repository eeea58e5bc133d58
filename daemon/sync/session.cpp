#include "daemon/sync/session.h"

#include <algorithm>
#include <cassert>

#include "crypto/derive.h"
#include "crypto/labels.h"
#include "daemon/sync/transport_frame.h"
#include "proto/limits.h"

namespace attune::sync {
namespace {

namespace labels = crypto::labels;

constexpr std::string_view kPattern = "Noise_KKpsk0_25519_ChaChaPoly_BLAKE2b";
constexpr std::uint8_t kVersion = 1;  // the connection's first byte
constexpr std::size_t kMessageBytes = limits::kHelloBytes - 1 - HelloMemory::kMac1Bytes;

/// The two ends of one session, by who dialled.
struct Ends {
  DeviceId dialler;
  DeviceId listener;
};

HelloMemory::Mac1 make_mac1(const crypto::Key& live_root, const Ends& ends, ByteView message) {
  const crypto::Key key = crypto::kdf(live_root.view(), labels::kLiveMac1);
  const std::array<std::uint8_t, 1> version{kVersion};
  const auto whole = crypto::mac(key.view(), labels::kMac1, ByteView(version), ends.dialler.view(),
                                 ends.listener.view(), message);
  HelloMemory::Mac1 mac1;
  std::copy_n(whole.begin(), mac1.size(), mac1.begin());
  return mac1;
}

crypto::NoiseHandshake begin_handshake(crypto::NoiseRole role, const Self& self,
                                       const Partner& partner, const PartnerDevice& device,
                                       crypto::Random& random) {
  const bool dialling = role == crypto::NoiseRole::kInitiator;
  const Ends ends{.dialler = dialling ? self.device : device.device,
                  .listener = dialling ? device.device : self.device};
  crypto::NoiseParty party;
  party.role = role;
  party.prologue =
      lv(labels::kLive, partner.couple.view(), ends.dialler.view(), ends.listener.view());
  party.static_key = self.identity.clone();
  party.remote_static = device.identity;
  party.psks.push_back(crypto::kdf(device.live_root.view(), labels::kLivePsk));
  return {kPattern, std::move(party), random};
}

/// The device whose live root made this mac1. Tries every one, whichever it is.
const PartnerDevice* find_caller(const Self& self, const Partner& partner,
                                 const HelloMemory::Mac1& mac1, ByteView message) {
  const PartnerDevice* caller = nullptr;
  for (const PartnerDevice& device : partner.devices) {
    const Ends ends{.dialler = device.device, .listener = self.device};
    if (crypto::equal(make_mac1(device.live_root, ends, message), mac1)) caller = &device;
  }
  return caller;
}

}  // namespace

std::optional<Session::Started> Session::dial(const Self& self, const Partner& partner,
                                              const PartnerDevice& device, crypto::Random& random) {
  auto handshake = begin_handshake(crypto::NoiseRole::kInitiator, self, partner, device, random);
  const auto message = handshake.write({});
  if (!message) return std::nullopt;
  const Ends ends{.dialler = self.device, .listener = device.device};
  Bytes hello{kVersion};
  append(hello, make_mac1(device.live_root, ends, *message));
  append(hello, *message);
  assert(hello.size() == limits::kHelloBytes);
  Started started{.session = Session(std::move(handshake), device.device), .units = {}};
  started.units.push_back({.bytes = std::move(hello), .framed = false});
  return started;
}

std::optional<Session::Started> Session::accept(ByteView hello, const Self& self,
                                                const Partner& partner, HelloMemory& memory,
                                                crypto::Random& random) {
  if (hello.size() != limits::kHelloBytes) return std::nullopt;
  Reader reader(hello);
  if (reader.u8() != kVersion) return std::nullopt;
  const auto mac1 = reader.take_array<HelloMemory::kMac1Bytes>();
  const ByteView message = reader.take(kMessageBytes);
  const PartnerDevice* caller = find_caller(self, partner, mac1, message);
  if (caller == nullptr || !memory.remember(mac1)) return std::nullopt;

  auto handshake = begin_handshake(crypto::NoiseRole::kResponder, self, partner, *caller, random);
  const auto payload = handshake.read(message);
  if (!payload || !payload->empty()) return std::nullopt;
  auto answer = handshake.write({});
  if (!answer) return std::nullopt;
  Started started{.session = Session(std::move(handshake), caller->device), .units = {}};
  started.session.transport_ = started.session.handshake_.split();
  started.session.state_ = State::kEstablished;
  started.units.push_back({.bytes = std::move(*answer), .framed = false});
  return started;
}

Session::Step Session::on_unit(ByteView bytes) {
  switch (state_) {
    case State::kCalling:
      return on_answer(bytes);
    case State::kEstablished:
    case State::kConfirmed:
      return on_frame(bytes);
    case State::kDead:
      break;
  }
  return die();
}

Session::Step Session::on_answer(ByteView answer) {
  const auto payload = handshake_.read(answer);
  if (!payload || !payload->empty()) return die();
  transport_ = handshake_.split();
  state_ = State::kEstablished;
  return {};
}

Session::Step Session::on_frame(ByteView sealed) {
  auto frame = open_frame(transport_->receive, sealed);
  if (!frame) return die();
  Step step;
  step.confirmed_now = state_ == State::kEstablished;
  switch (frame->type) {
    case FrameType::kClose:
      if (!frame->body.empty()) return die();
      step.messages.emplace_back(CloseMessage{});
      break;
    case FrameType::kMessage: {
      auto message = decode_sync(frame->body);
      if (!message) return die();
      step.messages.push_back(std::move(*message));
      break;
    }
  }
  state_ = State::kConfirmed;
  return step;
}

Session::Step Session::die() {
  state_ = State::kDead;
  Step step;
  step.dead = true;
  return step;
}

Bytes Session::seal(const SyncMessage& message) {
  assert(established());
  const bool close = std::holds_alternative<CloseMessage>(message);
  return seal_frame(transport_->send, close ? FrameType::kClose : FrameType::kMessage,
                    encode_sync(message));
}

std::uint64_t Session::frames() const {
  if (!transport_) return 0;
  return std::max(transport_->send.counter(), transport_->receive.counter());
}

const crypto::Hash64& Session::handshake_hash() const { return handshake_.handshake_hash(); }

}  // namespace attune::sync
