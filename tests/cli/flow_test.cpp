// `thalweg flow` and `thalweg spectrum` as a user types them, on a small problem of their own.

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>

#include "cli/program.hpp"
#include "support/temporary_folder.hpp"
#include "thalweg/base/files.hpp"
#include "thalweg/base/npz.hpp"
#include "thalweg/base/random.hpp"
#include "thalweg/run/checkpoint.hpp"
#include "thalweg/run/recorder.hpp"

namespace thalweg::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

/// 60 points in ten dimensions with a smooth response, and the options of a run that reaches the
/// edge.
class Flow : public ::testing::Test {
 protected:
  void SetUp() override {
    NdArray x(DType::kFloat64, {60, 10}), y(DType::kFloat64, {60, 1});
    fill_normal(x.as<double>(), Key{1});
    for (int i = 0; i < 60; ++i) {
      const auto row = x.as<double>().subspan(static_cast<std::size_t>(10 * i), 10);
      y.as<double>()[static_cast<std::size_t>(i)] = std::sin(2 * row[0]) + row[1] * row[2];
    }
    write_npz(path() / "data.npz", {{"x", x}, {"y", y}});
  }

  std::vector<std::string> flow(const std::string& name, std::vector<std::string> more = {}) const {
    std::vector<std::string> words = {"flow",
                                      "--data",
                                      "data.npz",
                                      "--examples",
                                      "0",
                                      "--name",
                                      name,
                                      "--dtype",
                                      "float64",
                                      "--model-option",
                                      "hidden=12",
                                      "--quiet",
                                      "--threads",
                                      "1"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  ProgramResult run(const std::string& name, std::vector<std::string> more = {}) const {
    return thalweg(flow(name, std::move(more)), path());
  }
  nlohmann::json summary(const std::string& name) const {
    return nlohmann::json::parse(read_file(path() / "runs" / name / "summary.json"));
  }
  auto metrics(const std::string& name) const {
    return run::read_metrics(path() / "runs" / name / "metrics.h5");
  }
  const fs::path& path() const { return folder_.path(); }

  /// Starts a run and sends it a signal once it has written a checkpoint. Returns its wait status.
  int signal_after_checkpoint(const std::string& name,
                              int signal,
                              std::vector<std::string> more) const {
    return testing::signal_after_checkpoint(flow(name, std::move(more)), path(), name, signal);
  }

  void expect_equal_series(const std::string& a, const std::string& b) const {
    const auto first = metrics(a), second = metrics(b);
    ASSERT_EQ(first.size(), second.size());
    for (const auto& [name, series] : first) {
      if (name.ends_with("seconds")) continue;
      const auto& other = second.at(name);
      ASSERT_EQ(series.values.size(), other.values.size()) << name;
      for (std::size_t i = 0; i < series.values.size(); ++i) {
        const bool same = series.values[i] == other.values[i] ||
                          (std::isnan(series.values[i]) && std::isnan(other.values[i]));
        ASSERT_TRUE(same) << name << "[" << i << "]: " << series.values[i] << " against "
                          << other.values[i];
      }
    }
  }

 private:
  TemporaryFolder folder_;
};

TEST_F(Flow, WritesEveryFileAndEveryPromisedKey) {
  const auto result = run("a", {"--steps", "30", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto printed = nlohmann::json::parse(result.out);
  EXPECT_EQ(printed, summary("a"));
  for (const char* key : {"/command",
                          "/version",
                          "/status",
                          "/seed",
                          "/seconds_wall",
                          "/peak_memory_bytes",
                          "/results/parameters",
                          "/results/examples",
                          "/results/edge/first_step",
                          "/results/edge/first_step_central",
                          "/results/edge/directions",
                          "/results/processes/discrete/steps",
                          "/results/processes/midpoint/loss",
                          "/results/processes/central/predicted_loss",
                          "/results/processes/central/predicted_gradient_norm2",
                          "/results/processes/stable/sharpness",
                          "/results/processes/stable/gradient_norm2",
                          "/results/prediction/weight_distance/central",
                          "/results/prediction/weight_distance_mean/stable",
                          "/results/prediction/loss_error",
                          "/results/prediction/gradient_norm2_error",
                          "/results/prediction/variance_ratio/total",
                          "/results/prediction/variance_ratio/directions",
                          "/results/cost/gradient_seconds",
                          "/results/cost/hessian_product_seconds",
                          "/results/cost/central_step_seconds",
                          "/results/cost/central_step_in_gradients",
                          "/results/cost/central_step_gradients",
                          "/results/cost/hessian_products",
                          "/results/cost/third_derivatives"}) {
    EXPECT_TRUE(printed.contains(nlohmann::json::json_pointer(key))) << key;
  }
  EXPECT_EQ(printed["status"], "done");
  EXPECT_EQ(printed["results"]["parameters"], 10 * 12 + 12 + 12 + 1);
  for (const char* file : {"config.toml", "metrics.h5", "summary.json", "log.txt", "report.html"}) {
    EXPECT_GT(fs::file_size(path() / "runs" / "a" / file), 0U) << file;
  }
}

TEST_F(Flow, ItsConfigurationMakesTheSameRunAgain) {
  ASSERT_EQ(run("a", {"--steps", "25"}).exit_code, 0);
  const auto again =
      thalweg({"flow", "--config", "runs/a/config.toml", "--name", "b", "--quiet"}, path());
  ASSERT_EQ(again.exit_code, 0) << again.err;
  expect_equal_series("a", "b");
}

TEST_F(Flow, AnInterruptedRunGoesOnBitForBit) {
  ASSERT_EQ(run("whole", {"--steps", "120", "--checkpoint-every", "7"}).exit_code, 0);
  const int status =
      signal_after_checkpoint("parts", SIGTERM, {"--steps", "120", "--checkpoint-every", "7"});
  ASSERT_TRUE(WIFEXITED(status));
  ASSERT_EQ(WEXITSTATUS(status), 130);
  EXPECT_EQ(summary("parts")["status"], "interrupted");
  const auto resumed = thalweg({"flow", "--resume", "parts", "--quiet"}, path());
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(summary("parts")["status"], "done");
  expect_equal_series("whole", "parts");
}

TEST_F(Flow, AKilledRunGoesOnBitForBit) {
  ASSERT_EQ(run("whole", {"--steps", "120", "--checkpoint-every", "7"}).exit_code, 0);
  const int status =
      signal_after_checkpoint("parts", SIGKILL, {"--steps", "120", "--checkpoint-every", "7"});
  ASSERT_TRUE(WIFSIGNALED(status));
  metrics("parts");  // reads without an error
  ASSERT_TRUE(run::load_latest_checkpoint(path() / "runs" / "parts" / "checkpoints"));
  ASSERT_EQ(thalweg({"flow", "--resume", "parts", "--quiet"}, path()).exit_code, 0);
  expect_equal_series("whole", "parts");
}

TEST_F(Flow, AFinishedRunGoesOnWithMoreSteps) {
  ASSERT_EQ(run("whole", {"--steps", "40"}).exit_code, 0);
  ASSERT_EQ(run("parts", {"--steps", "25"}).exit_code, 0);
  const auto more = thalweg({"flow", "--resume", "parts", "--steps", "40", "--quiet"}, path());
  ASSERT_EQ(more.exit_code, 0) << more.err;
  expect_equal_series("whole", "parts");
}

TEST_F(Flow, MemoryLimitChangesResultsByRoundingOnly) {
  ASSERT_EQ(run("whole", {"--steps", "10"}).exit_code, 0);
  ASSERT_EQ(run("parts", {"--steps", "10", "--memory", "140 KB"}).exit_code, 0);
  const auto a = metrics("whole").at("central/train_loss"),
             b = metrics("parts").at("central/train_loss");
  for (std::size_t i = 0; i < a.values.size(); ++i) EXPECT_NEAR(a.values[i], b.values[i], 1e-9);
}

TEST_F(Flow, DivergenceIsReportedWithItsPage) {
  const auto result = run("a", {"--steps", "200", "--learning-rate", "50"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(summary("a")["status"], "diverged");
  EXPECT_GT(fs::file_size(path() / "runs" / "a" / "report.html"), 0U);
}

TEST_F(Flow, DryRunOnlyMeasures) {
  const auto result = run("a", {"--dry-run"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("145 parameters"));
  EXPECT_FALSE(fs::exists(path() / "runs" / "a"));
}

struct BadCall {
  std::vector<std::string> words;
  std::string says;
};

TEST_F(Flow, BadInputIsOneSentenceAndExitCodeTwo) {
  NdArray hole(DType::kFloat64, {3, 2}), y(DType::kFloat64, {3, 1});
  hole.as<double>()[3] = std::nan("");
  write_npz(path() / "nan.npz", {{"x", hole}, {"y", y}});
  write_atomically(path() / "cut.npz", read_file(path() / "data.npz").substr(0, 900));
  write_atomically(path() / "text.pt", "this is no model");
  write_npz(path() / "init.npz", {{"weights", NdArray(DType::kFloat64, {5})}});
  const std::vector<BadCall> calls = {
      {{"flow", "--data", "nan.npz", "--examples", "0"}, "nan"},
      {{"flow", "--data", "cut.npz"}, "cut.npz"},
      {{"flow", "--torchscript", "text.pt", "--data", "data.npz", "--examples", "0"}, "text.pt"},
      {{"flow", "--data", "data.npz", "--examples", "0", "--init", "init.npz"}, "145"},
      {{"flow", "--data", "data.npz", "--examples", "0", "--loss", "cross-entropy"},
       "cross-entropy"},
      {{"flow", "--data", "data.npz", "--examples", "0", "--model", "cnn"}, "images"},
      {{"flow", "--data", "data.npz", "--examples", "1000"}, "60"},
      {{"flow", "--data", "data.npz", "--examples", "0", "--processes", "midpoint"}, "discrete"},
      {{"flow", "--data", "data.npz", "--examples", "0", "--memory", "1 KB"}, "too little"},
      {{"flow", "--data", "data.npz", "--examples", "0", "--device", "cuda"}, "CUDA"},
      {{"flow", "--data", "data.npz", "--examples", "0", "--model-option", "width=3"}, "width"}};
  for (BadCall call : calls) {
    const bool own_model = std::ranges::find(call.words, "--torchscript") != call.words.end();
    if (!own_model) call.words.insert(call.words.end(), {"--model-option", "hidden=12"});
    const auto result = thalweg(call.words, path());
    EXPECT_EQ(result.exit_code, 2) << call.says << ": " << result.err;
    EXPECT_THAT(result.err, HasSubstr(call.says));
    EXPECT_THAT(result.err, Not(HasSubstr("frame #")));
  }
}

TEST_F(Flow, SpectrumFindsSixDigits) {
  const auto result = thalweg({"spectrum",
                               "--data",
                               "data.npz",
                               "--examples",
                               "0",
                               "--dtype",
                               "float64",
                               "--name",
                               "s",
                               "--model-option",
                               "hidden=12",
                               "--eigenpairs",
                               "3",
                               "--density",
                               "--per-layer",
                               "--quiet"},
                              path());
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto results = summary("s")["results"];
  ASSERT_EQ(results["eigenvalues"].size(), 3U);
  for (int i = 0; i < 3; ++i) {
    // |theta - lambda| <= |residual| for some eigenvalue, and its square over the gap for the
    // leading ones.
    EXPECT_LT(results["residuals"][i].get<double>(),
              1e-6 * results["eigenvalues"][0].get<double>());
  }
  double layers = 0;
  for (const auto& layer : results["layers"]) layers += layer["trace"].get<double>();
  const double error = results["trace_error"].get<double>();
  EXPECT_NEAR(layers, results["trace"].get<double>(), 6 * error + 0.2 * std::abs(layers));
  EXPECT_FALSE(results["density"]["values"].empty());
}

TEST(Examples, AreConfigurationsThatRun) {
  int examples = 0;
  for (const auto& entry : fs::directory_iterator(THALWEG_EXAMPLES)) {
    if (entry.path().extension() != ".toml") continue;
    ++examples;
    const auto result = thalweg({"flow", "--config", entry.path().string(), "--dry-run"});
    EXPECT_EQ(result.exit_code, 0) << entry.path() << ": " << result.err;
  }
  EXPECT_GE(examples, 4);
}

// Every process and setting that a checkpoint has to carry.
TEST_F(Flow, AdaptiveOptimizersResumeWithTheSameNumbers) {
  const std::vector<std::string> settings = {
      "--optimizer",
      "rmsprop",
      "--learning-rate",
      "0.01",
      "--beta2",
      "0.9",
      "--bias-correction",
      "--schedule",
      "cosine:40",
      "--processes",
      "discrete,midpoint,central,stable,rod,stationary,ablated",
      "--warm-start",
      "3",
      "--tolerance",
      "0.1",
      "--return-time",
      "2",
      "--raw-eigenvalues"};
  auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), settings.begin(), settings.end());
    return more;
  };
  ASSERT_EQ(run("whole", with({"--steps", "14"})).exit_code, 0);
  ASSERT_EQ(run("parts", with({"--steps", "8"})).exit_code, 0);
  const auto resumed = thalweg({"flow", "--resume", "parts", "--steps", "14", "--quiet"}, path());
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  expect_equal_series("whole", "parts");
}

// Second moments that begin at 0 say nothing of the steps to come: the rate is found by trying
// some.
TEST_F(Flow, ChoosesLearningRatesOfAdaptiveOptimizers) {
  for (const std::string optimizer : {"rmsprop", "scalar-rmsprop"}) {
    ASSERT_EQ(run(optimizer, {"--optimizer", optimizer, "--processes", "discrete", "--steps", "80"})
                  .exit_code,
              0);
    const auto config = read_file(path() / "runs" / optimizer / "config.toml");
    EXPECT_THAT(config, HasSubstr("warm-start = 20")) << optimizer;
    const auto metrics = run::read_metrics(path() / "runs" / optimizer / "metrics.h5");
    const run::Series& loss = metrics.at("discrete/train_loss");
    const run::Series& sharpness = metrics.at("discrete/effective_hessian_eigs");
    double highest = 0, sharpest = 0;
    for (std::int64_t t = 0; t < loss.rows; ++t) {
      highest = std::max(highest, loss.at(t));
      if (t > 20) sharpest = std::max(sharpest, sharpness.at(t));
    }
    EXPECT_LE(highest, 1.5 * loss.at(0)) << optimizer;
    EXPECT_GT(sharpest, 1) << optimizer;
  }
}

// Of every process a step costs what was said beforehand, give or take.
TEST_F(Flow, ForecastsItsTime) {
  const auto result =
      thalweg({"flow", "--data", "data.npz", "--examples", "0", "--dry-run"}, path());
  EXPECT_THAT(result.out, HasSubstr("while nothing oscillates"));
}

TEST_F(Flow, AdamAndMomentumAreRunAgainstTheirOwnEdge) {
  ASSERT_EQ(run("adam", {"--optimizer", "adam", "--steps", "5"}).exit_code, 0);
  const auto adam = summary("adam")["results"];
  EXPECT_NEAR(adam["edge"]["threshold"].get<double>(), 38, 1e-9);
  EXPECT_FALSE(adam["processes"].contains("central"));
  EXPECT_TRUE(metrics("adam").contains("discrete/opt.ess_mean"));
  ASSERT_EQ(
      run("heavy", {"--optimizer", "momentum", "--momentum", "0.5", "--steps", "5"}).exit_code, 0);
  EXPECT_NEAR(summary("heavy")["results"]["edge"]["threshold"].get<double>(), 3, 1e-9);
}

TEST_F(Flow, ARodRunsBesideTheCentralFlow) {
  ASSERT_EQ(run("rod", {"--processes", "discrete,midpoint,central,rod", "--steps", "20"}).exit_code,
            0);
  const auto results = summary("rod")["results"];
  EXPECT_TRUE(results["processes"]["rod"].contains("predicted_loss"));
  EXPECT_TRUE(results["prediction"]["weight_distance"]["rod"].is_number());
  EXPECT_TRUE(metrics("rod").contains("distances/midpoint-rod"));
}

TEST_F(Flow, GoesOnFromACheckpointOfAnyProcess) {
  ASSERT_EQ(run("first", {"--optimizer", "scalar-rmsprop", "--steps", "10"}).exit_code, 0);
  const std::string checkpoint = "runs/first/checkpoints/step-000000010.npz";
  ASSERT_EQ(run("second",
                {"--optimizer",
                 "scalar-rmsprop",
                 "--learning-rate",
                 "0.01",
                 "--init",
                 checkpoint,
                 "--init-process",
                 "central",
                 "--steps",
                 "2"})
                .exit_code,
            0);
  EXPECT_EQ(metrics("second").at("discrete/train_loss").at(0),
            metrics("first").at("central/train_loss").at(10));
  const auto missing =
      run("third", {"--init", checkpoint, "--init-process", "rod", "--steps", "2"});
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_THAT(missing.err, HasSubstr("has no process 'rod'; it has central, discrete, stable."));
}

// A run of the user's own, saved tensor by tensor: the second moments continue where they were.
TEST_F(Flow, TakesSecondMomentsFromAFile) {
  NamedArrays point;
  const auto put = [&](const std::string& name, std::vector<std::int64_t> shape) {
    NdArray weight(DType::kFloat32, shape), square(DType::kFloat32, shape);
    fill_normal(weight.as<float>(), Key{7}.with(name));
    std::ranges::fill(square.as<float>(), 0.25F);
    point[name] = weight;
    point["square_avg." + name] = square;
  };
  put("layers.0.weight", {12, 10});
  put("layers.0.bias", {12});
  put("layers.1.weight", {1, 12});
  put("layers.1.bias", {1});
  write_npz(path() / "point.npz", point);
  ASSERT_EQ(run("own",
                {"--optimizer",
                 "rmsprop",
                 "--learning-rate",
                 "0.01",
                 "--beta2",
                 "0.75",
                 "--init",
                 "point.npz",
                 "--steps",
                 "1"})
                .exit_code,
            0);
  const auto series = metrics("own");
  const double nu = series.at("discrete/opt.nu_selected_idx").at(0, 0);
  const double g2 = series.at("discrete/grad_sq_selected_idx").at(0, 0);
  EXPECT_NEAR(nu, 0.75 * 0.25 + 0.25 * g2, 1e-12);
  const auto corrected =
      run("no", {"--optimizer", "rmsprop", "--bias-correction", "--init", "point.npz"});
  EXPECT_EQ(corrected.exit_code, 2);
  EXPECT_THAT(corrected.err, HasSubstr("needs the number of steps behind the second moments"));
  point.erase("layers.1.bias");
  write_npz(path() / "point.npz", point);
  const auto incomplete = run("no", {"--init", "point.npz"});
  EXPECT_EQ(incomplete.exit_code, 2);
  EXPECT_THAT(incomplete.err,
              HasSubstr("needs an array 'layers.1.bias' of shape (1); it is not there"));
}

TEST_F(Flow, SequencesAreSorted) {
  const auto sorted = thalweg({"flow",
                               "--model",
                               "lstm",
                               "--data",
                               "sorting",
                               "--loss",
                               "cross-entropy",
                               "--examples",
                               "20",
                               "--steps",
                               "2",
                               "--model-option",
                               "embedding=8",
                               "--learning-rate",
                               "0.1",
                               "--name",
                               "lstm",
                               "--quiet"},
                              path());
  ASSERT_EQ(sorted.exit_code, 0) << sorted.err;
  EXPECT_GT(metrics("lstm").at("discrete/test_loss").at(2), 0);
}

}  // namespace
}  // namespace thalweg::testing
