#include "thalweg/index/formula.hpp"

#include <cmath>
#include <functional>
#include <numbers>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/random.hpp"
#include "thalweg/hermite/polynomial.hpp"
#include "thalweg/index/named_links.hpp"

namespace thalweg::index {
namespace {

using testing::HasSubstr;

double value(const std::string& text, std::vector<double> z) {
  const auto link = parse_formula(text);
  EXPECT_EQ(static_cast<std::size_t>(link->variables()), z.size()) << text;
  double y = 0;
  link->evaluate(z, {&y, 1});
  return y;
}

std::string complaint(const std::string& text) {
  try {
    parse_formula(text);
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "accepted";
}

struct Meaning {
  std::string text;
  std::function<double(double)> means;
};

TEST(Formula, MeansWhatMathematicsMeans) {
  const auto relu = [](double z) { return std::max(z, 0.0); };
  const auto sigmoid = [](double z) { return 1 / (1 + std::exp(-z)); };
  const auto sign = [](double z) { return z > 0 ? 1.0 : z < 0 ? -1.0 : 0.0; };
  const auto h3 = [](double z) { return (z * z * z - 3 * z) / std::sqrt(6); };
  const std::vector<Meaning> meanings = {
      {"z", [](double z) { return z; }},
      {"-z^2", [](double z) { return -z * z; }},
      {"2^-z", [](double z) { return std::pow(2, -z); }},
      {"--z", [](double z) { return z; }},
      {"-+-+-z", [](double z) { return -z; }},
      {"z - - z", [](double z) { return 2 * z; }},
      {"2*-z^2+1", [](double z) { return 1 - 2 * z * z; }},
      {"2^3^z", [](double z) { return std::pow(2, std::pow(3, z)); }},
      {"z-1-1", [](double z) { return z - 2; }},
      {"z/2/2", [](double z) { return z / 4; }},
      {"z^2*z^3", [](double z) { return std::pow(z, 5); }},
      {".5e1*z + 1.e-1", [](double z) { return 5 * z + 0.1; }},
      {"e^z*pi", [](double z) { return std::exp(z) * std::numbers::pi; }},
      {"z^2*exp(-z^2)", [](double z) { return z * z * std::exp(-z * z); }},
      {"relu(z)-relu(z-1)", [=](double z) { return relu(z) - relu(z - 1); }},
      {"sign ( z )", sign},
      {"sigmoid(2*z)", [=](double z) { return sigmoid(2 * z); }},
      {"softplus(z)", [](double z) { return std::log(1 + std::exp(z)); }},
      {"gelu", [](double z) { return z * (1 + std::erf(z / std::sqrt(2))) / 2; }},
      {"swish", [=](double z) { return z * sigmoid(z); }},
      {"h3", h3},
      {"sign(h3)", [=](double z) { return sign(h3(z)); }},
      {"(h2+h3)/sqrt(2)",
       [=](double z) { return ((z * z - 1) / std::sqrt(2) + h3(z)) / std::sqrt(2); }},
      {"max(0,1-abs(z))", [](double z) { return std::max(0.0, 1 - std::abs(z)); }},
      {"min(z,0,1-z)",
       [](double z) {
         return std::min({z, 0.0, 1 - z});
       }},
      {"abs(z)<1", [](double z) { return std::abs(z) < 1 ? 1.0 : 0.0; }},
      {"z>-1 && z<2 || z>=5", [](double z) { return (z > -1 && z < 2) || z >= 5 ? 1.0 : 0.0; }},
      {"z<0 ? -1 : z<1 ? z : 2", [](double z) { return z < 0   ? -1
                                                       : z < 1 ? z
                                                               : 2; }},
      {"2*(z>0 ? 3 : 4)+z", [](double z) { return 2 * (z > 0 ? 3 : 4) + z; }},
      {"floor(z)+ceil(2*z)", [](double z) { return std::floor(z) + std::ceil(2 * z); }},
      {"erf(z)+erfc(z)+cbrt(z)", [](double z) { return 1 + std::cbrt(z); }},
      {"(1<z)==(z<2)", [](double z) { return (1 < z) == (z < 2) ? 1.0 : 0.0; }},
      {"atan2(z,2)+pow(z,2)", [](double z) { return std::atan2(z, 2) + z * z; }},
  };
  for (const auto& meaning : meanings) {
    for (double z = -3; z <= 3; z += 0.13) {
      const double expected = meaning.means(z);
      EXPECT_NEAR(value(meaning.text, {z}), expected, 1e-13 * (1 + std::abs(expected)))
          << meaning.text << " at " << z;
    }
  }
}

TEST(Formula, ReadsSeveralVariables) {
  EXPECT_DOUBLE_EQ(value("relu(z1)-relu(z2)", {2, 0.5}), 1.5);
  EXPECT_DOUBLE_EQ(value("z1", {-2}), -2);
  EXPECT_DOUBLE_EQ(value("z1*sign(z2*z3)+10*z4", {2, -1, 1, 3}), 28);
  EXPECT_DOUBLE_EQ(value("max(z1,z2,z3)", {2, -1, 7}), 7);
  EXPECT_DOUBLE_EQ(value("T3(z1)*T4(z2)", {0.5, 1.0}), 1);
}

TEST(Formula, EvaluatesRowsInOrder) {
  const auto link = parse_formula("z1-z2");
  const std::vector<double> z = {1, 2, 10, 5, 0, 3};
  std::vector<double> y(3);
  link->evaluate(z, y);
  EXPECT_THAT(y, testing::ElementsAre(-1, 5, -3));
}

TEST(Formula, NamedLinksAloneArePlainAndKnowTheirBreakpoints) {
  EXPECT_THAT(parse_formula("relu")->breakpoints(), testing::ElementsAre(0));
  EXPECT_EQ(parse_formula("T4(z)")->breakpoints().size(), 4);
  EXPECT_TRUE(parse_formula("relu(z)+z")->breakpoints().empty());
  EXPECT_EQ(parse_formula(" T4 ( z )")->text(), " T4 ( z )");
}

TEST(Formula, GivesTheSameOnManyThreads) {
  const auto link = parse_formula("sin(3*z)*exp(-z^2/2)+(z>0?1:h5(z))");
  std::vector<double> z(20000), expected(z.size());
  fill_normal(z, Key{1});
  link->evaluate(z, expected);
  std::vector<std::vector<double>> found(4, std::vector<double>(z.size()));
  {
    std::vector<std::jthread> threads;
    for (auto& y : found) threads.emplace_back([&] { link->evaluate(z, y); });
  }
  for (const auto& y : found) EXPECT_EQ(y, expected);
}

TEST(Formula, RefusesWithPlaceAndRemedy) {
  const std::vector<std::pair<std::string, std::string>> complaints = {
      {"z=3", "character 2: '=' would assign; compare with '=='"},
      {"z+=1", "character 3: "},
      {"z,z", "character 2: commas separate the arguments"},
      {"(z,z)", "character 3: commas"},
      {"1<z<2", "character 4: comparisons do not chain"},
      {"z>0 == z<1", "comparisons do not chain"},
      {"z>0 ? 1<z<2 : 3", "character 10: comparisons do not chain"},
      {"rellu(z)",
       "character 1: 'rellu' is neither a variable nor a known function. Did you mean "
       "'relu'?"},
      {"2*Z", "Did you mean 'z'?"},
      {"3*foobar", "character 3: 'foobar' is neither"},
      {"z5", "at most four"},
      {"z1+z2+z3+z4+z5", "character 13: 'z5' is not one of the variables"},
      {"z0", "at most four"},
      {"z1+z3", "z3 is used but z2 is not"},
      {"z+z1", "not both"},
      {"relu+z1", "character 1: a function needs its argument"},
      {"2z", "character 2: an operator is missing"},
      {"z z", "character 3: an operator is missing"},
      {"(z)(z)", "character 4: an operator is missing"},
      {"2 (z)", "character 3: an operator is missing"},
      {"", "the formula is empty"},
      {"   ", "the formula is empty"},
      {"(", "the formula ends"},
      {"(z", "character 1: this '(' is never closed"},
      {"z)", "character 2: this ')' closes nothing"},
      {"()", "character 2: a number, z or a function is missing"},
      {"z+", "the formula ends"},
      {"*z", "character 1: a number, z or a function is missing before '*'"},
      {"z**2", "powers are written z^2"},
      {"z & 1", "write '&&'"},
      {"!z", "there is no '!'"},
      {"[z]", "round brackets"},
      {"z$", "character 2: '$' means nothing"},
      {"\"z\"", "means nothing"},
      {"max(z)", "character 4: max takes at least 2 arguments; got 1"},
      {"max", "takes arguments in brackets"},
      {"relu(z,z)", "relu takes 1 argument; got 2"},
      {"pow(z)", "pow takes 2 arguments; got 1"},
      {"sin(,z)", "character 5: a number, z or a function is missing before ','"},
      {"z>0?1", "character 4: this '?' has no ':'"},
      {"z>0:1", "this ':' has no '?'"},
      {"(z>0?1):2", "character 5: this '?' has no ':'"},
      {"1e999*z", "beyond the range"},
      {"0x10*z", "an operator is missing"},
      {"1..2*z", "character 3: an operator is missing before '.2'"},
      {"z\xc2\xb2", "character 2 is not plain text"},
      {std::string("z\0z", 3), "character 2 is not plain text"},
      {"3", "the formula is the constant 3"},
      {"1/0", "the formula is infinite for every z"},
      {"log(-1)", "the formula is undefined for every z"},
      {std::string(5001, 'z'), "at most 5000 characters; this one has 5001"},
      {std::string(2400, '(') + "z" + std::string(2400, ')'), "nested more than 200 deep"},
      {std::string(10000, '('), "at most 5000 characters"},
  };
  for (const auto& [text, expected] : complaints) {
    EXPECT_THAT(complaint(text), HasSubstr(expected)) << text.substr(0, 80);
  }
}

TEST(Formula, StandsDeepButAllowedFormulas) {
  const std::string nested = std::string(200, '(') + "z" + std::string(200, ')');
  EXPECT_EQ(value(nested, {2}), 2);
  EXPECT_EQ(value(std::string(4001, '-') + "z", {2}), -2);
  std::string conditions;
  for (int i = 0; i < 200; ++i) conditions += fmt::format("z<{}?{}:", i, i);
  EXPECT_EQ(value(conditions + "7", {150.5}), 151);
  std::string sum = "z";
  while (sum.size() < 4990) sum += "+z";
  EXPECT_EQ(value(sum, {1}), static_cast<double>(sum.size() / 2 + 1));
  std::string powers = "z";
  while (powers.size() < 4990) powers += "^1";
  EXPECT_EQ(value(powers, {3}), 3);
}

// Random strings of a formula's own characters: either a sentence or a value, never anything else.
TEST(Formula, SurvivesRandomText) {
  const std::string words[] = {"z",   "(",   ")",    "+",  "-", "*", "/", "^", "<",
                               ">",   "==",  "&&",   "||", "?", ":", ",", "1", "2.5",
                               "sin", "max", "relu", "h4", "e", " ", "z1"};
  int accepted = 0;
  for (std::uint64_t trial = 0; trial < 20000; ++trial) {
    const Key key = Key{5}.with(trial);
    std::string text;
    const auto length = 1 + random_bits(key, 0) % 12;
    for (std::uint64_t i = 1; i <= length; ++i)
      text += words[random_bits(key, i) % std::size(words)];
    const auto answer = complaint(text);
    if (answer == "accepted") ++accepted;
    EXPECT_THAT(answer, testing::Not(HasSubstr("cannot be read"))) << text;
  }
  EXPECT_GT(accepted, 100);
}

}  // namespace
}  // namespace thalweg::index
