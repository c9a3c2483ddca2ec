#include <algorithm>
#include <filesystem>
#include <string>
#include <tuple>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/program.hpp"
#include "support/temporary_folder.hpp"
#include "support/text_files.hpp"
#include "thalweg/base/random.hpp"

namespace thalweg::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;

class Exponent : public ::testing::Test {
 protected:
  ProgramResult run(std::vector<std::string> words) const {
    words.insert(words.begin(), {"exponent", "--quiet", "--json", "--name", "a", "--force"});
    return thalweg(words, folder_.path());
  }
  json results(const std::vector<std::string>& words) const {
    const auto result = run(words);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return json::parse(result.out)["results"];
  }
  const fs::path& path() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

TEST_F(Exponent, FindsThoseOfALink) {
  for (const auto& [link, information, generative] : {std::tuple{"relu", 1, 1},
                                                      std::tuple{"abs(z)", 2, 2},
                                                      std::tuple{"h3", 3, 1},
                                                      std::tuple{"z^2*exp(-z^2)", 4, 4},
                                                      std::tuple{"T5", 5, 5}}) {
    const json found = results({"--link", link});
    EXPECT_EQ(found["information_exponent"], information) << link;
    EXPECT_EQ(found["generative_exponent"], generative) << link;
    EXPECT_EQ(found["lambda"].size(), 9U);
    EXPECT_EQ(found["leaps"][0]["order"], generative);
    EXPECT_FALSE(found["explanation"].get<std::string>().empty());
  }
  EXPECT_GT(fs::file_size(path() / "runs" / "a" / "report.html"), 10'000U);
}

TEST_F(Exponent, FindsTheLeapsOfALinkInSeveralVariables) {
  const json found = results({"--link", "z1 + sign(z2*z3)", "--dimension", "50"});
  EXPECT_EQ(found["generative_leap"], 2);
  ASSERT_EQ(found["leaps"].size(), 2U);
  EXPECT_NEAR(found["leaps"][0]["combinations"][0]["z1"], 1, 0.01);
  EXPECT_EQ(found["leaps"][1]["order"], 2);
  EXPECT_EQ(found["leaps"][1]["directions"], 2);
  EXPECT_EQ(found["leaps"][1]["combinations"].size(), 2U);
  EXPECT_THAT(found["explanation"].get<std::string>(), HasSubstr("shows z2 and z3 together"));
  // sir sees means of x given y only: never z2 and z3.
  EXPECT_TRUE(found["samples_needed"]["sir"]["samples"].is_null());
  EXPECT_GT(found["samples_needed"]["u-statistic"]["samples"], 50);
}

// T4: overlap^2 = 1 - n_c/n with n_c = d (d + 4) / 12 / lambda_4^2.
TEST_F(Exponent, PlansRowsByExactLaws) {
  const json found = results({"--link", "T4", "--dimension", "64", "--overlap", "0.5"});
  const auto& trace = found["samples_needed"]["partial-trace"];
  EXPECT_EQ(trace["exact_law"], true);
  EXPECT_NEAR(trace["samples"].get<double>(), 2 * 64 * (68.0 / 12) / (0.335907 * 0.335907), 2);
  EXPECT_TRUE(found["samples_needed"]["ols"]["samples"].is_null());
}

/// Writes table.csv: a text; z1 and z1 + z2 in other units, a constant and a copy; the responses
/// z1^2, z1 z2 and noise.
void write_table(const fs::path& folder, std::uint64_t rows) {
  std::string table = "note,score,age,same,twice,square,product,noise\n";
  for (std::uint64_t i = 0; i < rows; ++i) {
    const double a = normal(Key{1}, i), b = normal(Key{2}, i);
    table += "row";
    for (const double value :
         {5 + 2 * a, 40 + 10 * (b + a), 7.0, 10 + 4 * a, a * a, a * b, normal(Key{3}, i)}) {
      table += "," + std::to_string(value);
    }
    table += "\n";
  }
  write_text(folder / "table.csv", table);
}

TEST_F(Exponent, EstimatesThemFromATable) {
  write_table(path(), 4000);
  const json found = results({"--table", "table.csv", "--index", "score", "--response", "square"});
  EXPECT_EQ(found["information_exponent"], 2);
  EXPECT_EQ(found["generative_exponent"], 2);
  EXPECT_EQ(found["leaps"], json::parse(R"([{"order": 2, "directions": 1}])"));
  EXPECT_EQ(found["rows"], 4000);
  EXPECT_NEAR(found["lambda"][2].get<double>(), 1, 0.1);
}

// z1 z2 from z1 and z1 + z2: one leap of order 2 that takes both columns.
TEST_F(Exponent, EstimatesLeapsFromSeveralColumns) {
  write_table(path(), 4000);
  for (const auto& columns : std::vector<std::vector<std::string>>{
           {"--index", "score,age"}, {"--index", "score", "--index", "age"}}) {
    std::vector<std::string> words = {"--table", "table.csv", "--response", "product"};
    words.insert(words.end(), columns.begin(), columns.end());
    const json found = results(words);
    EXPECT_EQ(found["generative_leap"], 2);
    EXPECT_EQ(found["columns"], json({"score", "age"}));
    ASSERT_EQ(found["leaps"].size(), 1U);
    const json& leap = found["leaps"][0];
    EXPECT_EQ(leap["order"], 2);
    EXPECT_EQ(leap["directions"], 2);
    EXPECT_EQ(leap["combinations"].size(), 2U);
    EXPECT_EQ(leap["orders"].size(), 2U);
    EXPECT_EQ(found["undetected"], 0);
  }
  EXPECT_GT(fs::file_size(path() / "runs" / "a" / "report.html"), 10'000U);
}

TEST_F(Exponent, SaysWhatNoiseCouldHaveHidden) {
  write_table(path(), 500);
  for (const char* columns : {"score", "score,age"}) {
    const json found = results({"--table", "table.csv", "--index", columns, "--response", "noise"});
    EXPECT_EQ(found["leaps"].size(), 0U);
    EXPECT_TRUE(found["generative_leap"].is_null());
    EXPECT_THAT(found["explanation"].get<std::string>(), HasSubstr("500 rows would show"));
  }
}

TEST_F(Exponent, AnswersColumnsThatDoNotFit) {
  write_table(path(), 500);
  for (const auto& [columns, words] : std::vector<std::pair<std::string, std::string>>{
           {"score,same", "'same' does not vary"},
           {"score,age,twice", "'twice' is a combination of those before it"},
           {"score,score", "'score' twice"},
           {"score,noise", "is the response"},
           {"a,b,c,d,e", "4 columns at most"},
           {"score,height", "no column 'height'"}}) {
    const auto result = run({"--table", "table.csv", "--index", columns, "--response", "noise"});
    EXPECT_EQ(result.exit_code, 2) << columns << ": " << result.err;
    EXPECT_THAT(result.err, HasSubstr(words));
    EXPECT_EQ(std::ranges::count(result.err, '\n'), 1) << result.err;
  }
}

TEST_F(Exponent, AnswersTablesThatAreTooShort) {
  for (const auto& [columns, rows] : {std::pair{"score", "40 rows"}, {"score,age", "100 rows"}}) {
    write_table(path(), 39);
    const auto result = run({"--table", "table.csv", "--index", columns, "--response", "square"});
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.err, HasSubstr(rows));
    EXPECT_THAT(result.err, HasSubstr("got 39"));
  }
}

TEST_F(Exponent, TakesBreakpointsWithCommas) {
  const json found = results({"--link", "relu(z)", "--breakpoints", "-1,0.5"});
  EXPECT_EQ(found["generative_exponent"], 1);
}

TEST_F(Exponent, ListsTheNamedLinks) {
  const auto result = thalweg({"exponent", "--links"}, path());
  EXPECT_EQ(result.exit_code, 0);
  for (const char* name : {"relu", "h12", "T3", "T4", "T5", "G3"})
    EXPECT_THAT(result.out, HasSubstr(name));
  EXPECT_FALSE(fs::exists(path() / "runs"));
}

TEST_F(Exponent, AnswersHostileFormulasWithOneSentence) {
  const std::string deep(10'000, '(');
  for (const auto& [link, words] :
       std::vector<std::pair<std::string, std::string>>{{"1/0", "infinite for every z"},
                                                        {"log(-1)", "undefined for every z"},
                                                        {"log(z)", "undefined"},
                                                        {"log(z1*z2)", "such as z1 = "},
                                                        {"sin(100*z)", "lower its frequency"},
                                                        {"z=3", "=="},
                                                        {"z,z", "commas"},
                                                        {"1<z<2", "do not chain"},
                                                        {"relo(z)", "Did you mean 'relu'?"},
                                                        {deep, "5000 characters"},
                                                        {deep.substr(0, 1000), "nested"},
                                                        {"z1+z2+z3+z4+z5", "at most four"},
                                                        {"", "empty"}}) {
    const auto result = run({"--link", link});
    EXPECT_EQ(result.exit_code, 2) << link.substr(0, 40) << ": " << result.err;
    EXPECT_THAT(result.err, HasSubstr(words));
    EXPECT_EQ(std::ranges::count(result.err, '\n'), 1) << result.err;
  }
}

TEST_F(Exponent, AnswersOptionsThatDoNotFit) {
  for (const auto& [options, words] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"--link", "z1*z2", "--noise", "gaussian:1"}, "one variable"},
           {{"--noise", "loud"}, "gaussian:"},
           {{"--table", "none.csv"}, "--index COLUMN"},
           {{"--table", "none.csv", "--index", "a", "--response", "b"}, "none.csv"},

           {{"--breakpoints", "x"}, "--breakpoints"},
           {{"--max-order", "13"}, "from 1 to 12"}}) {
    const auto result = run(options);
    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_THAT(result.err, HasSubstr(words));
  }
}

}  // namespace
}  // namespace thalweg::testing
