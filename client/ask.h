#pragma once

#include <optional>
#include <vector>

#include "client/console.h"
#include "client/question.h"

namespace attune::client {

/// Asks a person at a terminal, one question after the other; words never come from anywhere else.
/// The console outlives it.
class Asker {
 public:
  struct Manner {
    bool editor = false;  ///< texts are written in $EDITOR
    std::string scratch;  ///< a folder of this person alone for the editor's file
  };
  Asker(Console& console, Manner manner) : console_(console), manner_(std::move(manner)) {}

  /// Throws Failure (11) at end of input.
  Replies ask(const std::vector<Question>& questions);
  /// No is the answer where nothing, or nothing clear, is said. nullopt at end of input, or when
  /// `other_fd` (where there is one) can be read before something was said.
  enum class Said { kYes, kNo, kNothing, kInterrupted };
  Said confirm(const std::string& sentence, std::optional<int> other_fd = std::nullopt);

 private:
  Reply reply(const Question& question);
  Reply hidden(const Question& question);
  Reply text(const Question& question);
  Reply list(const Question& question);
  Reply line(const Question& question);
  Reply code(const Question& question);
  Reply choice(const Question& question);
  Wiped needed_line();

  Console& console_;
  Manner manner_;
};

}  // namespace attune::client
