#include "daemon/sync/delivery.h"

#include <algorithm>
#include <utility>

#include "daemon/crdt/op.h"
#include "proto/limits.h"

namespace attune::sync {
namespace {

/// Bytes of a run beside its ops: tag, counter and lengths; and of a batch beside its runs.
constexpr std::size_t kRunOverhead = 64;
constexpr std::size_t kBatchOverhead = 64;

/// Cuts ops in causal order into runs of consecutive ops of one actor.
class BatchBuilder {
 public:
  BatchBuilder(const Notebook& notebook, EntryNames names) : notebook_(notebook), names_(names) {}

  /// False when the batch is full and this op belongs in the next one.
  bool add(const crdt::Kept& kept) {
    const crdt::Dot& dot = kept.op.dot;
    const bool continues = run_ && run_->next() == dot;
    if (count_ == limits::kBatchOpsMax) return false;
    if (run_ && !fits(kept.op, continues)) {
      run_->tighten();
      if (!fits(kept.op, continues)) return false;
    }
    if (!continues) {
      finish_run();
      run_.emplace(actors_, dot, notebook_.both());
    }
    run_->add(kept.op, names_ == EntryNames::kByOps ? notebook_.earlier_on_entry(kept)
                                                    : std::optional<crdt::Dot>());
    last_ = dot;
    ++count_;
    return true;
  }

  OpsMessage finish() {
    finish_run();
    batch_.actors = actors_.actors();
    return std::move(batch_);
  }

 private:
  [[nodiscard]] bool fits(const crdt::Op& op, bool continues) const {
    return size_ + kRunOverhead + run_->size_max() + crdt::RunWriter::size_max(op) +
               (continues ? 0 : kRunOverhead) <=
           limits::kBatchBytesMax;
  }
  void finish_run() {
    if (!run_) return;
    size_ += kRunOverhead + run_->size_max();
    batch_.runs.push_back({.run = run_->finish(), .tag = notebook_.author_tag(last_)});
    run_.reset();
  }

  const Notebook& notebook_;
  EntryNames names_;
  OpsMessage batch_;
  crdt::ActorTable actors_;
  std::optional<crdt::RunWriter> run_;
  crdt::Dot last_;
  std::size_t count_ = 0;
  std::size_t size_ = kBatchOverhead;  ///< with the runs that are finished
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
    OpsMessage batch =
        next_batch(notebook, sent_, whole_names_ ? EntryNames::kWhole : EntryNames::kByOps);
    if (batch.runs.empty()) break;
    if (on_their_way_ + questions_ == 0) since_ = now.steady;
    ++on_their_way_;
    out.push_back(std::move(batch));
  }
  return out;
}

OpsMessage next_batch(const Notebook& notebook, crdt::VersionVector& sent, EntryNames names) {
  BatchBuilder builder(notebook, names);
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

void Delivery::acknowledged(const crdt::VersionVector& moved, bool whole_names, const Now& now) {
  if (on_their_way_ > 0) --on_their_way_;
  has(moved);
  if (whole_names && !whole_names_) {
    whole_names_ = true;
    sent_ = theirs_;
  }
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

namespace {

/// Where a run was taken no further.
enum class Stop { kAtItsEnd, kAtAnUnnamedOp, kAtARefusedOp };

Stop take_run(Notebook& notebook, const Now& now, const OpsMessage& batch, const OpRun& run,
              const PersonId& from, Ripple& ripple) {
  using Result = crdt::RunReader::Result;
  crdt::RunReader reader(batch.actors, run.run, notebook.both());
  crdt::RunReader::Read read;
  for (std::size_t i = 1;; ++i) {
    switch (reader.next(read)) {
      case Result::kEnd:
        return Stop::kAtItsEnd;
      case Result::kUnnamed:
        return Stop::kAtAnUnnamedOp;
      case Result::kMalformed:
        return Stop::kAtARefusedOp;
      case Result::kOp:
        break;
    }
    const auto verdict = notebook.take(now,
                                       {.op = std::move(read.op),
                                        .tag = i == run.run.count ? run.tag : std::nullopt,
                                        .from = from,
                                        .bytes = read.bytes},
                                       ripple);
    if (verdict == Notebook::Verdict::kRefused || verdict == Notebook::Verdict::kOverLimit) {
      return Stop::kAtARefusedOp;
    }
  }
}

}  // namespace

BatchTaken take_batch(Notebook& notebook, const Now& now, const OpsMessage& batch,
                      const PersonId& from, Ripple& ripple) {
  BatchTaken taken;
  for (const OpRun& each : batch.runs) {
    const Stop stop = take_run(notebook, now, batch, each, from, ripple);
    if (stop == Stop::kAtAnUnnamedOp) taken.unnamed = true;
    if (stop == Stop::kAtARefusedOp) ++taken.refused;
  }
  const crdt::OpLog* log = notebook.both();
  if (log == nullptr) return taken;
  for (const OpRun& each : batch.runs) {
    const crdt::Run& run = each.run;
    const std::uint64_t last = log->vector().last(run.first.actor);
    if (last > 0) taken.moved.raise(run.first.actor, last);
    const std::uint64_t shown = std::min(last, run.first.counter + run.count - 1);
    if (shown > 0) taken.theirs.raise(run.first.actor, shown);
  }
  return taken;
}

}  // namespace attune::sync
