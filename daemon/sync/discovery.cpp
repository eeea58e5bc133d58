#include "daemon/sync/discovery.h"

#include <algorithm>

#include "crypto/derive.h"
#include "crypto/labels.h"
#include "proto/limits.h"

namespace attune::sync {
namespace {

namespace labels = crypto::labels;

constexpr std::size_t kNonceBytes = 8;
constexpr std::size_t kMacBytes = 22;
constexpr std::chrono::seconds kPauseMin = 1s;
constexpr std::chrono::seconds kPauseMax = 5min;

std::array<std::uint8_t, kMacBytes> beacon_mac(const crypto::Key& key, ByteView who,
                                               ByteView nonce_and_port,
                                               const std::array<std::uint8_t, 16>& source) {
  const crypto::Key sender = crypto::kdf(key.view(), labels::kBeacon, who);
  const auto whole = crypto::mac(sender.view(), labels::kBeacon, nonce_and_port.first(kNonceBytes),
                                 nonce_and_port.subspan(kNonceBytes), ByteView(source));
  std::array<std::uint8_t, kMacBytes> out;
  std::copy_n(whole.begin(), kMacBytes, out.begin());
  return out;
}

}  // namespace

Bytes make_beacon(const crypto::Key& key, ByteView who, std::uint16_t port,
                  const std::array<std::uint8_t, 16>& source, crypto::Random& random) {
  Bytes out;
  append(out, random.bytes<kNonceBytes>());
  append_u16be(out, port);
  append(out, beacon_mac(key, who, ByteView(out), source));
  assert(out.size() == limits::kBeaconBytes);
  return out;
}

std::optional<std::uint16_t> check_beacon(ByteView datagram, const crypto::Key& key, ByteView who,
                                          const std::array<std::uint8_t, 16>& source) {
  if (datagram.size() != limits::kBeaconBytes) return std::nullopt;
  const auto expected = beacon_mac(key, who, datagram.first(kNonceBytes + 2), source);
  if (!crypto::equal(expected, datagram.last(kMacBytes))) return std::nullopt;
  Reader reader(datagram.subspan(kNonceBytes, 2));
  const std::uint16_t port = reader.u16be();
  if (port == 0) return std::nullopt;
  return port;
}

bool BeaconMemory::remember(ByteView nonce) {
  std::array<std::uint8_t, kNonceBytes> n{};
  std::copy_n(nonce.begin(), std::min(nonce.size(), n.size()), n.begin());
  if (!known_.insert(n).second) return false;
  order_.push_back(n);
  if (order_.size() > limits::kBeaconMemory) {
    known_.erase(order_.front());
    order_.pop_front();
  }
  return true;
}

void BeaconPace::restart(Steady now) {
  next_ = now;
  started_ = now;
  sent_ = 0;
}

bool BeaconPace::due(Steady now, crypto::Random& random) {
  if (!next_ || now < *next_) return false;
  ++sent_;
  if (sent_ < limits::kBeaconBurst) {
    next_ = now + std::chrono::nanoseconds(limits::kBeaconBurstSpan) / (limits::kBeaconBurst - 1);
    return true;
  }
  if (now - started_ > limits::kBeaconPatience) {
    next_.reset();
    return true;
  }
  const auto span = std::chrono::milliseconds(limits::kBeaconPeriodMax - limits::kBeaconPeriodMin);
  const auto jitter =
      std::chrono::milliseconds(random.below(static_cast<std::uint32_t>(span.count())));
  next_ = now + limits::kBeaconPeriodMin + jitter;
  return true;
}

void DialPlan::restart(Steady now) {
  pause_ = kPauseMin;
  next_ = now;
}

void DialPlan::retry(Steady now) {
  next_ = now + pause_;
  pause_ = std::min<std::chrono::nanoseconds>(pause_ * 2, kPauseMax);
}

std::vector<Endpoint> DialPlan::due(Steady now) {
  if (!next_ || now < *next_) return {};
  if (known_.empty()) {
    next_.reset();
    return {};
  }
  retry(now);
  return known_;
}

bool DialPlan::heard(Steady now, const Endpoint& endpoint) {
  const bool recent = last_heard_ && now - *last_heard_ < limits::kDialPause;
  if (recent && last_endpoint_ == endpoint) return false;
  // Another address of the same device right after the first is worth a dial of its own: one of the
  // two may be unreachable. Beyond that a peer that shouts is dialled once per kDialPause.
  if (recent && heard_count_ >= limits::kAddressesMax) return false;
  heard_count_ = recent ? heard_count_ + 1 : 1;
  if (!recent) last_heard_ = now;
  last_endpoint_ = endpoint;
  return true;
}

crypto::Key nameplate_key(std::uint16_t nameplate) {
  Bytes digits;
  append_u16be(digits, nameplate);
  const auto hash = crypto::hash_lv<32>(labels::kVersion, labels::kNameplate, ByteView(digits));
  return crypto::Key(std::span<const std::uint8_t, 32>(hash));
}

}  // namespace attune::sync
