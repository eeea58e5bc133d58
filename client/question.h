#pragma once

#include <map>
#include <string>
#include <vector>

#include "client/wiped.h"
#include "proto/kind_table.h"

namespace attune::client {

/// What a question takes for an answer.
enum class Shape {
  kText,     ///< lines up to an empty one
  kList,     ///< one element a line, up to an empty one
  kLine,     ///< a name, a QR code's text
  kHidden,   ///< a passphrase, not shown
  kCode,     ///< a spoken code, with completion
  kChoice,   ///< one of the field's words; by prompt or flag, never in a JSON object
  kTruth,    ///< yes or no
  kVersion,  ///< what was on screen, in hex; in a JSON object only
};

/// One thing that a command needs from its person, by prompt or as a field of a JSON object.
struct Question {
  std::string key;  ///< the JSON field
  std::string prompt;
  Shape shape = Shape::kText;
  bool required = false;
  bool twice = false;      ///< a new passphrase
  bool clearable = false;  ///< an empty answer removes what is there
  bool changes = false;    ///< asked of an entry that is there; not answering keeps it
  std::string current;     ///< what is there, to be shown
  const FieldRow* field = nullptr;
};

/// What was answered. Answers without a text, truth or clearing are not kept.
struct Reply {
  std::vector<Wiped> texts;
  bool truth = false;
  bool cleared = false;
};
using Replies = std::map<std::string, Reply>;

}  // namespace attune::client
