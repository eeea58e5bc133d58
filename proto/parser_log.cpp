#include "proto/parser_log.h"

#include <google/protobuf/stubs/logging.h>

namespace attune {

void silence_parser() { google::protobuf::SetLogHandler(nullptr); }

}  // namespace attune
