#include <algorithm>
#include <charconv>
#include <functional>
#include <numeric>

#include "crypto/cpace_strings.h"
#include "tests/vectors/forms.h"

namespace attune::vectors {
namespace {

// Reads the few Python expressions the draft names its string vectors by: b'1234',
// bytes(range(127)) and calls of the draft's own functions with such arguments.
class Expression {
 public:
  explicit Expression(std::string_view text) : rest_(text) {}

  bool take(std::string_view word) {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  void need(std::string_view word) {
    if (!take(word)) throw Wrong("is no expression known here");
  }
  [[nodiscard]] bool done() const { return rest_.empty(); }

  std::string name() {
    std::size_t size = std::min(rest_.find('('), rest_.size());
    std::string out(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return out;
  }

  Bytes bytes() {
    if (take("b'")) return quoted('\'');
    if (take("b\"")) return quoted('"');
    need("bytes(range(");
    std::size_t count = 0;
    auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), count);
    if (error != std::errc{} || count > 256) throw Wrong("is no range of bytes");
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    need("))");
    Bytes out(count);
    std::iota(out.begin(), out.end(), std::uint8_t{0});
    return out;
  }

 private:
  Bytes quoted(char quote) {
    Bytes out;
    while (!rest_.empty() && rest_.front() != quote) out.push_back(character());
    need(std::string_view(&quote, 1));
    return out;
  }
  std::uint8_t character() {
    const char first = rest_.front();
    rest_.remove_prefix(1);
    if (first != '\\') return static_cast<std::uint8_t>(first);
    if (take("x")) {
      std::optional<Bytes> byte = from_hex(rest_.substr(0, 2));
      if (!byte || byte->size() != 1) throw Wrong("is no byte");
      rest_.remove_prefix(2);
      return byte->front();
    }
    if (rest_.empty()) throw Wrong("ends within a byte");
    const char second = rest_.front();
    rest_.remove_prefix(1);
    if (second >= '0' && second <= '7') return static_cast<std::uint8_t>(second - '0');
    if (second == 'n') return '\n';
    return static_cast<std::uint8_t>(second);
  }

  std::string_view rest_;
};

bool larger(const Bytes& a, const Bytes& b) { return b < a; }

Bytes ordered(const Bytes& a, const Bytes& b) {
  Bytes out = larger(a, b) ? a : b;
  append(out, larger(a, b) ? b : a);
  return out;
}

Bytes concatenated(const std::vector<Bytes>& parts) {
  Bytes out;
  for (const Bytes& part : parts) append_lv(out, part);
  return out;
}

Bytes with_mark(const Bytes& body) {
  Bytes out;
  append(out, as_bytes("oc"));
  append(out, body);
  return out;
}

Bytes transcript(const std::vector<Bytes>& args) {
  return crypto::cpace_transcript({.share = args[0], .ad = args[1]},
                                  {.share = args[2], .ad = args[3]});
}

Bytes ordered_transcript(const std::vector<Bytes>& args) {
  return with_mark(ordered(lv(args[0], args[1]), lv(args[2], args[3])));
}

struct Function {
  std::string_view name;
  std::size_t arguments;  // 0: any number
  std::function<Bytes(const std::vector<Bytes>&)> result;
};

const std::vector<Function>& functions() {
  static const std::vector<Function> kFunctions = {
      {"prepend_len", 1, [](const std::vector<Bytes>& args) { return lv(args[0]); }},
      {"lv_cat", 0, concatenated},
      {"prefix_free_cat", 0, concatenated},
      {"o_cat", 2,
       [](const std::vector<Bytes>& args) { return with_mark(ordered(args[0], args[1])); }},
      {"oCAT", 2, [](const std::vector<Bytes>& args) { return ordered(args[0], args[1]); }},
      {"transcript_ir", 4, transcript},
      {"transcript_oc", 4, ordered_transcript},
  };
  return kFunctions;
}

const Function* function_called(std::string_view key) {
  for (const Function& function : functions()) {
    if (key.starts_with(function.name) && key.substr(function.name.size()).starts_with("(")) {
      return &function;
    }
  }
  return nullptr;
}

// The draft has spelt it in two ways.
bool is_comparison(std::string_view key) {
  return key.starts_with("lexicographically_larger(") ||
         key.starts_with("lexiographically_larger(");
}

bool is_literal(std::string_view key) { return key.starts_with("b'") || key.starts_with("b\""); }

std::vector<Bytes> arguments_of(Expression& expression) {
  std::vector<Bytes> args;
  expression.need("(");
  if (!expression.take(")")) {
    do {
      args.push_back(expression.bytes());
    } while (expression.take(","));
    expression.need(")");
  }
  expect(expression.done(), "is no expression known here");
  return args;
}

void check_call(const std::string& key, const Json& stated) {
  expect(stated.is_string(), "is no text");
  Expression expression(key);
  if (is_literal(key)) {
    const Bytes literal = expression.bytes();
    expect(expression.done(), "is no expression known here");
    expect_equal(literal, bytes_of_either(stated.get<std::string>()), "the value");
    return;
  }
  const Function* function = function_called(key);
  expect(function != nullptr, "no such function");
  static_cast<void>(expression.name());
  const std::vector<Bytes> args = arguments_of(expression);
  expect(function->arguments == 0 || function->arguments == args.size(),
         "the arguments are too few");
  expect_equal(function->result(args), bytes_of_either(stated.get<std::string>()), "the value");
}

void check_comparison(const std::string& key, const Json& stated) {
  Expression expression(key);
  static_cast<void>(expression.name());
  const std::vector<Bytes> args = arguments_of(expression);
  expect(args.size() == 2, "the arguments are too few");
  const bool says = stated.is_boolean() ? stated.get<bool>()
                                        : stated.is_string() && stated.get<std::string>() == "True";
  expect(larger(args[0], args[1]) == says, "the comparison differs");
}

}  // namespace

bool run_cpace_strings(const Json& object, Place place, Tally& tally) {
  static_cast<void>(place);
  bool known = false;
  for (const auto& [key, child] : object.items()) {
    known = known || function_called(key) != nullptr || is_comparison(key);
  }
  if (!known) return false;
  for (const auto& item : object.items()) {
    const std::string& key = item.key();
    const Json& stated = item.value();
    if (is_comparison(key)) {
      tally.run("CPace strings", key, [&] { check_comparison(key, stated); });
    } else if (is_literal(key) || function_called(key) != nullptr) {
      tally.run("CPace strings", key, [&] { check_call(key, stated); });
    }
  }
  return true;
}

}  // namespace attune::vectors
