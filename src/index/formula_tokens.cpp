#include "index/formula_tokens.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "index/elementary_functions.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/text.hpp"
#include "thalweg/index/formula.hpp"
#include "thalweg/index/named_links.hpp"

namespace thalweg::index {
namespace {

using Kind = Token::Kind;

constexpr std::size_t kLongestText = 5000, kDeepest = 200;

struct Arity {
  int least, most;
};

std::optional<Arity> arity_of(const std::string& name) {
  if (find_named_link(name)) return Arity{1, 1};
  for (const auto& function : elementary_functions()) {
    if (function.name != name) continue;
    if (function.unary) return Arity{1, 1};
    return function.binary ? Arity{2, 2} : Arity{2, 1000};
  }
  return {};
}

std::vector<std::string> known_names() {
  std::vector<std::string> names = {"z", "z1", "z2", "z3", "z4", "pi", "e"};
  for (const auto& function : elementary_functions()) names.push_back(function.name);
  for (const auto& link : named_links()) names.push_back(link.name);
  return names;
}

/// Reads words from left to right and checks each against the one before it.
class Reader {
 public:
  explicit Reader(const std::string& text) : text_(text) {}

  FormulaTokens read() {
    check_characters();
    while (skip_blanks(), at_ < text_.size()) read_token();
    finish();
    return std::move(formula_);
  }

 private:
  /// What an open bracket, or the whole formula, has seen so far.
  struct Level {
    std::size_t opened = 0;     ///< position of the bracket, 0 for the whole formula
    std::string function = {};  ///< whose arguments it holds, "" for a plain bracket
    int arguments = 1;
    std::vector<std::size_t> questions = {};  ///< positions of '?' that wait for ':'
    bool compared = false;                    ///< a comparison since the last && || ? : or comma
  };

  [[noreturn]] void fail(std::size_t position, const std::string& message) const {
    constexpr std::size_t kShown = 60;
    const auto shown = text_.size() <= kShown ? text_ : text_.substr(0, kShown) + "...";
    const auto place = position == 0 ? "" : fmt::format("character {}: ", position);
    throw InvalidArgument("link '" + shown + "'", place + message);
  }

  void check_characters() const {
    if (text_.size() > kLongestText) {
      throw InvalidArgument(
          "link",
          fmt::format(
              "a formula has at most {} characters; this one has {}.", kLongestText, text_.size()));
    }
    for (std::size_t i = 0; i < text_.size(); ++i) {
      const auto byte = static_cast<unsigned char>(text_[i]);
      if (byte >= 0x80 || (byte < 0x20 && !std::isspace(byte)) || byte == 0x7f) {
        throw InvalidArgument("link",
                              fmt::format("character {} is not plain text (ASCII); write powers "
                                          "as z^2, products as 2*z, pi as pi.",
                                          i + 1));
      }
    }
  }

  void skip_blanks() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }

  bool is_name(std::size_t i) const {
    return i < text_.size() &&
           (std::isalnum(static_cast<unsigned char>(text_[i])) || text_[i] == '_');
  }
  bool is_digit(std::size_t i) const {
    return i < text_.size() && std::isdigit(static_cast<unsigned char>(text_[i]));
  }

  void read_token() {
    const char c = text_[at_];
    if (is_digit(at_) || (c == '.' && is_digit(at_ + 1))) return read_number();
    if (is_name(at_)) return read_name();
    if (c == '(') return open(at_ + 1, "");
    if (c == ')') return close();
    if (c == ',') return comma();
    read_operator();
  }

  void push(Kind kind, std::size_t length) {
    formula_.tokens.push_back({kind, text_.substr(at_, length), at_ + 1});
    at_ += length;
  }

  /// An operand may stand here, or there is an operator missing before it.
  void begin_operand(std::string_view what) const {
    if (operand_) {
      fail(at_ + 1,
           fmt::format("an operator is missing before {}; products are written 2*z.", what));
    }
  }
  void need_operand(std::string_view before) const {
    if (!operand_) {
      fail(at_ + 1, fmt::format("a number, z or a function is missing before '{}'.", before));
    }
  }

  void read_number() {
    std::size_t end = at_;
    while (is_digit(end)) ++end;
    if (end < text_.size() && text_[end] == '.') ++end;
    while (is_digit(end)) ++end;
    if (end < text_.size() && (text_[end] == 'e' || text_[end] == 'E')) {
      std::size_t exponent = end + 1;
      if (exponent < text_.size() && (text_[exponent] == '+' || text_[exponent] == '-')) ++exponent;
      if (is_digit(exponent)) {
        while (is_digit(exponent)) ++exponent;
        end = exponent;
      }
    }
    const auto number = text_.substr(at_, end - at_);
    begin_operand("'" + number + "'");
    try {
      parse_double(number, "number");
    } catch (const InvalidArgument&) {
      fail(at_ + 1,
           fmt::format("the number '{}' is beyond the range of double precision.", number));
    }
    push(Kind::kNumber, end - at_);
    operand_ = true;
  }

  void read_name() {
    std::size_t end = at_;
    while (is_name(end)) ++end;
    const auto name = text_.substr(at_, end - at_);
    begin_operand("'" + name + "'");
    if (is_variable(name)) {
      note_variable(name);
      push(Kind::kVariable, name.size());
      operand_ = true;
    } else if (name == "pi" || name == "e") {
      push(Kind::kConstant, name.size());
      operand_ = true;
    } else if (arity_of(name)) {
      read_function(name, end);
    } else {
      fail_unknown(name);
    }
  }

  static bool is_variable(std::string_view name) {
    return name == "z" || (name.size() > 1 && name[0] == 'z' &&
                           std::ranges::all_of(name.substr(1), [](unsigned char c) {
                             return std::isdigit(c) != 0;
                           }));
  }

  void note_variable(const std::string& name) {
    const bool plain = name == "z";
    if (!plain && !(name.size() == 2 && name[1] >= '1' && name[1] <= '4')) {
      fail(at_ + 1,
           fmt::format("'{}' is not one of the variables z1, z2, z3, z4: a link has at most four.",
                       name));
    }
    if ((plain && numbered_) || (!plain && plain_)) {
      fail(at_ + 1, "use either z alone or z1, z2, ..., not both.");
    }
    (plain ? plain_ : numbered_) = true;
    const auto number = plain ? 0 : static_cast<std::size_t>(name[1] - '1');
    used_[number] = true;
    formula_.variables = std::max(formula_.variables, static_cast<int>(number) + 1);
  }

  void read_function(const std::string& name, std::size_t end) {
    const auto position = at_;
    push(Kind::kFunction, name.size());
    at_ = end;
    skip_blanks();
    if (at_ < text_.size() && text_[at_] == '(') return open(at_ + 1, name);
    // A name alone is applied to z.
    const auto arity = *arity_of(name);
    if (arity.most > 1) {
      fail(position + 1,
           fmt::format("'{}' takes arguments in brackets, as in {}(0,z).", name, name));
    }
    bare_.push_back(position + 1);
    for (const auto& [kind, text] : {std::pair{Kind::kOpen, "("},
                                     std::pair{Kind::kVariable, "z"},
                                     std::pair{Kind::kClose, ")"}}) {
      formula_.tokens.push_back({kind, text, position + 1});
    }
    operand_ = true;
  }

  [[noreturn]] void fail_unknown(const std::string& name) const {
    const auto hint = did_you_mean(name, known_names());
    fail(
        at_ + 1,
        fmt::format("'{}' is neither a variable nor a known function.{}",
                    name,
                    hint.empty() ? " The variable is z, or z1, z2, ...; 'thalweg exponent --links' "
                                   "lists the named links."
                                 : hint));
  }

  void open(std::size_t position, std::string function) {
    if (function.empty()) begin_operand("'('");
    if (levels_.size() > kDeepest) {
      fail(position, fmt::format("brackets are nested more than {} deep.", kDeepest));
    }
    levels_.push_back({.opened = position, .function = std::move(function)});
    push(Kind::kOpen, 1);
    operand_ = false;
  }

  void close() {
    if (levels_.size() == 1) fail(at_ + 1, "this ')' closes nothing.");
    need_operand(")");
    end_level();
    levels_.pop_back();
    push(Kind::kClose, 1);
  }

  void comma() {
    if (levels_.back().function.empty()) {
      fail(at_ + 1, "commas separate the arguments of a function; decimals are written 0.5.");
    }
    need_operand(",");
    check_questions();
    levels_.back().compared = false;
    ++levels_.back().arguments;
    push(Kind::kComma, 1);
    operand_ = false;
  }

  void check_questions() const {
    if (levels_.back().questions.empty()) return;
    fail(levels_.back().questions.back(),
         "this '?' has no ':'; write condition ? value : otherwise.");
  }

  void end_level() const {
    check_questions();
    const auto& level = levels_.back();
    if (level.function.empty()) return;
    const auto arity = *arity_of(level.function);
    if (level.arguments < arity.least || level.arguments > arity.most) {
      fail(level.opened,
           fmt::format("{} takes {} {}; got {}.",
                       level.function,
                       arity.most > 2 ? "at least 2" : std::to_string(arity.least),
                       arity.most == 1 ? "argument" : "arguments",
                       level.arguments));
    }
  }

  void read_operator() {
    static constexpr std::array<std::string_view, 16> kOperators = {
        "**", "==", "!=", "<=", ">=", "&&", "||", "+", "-", "*", "/", "^", "<", ">", "?", ":"};
    const auto rest = std::string_view(text_).substr(at_);
    const auto found =
        std::ranges::find_if(kOperators, [&](std::string_view op) { return rest.starts_with(op); });
    if (found == kOperators.end()) fail_operator(rest[0]);
    if (*found == "**") fail(at_ + 1, "powers are written z^2, not z**2.");
    if (!operand_ && (*found == "+" || *found == "-")) return read_sign(rest[0]);
    need_operand(*found);
    auto& level = levels_.back();
    if (*found == "?") {
      if (++conditions_ > kDeepest) {
        fail(at_ + 1, fmt::format("there are more than {} conditions.", kDeepest));
      }
      level.questions.push_back(at_ + 1);
    } else if (*found == ":") {
      if (level.questions.empty()) {
        fail(at_ + 1, "this ':' has no '?' before it; write condition ? value : otherwise.");
      }
      level.questions.pop_back();
    }
    if (is_comparison(*found)) {
      if (level.compared) {
        fail(at_ + 1, "comparisons do not chain; write 1<z && z<2 instead of 1<z<2.");
      }
      level.compared = true;
    } else if (*found == "?" || *found == ":" || *found == "&&" || *found == "||") {
      level.compared = false;
    }
    push(Kind::kOperator, found->size());
    operand_ = false;
  }

  static bool is_comparison(std::string_view op) {
    return op == "<" || op == ">" || op == "<=" || op == ">=" || op == "==" || op == "!=";
  }

  /// A sign before an operand. Signs in a row are joined into one.
  void read_sign(char sign) {
    auto& tokens = formula_.tokens;
    const bool after_sign =
        !tokens.empty() && tokens.back().kind == Kind::kOperator && tokens.back().text == "neg";
    if (sign == '-' && after_sign) {
      tokens.pop_back();
    } else if (sign == '-') {
      tokens.push_back({Kind::kOperator, "neg", at_ + 1});
    }
    ++at_;
  }

  [[noreturn]] void fail_operator(char c) const {
    const std::size_t position = at_ + 1;
    if (c == '=') fail(position, "'=' would assign; compare with '=='.");
    if (c == '&' || c == '|') fail(position, fmt::format("write '{0}{0}', not '{0}'.", c));
    if (c == '!') fail(position, "there is no '!'; compare with == 0 instead.");
    if (c == '[' || c == '{' || c == ']' || c == '}') fail(position, "use round brackets.");
    fail(position, fmt::format("'{}' means nothing in a formula.", c));
  }

  void finish() {
    if (formula_.tokens.empty()) fail(0, "the formula is empty; try relu(z), h3(z) or z1*z2.");
    if (!operand_) fail(text_.size(), "the formula ends before its last part is complete.");
    if (levels_.size() > 1) fail(levels_.back().opened, "this '(' is never closed.");
    end_level();
    if (!bare_.empty()) {
      if (numbered_) {
        fail(bare_.front(), "a function needs its argument here, as in relu(z1).");
      }
      formula_.variables = 1;
    }
    for (int number = 0; number < formula_.variables; ++number) {
      if (numbered_ && !used_[static_cast<std::size_t>(number)]) {
        fail(0,
             fmt::format("z{} is used but z{} is not; number the variables from z1 without gaps.",
                         formula_.variables,
                         number + 1));
      }
    }
  }

  const std::string& text_;
  std::size_t at_ = 0;
  bool operand_ = false;  ///< the words so far end with a complete operand
  std::vector<Level> levels_ = std::vector<Level>(1);
  std::size_t conditions_ = 0;
  bool plain_ = false, numbered_ = false;
  std::array<bool, 4> used_ = {};
  std::vector<std::size_t> bare_ = {};  ///< positions of functions named without brackets
  FormulaTokens formula_;
};

}  // namespace

FormulaTokens read_formula(const std::string& text) { return Reader(text).read(); }

}  // namespace thalweg::index
