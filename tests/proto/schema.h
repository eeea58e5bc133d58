#pragma once

#include <google/protobuf/descriptor.h>

#include <string>

namespace attune {

/// Messages and enums written as text in a test, in the form that entry.proto has but for the
/// oneof: one row of options at most on a field or value, without braces inside. They are of
/// package `attune.test`; the message `Entry` holds the kinds. What descriptor() gives lives as
/// long as the Schema.
class Schema {
 public:
  /// Throws std::invalid_argument naming what is wrong where the text is no schema.
  explicit Schema(const std::string& messages);
  Schema(const Schema&) = delete;
  Schema& operator=(const Schema&) = delete;

  [[nodiscard]] const google::protobuf::Descriptor& descriptor() const { return *entry_; }

 private:
  google::protobuf::DescriptorPool pool_;
  const google::protobuf::Descriptor* entry_ = nullptr;
};

}  // namespace attune
