#include "proto/parser_log.h"

#include <gtest/gtest.h>

#include "attune/v1/control.pb.h"

namespace attune {
namespace {

std::string said_of_bad_bytes() {
  ::testing::internal::CaptureStderr();
  v1::Request request;
  EXPECT_FALSE(request.ParseFromString("\x7a\x03\x0a\x01\xff"));  // an id that is no UTF-8
  return ::testing::internal::GetCapturedStderr();
}

TEST(ParserLog, IsSilentOnceItIsSwitchedOff) {
  EXPECT_NE(said_of_bad_bytes(), "") << "then there is nothing to silence";
  silence_parser();
  EXPECT_EQ(said_of_bad_bytes(), "");
}

}  // namespace
}  // namespace attune
