#include "crypto/cpace.h"

#include <sodium.h>

#include <algorithm>

#include "crypto/cpace_strings.h"
#include "crypto/sodium_ready.h"

namespace attune::crypto {
namespace {

constexpr std::string_view kGroupDomain = "CPaceRistretto255";
constexpr std::string_view kIskDomain = "CPaceRistretto255_ISK";
constexpr std::string_view kSidOutputDomain = "CPaceSidOutput";
constexpr std::size_t kSha512BlockBytes = 128;

void sha512_into(std::span<std::uint8_t, 64> out, ByteView head, ByteView tail) {
  crypto_hash_sha512_state state;
  crypto_hash_sha512_init(&state);
  crypto_hash_sha512_update(&state, head.data(), head.size());
  crypto_hash_sha512_update(&state, tail.data(), tail.size());
  crypto_hash_sha512_final(&state, out.data());
  sodium_memzero(&state, sizeof(state));
}

Secret<32> generator_of(const Cpace::Setting& setting) {
  Bytes input = cpace_generator_string({.domain = as_bytes(kGroupDomain),
                                        .password = setting.password,
                                        .channel = setting.channel,
                                        .session = setting.session,
                                        .hash_block = kSha512BlockBytes});
  Secret<64> hash;
  sha512_into(hash.writable(), input, {});
  sodium_memzero(input.data(), input.size());
  Secret<32> generator;
  crypto_core_ristretto255_from_hash(generator.writable().data(), hash.view().data());
  return generator;
}

// Uniform below the group's order: 512 random bits, reduced.
Key draw_scalar(Random& random) {
  sodium_ready();
  Secret<64> wide;
  random.fill(wide.writable());
  Key scalar;
  crypto_core_ristretto255_scalar_reduce(scalar.writable().data(), wide.view().data());
  return scalar;
}

Cpace::Outcome outcome_of(ByteView session, const Secret<32>& shared, ByteView transcript) {
  Bytes head;
  head.reserve(128 + session.size());
  append_lv(head, kIskDomain);
  append_lv(head, session);
  append_lv(head, shared.view());
  Cpace::Outcome outcome;
  sha512_into(outcome.isk.writable(), head, transcript);
  sodium_memzero(head.data(), head.size());
  sha512_into(outcome.sid_output, as_bytes(kSidOutputDomain), transcript);
  return outcome;
}

}  // namespace

Bytes cpace_generator_string(const CpaceGeneratorInput& input) {
  Bytes out;
  out.reserve(2 * input.hash_block + input.domain.size() + input.password.size() +
              input.channel.size() + input.session.size());
  append_lv(out, input.domain);
  append_lv(out, input.password);
  const std::size_t used = out.size() + 1;  // the length of the zeros takes one byte itself
  append_lv(out, Bytes(input.hash_block - std::min(input.hash_block, used)));
  append_lv(out, input.channel);
  append_lv(out, input.session);
  return out;
}

Bytes cpace_transcript(const CpaceFlight& initiator, const CpaceFlight& responder) {
  return lv(initiator.share, initiator.ad, responder.share, responder.ad);
}

Cpace::Cpace(const Setting& setting, Random& random)
    : Cpace(setting, std::span<const std::uint8_t, 32>(draw_scalar(random).view())) {}

Cpace::Cpace(const Setting& setting, std::span<const std::uint8_t, 32> scalar)
    : session_(setting.session.begin(), setting.session.end()), scalar_(scalar) {
  sodium_ready();
  Secret<32> generator = generator_of(setting);
  // Only the scalar zero or the identity as generator give the identity: neither is ever drawn.
  int result =
      crypto_scalarmult_ristretto255(share_.data(), scalar_.view().data(), generator.view().data());
  assert(result == 0);
  static_cast<void>(result);
}

// scalarmult's own result is the check: it refuses what is no group element and the identity, which
// crypto_core_ristretto255_is_valid_point would accept.
std::optional<Secret<32>> Cpace::shared_point(ByteView peer_share) const {
  if (peer_share.size() != share_.size()) return std::nullopt;
  Secret<32> shared;
  if (crypto_scalarmult_ristretto255(shared.writable().data(), scalar_.view().data(),
                                     peer_share.data()) != 0) {
    return std::nullopt;
  }
  return shared;
}

std::optional<Cpace::Outcome> Cpace::finish_as_initiator(ByteView my_ad, ByteView peer_share,
                                                         ByteView peer_ad) const {
  std::optional<Secret<32>> shared = shared_point(peer_share);
  if (!shared) return std::nullopt;
  Bytes transcript =
      cpace_transcript({.share = share_, .ad = my_ad}, {.share = peer_share, .ad = peer_ad});
  return outcome_of(session_, *shared, transcript);
}

std::optional<Cpace::Outcome> Cpace::finish_as_responder(ByteView my_ad, ByteView peer_share,
                                                         ByteView peer_ad) const {
  std::optional<Secret<32>> shared = shared_point(peer_share);
  if (!shared) return std::nullopt;
  Bytes transcript =
      cpace_transcript({.share = peer_share, .ad = peer_ad}, {.share = share_, .ad = my_ad});
  return outcome_of(session_, *shared, transcript);
}

}  // namespace attune::crypto
