#include <algorithm>
#include <cassert>

#include "crypto/noise.h"
#include "daemon/sync/session.h"
#include "tests/bench/benches.h"
#include "tests/bench/figures.h"

namespace attune::bench {
namespace {

constexpr std::size_t kHandshakes = 2'000;
// KKpsk0, both sides together: each computes es, ss, ee, se, and makes an ephemeral key.
constexpr std::size_t kSecrets = std::size_t{2} * 4;
constexpr std::size_t kKeys = 2;

sync::Partner partner_of(const sync::Self& other, const crypto::Key& root) {
  sync::Partner partner{.person = other.person, .name = other.name, .couple = {{7}}, .devices = {}};
  sync::PartnerDevice device;
  device.device = other.device;
  device.identity = other.identity.public_key;
  device.live_root = root.clone();
  device.id_root = root.clone();
  partner.devices.push_back(std::move(device));
  return partner;
}

// Hello, answer, and the first frame that confirms the dialler.
void shake_hands(const sync::Self& a, const sync::Self& b, const sync::Partner& of_a,
                 const sync::Partner& of_b, sync::HelloMemory& memory, crypto::Random& random) {
  auto dialled = sync::Session::dial(a, of_a, of_a.devices.front(), random);
  auto accepted = sync::Session::accept(dialled->units.front().bytes, b, of_b, memory, random);
  const auto step = dialled->session.on_unit(accepted->units.front().bytes);
  assert(!step.dead && dialled->session.established());
}

}  // namespace

void measure_handshakes(std::size_t runs) {
  begin_table("Live handshakes, both sides on one core");
  crypto::SystemRandom random;
  const sync::Self a = sync::make_self("Ada", random);
  const sync::Self b = sync::make_self("Ben", random);
  const crypto::Key root = random.key();
  const sync::Partner of_a = partner_of(b, root);
  const sync::Partner of_b = partner_of(a, root);
  const double shaking = median_of(runs, [&] {
    sync::HelloMemory memory;
    return cpu_seconds_of([&] {
      for (std::size_t i = 0; i < kHandshakes; ++i) shake_hands(a, b, of_a, of_b, memory, random);
    });
  });
  const double multiplying = median_of(runs, [&] {
    crypto::PublicKey point = a.identity.public_key;
    return cpu_seconds_of([&] {
      for (std::size_t i = 0; i < kHandshakes * kSecrets; ++i) {
        const auto shared = crypto::x25519(b.identity.secret, point);
        std::ranges::copy(shared->view(), point.begin());
      }
      for (std::size_t i = 0; i < kHandshakes * kKeys; ++i) crypto::KeyPair::generate(random);
    });
  });
  const double floor = kHandshakes / multiplying;
  print({.what = "handshakes a second",
         .value = kHandshakes / shaking,
         .unit = "/s",
         .floor = Floor{"eight X25519 and two key pairs each", floor},
         .aim = 0.8 * floor,
         .better = Figure::Better::kMore});
}

}  // namespace attune::bench
