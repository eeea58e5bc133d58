#include "tests/sim/words.h"

#include <fmt/format.h>

#include <type_traits>
#include <variant>

#include "proto/kind_table.h"
#include "proto/overloaded.h"

namespace attune::sim {
namespace {

std::string noun(std::uint32_t kind) {
  const KindRow* row = KindTable::standard().kind(kind);
  return row == nullptr ? fmt::format("kind {}", kind) : row->noun;
}

std::string fields(ByteView message) {
  std::string out;
  const auto parts = split_message(message);
  if (!parts) return " (no message)";
  for (const WireField& part : *parts) {
    const auto number = wire_varint(part.bytes);
    const auto content = wire_content(part.bytes);
    if (number) out += fmt::format(" {}={}", part.number, *number);
    if (content && content->size() <= 24) {
      out += fmt::format(" {}=\"{}\"", part.number, as_text(*content));
    } else if (content) {
      out += fmt::format(" {}=({} bytes)", part.number, content->size());
    }
  }
  return out;
}

std::string name_of(std::uint32_t kind, const EntryId& id) {
  const KindRow* row = KindTable::standard().kind(kind);
  return entry_name(row == nullptr ? '?' : row->letter, id).substr(0, 10);
}

}  // namespace

std::string describe(const sync::Command& command) {
  return std::visit(
      Overloaded{
          [](const sync::AddEntry& add) {
            return fmt::format("add {}{}{}{}", noun(add.kind), fields(add.message),
                               add.share ? " shared" : "", add.version.empty() ? "" : " versioned");
          },
          [](const sync::EditEntry& edit) {
            return fmt::format("edit {}{} clear {}{}{}", edit.id.substr(0, 10),
                               fields(edit.message), edit.clear.size(),
                               edit.tighter ? " tighter" : "",
                               edit.version.empty() ? "" : " versioned");
          },
          [](const sync::EndEntry& end) {
            return fmt::format("end {}{}", end.id.empty() ? noun(end.kind) : end.id.substr(0, 10),
                               end.topic.empty() ? "" : " on " + end.topic.substr(0, 10));
          },
          [](const sync::ShareEntry& share) { return "share " + share.id.substr(0, 10); },
          [](const sync::UnshareEntry& unshare) { return "unshare " + unshare.id.substr(0, 10); },
          [](const sync::ForgetEntry& forget) {
            return fmt::format("forget {}{}", forget.id.substr(0, 10), forget.here ? " here" : "");
          },
          [](const sync::Undo&) { return std::string("undo"); },
          [](const sync::ListEntries&) { return std::string("list"); },
          [](const sync::ShowEntry& show) { return "show " + show.id.substr(0, 10); },
          [](const sync::ShowOwn& show) { return "show own " + noun(show.kind); },
          [](const sync::ListToday&) { return std::string("today"); },
          [](const sync::Watch&) { return std::string("watch"); },
          [](const sync::SyncNow&) { return std::string("sync"); },
          [](const sync::AskStatus&) { return std::string("status"); },
          [](const sync::Diagnose&) { return std::string("doctor"); },
          [](const sync::PairInvite&) { return std::string("pair invite"); },
          [](const sync::PairByCode& by) { return "pair code " + by.code; },
          [](const sync::PairByQr&) { return std::string("pair qr"); },
          [](const sync::PairReply& reply) {
            return std::string(reply.yes ? "pair: yes" : "pair: no");
          },
          [](const sync::Unpair&) { return std::string("unpair"); },
          [](const sync::RelayShow&) { return std::string("relay show"); },
          [](const sync::RelaySet&) { return std::string("relay set"); },
          [](const sync::RelayTest&) { return std::string("relay test"); },
          [](const sync::RelayOff&) { return std::string("relay off"); },
      },
      command);
}

std::string describe(const sync::Input& input) {
  return std::visit(
      Overloaded{
          [](const sync::CommandCame& came) { return "is asked to " + describe(came.command); },
          [](const sync::ClientGone&) { return std::string("its client left"); },
          [](const sync::LinkOpened& link) {
            return fmt::format("link {:x} opened{}", link.link.value,
                               link.dialled ? ", dialled" : "");
          },
          [](const sync::UnitCame& unit) {
            return fmt::format("link {:x} gave {} bytes", unit.link.value, unit.bytes.size());
          },
          [](const sync::LinkClosed& link) {
            return fmt::format("link {:x} closed", link.link.value);
          },
          [](const sync::DialFailed& link) {
            return fmt::format("dial {:x} failed", link.link.value);
          },
          [](const sync::DatagramCame&) { return std::string("a datagram came"); },
          [](const sync::NetworkChanged& network) {
            return fmt::format("network changed, {} addresses", network.own.size());
          },
          [](const sync::TimeReached&) { return std::string("time reached"); },
          [](const sync::Leaving&) { return std::string("leaves"); },
      },
      input);
}

std::string describe(const sync::Answer& answer) {
  return std::visit(
      Overloaded{
          [](const sync::Done&) { return std::string("done"); },
          [](const sync::DeviceMade&) { return std::string("device"); },
          [](const sync::Failed& failed) {
            return fmt::format("failed, reason {}", static_cast<int>(failed.reason));
          },
          [](const sync::Entered& entered) {
            return "entered " + name_of(entered.kind, entered.id);
          },
          [](const sync::Items& items) { return fmt::format("{} items", items.items.size()); },
          [](const sync::Item& item) { return name_of(item.kind, item.id) + " " + item.state; },
          [](const sync::OwnAndTheirs& said) {
            return fmt::format("mine {}, theirs {}", said.mine ? "said" : "not said",
                               said.partner ? "said" : "not said");
          },
          [](const sync::StatusShown&) { return std::string("status"); },
          [](const sync::Synced& synced) {
            return fmt::format("synced, {} pending", synced.pending_out);
          },
          [](const sync::Invitation& invitation) { return "invitation " + invitation.code; },
          [](const sync::CheckPhrase&) { return std::string("check phrase"); },
          [](const sync::Paired&) { return std::string("paired"); },
          [](const sync::Changed& changed) { return "changed " + noun(changed.kind); },
          [](const sync::RelayShown&) { return std::string("a relay, or none"); },
          [](const sync::Findings&) { return std::string("findings"); },
      },
      answer);
}

std::string describe(Moment at) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(at).count();
  return fmt::format("{:>4}:{:02}:{:02}.{:03}", ms / 3'600'000, ms / 60'000 % 60, ms / 1'000 % 60,
                     ms % 1'000);
}

}  // namespace attune::sim
