#include "tests/proto/schema.h"

#include <google/protobuf/text_format.h>

#include <map>
#include <regex>
#include <stdexcept>

#include "attune/v1/entry.pb.h"
#include "attune/v1/kind.pb.h"

namespace attune {
namespace {

namespace pb = google::protobuf;

template <typename Options>
void parse_options(const std::string& text, Options* options) {
  if (!pb::TextFormat::ParseFromString(text, options)) throw std::invalid_argument(text);
}

void add_field(const std::smatch& found, pb::DescriptorProto& message) {
  static const std::map<std::string, pb::FieldDescriptorProto::Type> kTypes = {
      {"string", pb::FieldDescriptorProto::TYPE_STRING},
      {"bytes", pb::FieldDescriptorProto::TYPE_BYTES},
      {"bool", pb::FieldDescriptorProto::TYPE_BOOL},
      {"int32", pb::FieldDescriptorProto::TYPE_INT32},
      {"double", pb::FieldDescriptorProto::TYPE_DOUBLE}};
  pb::FieldDescriptorProto& field = *message.add_field();
  field.set_label(found[1].matched ? pb::FieldDescriptorProto::LABEL_REPEATED
                                   : pb::FieldDescriptorProto::LABEL_OPTIONAL);
  const auto scalar = kTypes.find(found[2]);
  if (scalar != kTypes.end()) {
    field.set_type(scalar->second);
  } else {
    field.set_type_name(found.str(2).find('.') == std::string::npos ? found.str(2)
                                                                    : '.' + found.str(2));
  }
  field.set_name(found[3]);
  field.set_number(std::stoi(found[4]));
  if (found[5] == "field") {
    parse_options(found[6], field.mutable_options()->MutableExtension(v1::field));
  }
  if (found[5] == "kind") {
    parse_options(found[6], field.mutable_options()->MutableExtension(v1::kind));
  }
}

void add_message(const std::string& name, const std::string& body, pb::FileDescriptorProto& file) {
  static const std::regex kField(
      R"re((repeated )?\b([\w.]+) (\w+) = (\d+)(?: \[\(attune\.v1\.(\w+)\) = \{([^}]*)\}\])?;)re");
  pb::DescriptorProto& message = *file.add_message_type();
  message.set_name(name);
  for (std::sregex_iterator at(body.begin(), body.end(), kField), end; at != end; ++at) {
    add_field(*at, message);
  }
}

void add_enum(const std::string& name, const std::string& body, pb::FileDescriptorProto& file) {
  static const std::regex kValue(
      R"re((\w+) = (\d+)(?: \[\(attune\.v1\.value\) = \{([^}]*)\}\])?;)re");
  pb::EnumDescriptorProto& type = *file.add_enum_type();
  type.set_name(name);
  for (std::sregex_iterator at(body.begin(), body.end(), kValue), end; at != end; ++at) {
    pb::EnumValueDescriptorProto& value = *type.add_value();
    value.set_name((*at)[1]);
    value.set_number(std::stoi((*at)[2]));
    if (!(*at)[3].matched) continue;
    parse_options((*at)[3], value.mutable_options()->MutableExtension(v1::value));
  }
}

/// Keeps what the pool complains about.
class Complaints : public pb::DescriptorPool::ErrorCollector {
 public:
  void AddError(const std::string&, const std::string& element, const pb::Message*, ErrorLocation,
                const std::string& message) override {
    text += element + ": " + message + '\n';
  }
  std::string text;
};

}  // namespace

Schema::Schema(const std::string& messages) : pool_(pb::DescriptorPool::generated_pool()) {
  static const std::regex kType(R"re((enum|message) (\w+) \{((?:[^{}]|\{[^{}]*\})*)\})re");
  v1::Entry::descriptor();  // from here on entry.proto is in the generated pool
  pb::FileDescriptorProto file;
  file.set_name("attune/test/entry.proto");
  file.set_package("attune.test");
  file.set_syntax("proto3");
  file.add_dependency("attune/v1/kind.proto");
  file.add_dependency("attune/v1/entry.proto");
  for (std::sregex_iterator at(messages.begin(), messages.end(), kType), end; at != end; ++at) {
    if ((*at)[1] == "enum") {
      add_enum((*at)[2], (*at)[3], file);
    } else {
      add_message((*at)[2], (*at)[3], file);
    }
  }
  Complaints complaints;
  const pb::FileDescriptor* built = pool_.BuildFileCollectingErrors(file, &complaints);
  if (built == nullptr) throw std::invalid_argument(complaints.text);
  entry_ = built->FindMessageTypeByName("Entry");
  if (entry_ == nullptr) throw std::invalid_argument("no message Entry");
}

}  // namespace attune
