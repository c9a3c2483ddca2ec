#include "thalweg/index/formula.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <mutex>
#include <numbers>
#include <utility>

#include <fmt/format.h>
#include <muParser.h>

#include "index/elementary_functions.hpp"
#include "index/formula_tokens.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/index/named_links.hpp"

namespace thalweg::index {
namespace {

using Kind = Token::Kind;

/// One muParser with the variables it is bound to.
class Evaluator {
 public:
  Evaluator(const std::string& expression, int variables) {
    parser_.ClearConst();
    parser_.ClearFun();
    parser_.DefineConst("pi", std::numbers::pi);
    parser_.DefineConst("e", std::numbers::e);
    for (const auto& function : elementary_functions()) {
      if (function.unary) parser_.DefineFun(function.name, function.unary);
      if (function.binary) parser_.DefineFun(function.name, function.binary);
      if (function.variadic) parser_.DefineFun(function.name, function.variadic);
    }
    for (const auto& link : named_links()) parser_.DefineFun(link.name, link.value);
    parser_.DefineVar("z", &z_[0]);
    for (int i = 0; i < variables; ++i) {
      parser_.DefineVar("z" + std::to_string(i + 1), &z_[static_cast<std::size_t>(i)]);
    }
    parser_.SetExpr(expression);
    parser_.Eval();  // compiles it
  }
  // muParser's byte code holds the addresses of the variables.
  Evaluator(const Evaluator&) = delete;
  Evaluator& operator=(const Evaluator&) = delete;

  double operator()(const double* z, std::size_t variables) {
    for (std::size_t i = 0; i < variables; ++i) z_[i] = z[i];
    return parser_.Eval();
  }

 private:
  std::array<double, 4> z_ = {};
  mu::Parser parser_;
};

/// A formula that muParser evaluates. An evaluator serves one thread at a time; they are kept and
/// lent out.
class Formula : public estimation::LinkFunction {
 public:
  Formula(std::string text, std::string expression, int variables)
      : text_(std::move(text)), expression_(std::move(expression)), variables_(variables) {
    idle_.push_back(std::make_unique<Evaluator>(expression_, variables_));
  }

  int variables() const override { return variables_; }
  std::string text() const override { return text_; }

  void evaluate(std::span<const double> z, std::span<double> y) const override {
    auto evaluator = borrow();
    const auto r = static_cast<std::size_t>(variables_);
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = (*evaluator)(&z[i * r], r);
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(evaluator));
  }

 private:
  std::unique_ptr<Evaluator> borrow() const {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        auto evaluator = std::move(idle_.back());
        idle_.pop_back();
        return evaluator;
      }
    }
    return std::make_unique<Evaluator>(expression_, variables_);
  }

  std::string text_, expression_;
  int variables_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Evaluator>> idle_;
};

/// A named link of z by itself: a plain function in a plain loop.
class PlainLink : public estimation::LinkFunction {
 public:
  PlainLink(std::string text, const NamedLink& link) : text_(std::move(text)), link_(link) {}

  int variables() const override { return 1; }
  std::string text() const override { return text_; }
  std::vector<double> breakpoints() const override { return link_.breakpoints; }

  void evaluate(std::span<const double> z, std::span<double> y) const override {
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = link_.value(z[i]);
  }

 private:
  std::string text_;
  const NamedLink& link_;
};

/// The named link that the words apply to the variable, if they say no more than that.
const NamedLink* sole_link(const std::vector<Token>& tokens) {
  const bool applied =
      tokens.size() == 4 && tokens[0].kind == Kind::kFunction && tokens[2].kind == Kind::kVariable;
  return applied ? find_named_link(tokens[0].text) : nullptr;
}

/// What muParser reads: blanks between operators, none between a function and its bracket.
std::string expression_of(const std::vector<Token>& tokens) {
  std::string expression;
  for (const Token& token : tokens) {
    const bool sign = token.kind == Kind::kOperator && token.text == "neg";
    expression += sign ? "-" : token.text;
    if (token.kind != Kind::kFunction) expression += ' ';
  }
  return expression;
}

}  // namespace

std::shared_ptr<const estimation::LinkFunction> parse_formula(const std::string& text) {
  const auto formula = read_formula(text);
  if (const NamedLink* link = sole_link(formula.tokens)) {
    return std::make_shared<PlainLink>(text, *link);
  }
  try {
    const auto expression = expression_of(formula.tokens);
    if (formula.variables == 0) {
      const double none = 0;
      const double value = Evaluator(expression, 0)(&none, 0);
      const auto what = std::isnan(value)   ? std::string("undefined")
                        : std::isinf(value) ? std::string("infinite")
                                            : fmt::format("the constant {}", value);
      throw InvalidArgument(
          "link '" + text.substr(0, 60) + "'",
          fmt::format("the formula is {} for every z; a link depends on z, or on z1, z2, ....",
                      what));
    }
    return std::make_shared<Formula>(text, expression, formula.variables);
  } catch (const mu::Parser::exception_type& error) {
    throw InvalidArgument("link '" + text.substr(0, 60) + "'",
                          "the formula cannot be read: " + error.GetMsg() + ".");
  }
}

}  // namespace thalweg::index
