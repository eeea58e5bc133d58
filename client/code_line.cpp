#include "client/code_line.h"

#include <readline/readline.h>
#include <unistd.h>
#include <cstdio>

#include <cstdlib>
#include <memory>
#include <vector>

#include "proto/code_words.h"

namespace attune::client {
namespace {

constexpr std::size_t kOffersMax = 64;

char* next_offer(const char* text, int state) {
  static std::vector<std::string> offers;
  static std::size_t at = 0;
  if (state == 0) {
    offers = code_completions(text);
    at = 0;
  }
  return at < offers.size() ? strdup(offers[at++].c_str()) : nullptr;
}

char** complete(const char* text, int, int) {
  rl_attempted_completion_over = 1;  // no file names
  return rl_completion_matches(text, next_offer);
}

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Close>;

File opened(int fd, const char* mode) {
  const int own = dup(fd);
  std::FILE* file = own < 0 ? nullptr : fdopen(own, mode);
  if (file == nullptr && own >= 0) close(own);
  return File(file);
}

}  // namespace

std::vector<std::string> code_completions(const std::string& typed) {
  const std::size_t seam = typed.find_last_of("- ");
  if (seam == std::string::npos) return {};
  std::vector<std::string> out;
  for (const std::string_view word : complete_code_word(typed.substr(seam + 1))) {
    if (out.size() == kOffersMax) break;
    out.push_back(typed.substr(0, seam + 1) + std::string(word));
  }
  return out;
}

std::optional<Wiped> read_code_line(Console& console, const std::string& prompt) {
  const File in = opened(console.streams().in, "r");
  const File out = opened(console.streams().err, "w");
  if (!in || !out) return std::nullopt;
  rl_instream = in.get();
  rl_outstream = out.get();
  rl_catch_signals = 0;  // ours end the process
  rl_attempted_completion_function = complete;
  rl_completer_word_break_characters = const_cast<char*>("");
  rl_completion_append_character = '\0';
  rl_variable_bind("enable-bracketed-paste", "off");
  char* line = readline(prompt.c_str());
  rl_instream = nullptr;
  rl_outstream = nullptr;
  if (line == nullptr) return std::nullopt;
  Wiped code{std::string(line)};
  explicit_bzero(line, std::strlen(line));
  std::free(line);
  return code;
}

}  // namespace attune::client
