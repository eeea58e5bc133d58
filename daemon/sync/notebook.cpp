#include "daemon/sync/notebook.h"

#include <type_traits>
#include <variant>

#include "daemon/sync/notebook_state.h"

namespace attune::sync {

Notebook::State::State(const Parts& given, const Self& me, const std::optional<Partner>& other)
    : parts(given), self(me), partner(other), kinds(*given.kinds, people) {
  streams.try_emplace(crdt::StreamId::mine(), crdt::StreamId::mine(), kinds);
  learn_people();
}

void Notebook::State::learn_people() {
  people = {.me = self.person, .partner = {}, .couple = {}, .devices = {}};
  if (partner) {
    people.partner = partner->person;
    people.couple = partner->couple;
    for (const PartnerDevice& each : partner->devices) {
      people.devices.emplace(each.device, partner->person);
    }
    stream(crdt::StreamId::both(partner->couple));
  }
  people.devices[self.device] = self.person;
}

Stream& Notebook::State::stream(const crdt::StreamId& id) {
  return streams.try_emplace(id, id, kinds).first->second;
}

Stream* Notebook::State::both() {
  if (!partner) return nullptr;
  const auto at = streams.find(crdt::StreamId::both(partner->couple));
  return at == streams.end() ? nullptr : &at->second;
}

std::optional<Failed> Notebook::State::unpaired() const {
  if (partner && partner->paired) return std::nullopt;
  return Failed{.code = Code::kNotPaired, .reason = Reason::kNotPaired, .detail = {}};
}

bool Notebook::State::is_open(const Stream& in) {
  return in.log.stream().is_mine() || (!unpaired() && &in == both());
}

bool Notebook::State::is_mine(const EntryId& id, std::uint32_t kind) const {
  return crdt::proves(id, self.person, kind);
}

Answer Notebook::State::answer(const Now& now, const Command& command, Ripple& ripple) {
  return std::visit(
      [&](const auto& wanted) -> Answer {
        using Wanted = std::decay_t<decltype(wanted)>;
        if constexpr (std::is_same_v<Wanted, AddEntry>) {
          return add(now, wanted, ripple);
        } else if constexpr (std::is_same_v<Wanted, EditEntry>) {
          return edit(now, wanted, ripple);
        } else if constexpr (std::is_same_v<Wanted, EndEntry>) {
          return end(now, wanted, ripple);
        } else if constexpr (std::is_same_v<Wanted, ShareEntry>) {
          return share(now, wanted, ripple);
        } else if constexpr (std::is_same_v<Wanted, UnshareEntry>) {
          return unshare(now, wanted, ripple);
        } else if constexpr (std::is_same_v<Wanted, ForgetEntry>) {
          return forget(now, wanted, ripple);
        } else if constexpr (std::is_same_v<Wanted, Undo>) {
          return undo(now, ripple);
        } else if constexpr (std::is_same_v<Wanted, ListEntries>) {
          return list(now, wanted);
        } else if constexpr (std::is_same_v<Wanted, ShowEntry>) {
          return show(now, wanted);
        } else if constexpr (std::is_same_v<Wanted, ShowOwn>) {
          return show_own(now, wanted);
        } else if constexpr (std::is_same_v<Wanted, ListToday>) {
          return today(now);
        } else {
          return wrong_usage(Reason::kMalformed);
        }
      },
      command);
}

Notebook::Notebook(std::unique_ptr<State> state) : state_(std::move(state)) {}
Notebook::~Notebook() = default;

std::unique_ptr<Notebook> Notebook::open(Parts parts, const Self& self,
                                         const std::optional<Partner>& partner,
                                         const std::vector<Record>& records, const Now& now) {
  auto state = std::make_unique<State>(parts, self, partner);
  if (!state->load(records, now)) return nullptr;
  return std::unique_ptr<Notebook>(new Notebook(std::move(state)));
}

Answer Notebook::perform(const Now& now, const Command& command, Ripple& ripple) {
  state_->hand_over(ripple);
  state_->end_nights(now, ripple);
  return state_->answer(now, command, ripple);
}

const crdt::OpLog* Notebook::both() const {
  const Stream* stream = state_->both();
  return stream == nullptr ? nullptr : &stream->log;
}

const crdt::OpLog& Notebook::mine() const { return state_->mine().log; }

Notebook::Verdict Notebook::take(const Now& now, Arriving arriving, Ripple& ripple) {
  state_->hand_over(ripple);
  return state_->take(now, std::move(arriving), ripple);
}

std::optional<std::array<std::uint8_t, 32>> Notebook::author_tag(const crdt::Dot& dot) const {
  const Stream* both = state_->both();
  const crdt::Kept* kept = both == nullptr ? nullptr : both->log.find(dot);
  if (kept == nullptr) return std::nullopt;
  if (state_->people.person(dot.actor.device) != state_->self.person) return kept->tag;
  return make_author_tag(state_->self.author_key, dot, kept->chain);
}

std::optional<crdt::Dot> Notebook::earlier_on_entry(const crdt::Kept& kept) const {
  const Stream* both = state_->both();
  return both == nullptr ? std::nullopt : both->view.earlier_on_entry(kept);
}

void Notebook::take_back_tonight(const Now& now, Ripple& ripple) {
  state_->hand_over(ripple);
  state_->end_nights(now, ripple);
  state_->take_back_tonight(now, ripple);
}

crdt::VersionVector Notebook::say_what_protects(const Now& now, const crdt::VersionVector& there,
                                                const crdt::VersionVector& perhaps,
                                                Ripple& ripple) {
  return state_->say_what_protects(now, there, perhaps, ripple);
}

void Notebook::delivered(const crdt::VersionVector& theirs) {
  if (Stream* both = state_->both()) both->log.delivered(theirs);
}

void Notebook::people_changed() {
  state_->learn_people();
  for (auto& [id, stream] : state_->streams) stream.view.people_changed();
}

std::optional<Steady> Notebook::pass_time(const Now& now, Ripple& ripple) {
  state_->hand_over(ripple);
  return state_->pass_time(now, ripple);
}

}  // namespace attune::sync
