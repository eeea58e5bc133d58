#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "crypto/noise.h"
#include "crypto/random.h"
#include "daemon/relay/pipe_meeting.h"
#include "proto/relay_frame.h"
#include "proto/relay_url.h"
#include "tests/relay/value_relay.h"

namespace attune::sync {

/// A frame with the correlation it stands under.
template <typename Message>
struct Framed {
  std::uint32_t correlation = 0;
  Message message;
};

/// One connection as a relay has it: the handshake's other end, and records.
class RelayEnd {
 public:
  /// nullopt where `message` is no handshake with this key.
  static std::optional<RelayEnd> shake_hands(const crypto::KeyPair& key, ByteView message,
                                             crypto::Random& random);
  /// The 48 bytes.
  [[nodiscard]] const Bytes& answer() const { return answer_; }

  /// A whole record, with its length; nullopt where it does not open or holds something wrong.
  std::optional<std::vector<Framed<relay::ToRelay>>> read(ByteView record);
  /// A record without its length, as net hands it over.
  Bytes record(const std::vector<Framed<relay::FromRelay>>& frames);
  /// The same of any plaintext.
  Bytes seal(ByteView plain);

 private:
  explicit RelayEnd(crypto::NoiseHandshake::Transport transport)
      : transport_(std::move(transport)) {}

  crypto::NoiseHandshake::Transport transport_;
  Bytes answer_;
  Bytes opened_;  ///< the views of the frames that were read last
};

/// A relay without sockets: handshakes, Hello, pings, the real PipeMeeting and the real Mailboxes.
class PureRelay {
 public:
  explicit PureRelay(crypto::Random& random);

  [[nodiscard]] RelayUrl url() const;
  std::string invite;  ///< empty: none is needed
  std::uint32_t hour = 24 * 20'000 + 12;
  relay::ValueRelay mailboxes;
  std::function<bool(const relay::Pipe&)> busy;  ///< whether that end is somebody else's
  std::optional<std::uint16_t> handles_said;     ///< in Params, whatever `mailboxes` allow
  enum class Fate {
    kSaid,
    kCut,  ///< half of the record is said, and the connection ends
  };
  /// Sees each answer of the mailboxes to a question, and may say another, as any relay may.
  std::function<Fate(const relay::ToRelay&, relay::FromRelay&)> lies;

  using Connection = std::size_t;
  Connection connect();
  struct Said {
    Connection to = 0;
    std::optional<Bytes> unit;  ///< nullopt: the connection ends
  };
  /// Bytes that came on it, as the device gave them to net.
  std::vector<Said> hear(Connection connection, ByteView bytes);
  /// The device is gone.
  std::vector<Said> gone(Connection connection);
  /// What lies between forgets every connection there is, and tells nobody: nothing passes there
  /// any more.
  void lose_everybody();
  /// The process ends: every connection with it.
  std::vector<Said> end();
  /// What comes on each connection there is lies before this relay unread, until release().
  void hold();
  /// The same of what passes through pipes, those to come, too; also behind a release().
  bool holds_pipes = false;
  std::vector<Said> release();

  [[nodiscard]] std::size_t connections() const { return guests_.size(); }
  [[nodiscard]] std::size_t pipes() const { return pipes_; }
  [[nodiscard]] std::size_t spliced_units() const { return spliced_units_; }

 private:
  struct Guest {
    std::optional<RelayEnd> end;
    bool greeted = false;
    bool lost = false;
    bool held = false;
    std::vector<Bytes> unread;
    relay::SessionId session;  ///< with the mailboxes
    std::vector<relay::PipeKey> waits;
    std::optional<Connection> other;  ///< at the other end of its pipe
    relay::PipeKey met;
    bool acknowledged = false;
    std::vector<Bytes> early;  ///< said behind PipeAck before the other said it
  };
  void ask(Connection connection, const Framed<relay::ToRelay>& question, std::vector<Said>& out);
  void pipe(Connection connection, std::uint32_t correlation, const relay::Pipe& pipe,
            std::vector<Said>& out);
  void say(Connection to, std::uint32_t correlation, const relay::FromRelay& message,
           std::vector<Said>& out);
  void drop(Connection connection, std::vector<Said>& out);
  void splice(Connection connection, std::vector<Said>& out);

  crypto::Random& random_;
  crypto::KeyPair key_;
  std::map<Connection, Guest> guests_;
  relay::PipeMeeting meeting_;
  Connection last_ = 0;
  std::size_t pipes_ = 0;
  std::size_t spliced_units_ = 0;
};

}  // namespace attune::sync
