#pragma once

#include <string>

#include "attune/v1/control.pb.h"
#include "client/failure.h"
#include "client/verbs.h"
#include "proto/kind_table.h"

namespace attune::client {

/// How answers look.
struct Look {
  bool json = false;
  bool plain = false;
  bool color = false;
  bool quiet = false;
  bool terminal = false;  ///< ids are shortened; JSON is plain ASCII
};

/// Turns answers into what is printed, by the kind rows. What a partner wrote is made safe for a
/// terminal; JSON holds it as it came. The table outlives it.
class Renderer {
 public:
  Renderer(const KindTable& kinds, Look look) : kinds_(kinds), look_(look) {}

  /// An answer that is no error, to a command; empty: nothing is to be said. One JSON object is one
  /// line.
  [[nodiscard]] std::string answer(const v1::Answer& answer, const Verb& verb) const;
  /// An error, for standard error.
  [[nodiscard]] std::string failure(const Failure& failure) const;
  [[nodiscard]] std::string version(const std::string& version) const;
  [[nodiscard]] std::string kinds(bool markdown) const;

 private:
  [[nodiscard]] std::string json(const v1::Answer& answer, const Verb& verb) const;
  [[nodiscard]] std::string text(const v1::Answer& answer, const Verb& verb) const;

  const KindTable& kinds_;
  Look look_;
};

/// Whether an answer tells of something that must be fixed: `doctor` then exits 1.
bool needs_fixing(const v1::Answer& answer);

/// An error that the daemon answered.
Failure failure_of(const v1::Error& error);

}  // namespace attune::client
