#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/sync/mailbox.h"
#include "tests/relay/value_relay.h"
#include "tests/sync/notebook_phone.h"

namespace attune::sync {

/// Two paired people whose devices never see each other: each a real Notebook and a real Mailbox
/// over a disk that is a map, and a relay of values between them. What the driver does with an
/// Output is done here in its order, and a device may crash between any two lines of it.
class MailboxWorld {
 public:
  MailboxWorld();

  class End final : public RelayLine {
   public:
    End(MailboxWorld& world, std::string name, std::uint64_t seed);

    // RelayLine
    [[nodiscard]] bool up() const override { return session_.has_value(); }
    std::uint32_t ask(const relay::ToRelay& question) override;

    void connect();
    void disconnect();
    [[nodiscard]] bool connected() const { return session_.has_value(); }
    /// The process ends and starts again: what is not on the disk is gone.
    void restart(std::optional<Steady> rests_until = {});
    void put_back(const Disk& older);
    /// Where it crashes in its next step that writes something.
    enum class Crash { kNever, kBeforeCommit, kAfterCommit };
    Crash crash = Crash::kNever;

    /// One step: what is done, what is due after it, and what it leads to.
    void step(const std::function<void(Ripple&, Output&)>& what = {});
    Answer ask_person(const Command& command);
    EntryId write(std::string_view words);
    std::size_t count();
    [[nodiscard]] crypto::Hash32 digest() const { return phone.notebook->both()->digest(); }

    Phone phone;
    std::unique_ptr<Mailbox> mailbox;
    std::uint64_t refused = 0;  ///< parcels

   private:
    friend class MailboxWorld;
    struct Question {
      std::uint32_t correlation = 0;
      relay::ToRelay question;
      Bytes body;  ///< of a Put, of which the question has a view
    };
    void perform(const RecordBatch& batch);

    MailboxWorld& world_;
    crypto::SeededRandom random_;
    std::optional<relay::SessionId> session_;
    std::vector<Question> asked_;
    std::uint32_t last_correlation_ = 0;
  };

  /// Lets everything be said that is to be said now.
  void settle();
  /// Time goes on for everybody, in steps of a second for the first minute.
  void wait(std::chrono::seconds time);
  /// Inside one live session, dialled by `dialler`: Greetings, and what is said of ratchets, up to
  /// `messages` of them.
  void meet(End& dialler, End& listener, std::size_t messages = 100);
  /// The one connects, does what it has to do, and is gone.
  void visit(End& who, std::chrono::seconds time = std::chrono::seconds(5));
  /// A parcel on its way to a device: true is passed on, else the relay has lost it.
  std::function<bool(Bytes& parcel)> on_the_way;

  relay::ValueRelay relay;
  End ana;
  End ben;

 private:
  crypto::SeededRandom random_{99};
  std::uint64_t links_ = 0;
};

}  // namespace attune::sync
