// Every command with every way in: built-in models, modules, losses and functions of the user's
// own, every source of data, starting weights of each kind, formulas, tables and configurations.

#include <cmath>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/program.hpp"
#include "support/temporary_folder.hpp"
#include "thalweg/base/files.hpp"
#include "thalweg/run/recorder.hpp"

namespace thalweg::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;

/// A folder with the files that commands are tried with, and a run of `flow` to start from.
class Files {
 public:
  static const fs::path& folder() {
    static const Files files;
    return files.folder_.path();
  }

 private:
  Files() {
    const auto& path = folder_.path();
    EXPECT_EQ(run_program({THALWEG_TEST_FILES}, path).exit_code, 0);
    const auto run = thalweg({"flow",
                              "--torchscript",
                              "model.pt",
                              "--data",
                              "mine.npz",
                              "--steps",
                              "2",
                              "--name",
                              "earlier",
                              "--quiet"},
                             path);
    EXPECT_EQ(run.exit_code, 0) << run.err;
    write_atomically(path / "losses.toml",
                     "torchscript = \"loss.pt\"\ndata = \"mine.npz\"\nloss = \"model\"\n");
  }
  TemporaryFolder folder_;
};

struct WayIn {
  std::string name;
  std::vector<std::string> words;
};

void PrintTo(const WayIn& way, std::ostream* out) { *out << way.name; }

std::string name_of(const ::testing::TestParamInfo<WayIn>& info) { return info.param.name; }

/// Runs a command with the words of a way in; returns its summary. Nothing may be said that is an
/// error, and every number that a page needs must be there.
json run_of(const std::string& command, const WayIn& way, std::vector<std::string> more) {
  std::vector<std::string> words = {command, "--name", command + "-" + way.name, "--threads", "1"};
  words.insert(words.end(), way.words.begin(), way.words.end());
  words.insert(words.end(), more.begin(), more.end());
  const auto result = thalweg(words, Files::folder());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  if (result.exit_code != 0) return {};
  const fs::path run = Files::folder() / "runs" / (command + "-" + way.name);
  EXPECT_TRUE(fs::exists(run / "report.html"));
  const json summary = json::parse(read_file(run / "summary.json"));
  EXPECT_EQ(summary["status"], "done");
  return summary["results"];
}

// --- a training loss
// -------------------------------------------------------------------------------

const std::vector<WayIn>& losses() {
  static const std::vector<WayIn> ways = {
      {"built_in_on_images", {"--examples", "30", "--model-option", "hidden=8"}},
      {"built_in_on_classes", {"--data", "mine.npz", "--model-option", "hidden=8"}},
      {"built_in_cross_entropy",
       {"--data", "mine.npz", "--loss", "cross-entropy", "--model-option", "hidden=8"}},
      {"built_in_on_real_targets", {"--data", "real.npz", "--model-option", "hidden=8"}},
      {"built_in_on_sequences",
       {"--data",
        "sorting",
        "--examples",
        "10",
        "--model",
        "lstm",
        "--loss",
        "cross-entropy",
        "--model-option",
        "hidden=8"}},
      {"module", {"--torchscript", "model.pt", "--data", "mine.npz"}},
      {"module_cross_entropy",
       {"--torchscript", "model.pt", "--data", "mine.npz", "--loss", "cross-entropy"}},
      {"module_in_parts", {"--torchscript", "model.pt", "--data", "mine.npz", "--memory", "300kB"}},
      {"module_of_images",
       {"--torchscript",
        "model.pt",
        "--data",
        "mine.npz",
        "--examples",
        "20",
        "--subset",
        "balanced"}},
      {"module_squeezed", {"--torchscript", "squeezed.pt", "--data", "real.npz"}},
      {"module_of_tokens",
       {"--torchscript", "tokens.pt", "--data", "tokens.npz", "--no-standardize"}},
      {"module_evaluating", {"--torchscript", "normalised.pt", "--data", "mine.npz"}},
      {"module_training", {"--torchscript", "normalised.pt", "--data", "mine.npz", "--train-mode"}},
      {"module_of_one_example",
       {"--torchscript",
        "model.pt",
        "--data",
        "mine.npz",
        "--examples",
        "1",
        "--subset",
        "random"}},
      {"loss_of_the_module", {"--torchscript", "loss.pt", "--data", "mine.npz", "--loss", "model"}},
      {"function_without_data",
       {"--torchscript", "valley.pt", "--data", "none", "--loss", "model"}},
      {"start_as_a_vector",
       {"--torchscript", "model.pt", "--data", "mine.npz", "--init", "flat.npz"}},
      {"start_by_names",
       {"--torchscript", "model.pt", "--data", "mine.npz", "--init", "named.npz"}},
      {"start_from_safetensors",
       {"--torchscript", "model.pt", "--data", "mine.npz", "--init", "now.safetensors"}},
      {"start_from_a_checkpoint",
       {"--torchscript",
        "model.pt",
        "--data",
        "mine.npz",
        "--init",
        "runs/earlier/checkpoints/step-000000002.npz",
        "--init-process",
        "central"}},
      {"configuration", {"--config", "losses.toml"}},
  };
  return ways;
}

class Loss : public ::testing::TestWithParam<WayIn> {};

// Both commands see the same loss: its value and its largest eigenvalue are the same in both.
TEST_P(Loss, IsTheSameForFlowAndSpectrum) {
  const std::vector<std::string> precise = {"--dtype", "float64", "--quiet"};
  auto spectrum_words = precise, flow_words = precise;
  spectrum_words.insert(spectrum_words.end(), {"--probes", "1", "--eigenpairs", "1", "--density"});
  flow_words.insert(flow_words.end(),
                    {"--steps",
                     "2",
                     "--processes",
                     "discrete,central",
                     "--learning-rate",
                     "0.01",
                     "--eigen-tolerance",
                     "1e-7"});
  const json spectrum = run_of("spectrum", GetParam(), spectrum_words);
  const json flow = run_of("flow", GetParam(), flow_words);
  ASSERT_TRUE(spectrum.is_object() && flow.is_object());
  EXPECT_EQ(spectrum["parameters"], flow["parameters"]);
  const auto metrics =
      run::read_metrics(Files::folder() / "runs" / ("flow-" + GetParam().name) / "metrics.h5");
  const double loss = spectrum["training_loss"], top = spectrum["eigenvalues"][0];
  EXPECT_NEAR(metrics.at("discrete/train_loss").at(0), loss, 1e-9 * std::abs(loss) + 1e-12);
  EXPECT_NEAR(metrics.at("discrete/hessian_eigs").at(0), top, 1e-5 * std::abs(top));
  EXPECT_FALSE(spectrum["density"].empty());
}

INSTANTIATE_TEST_SUITE_P(EveryWayIn, Loss, ::testing::ValuesIn(losses()), name_of);

// Starting weights are those of the file, not of the module.
TEST(Loss, OfAStartIsNotThatOfTheModule) {
  std::map<std::string, double> loss;
  for (const auto& way : losses()) {
    if (way.name != "module" && !way.name.starts_with("start_")) continue;
    const WayIn other{way.name + "_alone", way.words};
    const json results =
        run_of("spectrum", other, {"--quiet", "--probes", "1", "--eigenpairs", "1"});
    loss[way.name] = results.value("training_loss", 0.0);
  }
  ASSERT_EQ(loss.size(), 5U);
  EXPECT_NEAR(loss["start_as_a_vector"], loss["start_by_names"], 1e-6);
  EXPECT_NE(loss["start_as_a_vector"], loss["module"]);
  EXPECT_NEAR(loss["start_from_safetensors"], loss["module"], 1e-6);
  EXPECT_NE(loss["start_from_a_checkpoint"], loss["module"]);
}

// --- an index model
// --------------------------------------------------------------------------------

struct Index {
  std::string command;
  WayIn way;
};

std::vector<Index> index_models() {
  const std::vector<WayIn> links = {
      {"name", {"--link", "h3"}},
      {"formula", {"--link", "z^2*exp(-z^2)"}},
      {"noise", {"--link", "relu(z)", "--noise", "gaussian:0.3"}},
      {"constant_in_places", {"--link", "relu(z-1)"}},
      {"several_variables", {"--link", "z1*z2"}},
  };
  std::vector<Index> all;
  for (const auto& link : links) {
    all.push_back({"exponent", link});
    all.push_back({"exponent", {link.name + "_planned", link.words}});
    all.back().way.words.insert(all.back().way.words.end(), {"--dimension", "50"});
    all.push_back({"recover", link});
    all.back().way.words.insert(all.back().way.words.end(),
                                {"--dimension", "8,12", "--samples", "100,200", "--seeds", "2"});
  }
  all.push_back(
      {"exponent",
       {"one_column", {"--table", "patients.csv", "--index", "score", "--response", "outcome"}}});
  all.push_back({"exponent",
                 {"several_columns",
                  {"--table", "patients.csv", "--index", "score,dose", "--response", "outcome"}}});
  for (const std::string order : {"2", "3", "4"}) {
    all.push_back(
        {"tensorpca", {"order" + order, {"--order", order, "--dimension", "5,7", "--seeds", "2"}}});
  }
  return all;
}

class IndexModel : public ::testing::TestWithParam<Index> {};

TEST_P(IndexModel, HasItsResults) {
  const auto& [command, way] = GetParam();
  const json results = run_of(command, way, {"--quiet"});
  EXPECT_FALSE(results.empty());
}

INSTANTIATE_TEST_SUITE_P(EveryWayIn,
                         IndexModel,
                         ::testing::ValuesIn(index_models()),
                         [](const auto& test) {
                           return test.param.command + "_" + test.param.way.name;
                         });

// --- runs
// ------------------------------------------------------------------------------------------

// The resolved configuration of a run makes the same run again, whatever it was made from.
TEST(Configuration, OfEveryRunMakesItAgain) {
  const WayIn module{"first", {"--torchscript", "model.pt", "--data", "mine.npz", "--probes", "1"}};
  const WayIn link{"first", {"--link", "h3"}};
  const WayIn table{"table",
                    {"--table", "patients.csv", "--index", "dose", "--response", "outcome"}};
  const std::vector<std::pair<std::string, WayIn>> runs = {
      {"spectrum", module}, {"exponent", link}, {"exponent", table}};
  for (const auto& [command, way] : runs) {
    const json first = run_of(command, way, {"--quiet"});
    const std::string name = command + "-" + way.name;
    const auto again = thalweg({command,
                                "--config",
                                "runs/" + name + "/config.toml",
                                "--name",
                                name + "-again",
                                "--quiet",
                                "--json"},
                               Files::folder());
    ASSERT_EQ(again.exit_code, 0) << again.err;
    EXPECT_EQ(json::parse(again.out)["results"], first) << name;
  }
}

}  // namespace
}  // namespace thalweg::testing
