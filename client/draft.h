#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "attune/v1/control.pb.h"
#include "client/command_line.h"
#include "client/question.h"
#include "proto/ids.h"
#include "proto/time.h"

namespace attune::client {

/// A request under construction: what the line said, what is still to be asked, and which shortened
/// ids the daemon must complete first. Made for one Invocation, which outlives it. Wiped when it
/// goes.
class Draft {
 public:
  /// Requires an act that the daemon performs. Fields that the line leaves out stay out: the daemon
  /// gives them the defaults of their row.
  explicit Draft(const Invocation& invocation);
  ~Draft();
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  /// What must be asked, in order.
  [[nodiscard]] const std::vector<Question>& questions() const { return questions_; }
  /// An edit is asked beside what is there: takes the daemon's answer to Show.
  void show_current(const v1::Item& item);
  /// Takes the answers in. Throws Failure (2) where one is too long.
  void take(Replies replies);
  /// The text of a QR code that was read from a picture.
  void take_qr(const std::string& text) { request_.mutable_pair()->set_qr(text); }

  /// Ids as typed that the request needs in full, by the field they stand in.
  [[nodiscard]] const std::map<std::uint32_t, std::string>& open_ids() const { return open_ids_; }
  void complete_id(std::uint32_t field_number, char letter, const EntryId& id);

  /// Requires that open_ids() is empty.
  const v1::Request& request();

 private:
  bool start_notebook_act();
  bool start_relay_act();
  void start_entry_act();
  void start_add();
  void start_edit();
  void start_end();
  void start_list();
  void start_pair();
  void set_flags();
  void set_value(const FieldRow& field, const std::string& value);
  void set_topic(const FieldRow& field, const std::string& topic);
  void ask_for_fields(bool changes);
  void take_own(const std::string& key, Reply& reply);
  void take_field(const FieldRow& field, Reply& reply);
  [[nodiscard]] Bytes message() const;

  const Invocation& invocation_;
  const KindRow* kind_;
  v1::Request request_;
  std::vector<Question> questions_;
  std::map<std::uint32_t, Bytes> fields_;  ///< of the kind's message, as they go on the wire
  std::set<std::uint32_t> cleared_;
  std::map<std::uint32_t, std::string> open_ids_;
};

}  // namespace attune::client
