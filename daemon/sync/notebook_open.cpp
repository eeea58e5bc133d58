#include <algorithm>
#include <map>
#include <utility>

#include "daemon/couple/admission.h"
#include "daemon/sync/notebook_state.h"

namespace attune::sync {
namespace {

// The records of one actor's ops, in the order of their counters, and how far they are read.
struct Row {
  std::vector<std::pair<std::uint64_t, const Record*>> records;
  std::size_t next = 0;
  std::optional<OpRecord> aside;  // read, and its past is not here yet
};
using Rows = std::map<crdt::Actor, Row>;

// Grouped by actor and in order; nullopt where one is missing or there twice.
std::optional<Rows> in_rows(const std::vector<const Record*>& ops) {
  Rows rows;
  std::pair<const crdt::Actor, Row>* last = nullptr;
  for (const Record* record : ops) {
    const std::optional<crdt::Dot> dot = parse_op_name(record->name);
    if (!dot) return std::nullopt;
    if (last == nullptr || last->first != dot->actor) last = &*rows.try_emplace(dot->actor).first;
    last->second.records.emplace_back(dot->counter, record);
  }
  for (auto& [actor, row] : rows) {
    std::ranges::sort(row.records);
    for (std::size_t i = 0; i < row.records.size(); ++i) {
      if (row.records[i].first != i + 1) return std::nullopt;
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

void Notebook::State::unfold(Stream& in, const crdt::Kept& kept, bool bare) {
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
bool Notebook::State::append_all(const std::vector<const Record*>& ops) {
  std::optional<Rows> rows = in_rows(ops);
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
    for (; row.next < row.records.size(); ++row.next) {
      const Record& record = *row.records[row.next].second;
      std::optional<OpRecord> op = row.aside ? std::exchange(row.aside, std::nullopt)
                                             : decode_op_record(record.name, record.body);
      if (!op) return false;
      if (const crdt::Dot* lacking = lacks(in.log, op->op)) {
        aside.emplace(*lacking, actor);
        row.aside = std::move(op);
        break;
      }
      if (!append_one(in, std::move(*op))) return false;
      ++appended;
      const auto [from, to] = aside.equal_range({actor, row.next + 1});
      for (auto it = from; it != to; ++it) ready.push_back(it->second);
      aside.erase(from, to);
    }
  }
  return appended == ops.size();
}

bool Notebook::State::append_one(Stream& in, OpRecord record) {
  const crdt::Dot dot = record.op.dot;
  if (in.log.append(std::move(record.op), record.arrival) != crdt::OpLog::Taken::kAppended) {
    return false;
  }
  if (!record.counted) in.log.mark_void(dot);
  if (record.tag) in.log.set_tag(dot, *record.tag);
  unfold(in, *in.log.find(dot), record.bare);
  return true;
}

bool Notebook::State::load_ops(const std::vector<const Record*>& ops) {
  const auto known = heads.all();
  if (!known || !append_all(ops)) return false;
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

// Before the ops: what is erased as they are read takes its leaf with it.
bool Notebook::State::load_salts(const std::vector<Record>& records) {
  return std::ranges::all_of(records, [this](const Record& record) {
    if (record.type != RecordType::kSalts) return true;
    const std::optional<crdt::SaltTreeId> tree = parse_salts_name(record.name);
    return tree && !tree->actor.stream.is_mine() &&
           stream(tree->actor.stream).log.load_salts(*tree, record.body);
  });
}

bool Notebook::State::load(const std::vector<Record>& records, const Now& now) {
  if (!load_salts(records)) return false;
  std::vector<const Record*> ops;
  ops.reserve(records.size());
  for (const Record& record : records) {
    if (record.type == RecordType::kOp) {
      ops.push_back(&record);
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
  if (!load_ops(ops)) return false;
  count_day(now);
  return true;
}

}  // namespace attune::sync
