#include <algorithm>
#include <map>

#include "daemon/couple/admission.h"
#include "daemon/sync/notebook_state.h"

namespace attune::sync {
namespace {

// The ops of one actor as its records give them, and how far they are appended.
struct Row {
  std::vector<OpRecord> ops;
  std::size_t next = 0;
};
using Rows = std::map<crdt::Actor, Row>;

// Grouped by actor and in order; nullopt where one is missing or there twice.
std::optional<Rows> in_rows(std::vector<OpRecord> ops) {
  Rows rows;
  for (OpRecord& record : ops) rows[record.op.dot.actor].ops.push_back(std::move(record));
  for (auto& [actor, row] : rows) {
    std::ranges::sort(row.ops, {}, [](const OpRecord& r) { return r.op.dot.counter; });
    for (std::size_t i = 0; i < row.ops.size(); ++i) {
      if (row.ops[i].op.dot.counter != i + 1) return std::nullopt;
    }
  }
  return rows;
}

// A dot that the log doesn't have and this op needs.
const crdt::Dot* lacks(const crdt::OpLog& log, const crdt::Op& op) {
  const auto at = std::ranges::find_if(
      op.seen, [&log](const crdt::Dot& dot) { return !log.vector().contains(dot); });
  return at == op.seen.end() ? nullptr : &*at;
}

}  // namespace

void Notebook::State::keep_for_later(Ripple ripple) {
  std::ranges::move(ripple.persist.changes, std::back_inserter(overdue.changes));
  overdue.erases = overdue.erases || ripple.persist.erases;
}

void Notebook::State::unfold(const crdt::Kept& kept, bool bare) {
  Stream& in = stream(kept.op.dot.actor.stream);
  const crdt::Dot dot = kept.op.dot;
  if (bare) in.bare.insert(dot);
  if (!kept.counted || kept.op.husk) return;
  // The rules of this program decide, not what the record says: a row may be known now that was
  // not, and a record may have been changed on purpose. The people of another couple are not known.
  const bool ours = dot.actor.stream.is_mine() || dot.actor.stream.couple == people.couple;
  if (ours && !couple::counts(kinds, in.view, kept)) {
    in.log.mark_void(dot);
    Ripple husk;
    make_husk(in, dot, husk);
    return keep_for_later(std::move(husk));
  }
  const crdt::View::Effect effect = in.view.apply(kept);
  if (is_tonight(kept.op.kind)) in.nights.insert(dot);
  Ripple again;
  settle(in, effect, again);
  keep_for_later(std::move(again));
}

// Each op goes in after its past: an actor whose next op lacks another's is put aside until that
// one is there. False where some never can.
bool Notebook::State::append_all(std::vector<OpRecord> ops) {
  const std::size_t count = ops.size();
  std::optional<Rows> rows = in_rows(std::move(ops));
  if (!rows) return false;
  std::size_t appended = 0;
  std::multimap<crdt::Dot, crdt::Actor> aside;
  std::vector<crdt::Actor> ready;
  for (const auto& [actor, row] : *rows) ready.push_back(actor);
  while (!ready.empty()) {
    const crdt::Actor actor = ready.back();
    ready.pop_back();
    Row& row = rows->at(actor);
    Stream& in = stream(actor.stream);
    while (row.next < row.ops.size()) {
      OpRecord& record = row.ops[row.next];
      if (const crdt::Dot* lacking = lacks(in.log, record.op)) {
        aside.emplace(*lacking, actor);
        break;
      }
      const crdt::Dot dot = record.op.dot;
      if (in.log.append(std::move(record.op), record.arrival) != crdt::OpLog::Taken::kAppended) {
        return false;
      }
      if (!record.counted) in.log.mark_void(dot);
      if (record.tag) in.log.set_tag(dot, *record.tag);
      unfold(*in.log.find(dot), record.bare);
      ++row.next;
      ++appended;
      const auto [from, to] = aside.equal_range(dot);
      for (auto it = from; it != to; ++it) ready.push_back(it->second);
      aside.erase(from, to);
    }
  }
  return appended == count;
}

bool Notebook::State::load_ops(std::vector<OpRecord> ops) {
  const auto known = heads.all();
  if (!known || !append_all(std::move(ops))) return false;
  std::size_t actors = 0;
  for (const auto& [id, in] : streams) actors += in.log.vector().rows().size();
  if (actors != known->size()) return false;
  return std::ranges::all_of(*known, [this](const auto& row) {
    const auto& [actor, head] = row;
    const auto at = streams.find(actor.stream);
    return at != streams.end() && at->second.log.vector().last(actor) == head.counter &&
           at->second.log.head(actor) == head.chain;
  });
}

// What the partner's devices have brought today already.
void Notebook::State::count_day(const Now& now) {
  quota.day = now.day;
  const Stream* in = both();
  if (in == nullptr) return;
  in->log.for_each([&](const crdt::Kept& kept) {
    if (kept.arrival.day != now.day || kept.op.dot.actor.device == self.device) return;
    ++quota.ops;
    quota.bytes += crdt::encoded_size(kept.op);
  });
}

bool Notebook::State::load(const std::vector<Record>& records, const Now& now) {
  std::vector<OpRecord> ops;
  for (const Record& record : records) {
    if (record.type == RecordType::kOp) {
      std::optional<OpRecord> op = decode_op_record(record.name, record.body);
      if (!op) return false;
      ops.push_back(std::move(*op));
    } else if (record.type == RecordType::kHeads) {
      if (!heads.load(record.name, record.body)) return false;
    } else if (record.type == RecordType::kIntent) {
      std::optional<Intent> intent = decode_intent(record.name, record.body);
      if (!intent) return false;
      intents.emplace(intent->entry, std::move(*intent));
    } else if (record.type == RecordType::kUndo) {
      last_act = decode_act(record.body);
      if (!last_act) return false;
    }
  }
  if (!load_ops(std::move(ops))) return false;
  count_day(now);
  return true;
}

}  // namespace attune::sync
