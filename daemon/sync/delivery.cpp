#include "daemon/sync/delivery.h"

#include "daemon/crdt/op.h"
#include "proto/limits.h"

namespace attune::sync {
namespace {

/// Bytes of a run beside its ops: actor, counter, tag and their lengths.
constexpr std::size_t kRunOverhead = 128;
/// Bytes of an op beside its encoding.
constexpr std::size_t kOpOverhead = 4;

/// Cuts ops in causal order into runs of consecutive ops of one actor.
class BatchBuilder {
 public:
  explicit BatchBuilder(const Notebook& notebook) : notebook_(notebook) {}

  /// False when the batch is full and this op belongs in the next one.
  bool add(const crdt::Kept& kept) {
    Bytes bytes = crdt::encode_op(kept.op, crdt::Salts::kWritten);
    const bool continues = !batch_.runs.empty() && next_ == kept.op.dot;
    const std::size_t cost = bytes.size() + kOpOverhead + (continues ? 0 : kRunOverhead);
    if (count_ == limits::kBatchOpsMax || (count_ > 0 && size_ + cost > limits::kBatchBytesMax))
      return false;
    if (!continues) {
      finish_run();
      batch_.runs.push_back({.first = kept.op.dot, .seed = {}, .ops = {}, .tag = {}});
    }
    batch_.runs.back().ops.push_back(std::move(bytes));
    last_ = kept.op.dot;
    next_ = kept.op.dot;
    ++next_.counter;
    size_ += cost;
    ++count_;
    return true;
  }

  OpsMessage finish() {
    finish_run();
    return std::move(batch_);
  }

 private:
  void finish_run() {
    if (!batch_.runs.empty()) batch_.runs.back().tag = notebook_.author_tag(last_);
  }

  const Notebook& notebook_;
  OpsMessage batch_;
  crdt::Dot last_;
  crdt::Dot next_;
  std::size_t count_ = 0;
  std::size_t size_ = 0;
};

}  // namespace

void Delivery::begin(crdt::VersionVector theirs) {
  begun_ = true;
  theirs_ = std::move(theirs);
  sent_ = theirs_;
}

std::vector<OpsMessage> Delivery::pump(const Notebook& notebook, const Now& now) {
  std::vector<OpsMessage> out;
  const crdt::OpLog* log = notebook.both();
  if (!begun_ || log == nullptr) return out;
  while (on_their_way_ < kDepthMax && !sent_.covers(log->vector())) {
    OpsMessage batch = next_batch(notebook, sent_);
    if (batch.runs.empty()) break;
    if (on_their_way_ + questions_ == 0) since_ = now.steady;
    ++on_their_way_;
    out.push_back(std::move(batch));
  }
  return out;
}

OpsMessage next_batch(const Notebook& notebook, crdt::VersionVector& sent) {
  BatchBuilder builder(notebook);
  for (const crdt::Kept* kept : notebook.both()->missing(sent, limits::kBatchOpsMax)) {
    if (!builder.add(*kept)) break;
    sent.raise(kept->op.dot.actor, kept->op.dot.counter);
  }
  return builder.finish();
}

void Delivery::settle(const Now& now) { since_ = now.steady; }

void Delivery::has(const crdt::VersionVector& rows) {
  theirs_.merge(rows);
  sent_.merge(rows);
}

void Delivery::acknowledged(const crdt::VersionVector& moved, const Now& now) {
  if (on_their_way_ > 0) --on_their_way_;
  has(moved);
  settle(now);
}

void Delivery::asked(const Now& now) {
  if (on_their_way_ + questions_ == 0) since_ = now.steady;
  ++questions_;
}

void Delivery::answered(const crdt::VersionVector& theirs, const Now& now) {
  if (questions_ > 0) --questions_;
  has(theirs);
  settle(now);
}

std::optional<Steady> Delivery::patience() const {
  if (on_their_way_ + questions_ == 0) return std::nullopt;
  return since_ + limits::kAckPatience;
}

crdt::VersionVector rows_of(const crdt::VersionVector& vector, const CoupleId& couple) {
  crdt::VersionVector out;
  for (const auto& row : vector.rows()) {
    if (row.actor.stream == crdt::StreamId::both(couple)) out.raise(row.actor, row.counter);
  }
  return out;
}

crdt::VersionVector rows_in(const crdt::OpLog* log, const crdt::VersionVector& vector) {
  crdt::VersionVector out;
  if (log == nullptr) return out;
  for (const auto& row : log->vector().rows()) {
    if (const std::uint64_t last = vector.last(row.actor); last > 0) out.raise(row.actor, last);
  }
  return out;
}

std::uint64_t count_missing(const crdt::OpLog& log, const crdt::VersionVector& theirs) {
  std::uint64_t count = 0;
  for (const auto& row : log.vector().rows()) {
    const std::uint64_t there = theirs.last(row.actor);
    if (row.counter > there) count += row.counter - there;
  }
  return count;
}

BatchTaken take_batch(Notebook& notebook, const Now& now, const OpsMessage& batch,
                      const PersonId& from, Ripple& ripple) {
  BatchTaken taken;
  for (const OpRun& run : batch.runs) {
    crdt::Dot dot = run.first;
    for (std::size_t i = 0; i < run.ops.size(); ++i, ++dot.counter) {
      auto op = crdt::decode_op(dot, run.ops[i], nullptr);
      if (!op) {
        ++taken.refused;
        break;
      }
      const bool is_last = i + 1 == run.ops.size();
      const auto verdict = notebook.take(now,
                                         {.op = std::move(*op),
                                          .tag = is_last ? run.tag : std::nullopt,
                                          .from = from,
                                          .bytes = run.ops[i].size()},
                                         ripple);
      if (verdict == Notebook::Verdict::kRefused || verdict == Notebook::Verdict::kOverLimit) {
        ++taken.refused;
        break;
      }
    }
  }
  const crdt::OpLog* log = notebook.both();
  if (log == nullptr) return taken;
  for (const OpRun& run : batch.runs) {
    const std::uint64_t last = log->vector().last(run.first.actor);
    if (last > 0) taken.moved.raise(run.first.actor, last);
    const std::uint64_t shown = std::min(last, run.first.counter + run.ops.size() - 1);
    if (shown > 0) taken.theirs.raise(run.first.actor, shown);
  }
  return taken;
}

}  // namespace attune::sync
