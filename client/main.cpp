#include <sys/prctl.h>
#include <sys/resource.h>

#include "client/console.h"
#include "client/run.h"
#include "proto/parser_log.h"

int main(int argc, char** argv) {
  // What is typed here is in no core file, and no debugger of another process reads it.
  prctl(PR_SET_DUMPABLE, 0);
  const rlimit none{};
  setrlimit(RLIMIT_CORE, &none);
  attune::silence_parser();
  attune::client::end_well_on_signals();
  attune::client::Console console({});
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  return attune::client::run(arguments, attune::KindTable::standard(), console);
}
