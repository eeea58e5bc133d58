#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include <CLI/CLI.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>

#include "crypto/random.h"
#include "daemon/relay/config.h"
#include "daemon/relay/key_file.h"
#include "daemon/relay/metrics_page.h"
#include "daemon/relay/server.h"
#include "daemon/relay/tcp_listener.h"
#include "proto/relay_url.h"
#include "proto/version.h"

namespace attune::relay {
namespace {

/// Exit statuses, as the command line's contract has them.
constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;

struct Arguments {
  std::string config;
  std::string listen;
  std::string data;
  std::string metrics;
  std::string store = "sqlite";
  bool print_url = false;
  std::optional<int> leave;  ///< the process ends at once with this status
};

Arguments read_arguments(int argc, char** argv) {
  CLI::App app("attune-relay: a postbox and a pipe for attune devices that cannot meet");
  Arguments arguments;
  app.add_option("--listen", arguments.listen, "where devices come in")->type_name("HOST:PORT");
  app.add_option("--data", arguments.data, "the folder of the key and the mailboxes")
      ->type_name("DIR");
  app.add_option("--config", arguments.config, "a configuration in TOML")->type_name("FILE");
  app.add_option("--store", arguments.store, "what keeps the mailboxes: sqlite")
      ->type_name("STORE");
  app.add_option("--metrics", arguments.metrics, "where counters are shown")
      ->type_name("HOST:PORT");
  app.add_flag("--print-url", arguments.print_url, "print what devices need, and end");
  app.set_version_flag("--version", std::string("attune-relay ") + kVersion);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    arguments.leave = kDone;
  } catch (const CLI::CallForVersion&) {
    std::printf("attune-relay %s\n", kVersion);
    arguments.leave = kDone;
  } catch (const CLI::ParseError&) {
    std::fputs("attune-relay: wrong usage\n  next: attune-relay --help\n", stderr);
    arguments.leave = kUsage;
  }
  return arguments;
}

HostPort place_of(const std::string& text, const char* option) {
  const auto place = parse_host_port(text);
  if (!place) throw BadConfig(std::string(option) + " takes HOST:PORT");
  return *place;
}

Config configure(const Arguments& arguments) {
  Config config;
  if (!arguments.config.empty()) read_config(arguments.config, config);
  if (!arguments.listen.empty()) config.listen = place_of(arguments.listen, "--listen");
  if (!arguments.metrics.empty()) config.metrics = place_of(arguments.metrics, "--metrics");
  if (!arguments.data.empty()) config.data = arguments.data;
  if (arguments.store != "sqlite") throw BadConfig("this relay knows one store: sqlite");
  if (!config.listen) throw BadConfig("say where to listen: --listen HOST:PORT");
  return config;
}

/// No core dump, files private, no SIGPIPE, as many descriptors as this user may have.
void prepare_process() {
  ::prctl(PR_SET_DUMPABLE, 0);
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::umask(077);
  std::signal(SIGPIPE, SIG_IGN);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
}

void start_log(const std::string& level) {
  auto logger = std::make_shared<spdlog::logger>("attune-relay",
                                                 std::make_shared<spdlog::sinks::stderr_sink_st>());
  const bool journal = std::getenv("JOURNAL_STREAM") != nullptr;
  logger->set_pattern(journal ? "%l %v" : "%H:%M:%S attune-relay %l %v");
  logger->set_level(spdlog::level::from_str(level));
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

/// `port`: where it does listen, if it does.
RelayUrl url_of(const Config& config, const crypto::KeyPair& key, std::uint16_t port) {
  RelayUrl url;
  url.place = {.host = config.host.value_or(config.listen->host), .port = port};
  url.key = key.public_key;
  return url;
}

int print_url(const Config& config) {
  crypto::SystemRandom random;
  std::filesystem::create_directories(config.data);
  RelayUrl url = url_of(config, load_key(config.data, random), config.listen->port);
  url.invite = config.invite;
  std::printf("%s\n", to_text(url).c_str());
  return kDone;
}

int serve(const Config& config) {
  const net::Fd held = hold_folder(config.data);
  crypto::SystemRandom random;
  asio::io_context io(1);
  crypto::KeyPair key = load_key(config.data, random);
  net::Fd listener = listen_at(*config.listen);
  const RelayUrl url = url_of(config, key, port_of(listener));
  std::exception_ptr failure;
  auto server =
      std::make_unique<Server>(Server::Parts{.io = &io,
                                             .config = &config,
                                             .random = &random,
                                             .key = std::move(key),
                                             .listener = std::move(listener),
                                             .store = config.data / "mailboxes.db",
                                             .failed = [&io, &failure](std::exception_ptr what) {
                                               failure = std::move(what);
                                               io.stop();
                                             }});
  std::shared_ptr<MetricsPage> page;
  if (config.metrics) {
    page = std::make_shared<MetricsPage>(io, listen_at(*config.metrics), [&server] {
      return to_text(server->metrics(), server->gauges());
    });
    page->start();
  }
  asio::signal_set signals(io, SIGTERM, SIGINT);
  signals.async_wait([&](const asio::error_code& error, int) {
    if (error) return;
    spdlog::info("stopping");
    ::sd_notify(0, "STOPPING=1");
    server->stop([&io] { io.stop(); });
  });
  server->start();
  // Without the invite: this line goes to a journal.
  std::printf("%s\n", to_text(url).c_str());
  std::fflush(stdout);
  spdlog::info("serving");
  ::sd_notify(0, "READY=1");
  io.run();
  server.reset();
  if (failure) std::rethrow_exception(failure);
  spdlog::info("stopped");
  return kDone;
}

int run(int argc, char** argv) {
  try {
    prepare_process();
    const Arguments arguments = read_arguments(argc, argv);
    if (arguments.leave) return *arguments.leave;
    const Config config = configure(arguments);
    if (arguments.print_url) return print_url(config);
    start_log(config.log);
    return serve(config);
  } catch (const BadConfig& bad) {
    std::fprintf(stderr, "attune-relay: %s\n", bad.what());
    return kUsage;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "attune-relay: %s\n", error.what());
    return kFailed;
  }
}

}  // namespace
}  // namespace attune::relay

int main(int argc, char** argv) { return attune::relay::run(argc, argv); }
