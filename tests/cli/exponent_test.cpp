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
  const json found = results({"--link", "z1 + sign(z2*z3)"});
  EXPECT_EQ(found["generative_leap"], 2);
  ASSERT_EQ(found["leaps"].size(), 2U);
  EXPECT_EQ(found["leaps"][1]["order"], 2);
  EXPECT_EQ(found["leaps"][1]["directions"], 2);
}

// T4: overlap^2 = 1 - n_c/n with n_c = d (d + 4) / 12 / lambda_4^2.
TEST_F(Exponent, PlansRowsByExactLaws) {
  const json found = results({"--link", "T4", "--dimension", "64", "--overlap", "0.5"});
  const auto& trace = found["samples_needed"]["partial-trace"];
  EXPECT_EQ(trace["exact_law"], true);
  EXPECT_NEAR(trace["samples"].get<double>(), 2 * 64 * (68.0 / 12) / (0.335907 * 0.335907), 2);
  EXPECT_TRUE(found["samples_needed"]["ols"]["samples"].is_null());
}

TEST_F(Exponent, EstimatesThemFromATable) {
  std::string table = "note,score,y\n";
  for (std::uint64_t i = 0; i < 4000; ++i) {
    const double z = normal(Key{1}, i);
    table += "row," + std::to_string(5 + 2 * z) + "," + std::to_string(z * z) + "\n";
  }
  write_text(path() / "table.csv", table);
  const json found = results({"--table", "table.csv", "--index", "score", "--response", "y"});
  EXPECT_EQ(found["information_exponent"], 2);
  EXPECT_EQ(found["generative_exponent"], 2);
  EXPECT_EQ(found["rows"], 4000);
  EXPECT_NEAR(found["lambda"][2].get<double>(), 1, 0.1);
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
       std::vector<std::pair<std::string, std::string>>{{"1/0", "constant"},
                                                        {"log(-1)", "constant"},
                                                        {"log(z)", "undefined"},
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
           {{"--link", "z1*z2", "--dimension", "10"}, "one variable"},
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
