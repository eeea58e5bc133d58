#include <algorithm>

#include "daemon/sync/replica_state.h"

namespace attune::sync {

void Replica::State::pair_command(const Now& now, RequestId request, const Command& command,
                                  Step& step) {
  if (const auto* said = std::get_if<PairReply>(&command)) {
    // The reply's own request stays open and unanswered: what follows goes to the pair command.
    if (pair_request) return pairing->reply(*pair_request, said->yes, now, step.out);
    step.out.answers.push_back(
        {.request = request,
         .answer =
             Failed{.code = Code::kUsage, .reason = Reason::kMalformed, .detail = {}, .wait = {}}});
    return;
  }
  if (pair_request) {
    step.out.answers.push_back(
        {.request = request,
         .answer = Failed{
             .code = Code::kRefused, .reason = Reason::kPairingRuns, .detail = {}, .wait = {}}});
    return;
  }
  pair_request = request;
  if (std::holds_alternative<PairInvite>(command)) {
    pairing->invite(request, relay.up(), now, step.out);
  } else if (const auto* by_code = std::get_if<PairByCode>(&command)) {
    pairing->join_by_code(request, *by_code, now, step.out);
  } else if (const auto* by_qr = std::get_if<PairByQr>(&command)) {
    pairing->join_by_qr(request, *by_qr, now, step.out);
  }
}

void Replica::State::follow_pairing(const Now& now, Step& step) {
  if (auto finished = pairing->take_finished()) adopt(now, std::move(*finished), step);
  follow_pending(now);
  const auto ended = [&](const AnswerOut& out) { return out.last && out.request == pair_request; };
  const auto& answers = step.out.answers;
  if (std::any_of(answers.begin(), answers.end(), ended)) pair_request.reset();

  const auto wanted = pairing->rendezvous();
  if (wanted != rendezvous) {
    rendezvous = wanted;
    if (wanted) {
      code_reach.start(wanted->nameplate, wanted->role, now);
    } else {
      code_reach.stop();
    }
  }
  for (const Endpoint& to : pairing->take_dials()) dial_pairing(to, Conversation::kQr, step);
}

// The other's yes may have been lost on its way: then a live session says it, so each looks for the
// other as if they were partners already.
void Replica::State::follow_pending(const Now& now) {
  const auto& pending = pairing->pending();
  // A second pairing with the same person has other keys than the first.
  std::optional<PendingTold> told;
  if (pending) told = PendingTold{.person = pending->partner.person, .since = pending->since};
  if (told == pending_told) return;
  pending_told = told;
  if (!partner || !partner->paired) reach.forget_everybody();
  look_for_partner(now);
}

void Replica::State::dial_pairing(const Endpoint& to, Conversation conversation, Step& step) {
  const LinkId link = dials.next();
  dialling.emplace(link, Dialling{.purpose = Purpose::kPairing, .device = {}, .to = to});
  step.out.links.emplace_back(Dial{.link = link, .to = to, .conversation = conversation});
}

void Replica::State::adopt(const Now& now, Pairing::Finished finished, Step& step) {
  partner = std::move(finished.partner);
  notebook->people_changed();
  PartnerDevice& fresh = partner->devices.front();
  if (fresh.mailbox_root) {
    mailbox->paired(fresh.device, *fresh.mailbox_root, step.out.persist);
    fresh.mailbox_root.reset();
  } else {
    mailbox->parted(step.out.persist);
  }
  reach.forget_everybody();
  memories.clear();
  for (const PartnerDevice& known : partner->devices) {
    PeerMemory memory;
    memory.addresses = std::move(finished.addresses);
    finished.addresses.clear();
    if (memory.addresses.size() > limits::kAddressesMax) {
      memory.addresses.resize(limits::kAddressesMax);
    }
    step.out.persist.changes.push_back(peer_record(known.device, memory));
    memories[known.device] = std::move(memory);
  }
  look_for_partner(now);
}

void Replica::State::unpair(const Now& now, RequestId request, Step& step) {
  if (!partner || !partner->paired) {
    step.out.answers.push_back(
        {.request = request,
         .answer = Failed{
             .code = Code::kNotPaired, .reason = Reason::kNotPaired, .detail = {}, .wait = {}}});
    return;
  }
  begin_parting(now, step);
  partner->paired = false;
  step.out.persist.changes.push_back(partner_record(*partner));
  live->close_all(step.out);
  mailbox->parted(step.out.persist);
  reach.forget_everybody();
  std::erase_if(dialling, [&](const auto& entry) {
    if (entry.second.purpose != Purpose::kLive) return false;
    step.out.links.emplace_back(Hangup{entry.first});
    return true;
  });
  notebook->people_changed();
  step.out.answers.push_back({.request = request, .answer = Done{}});
}

void Replica::State::look_for_partner(const Now& now) {
  const auto look_for = [&](const Partner& who) {
    for (const PartnerDevice& known : who.devices) {
      const auto memory = memories.find(known.device);
      reach.look_for(self, known, memory == memories.end() ? PeerMemory{} : memory->second, now);
    }
  };
  if (partner && partner->paired) look_for(*partner);
  if (pairing->pending()) look_for(pairing->pending()->partner);
}

}  // namespace attune::sync
