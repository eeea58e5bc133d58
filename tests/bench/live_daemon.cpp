#include "tests/bench/live_daemon.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "client/failure.h"
#include "proto/kind_table.h"
#include "tests/bench/figures.h"

extern char** environ;

namespace attune::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kPatience{60};

[[noreturn]] void give_up(const std::string& what) { throw std::runtime_error(what); }

std::string file_text(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

v1::Answer last_of(client::ControlChannel& channel) {
  while (true) {
    auto answer = channel.next(kPatience);
    if (!answer) give_up("a daemon went away");
    if (answer->has_error()) give_up("a daemon answers " + answer->error().ShortDebugString());
    if (answer->last()) return std::move(*answer);
  }
}

std::string bytes_of(ByteView bytes) { return std::string(as_text(bytes)); }

}  // namespace

LiveDaemon::LiveDaemon(const std::filesystem::path& folder, const std::string& name,
                       std::vector<std::string> around)
    : home_(folder / name), name_(name), around_(std::move(around)) {
  std::filesystem::create_directory(home_);
  std::filesystem::permissions(home_, std::filesystem::perms::owner_all);
}

LiveDaemon::~LiveDaemon() {
  if (pid_ > 0) stop();
}

void LiveDaemon::start() {
  const std::string home = home_.string();
  std::vector<std::string> words = around_;
  words.insert(words.end(), {ATTUNE_DAEMON_PROGRAM, "--home", home});
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 2, (home + ".log").c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0600);
  const int result =
      posix_spawnp(&pid_, arguments[0], &files, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  if (result != 0) give_up("attuned does not start");
  const auto deadline = Stopwatch::now() + kPatience;
  while (true) {
    try {
      channel_ = std::make_unique<client::ControlChannel>(home_ / "run" / "attuned.sock");
      return;
    } catch (const client::Failure&) {
      if (Stopwatch::now() > deadline) give_up("attuned does not listen");
      std::this_thread::yield();
    }
  }
}

void LiveDaemon::stop() {
  channel_.reset();
  ::kill(pid_, SIGTERM);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
}

v1::Answer LiveDaemon::ask(const v1::Request& request) {
  channel_->send(request);
  return last_of(*channel_);
}

std::unique_ptr<client::ControlChannel> LiveDaemon::begin(const v1::Request& request) const {
  auto channel = std::make_unique<client::ControlChannel>(home_ / "run" / "attuned.sock");
  channel->send(request);
  return channel;
}

void LiveDaemon::init() {
  v1::Request request;
  request.mutable_init()->set_name(name_);
  request.mutable_init()->set_passphrase("a bench keeps nothing secret");
  ask(request);
}

void LiveDaemon::unlock() {
  v1::Request request;
  request.mutable_unlock()->set_passphrase("a bench keeps nothing secret");
  ask(request);
}

void LiveDaemon::add(std::size_t bytes) {
  v1::Request request;
  const KindRow& row = *KindTable::standard().named("thanks");
  request.mutable_add()->set_kind(row.number);
  request.mutable_add()->set_entry(bytes_of(wire_field(1, as_bytes(std::string(bytes, 'w')))));
  ask(request);
}

void LiveDaemon::sync() {
  v1::Request request;
  request.mutable_sync()->set_wait_seconds(static_cast<std::uint32_t>(kPatience.count()));
  ask(request);
}

void LiveDaemon::exchange() {
  v1::Request request;
  request.mutable_sync()->set_wait_seconds(static_cast<std::uint32_t>(kPatience.count()));
  const auto deadline = Stopwatch::now() + kPatience;
  while (!ask(request).synced().exchanged()) {
    if (Stopwatch::now() > deadline) give_up("no live session comes to be");
  }
}

void LiveDaemon::reach_relay(const std::string& url) {
  v1::Request set;
  set.mutable_relay_set()->set_url(url);
  ask(set);
  v1::Request status;
  status.mutable_status();
  const auto deadline = Stopwatch::now() + kPatience;
  while (ask(status).status().relay() != "reached") {
    if (Stopwatch::now() > deadline) give_up("the relay is not reached");
    std::this_thread::yield();
  }
}

std::size_t LiveDaemon::entries() {
  v1::Request request;
  request.mutable_list();
  return static_cast<std::size_t>(ask(request).items().items_size());
}

LiveDaemon::Usage LiveDaemon::usage() const {
  const std::filesystem::path proc = std::filesystem::path("/proc") / std::to_string(pid_);
  Usage usage;
  std::istringstream status(file_text(proc / "status"));
  for (std::string line; std::getline(status, line);) {
    const auto colon = line.find(':');
    if (line.starts_with("VmRSS:")) usage.rss_mb = std::stod(line.substr(colon + 1)) * 1024 / 1e6;
    if (line.starts_with("voluntary_ctxt")) usage.wakeups = std::stoull(line.substr(colon + 1));
  }
  // After the name in brackets: state, then 10 fields, then utime and stime in ticks.
  const std::string stat = file_text(proc / "stat");
  std::istringstream fields(stat.substr(stat.rfind(')') + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  usage.cpu_seconds = (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  return usage;
}

void LiveDaemon::pair(LiveDaemon& a, LiveDaemon& b) {
  v1::Request invite;
  invite.mutable_pair()->mutable_invite();
  auto issuer = a.begin(invite);
  const auto invitation = issuer->next(kPatience);
  v1::Request join;
  join.mutable_pair()->set_code(invitation->pair().invitation().code());
  join.mutable_pair()->set_wait_seconds(20);
  auto joiner = b.begin(join);
  v1::Request yes;
  yes.mutable_pair_answer()->set_yes(true);
  for (auto* channel : {issuer.get(), joiner.get()}) {
    const auto check = channel->next(kPatience);
    if (!check || !check->pair().has_check()) give_up("the pairing fails");
    channel->send(yes);
  }
  last_of(*issuer);
  last_of(*joiner);
}

std::vector<double> seen_after_ms(LiveDaemon& writer, LiveDaemon& reader, std::size_t count,
                                  std::size_t bytes) {
  v1::Request watch;
  watch.mutable_watch();
  const auto watcher = reader.begin(watch);
  reader.sync();  // answered after the watch has begun
  std::vector<double> times;
  for (std::size_t i = 0; i < count; ++i) {
    const auto start = Stopwatch::now();
    writer.add(bytes);
    watcher->next();
    times.push_back(seconds_since(start) * 1e3);
  }
  return times;
}

std::size_t LiveDaemon::tcp_bytes() const {
  std::string port = file_text(home_ / "data" / "port");
  port.erase(port.find_last_not_of("\n ") + 1);
  // Both ends are on this machine, so each has its line; what each has sent is all there was.
  const std::string command =
      "ss -tinH state established '( sport = :" + port + " or dport = :" + port + " )'";
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) give_up("ss does not start");
  std::string text;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) text += static_cast<char>(c);
  ::pclose(pipe);
  std::size_t bytes = 0;
  constexpr std::string_view kSent = "bytes_sent:";
  for (auto at = text.find(kSent); at != std::string::npos; at = text.find(kSent, at + 1)) {
    bytes += std::stoull(text.substr(at + kSent.size()));
  }
  return bytes;
}

}  // namespace attune::bench
