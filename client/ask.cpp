#include "client/ask.h"

#include "client/code_line.h"
#include "client/editor.h"
#include "client/failure.h"
#include "client/safe_text.h"
#include "proto/limits.h"

namespace attune::client {
namespace {

[[noreturn]] void end_of_input() {
  throw Failure(Ending::kCancelled, "Nothing was said, and nothing was done.");
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

/// On an entry that is there, a single hyphen removes an optional field.
bool removes(const Question& question, std::string_view text) {
  return question.clearable && text == "-";
}

std::string introduction(const Question& question, const char* how) {
  std::string out = question.prompt + " (" + how;
  if (question.changes) out += "; nothing keeps it";
  if (question.changes && question.clearable) out += ", a single - removes it";
  if (!question.changes && !question.required) out += "; may stay empty";
  out += ")\n";
  if (!question.current.empty()) out += "Now: " + safe_text(question.current) + '\n';
  return out;
}

}  // namespace

Wiped Asker::needed_line() {
  auto line = console_.read_line();
  if (!line) end_of_input();
  return std::move(*line);
}

Reply Asker::hidden(const Question& question) {
  Reply reply;
  while (true) {
    auto first = console_.read_hidden_line(question.prompt + ": ");
    if (!first) end_of_input();
    if (question.twice) {
      const auto second = console_.read_hidden_line("Once more: ");
      if (!second) end_of_input();
      if (first->text() != second->text()) {
        console_.complain("They differ.\n");
        continue;
      }
    }
    reply.texts.push_back(std::move(*first));
    return reply;
  }
}

Reply Asker::text(const Question& question) {
  Reply reply;
  while (true) {
    Wiped all;
    if (manner_.editor) {
      all = written_in_editor(manner_.scratch, question.prompt, question.current);
    } else {
      console_.complain(introduction(question, "end with an empty line"));
      all.writable().reserve(4 * limits::kWordsBytesMax);
      for (Wiped line = needed_line(); !line.empty(); line = needed_line()) {
        if (!all.empty()) all.writable().push_back('\n');
        all.writable() += line.text();
        if (removes(question, all.text())) break;
      }
    }
    const bool said = !is_blank(all.text());
    if (removes(question, all.text()) || (manner_.editor && question.clearable && !said)) {
      reply.cleared = true;
      return reply;
    }
    if (said) reply.texts.push_back(std::move(all));
    if (said || !question.required) return reply;
    console_.complain("This is needed.\n");
  }
}

Reply Asker::list(const Question& question) {
  Reply reply;
  console_.complain(introduction(question, "one a line, end with an empty line"));
  for (Wiped line = needed_line(); !is_blank(line.text()); line = needed_line()) {
    if (removes(question, line.text())) {
      reply.texts.clear();
      reply.cleared = true;
      return reply;
    }
    reply.texts.push_back(std::move(line));
  }
  return reply;
}

Reply Asker::line(const Question& question) {
  Reply reply;
  while (true) {
    console_.complain(question.prompt + ": ");
    Wiped said = needed_line();
    if (!is_blank(said.text())) {
      reply.texts.push_back(std::move(said));
      return reply;
    }
    if (!question.required) return reply;
  }
}

Reply Asker::code(const Question& question) {
  Reply reply;
  auto said = read_code_line(console_, question.prompt + ": ");
  if (!said) end_of_input();
  reply.texts.push_back(std::move(*said));
  return reply;
}

Reply Asker::choice(const Question& question) {
  std::string words;
  for (const ValueRow& row : question.field->values) {
    if (!row.hidden) words += (words.empty() ? "" : ", ") + row.word;
  }
  Reply reply;
  while (true) {
    console_.complain(question.prompt + " (" + words + "): ");
    Wiped said = needed_line();
    const ValueRow* row = question.field->value_named(said.text());
    if (row != nullptr && !row->hidden) {
      reply.texts.push_back(std::move(said));
      return reply;
    }
  }
}

Asker::Said Asker::confirm(const std::string& sentence, std::optional<int> other_fd) {
  while (true) {
    console_.complain(sentence + " [y/N] ");
    if (other_fd && !console_.wait_for_line_or(*other_fd)) {
      console_.complain("\n");
      return Said::kInterrupted;
    }
    const auto line = console_.read_line();
    if (!line) return Said::kNothing;
    const std::string& said = line->text();
    if (said == "y" || said == "Y" || said == "yes") return Said::kYes;
    if (said.empty() || said == "n" || said == "N" || said == "no") return Said::kNo;
  }
}

Reply Asker::reply(const Question& question) {
  switch (question.shape) {
    case Shape::kText:
      return text(question);
    case Shape::kList:
      return list(question);
    case Shape::kLine:
      return line(question);
    case Shape::kHidden:
      return hidden(question);
    case Shape::kCode:
      return code(question);
    case Shape::kChoice:
      return choice(question);
    case Shape::kTruth: {
      Reply reply;
      const Said said = confirm(question.prompt);
      if (said == Said::kNothing) end_of_input();
      reply.truth = said == Said::kYes;
      return reply;
    }
    case Shape::kVersion:
      return {};
  }
  return {};
}

Replies Asker::ask(const std::vector<Question>& questions) {
  Replies replies;
  for (const Question& question : questions) {
    Reply said = reply(question);
    if (said.texts.empty() && !said.truth && !said.cleared) continue;
    replies[question.key] = std::move(said);
  }
  return replies;
}

}  // namespace attune::client
