#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "thalweg/base/files.hpp"
#include "thalweg/base/random.hpp"
#include "thalweg/run/folder.hpp"
#include "thalweg/run/recorder.hpp"

namespace thalweg::report::testing {

/// Gradient descent on a loss whose central flow is known in closed form, in three independent
/// copies:
///
///   L_i = (y + a z) x^2 / 2 - f y + z^2 / 2,   sharpness y + a z,   edge 2 / eta.
///
/// y rises at rate f until the sharpness reaches the edge; from there on the flow's variance of x
/// goes to 2 f. So a page gets true bursts, true spikes and true predictions without a network.
struct Toy {
  double f, a, y0;
  double x = 1e-3, y = 0, z = 0;  // the run
  double flow_y = 0, flow_z = 0;  // the central flow
  double stable_y = 0;
  bool at_edge = false;
};

class SyntheticFlow {
 public:
  static constexpr double kRate = 0.1, kEdge = 2 / kRate;

  explicit SyntheticFlow(std::int64_t steps) : steps_(steps) {
    for (Toy& toy : toys_) toy.y = toy.flow_y = toy.stable_y = toy.y0;
  }

  /// Records every series that `thalweg flow` has, and returns its summary.
  nlohmann::json run(run::Recorder& recorder) {
    declare(recorder);
    for (std::int64_t step = 0; step < steps_; ++step) {
      record(recorder, step);
      for (Toy& toy : toys_) advance(toy, step);
    }
    record_smoothed_variances(recorder);
    return summary();
  }

 private:
  /// Variance of x that holds the sharpness at the edge: f - s/2 + a(-z - a s/2) = 0.
  static double variance(const Toy& toy) {
    return toy.at_edge ? std::max(0.0, 2 * (toy.f - toy.a * toy.flow_z) / (1 + toy.a * toy.a)) : 0;
  }

  void advance(Toy& toy, std::int64_t step) {
    const double s = variance(toy);
    const double sharpness = toy.y + toy.a * toy.z;
    const double noise = 0.04 * normal(Key{5}.with("kick"), static_cast<std::uint64_t>(step));
    const double x = toy.x - kRate * sharpness * toy.x + noise;
    toy.y += kRate * (toy.f - toy.x * toy.x / 2) * kSharpening;
    toy.z -= kRate * (toy.z + toy.a * toy.x * toy.x / 2) * kSharpening;
    toy.x = x;
    toy.flow_z -= kRate * (toy.flow_z + toy.a * s / 2) * kSharpening;
    toy.flow_y = toy.at_edge ? kEdge - toy.a * toy.flow_z
                             : std::min(toy.flow_y + kRate * toy.f * kSharpening, kEdge);
    toy.at_edge = toy.at_edge || toy.flow_y >= kEdge;
    toy.stable_y += kRate * toy.f * kSharpening;
  }

  static void declare(run::Recorder& recorder) {
    for (const std::string process : {"discrete", "midpoint", "central", "stable"}) {
      recorder.declare(process + "/train_loss", "nats", "Training loss.");
      recorder.declare(process + "/train_acc", "1", "Share of examples classified rightly.");
      recorder.declare(process + "/grad_norm_sq", "1", "Squared norm of the gradient.");
      recorder.declare(process + "/effective_hessian_eigs", "1", "Eigenvalues of M^-1 H.", true);
      recorder.declare(process + "/train_outputs", "1", "Outputs of ten examples.", true);
      recorder.declare(process + "/opt.lr", "1", "Learning rate.");
    }
    recorder.declare("step", "1", "Step.");
    for (const char* name : {"central/predicted_loss",
                             "central/predicted_grad_norm_sq",
                             "central/sigma_trace",
                             "central/flow_aux/rank",
                             "distances/central-midpoint",
                             "distances/central-discrete",
                             "distances/midpoint-stable",
                             "distances/discrete-stable",
                             "distances/central-stable"}) {
      recorder.declare(name, "1", "A number.");
    }
    for (const char* name :
         {"central/predicted_variances", "midpoint_deltas", "measured_variances"}) {
      recorder.declare(name, "1", "By direction.", true);
    }
  }

  double base_loss(std::int64_t step) const {
    return 0.25 + 0.85 * std::exp(-static_cast<double>(step) / 60) +
           0.3 * std::exp(-static_cast<double>(step) / 500);
  }

  void record(run::Recorder& recorder, std::int64_t step) {
    const double slow = std::exp(-static_cast<double>(step) / 60);
    std::vector<double> sharp, flow_sharp, stable_sharp, predicted, swing;
    double loss = base_loss(step), flow_loss = loss, stable_loss = loss, cost = 0;
    double grad = 0.02 + slow, flow_grad = grad, predicted_grad = grad, distance = 0,
           stable_distance = 0, rank = 0;
    for (const Toy& toy : toys_) {
      const double sharpness = toy.y + toy.a * toy.z, s = variance(toy);
      const double warm = 1 - std::exp(-static_cast<double>(step + 8) / 25);
      sharp.push_back(warm * kRate * sharpness);
      flow_sharp.push_back(warm * kRate * std::min(toy.flow_y + toy.a * toy.flow_z, kEdge));
      stable_sharp.push_back(warm * kRate * toy.stable_y);
      loss += sharpness * toy.x * toy.x / 2 - 0.2 * toy.f * toy.y / 20;
      flow_loss -= 0.2 * toy.f * toy.flow_y / 20;
      stable_loss -= 0.2 * toy.f * toy.stable_y / 20;
      cost += s / kRate;
      grad += std::pow(sharpness * toy.x, 2);
      predicted_grad += kEdge * kEdge * s;
      distance += std::pow(0.3 * (toy.y - toy.flow_y), 2) + 1e-4;
      stable_distance += std::pow(0.3 * (toy.y - toy.stable_y), 2);
      rank += s > 0 ? 1 : 0;
      swing.push_back(toy.x / kRate);
      if (s > 0) predicted.push_back(s / (kRate * kRate));
    }
    std::sort(sharp.rbegin(), sharp.rend());
    std::sort(stable_sharp.rbegin(), stable_sharp.rend());
    recorder.record("step", step, static_cast<double>(step));
    recorder.record("discrete/train_loss", step, loss);
    recorder.record("midpoint/train_loss", step, flow_loss + 0.1 * (loss - flow_loss));
    recorder.record("central/train_loss", step, flow_loss);
    recorder.record("stable/train_loss", step, stable_loss);
    recorder.record("central/predicted_loss", step, flow_loss + cost);
    recorder.record("discrete/grad_norm_sq", step, grad);
    recorder.record("central/grad_norm_sq", step, flow_grad);
    recorder.record("stable/grad_norm_sq", step, 0.8 * flow_grad);
    recorder.record("central/predicted_grad_norm_sq", step, predicted_grad);
    recorder.record("discrete/effective_hessian_eigs", step, sharp);
    recorder.record("central/effective_hessian_eigs", step, flow_sharp);
    recorder.record("stable/effective_hessian_eigs", step, stable_sharp);
    recorder.record("central/sigma_trace", step, cost * kRate);
    recorder.record("central/flow_aux/rank", step, rank);
    if (!predicted.empty()) recorder.record("central/predicted_variances", step, predicted);
    recorder.record("midpoint_deltas", step, swing);
    for (std::size_t i = 0; i < toys_.size(); ++i) squares_[i].push_back(swing[i] * swing[i]);
    recorder.record("distances/central-midpoint", step, std::sqrt(distance));
    recorder.record(
        "distances/central-discrete", step, std::sqrt(distance) + 0.02 + std::abs(swing[0]) / 40);
    recorder.record("distances/midpoint-stable", step, std::sqrt(stable_distance));
    recorder.record(
        "distances/discrete-stable", step, std::sqrt(stable_distance) + std::abs(swing[0]) / 40);
    recorder.record("distances/central-stable", step, std::sqrt(stable_distance) * 0.97);
    record_outputs(recorder, step, swing[0]);
    last_ = {loss,
             flow_loss,
             stable_loss,
             flow_loss + cost,
             grad,
             flow_grad,
             predicted_grad,
             std::sqrt(distance),
             std::sqrt(stable_distance)};
    for (const char* process : {"discrete", "central"}) {
      recorder.record(std::string(process) + "/opt.lr", step, kRate);
      recorder.record(std::string(process) + "/train_acc",
                      step,
                      1 - 0.75 * std::exp(-static_cast<double>(step) / 150) -
                          0.03 * std::abs(swing[0]) * (*process == 'd'));
    }
    if (rank > 0 && first_central_ < 0) first_central_ = step;
    if (sharp[0] >= 2 && first_ < 0) first_ = step;
  }

  static void record_outputs(run::Recorder& recorder, std::int64_t step, double swing) {
    std::vector<double> run_outputs, flow_outputs, stable_outputs;
    for (int i = 0; i < 40; ++i) {
      const double target = (i * 7) % 4 == 0 ? 1.0 : 0.0;
      const double learned = target * (1 - std::exp(-static_cast<double>(step) / (90 + 25 * i)));
      flow_outputs.push_back(learned + 0.05 * std::sin(i));
      run_outputs.push_back(flow_outputs.back() + 0.03 * std::cos(3 * i) * swing);
      stable_outputs.push_back(learned * 1.04 + 0.05 * std::sin(i));
    }
    recorder.record("discrete/train_outputs", step, run_outputs);
    recorder.record("central/train_outputs", step, flow_outputs);
    recorder.record("stable/train_outputs", step, stable_outputs);
  }

  void record_smoothed_variances(run::Recorder& recorder) const {
    const std::int64_t reach = std::max<std::int64_t>(steps_ / 30, 1);
    for (std::int64_t row = 0; row < steps_; ++row) {
      std::vector<double> means;
      for (const auto& squares : squares_) {
        const auto begin = std::max<std::int64_t>(0, row - reach),
                   end = std::min(steps_, row + reach + 1);
        double sum = 0;
        for (auto i = begin; i < end; ++i) sum += squares[static_cast<std::size_t>(i)];
        means.push_back(sum / static_cast<double>(end - begin));
      }
      recorder.record("measured_variances", row, means);
    }
  }

  nlohmann::json summary() const {
    const auto process = [&](double loss, double sharpness, double grad) {
      return nlohmann::json{
          {"steps", steps_}, {"loss", loss}, {"sharpness", sharpness}, {"gradient_norm2", grad}};
    };
    nlohmann::json central = process(last_[1], 2.0, last_[5]);
    central["predicted_loss"] = last_[3];
    central["predicted_gradient_norm2"] = last_[6];
    return {{"command", "flow"},
            {"version", "0.1.0"},
            {"status", "done"},
            {"seed", 0},
            {"seconds_wall", 214.6},
            {"peak_memory_bytes", 1.31e9},
            {"results",
             {{"parameters", 28420},
              {"examples", 1000},
              {"model", "MLP 784-32-32-4, gelu"},
              {"data", "Fashion-MNIST, 4 classes"},
              {"loss", "mean squared error"},
              {"optimizer", "gradient descent"},
              {"learning_rate", kRate},
              {"steps", steps_},
              {"outputs_per_example", 4},
              {"warnings",
               {"Only 3 directions were tracked at step 812, where a fourth had a sharpness of "
                "**1.93**: it may have been missed."}},
              {"suggestions",
               {"Track more directions: `--initial-eigenvalues 5`.",
                "Run longer: the third direction became unstable late (`--steps 4000`)."}},
              {"edge",
               {{"first_step", first_},
                {"first_step_central", first_central_},
                {"directions", 3},
                {"delay", 14}}},
              {"processes",
               {{"discrete", process(last_[0], 2.01, last_[4])},
                {"central", central},
                {"stable", process(last_[2], 4.2, 0.01)}}},
              {"prediction",
               {{"weight_distance", {{"central", last_[7]}, {"stable", last_[8]}}},
                {"loss_error", 0.041},
                {"gradient_norm2_error", 0.127},
                {"variance_ratio", {{"total", 0.93}, {"directions", {0.97, 0.88, 0.64}}}}}},
              {"cost",
               {{"gradient_seconds", 0.0091},
                {"hessian_product_seconds", 0.0204},
                {"central_step_seconds", 0.142},
                {"central_step_in_gradients", 15.6},
                {"hessian_products", 18230},
                {"third_derivatives", 9112}}}}}};
  }

  static constexpr double kSharpening = 6;
  std::int64_t steps_;
  std::array<Toy, 3> toys_ = {{{.f = 0.100, .a = 1.0, .y0 = 3},
                               {.f = 0.045, .a = 1.2, .y0 = 2},
                               {.f = 0.022, .a = 0.9, .y0 = 1}}};
  std::array<std::vector<double>, 3> squares_;
  std::array<double, 9> last_ = {};
  std::int64_t first_ = -1, first_central_ = -1;
};

inline constexpr const char* kConfiguration = R"(# thalweg 0.1.0
command = "flow"

model = "mlp"            # architecture
widths = [32, 32]        # hidden units
optimizer = "gd"
learning-rate = 0.1
steps = 1600
seed = 0                 # <script>alert("configuration")</script>
)";

/// A complete run of `thalweg flow` under `out`.
inline run::RunFolder write_flow_run(const std::filesystem::path& out,
                                     const std::string& name,
                                     std::int64_t steps = 1600) {
  auto folder = run::RunFolder::create(out, name, true);
  run::Recorder recorder(folder.metrics());
  SyntheticFlow flow(steps);
  const nlohmann::json summary = flow.run(recorder);
  recorder.write_snapshot();
  folder.write_summary(summary);
  write_atomically(folder.config(), kConfiguration);
  return folder;
}

/// Copies a series of the recorder, times `factor`, under another name.
inline void copy_series(run::Recorder& recorder,
                        const std::string& from,
                        const std::string& to,
                        double factor = 1) {
  const run::Series source = *recorder.find(from);
  recorder.declare(to, source.unit, source.description, source.matrix);
  for (std::int64_t row = 0; row < source.rows; ++row) {
    std::vector<double> values;
    for (std::int64_t column = 0; column < source.columns; ++column) {
      values.push_back(factor * source.at(row, column));
    }
    if (source.matrix) {
      recorder.record(to, row, values);
    } else if (!std::isnan(values[0])) {
      recorder.record(to, row, values[0]);
    }
  }
}

/// The rod flow, the stationary and the ablated flow: the central flow, a little off.
inline void add_variants(run::Recorder& recorder) {
  double factor = 1;
  for (const std::string process : {"rod", "stationary", "ablated"}) {
    factor *= 1.03;
    for (const char* name : {"train_loss",
                             "grad_norm_sq",
                             "predicted_loss",
                             "predicted_grad_norm_sq",
                             "sigma_trace",
                             "flow_aux/rank",
                             "train_outputs",
                             "effective_hessian_eigs"}) {
      if (process == "rod" && name == std::string("effective_hessian_eigs")) continue;
      copy_series(recorder, std::string("central/") + name, process + "/" + name, factor);
    }
    const std::string pair = process < "midpoint" ? process + "-midpoint" : "midpoint-" + process;
    copy_series(recorder, "distances/central-midpoint", "distances/" + pair, factor);
    copy_series(recorder, "distances/central-midpoint", "distances/central-" + process, factor);
  }
}

/// What Scalar RMSProp records beside: step sizes that end at 2/S, its second moment, a schedule,
/// test examples and substeps that vary.
inline void add_step_sizes(run::Recorder& recorder, std::int64_t steps) {
  for (const std::string process : {"discrete", "central", "stable"}) {
    recorder.declare(process + "/opt.effective_step_size", "1", "eta / sqrt(nu)");
    recorder.declare(process + "/opt.nu", "1", "Second moment.");
    recorder.declare(process + "/hessian_eigs", "1", "Eigenvalues of H.", true);
    const run::Series sharpness = *recorder.find(process + "/effective_hessian_eigs");
    for (std::int64_t row = 0; row < steps; ++row) {
      const double size = 0.05 + 0.2 * std::exp(-static_cast<double>(row) / 100);
      recorder.record(process + "/opt.effective_step_size", row, size);
      recorder.record(process + "/opt.nu", row, 1e-4 / (size * size));
      std::vector<double> raw;
      for (std::int64_t i = 0; i < sharpness.columns; ++i) {
        raw.push_back(sharpness.at(row, i) / size);
      }
      recorder.record(process + "/hessian_eigs", row, raw);
    }
  }
  for (const std::string process : {"discrete", "central"}) {
    copy_series(recorder, process + "/train_loss", process + "/test_loss", 1.2);
    copy_series(recorder, process + "/train_acc", process + "/test_acc", 0.9);
  }
  recorder.declare("stable/substeps", "1", "Euler steps.");
  recorder.declare("central/flow_aux/substeps", "1", "Euler steps.");
  for (std::int64_t row = 0; row < steps; ++row) {
    recorder.record("stable/substeps", row, static_cast<double>(4 + row / 50));
    recorder.record("central/flow_aux/substeps", row, 4.0);
    recorder.record("discrete/opt.lr", row, std::min(0.01, 1e-4 * static_cast<double>(row + 1)));
  }
}

/// A run under `out` with the series that `fill` adds and the summary that `amend` changes.
template <typename Fill, typename Amend>
run::RunFolder write_changed_run(const std::filesystem::path& out,
                                 const std::string& name,
                                 std::int64_t steps,
                                 Fill fill,
                                 Amend amend) {
  auto folder = write_flow_run(out, name, steps);
  run::Recorder recorder(folder.metrics());
  recorder.resume(steps);
  fill(recorder);
  recorder.write_snapshot();
  nlohmann::json summary = folder.read_summary();
  amend(summary["results"]);
  folder.write_summary(summary);
  return folder;
}

/// A run of Scalar RMSProp with every process there is.
inline run::RunFolder write_adaptive_run(const std::filesystem::path& out,
                                         const std::string& name,
                                         std::int64_t steps = 1600) {
  return write_changed_run(
      out,
      name,
      steps,
      [&](run::Recorder& recorder) {
        add_variants(recorder);
        add_step_sizes(recorder, steps);
      },
      [](nlohmann::json& results) {
        results["optimizer"] = "Scalar RMSProp, learning rate 0.01, beta2 0.99";
        results["edge"]["threshold"] = 2.0;
        results["prediction"]["rod_loss_error"] = 0.03;
        for (const char* process : {"rod", "stationary", "ablated"}) {
          results["prediction"]["weight_distance"][process] = 0.12;
          results["processes"][process] = results["processes"]["central"];
        }
      });
}

/// A run of gradient descent with momentum: no flow goes with it, and its edge lies at 3.8.
inline run::RunFolder write_momentum_run(const std::filesystem::path& out,
                                         const std::string& name,
                                         std::int64_t steps = 400) {
  auto folder = write_flow_run(out, name, steps);
  auto series = run::read_metrics(folder.metrics());
  std::erase_if(series, [](const auto& entry) {
    const std::string& path = entry.first;
    return path != "step" && !path.starts_with("discrete/") && !path.starts_with("midpoint/");
  });
  series["distances/discrete-midpoint"] = series.at("discrete/train_loss");
  run::write_metrics(folder.metrics(), series);
  nlohmann::json summary = folder.read_summary();
  nlohmann::json& results = summary["results"];
  results["optimizer"] = "gradient descent with momentum, learning rate 0.1, momentum 0.9";
  results["edge"] = {{"threshold", 3.8},
                     {"first_step", 40},
                     {"first_step_central", nullptr},
                     {"directions", 0},
                     {"delay", nullptr}};
  results["processes"].erase("central");
  results["processes"].erase("stable");
  results.erase("prediction");
  folder.write_summary(summary);
  return folder;
}

/// A complete run of `thalweg spectrum` under `out`: a Marchenko-Pastur-like bulk and five
/// outliers.
inline run::RunFolder write_spectrum_run(const std::filesystem::path& out,
                                         const std::string& name) {
  auto folder = run::RunFolder::create(out, name, true);
  std::vector<double> points, values;
  for (int i = 0; i <= 400; ++i) {
    const double x = -0.8 + 21.5 * i / 400;
    points.push_back(x);
    values.push_back(3 * std::exp(-40 * x * x) + 0.4 * std::exp(-std::abs(x) * 3) +
                     1e-5 * std::exp(-std::pow((x - 19.6) / 0.15, 2)));
  }
  const auto layer = [](const char* name_of_layer, int parameters, double trace, double top) {
    return nlohmann::json{{"name", name_of_layer},
                          {"parameters", parameters},
                          {"trace", trace},
                          {"trace_error", 0.04 * trace},
                          {"top", top}};
  };
  folder.write_summary({{"command", "spectrum"},
                        {"version", "0.1.0"},
                        {"status", "done"},
                        {"seed", 0},
                        {"seconds_wall", 12.3},
                        {"results",
                         {{"parameters", 28420},
                          {"examples", 1000},
                          {"model", "MLP 784-32-32-4, gelu"},
                          {"data", "Fashion-MNIST, 4 classes"},
                          {"loss", "mean squared error"},
                          {"eigenvalues", {19.62, 11.41, 7.93, 3.02, 2.17}},
                          {"residuals", {1e-9, 3e-9, 2e-9, 8e-8, 4e-7}},
                          {"trace", 91.3},
                          {"trace_error", 1.7},
                          {"density", {{"points", points}, {"values", values}}},
                          {"layers",
                           {layer("0.weight", 25088, 41.2, 9.1),
                            layer("0.bias", 32, 4.9, 2.2),
                            layer("2.weight", 1024, 27.4, 8.8),
                            layer("2.bias", 32, 2.2, 1.1),
                            layer("output_projection.weight", 128, 14.9, 5.2),
                            layer("output_projection.bias", 4, 0.7, 0.6)}}}}});
  write_atomically(folder.config(), "command = \"spectrum\"\n");
  return folder;
}

}  // namespace thalweg::report::testing
