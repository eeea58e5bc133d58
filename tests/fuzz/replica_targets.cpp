// A whole Replica as the world meets it.
#include "tests/fuzz/replica_stage.h"
#include "tests/fuzz/samples.h"
#include "tests/fuzz/target.h"

namespace attune::fuzz {
namespace {

using Step = ReplicaStage::Step;

void run_replica(ByteView input) {
  Script script(input);
  ReplicaStage(script).pass();
}

void add(Bytes& script, Step step, const Bytes& rest = {}) {
  script.push_back(static_cast<std::uint8_t>(step));
  append(script, rest);
}

void add_with_piece(Bytes& script, Step step, const Bytes& before, ByteView piece) {
  add(script, step, before);
  add_piece(script, piece);
}

/// Hello, Greeting, Ops of several shapes, and what follows.
Bytes conversation(std::uint8_t shape) {
  Bytes script;
  add(script, Step::kNetwork, {1, 1});
  add(script, Step::kHello);
  add(script, Step::kVector, {0, 0, 0, 0, 0});
  for (std::uint8_t kind = 0; kind < 7; ++kind) {
    // one op: shape, kind, nonce, slot (field 1, value, words, shape), session 0
    add(script, Step::kOps, {0, shape, kind, 0, 0, kind, 0, 2, 'h', 'i', 0, 0});
    add(script, Step::kOps, {0, shape, kind, 0, 2, 2, 1, 0});
  }
  add(script, Step::kVector, {1, 0, 0, 1, 0});
  add(script, Step::kVector, {1, 0, 0, 2, 7, 0});
  add(script, Step::kEcho, {0, 0});
  add(script, Step::kTime, {0x80, 90});
  add(script, Step::kDatagram, {1, 0x12, 0x67});
  add(script, Step::kDialUp, {0});
  add(script, Step::kClose, {0});
  add(script, Step::kReopen);
  add(script, Step::kHello);
  return script;
}

std::vector<Bytes> replica_seeds() {
  std::vector<Bytes> out;
  for (const int shape : {0, 1, 4, 8, 0x28, 0x80}) {
    out.push_back(conversation(static_cast<std::uint8_t>(shape)));
  }
  Bytes commands;
  for (const Bytes& request : sample_requests()) {
    add_with_piece(commands, Step::kCommand, {}, request);
  }
  out.push_back(commands);
  Bytes both = commands;
  append(both, conversation(8));
  append(both, commands);
  out.push_back(both);
  Bytes rude;
  add_with_piece(rude, Step::kKnock, {}, Bytes(65, 1));
  add_with_piece(rude, Step::kKnock, {}, Bytes(17, 2));
  add_with_piece(rude, Step::kKnock, {}, Bytes{3});
  add(rude, Step::kHello);
  add_with_piece(rude, Step::kFrame, {0}, Bytes(512, 0));
  add_with_piece(rude, Step::kUnit, {0}, Bytes(48, 9));
  add_with_piece(rude, Step::kDatagram, {0}, Bytes(32, 9));
  out.push_back(rude);
  return out;
}

}  // namespace

std::vector<Target> replica_targets() {
  return {{.name = "replica",
           .run = run_replica,
           .seeds = replica_seeds,
           .bytes_max = 2'048,
           .damages_max = 300}};
}

}  // namespace attune::fuzz
