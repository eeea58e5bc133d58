#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <cstdio>
#include <exception>

#include "crypto/secret.h"
#include "daemon/driver.h"
#include "daemon/log.h"
#include "daemon/process.h"
#include "daemon/settings.h"
#include "proto/home.h"
#include "proto/parser_log.h"
#include "proto/version.h"

namespace attune {
namespace {

/// Exit statuses, as the command line's contract has them.
constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr int kRefused = 7;

struct Arguments {
  std::optional<std::string> home;
  std::optional<int> leave;  ///< the process ends at once with this status
};

Arguments read_arguments(int argc, char** argv) {
  CLI::App app("attuned: keeps a couple's shared notebook on this device");
  Arguments arguments;
  std::string home;
  auto* given =
      app.add_option("--home", home, "keep everything below this folder")->type_name("DIR");
  app.set_version_flag("--version", std::string("attuned ") + kVersion);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    arguments.leave = kDone;
  } catch (const CLI::CallForVersion&) {
    std::printf("attuned %s\n", kVersion);
    arguments.leave = kDone;
  } catch (const CLI::ParseError&) {
    std::fputs("attuned: wrong usage\n  next: attuned [--home DIR], attuned --help\n", stderr);
    arguments.leave = kUsage;
  }
  if (given->count() > 0) arguments.home = home;
  return arguments;
}

[[noreturn]] void leave_at_once() {
  spdlog::shutdown();
  crypto::arena::wipe_all();
  ::_exit(kDone);
}

int serve(const Home& home, const Settings& settings) {
  Inherited inherited = take_inherited();
  inherited.lock = hold_home(home, inherited.lock);
  asio::io_context io(1);
  // Nobody reads the signal: where the daemon becomes a fresh process first, that one sees it too.
  asio::posix::stream_descriptor ending(io, ending_signals());
  Driver driver({.io = &io, .home = &home, .settings = &settings, .inherited = inherited});
  ending.async_wait(asio::posix::stream_descriptor::wait_read,
                    [&driver](const asio::error_code& error) {
                      if (!error) driver.stop();
                    });
  ::sd_notify(0, "READY=1");
  io.run();
  // What is still being hashed or looked up is nobody's any more: the end does not wait for it.
  if (driver.thread_runs()) leave_at_once();
  return kDone;
}

int run(int argc, char** argv) {
  try {
    harden_process();
    const Arguments arguments = read_arguments(argc, argv);
    if (arguments.leave) return *arguments.leave;
    const Home home = find_home(arguments.home);
    const Settings settings = read_settings(home.config);
    start_log(settings.log);
    return serve(home, settings);
  } catch (const NoHome& none) {
    std::fprintf(stderr, "attuned: %s\n", none.what());
    return kUsage;
  } catch (const BadSettings& bad) {
    std::fprintf(stderr, "attuned: %s\n", bad.what());
    return kUsage;
  } catch (const HomeInUse& held) {
    std::fprintf(stderr, "attuned: %s\n", held.what());
    return kRefused;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "attuned: %s\n", error.what());
    return kFailed;
  }
}

}  // namespace
}  // namespace attune

int main(int argc, char** argv) {
  attune::silence_parser();
  return attune::run(argc, argv);
}
