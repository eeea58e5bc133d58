#include "tests/fuzz/raw_peer.h"

#include "crypto/derive.h"
#include "crypto/labels.h"
#include "proto/limits.h"

namespace attune::fuzz {
namespace {

namespace labels = crypto::labels;

constexpr std::string_view kPattern = "Noise_KKpsk0_25519_ChaChaPoly_BLAKE2b";
constexpr std::size_t kMac1Bytes = 16;

}  // namespace

crypto::NoiseParty RawPeer::party(const Setting& setting, crypto::NoiseRole role) {
  const sync::PartnerDevice& other = setting.partner->devices[0];
  const bool dials = role == crypto::NoiseRole::kInitiator;
  const DeviceId& first = dials ? setting.self->device : other.device;
  const DeviceId& second = dials ? other.device : setting.self->device;
  crypto::NoiseParty party;
  party.role = role;
  party.prologue = lv(labels::kLive, setting.partner->couple.view(), first.view(), second.view());
  party.static_key = setting.self->identity.clone();
  party.remote_static = other.identity;
  party.psks.push_back(crypto::kdf(other.live_root.view(), labels::kLivePsk));
  return party;
}

RawPeer::RawPeer(const Setting& setting, crypto::NoiseRole role)
    : setting_(setting), handshake_(kPattern, party(setting, role), *setting.random) {}

RawPeer RawPeer::dialler(const Setting& setting) {
  return {setting, crypto::NoiseRole::kInitiator};
}
RawPeer RawPeer::listener(const Setting& setting) {
  return {setting, crypto::NoiseRole::kResponder};
}

Bytes RawPeer::hello() {
  const sync::PartnerDevice& other = setting_.partner->devices[0];
  const Bytes message = handshake_.write({}).value();
  const crypto::Key key = crypto::kdf(other.live_root.view(), labels::kLiveMac1);
  const Bytes version{1};
  const auto mac1 =
      crypto::mac(key.view(), labels::kMac1, ByteView(version), setting_.self->device.view(),
                  other.device.view(), ByteView(message));
  Bytes hello = version;
  append(hello, ByteView(mac1).first(kMac1Bytes));
  append(hello, message);
  return hello;
}

std::optional<Bytes> RawPeer::on_hello(ByteView hello) {
  if (hello.size() != limits::kHelloBytes) return std::nullopt;
  if (!handshake_.read(hello.subspan(1 + kMac1Bytes))) return std::nullopt;
  auto answer = handshake_.write({});
  if (answer) transport_ = handshake_.split();
  return answer;
}

bool RawPeer::on_answer(ByteView answer) {
  if (!handshake_.read(answer)) return false;
  transport_ = handshake_.split();
  return true;
}

}  // namespace attune::fuzz
