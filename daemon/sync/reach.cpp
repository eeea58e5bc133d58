#include "daemon/sync/reach.h"

#include <algorithm>

#include "daemon/sync/wake.h"
#include "proto/limits.h"

namespace attune::sync {
namespace {

constexpr std::uint8_t kPeerVersion = 2;
/// An issuer that is called answers at most this often.
constexpr std::chrono::milliseconds kCodeAnswerPause{200};
/// While a person waits with a code in hand, each side calls this often.
constexpr std::chrono::milliseconds kCodePeriod{1'000};

void send_beacons(const crypto::Key& key, ByteView who, const NetworkChanged& network,
                  crypto::Random& random, Output& out) {
  if (network.port == 0) return;
  for (const BeaconPath& path : network.paths) {
    out.datagrams.push_back(
        {.path = path.path, .bytes = make_beacon(key, who, network.port, path.source, random)});
  }
}

Endpoint sender_at(const Endpoint& source, std::uint16_t port) {
  Endpoint endpoint = source;
  endpoint.port = port;
  return endpoint;
}

}  // namespace

RecordChange peer_record(const DeviceId& device, const PeerMemory& memory) {
  Bytes body{kPeerVersion};
  append_u32le(body, static_cast<std::uint32_t>(memory.exchanged.days));
  append_leb(body, memory.addresses.size());
  for (const Endpoint& endpoint : memory.addresses) append_endpoint(body, endpoint);
  append_lv(body, memory.relay ? to_text(*memory.relay) : std::string());
  return {.type = RecordType::kPeer,
          .name = Bytes(device.view().begin(), device.view().end()),
          .body = std::move(body)};
}

std::optional<PeerMemory> decode_peer(ByteView body) {
  Reader reader(body);
  PeerMemory memory;
  if (reader.u8() != kPeerVersion) return std::nullopt;
  memory.exchanged.days = static_cast<std::int32_t>(reader.u32le());
  const std::uint64_t count = reader.leb();
  if (count > limits::kAddressesMax) return std::nullopt;
  for (std::uint64_t i = 0; i < count; ++i) {
    auto endpoint = take_endpoint(reader);
    if (!endpoint) return std::nullopt;
    memory.addresses.push_back(*endpoint);
  }
  const std::string relay(as_text(reader.lv(reader.left())));
  if (!relay.empty()) memory.relay = parse_relay_url(relay);
  if (!relay.empty() && !memory.relay) return std::nullopt;
  if (!reader.done()) return std::nullopt;
  return memory;
}

void Reach::restart(Peer& peer, const Now& now) {
  if (peer.connected) return;
  peer.plan.set_known(peer.memory.addresses);
  peer.plan.restart(now.steady);
  if (beacons_) peer.pace.restart(now.steady);
}

void Reach::look_for(const Self& self, const PartnerDevice& device, PeerMemory memory,
                     const Now& now) {
  auto [it, fresh] = peers_.try_emplace(device.device, device.id_root.clone(), self.device);
  it->second.id_root = device.id_root.clone();
  it->second.memory = std::move(memory);
  restart(it->second, now);
}

void Reach::forget_everybody() { peers_.clear(); }

void Reach::network_changed(const NetworkChanged& network, const Now& now) {
  network_ = network;
  for (auto& [device, peer] : peers_) restart(peer, now);
}

void Reach::connected(const DeviceId& device, const Now& now) {
  const auto it = peers_.find(device);
  if (it == peers_.end()) return;
  it->second.connected = true;
  it->second.since = now.steady;
  it->second.plan.stop();
  it->second.pace.stop();
}

void Reach::lost(const DeviceId& device, const Now& now) {
  const auto it = peers_.find(device);
  if (it == peers_.end()) return;
  const bool short_lived =
      it->second.connected && now.steady - it->second.since < limits::kDialPause;
  it->second.connected = false;
  if (!short_lived) return restart(it->second, now);
  it->second.plan.retry(now.steady);
  if (beacons_) it->second.pace.restart(now.steady);
}

bool Reach::still(const DeviceId& device) const {
  const auto it = peers_.find(device);
  return it != peers_.end() && it->second.connected;
}

const PeerMemory* Reach::memory(const DeviceId& device) const {
  const auto it = peers_.find(device);
  return it == peers_.end() ? nullptr : &it->second.memory;
}

void Reach::remember(const DeviceId& device, const PeerMemory& memory) {
  const auto it = peers_.find(device);
  if (it == peers_.end()) return;
  it->second.memory = memory;
  it->second.plan.set_known(memory.addresses);
}

std::optional<Reach::Attempt> Reach::heard(const Now& now, const DatagramCame& datagram) {
  if (!beacons_ || datagram.bytes.size() != limits::kBeaconBytes) return std::nullopt;
  for (auto& [device, peer] : peers_) {
    // Who looks for me has no link: one that stands here is of the past, unless it is so young that
    // its beacon was on the way before it stood.
    if (peer.connected && now.steady - peer.since < limits::kSimultaneous) continue;
    const auto port =
        check_beacon(datagram.bytes, peer.id_root, device.view(), datagram.source.address);
    if (!port) continue;
    if (!nonces_.remember(ByteView(datagram.bytes).first(8))) return std::nullopt;
    const Endpoint to = sender_at(datagram.source, *port);
    if (!peer.plan.heard(now.steady, to)) return std::nullopt;
    return Attempt{.device = device, .to = to};
  }
  return std::nullopt;
}

std::vector<Reach::Attempt> Reach::due(const Now& now, Output& out) {
  std::vector<Attempt> attempts;
  for (auto& [device, peer] : peers_) {
    if (peer.connected) continue;
    for (const Endpoint& to : peer.plan.due(now.steady))
      attempts.push_back({.device = device, .to = to});
    if (peer.pace.due(now.steady, random_))
      send_beacons(peer.id_root, peer.self.view(), network_, random_, out);
  }
  return attempts;
}

std::optional<Steady> Reach::next() const {
  std::optional<Steady> next;
  for (const auto& [device, peer] : peers_) {
    if (peer.connected) continue;
    next = earlier(next, earlier(peer.plan.next(), peer.pace.next()));
  }
  return next;
}

void CodeReach::start(std::uint16_t nameplate, CodeRole role, const Now& now) {
  key_ = nameplate_key(nameplate);
  role_ = role;
  next_ = now.steady;
  last_sent_.reset();
}

void CodeReach::stop() {
  key_.reset();
  next_.reset();
}

std::optional<Endpoint> CodeReach::heard(const Now& now, const DatagramCame& datagram) {
  if (!key_ || !beacons_ || datagram.bytes.size() != limits::kBeaconBytes) return std::nullopt;
  const CodeRole other = role_ == CodeRole::kIssuer ? CodeRole::kJoiner : CodeRole::kIssuer;
  const std::array<std::uint8_t, 1> who{static_cast<std::uint8_t>(other)};
  const auto port = check_beacon(datagram.bytes, *key_, who, datagram.source.address);
  if (!port || !nonces_.remember(ByteView(datagram.bytes).first(8))) return std::nullopt;
  if (role_ == CodeRole::kJoiner) return sender_at(datagram.source, *port);
  const Steady soonest = last_sent_ ? *last_sent_ + kCodeAnswerPause : now.steady;
  next_ = std::max(now.steady, soonest);
  return std::nullopt;
}

void CodeReach::due(const Now& now, const NetworkChanged& network, Output& out) {
  if (!key_ || !beacons_ || !next_ || now.steady < *next_) return;
  const std::array<std::uint8_t, 1> who{static_cast<std::uint8_t>(role_)};
  send_beacons(*key_, who, network, random_, out);
  last_sent_ = now.steady;
  next_ = now.steady + kCodePeriod;
}

}  // namespace attune::sync
