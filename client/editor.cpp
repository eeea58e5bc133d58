#include "client/editor.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <toml++/toml.h>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "client/failure.h"
#include "proto/limits.h"

extern char** environ;

namespace attune::client {
namespace {

constexpr std::size_t kFileBytesMax = 64u << 10;

std::string chosen_editor() {
  for (const char* name : {"VISUAL", "EDITOR"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  throw Failure(Ending::kUsage, "The configuration asks for $EDITOR, but none is set.");
}

/// A new file with a name nobody guesses; overwritten and removed when it goes.
class ScratchFile {
 public:
  explicit ScratchFile(const std::string& folder) : path_(folder + "/words-XXXXXX") {
    fd_ = mkostemp(path_.data(), O_CLOEXEC);
    if (fd_ < 0) throw Failure(Ending::kFailed, "No file for the editor could be made.");
  }
  ~ScratchFile() {
    const int fd =
        open(path_.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);  // editors may replace it
    for (const int each : {fd, fd_}) {
      if (each < 0) continue;
      overwrite(each);
      close(each);
    }
    unlink(path_.c_str());
  }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

  void fill(const std::string& text) const {
    if (write(fd_, text.data(), text.size()) == static_cast<ssize_t>(text.size())) return;
    throw Failure(Ending::kFailed, "The file for the editor could not be written.");
  }
  [[nodiscard]] Wiped read_back() const {
    Wiped out;
    out.writable().resize(kFileBytesMax);
    const int fd = open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    std::size_t kept = 0;
    while (fd >= 0 && kept < kFileBytesMax) {
      const ssize_t got = read(fd, out.writable().data() + kept, kFileBytesMax - kept);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) break;
      kept += static_cast<std::size_t>(got);
    }
    if (fd >= 0) close(fd);
    out.writable().resize(kept);
    return out;
  }

 private:
  static void overwrite(int fd) {
    struct stat there{};
    if (fstat(fd, &there) != 0 || there.st_size <= 0) return;
    const std::string zeros(static_cast<std::size_t>(there.st_size), '\0');
    if (pwrite(fd, zeros.data(), zeros.size(), 0) > 0) fdatasync(fd);
  }

  std::string path_;
  int fd_ = -1;
};

/// $EDITOR may hold arguments, so a shell takes it apart; the file's name is never part of the
/// script.
bool run_editor(const std::string& editor, const std::string& file) {
  std::string script = editor + " \"$1\"";
  std::string shell = "sh";
  std::string option = "-c";
  std::string path = file;
  char* arguments[] = {shell.data(), option.data(), script.data(),
                       shell.data(), path.data(),   nullptr};
  pid_t child = 0;
  if (posix_spawn(&child, "/bin/sh", nullptr, nullptr, arguments, environ) != 0) return false;
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return false;
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

Wiped written_in_editor(const std::string& folder, const std::string& prompt,
                        const std::string& current) {
  const std::string editor = chosen_editor();
  const ScratchFile file(folder);
  file.fill("# " + prompt + '\n' + current);
  if (!run_editor(editor, file.path())) throw Failure(Ending::kCancelled, "The editor was left.");
  Wiped text = file.read_back();
  std::string& words = text.writable();
  if (words.starts_with("# ")) words.erase(0, std::min(words.find('\n'), words.size() - 1) + 1);
  while (!words.empty() && (words.back() == '\n' || words.back() == ' ')) words.pop_back();
  return text;
}

bool editor_wanted(const std::filesystem::path& config) {
  std::error_code missing;
  if (!std::filesystem::is_regular_file(config, missing)) return false;
  try {
    const toml::table table = toml::parse_file(config.native());
    const toml::node_view<const toml::node> editor = table["editor"];
    return editor.value_or(std::string()) == "on" || editor.value_or(false);
  } catch (const toml::parse_error&) {
    return false;  // the daemon refuses to start with such a file, and says so with the line
  }
}

}  // namespace attune::client
