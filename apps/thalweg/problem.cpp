#include "problem.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "thalweg/base/error.hpp"
#include "thalweg/base/log.hpp"
#include "thalweg/base/npz.hpp"
#include "thalweg/base/system.hpp"
#include "thalweg/base/text.hpp"
#include "thalweg/nn/architectures.hpp"
#include "thalweg/nn/device.hpp"
#include "thalweg/nn/torchscript.hpp"
#include "thalweg/nn/torchscript_check.hpp"
#include "thalweg/objective/kinks.hpp"
#include "thalweg/objective/memory_meter.hpp"
#include "thalweg/training/initial_point.hpp"

namespace thalweg::app {
namespace {

data::Subset subset_named(const std::string& name) {
  if (name == "balanced") return data::Subset::kBalanced;
  if (name == "random") return data::Subset::kRandom;
  return data::Subset::kFirst;
}

data::DatasetOptions dataset_options(const ProblemOptions& options, Key key) {
  return {.source = options.data,
          .examples = options.examples,
          .all_if_fewer = options.all_if_fewer,
          .classes = options.classes,
          .subset = subset_named(options.subset),
          .standardize = options.standardize,
          .key = key.with("data")};
}

std::string data_text(const data::Dataset& data, const ProblemOptions& options) {
  const std::string name = std::filesystem::path(data.name).filename().string();
  if (!data.has_labels()) {
    return fmt::format("{}, {} examples, {} real targets", name, data.size(), data.outputs());
  }
  if (data.has_sequences()) {
    return fmt::format("{}, {} sequences of {} tokens out of {}",
                       name,
                       data.size(),
                       data.example_shape()[0],
                       data.vocabulary);
  }
  return fmt::format(
      "{}, {} examples of {} classes ({})", name, data.size(), data.classes, options.subset);
}

/// Fraction of rows, or of counted positions of sequences, whose largest output is the label's; for
/// a single output its sign counts.
std::function<double(const at::Tensor&)> accuracy_on(const data::Dataset& data,
                                                     const at::TensorOptions& options) {
  if (!data.has_labels()) return {};
  const auto labels = nn::to_tensor(data.labels).to(options.device());
  const auto counted = labels.ge(0).sum().item<double>();
  return [labels, counted](const at::Tensor& outputs) {
    const auto guess =
        outputs.size(-1) == 1 ? outputs.squeeze(-1).gt(0).to(at::kLong) : outputs.argmax(-1);
    return guess.eq(labels).sum().item<double>() / counted;
  };
}

const char* loss_text(const std::string& loss) {
  if (loss == "mse") return "half the mean squared error";
  return loss == "cross-entropy" ? "cross-entropy (nats)" : "computed by the model";
}

/// Tries the user's module in a process of its own, before anything here has started a thread.
void check_own_model(Problem& problem,
                     const ProblemOptions& options,
                     const CommonOptions& common,
                     const std::optional<data::Dataset>& data,
                     bool& splittable) {
  constexpr std::int64_t kExamples = 8;
  nn::TorchScriptProbe probe{.arguments = {},
                             .dtype = common.dtype == "float32" ? at::kFloat : at::kDouble,
                             .returns_loss = options.loss == "model"};
  if (data) {
    const auto first = [&](const NdArray& array) {
      auto rows = nn::to_tensor(array).slice(0, 0, std::min(kExamples, data->size()));
      if (rows.size(0) == 1) rows = at::cat({rows, rows});
      return rows.is_floating_point() ? rows.to(probe.dtype) : rows;
    };
    probe.arguments = {first(data->inputs)};
    if (probe.returns_loss)
      probe.arguments.push_back(first(data->has_labels() ? data->labels : data->targets));
    const bool may_be_binary = data->has_labels() && data->classes == 2;
    probe.outputs = may_be_binary ? 0 : data->outputs();
  }
  const auto found =
      nn::check_torchscript(options.torchscript, probe, {.train_mode = options.train_mode});
  splittable = !found.mixes_examples;
  if (found.mixes_examples) {
    problem.warnings.push_back(
        "The model mixes the examples of a batch (batch normalisation in training mode?): the loss "
        "is that of the full "
        "batch.");
  }
  if (found.unverified_curvature) {
    problem.warnings.push_back(
        "The model's second derivatives could not be compared with differences of gradients, as it "
        "has kinks near its weights: an operator whose second derivative is wrong would go "
        "unnoticed.");
  }
  if (!found.unused_parameters.empty()) {
    problem.warnings.push_back(
        fmt::format("The loss does not depend on these parameters of the model: {}.",
                    fmt::join(found.unused_parameters, ", ")));
  }
}

/// The losses of a network on the training and the test set.
/// @param split  whether its outputs for an example are the same in any batch
void set_network_loss(Problem& problem,
                      const std::shared_ptr<const nn::Network>& network,
                      const ProblemOptions& options,
                      const data::Dataset& data,
                      const std::optional<data::Dataset>& test,
                      bool split,
                      const at::TensorOptions& tensor_options) {
  const auto kind = objective::loss_kind_named(options.loss);
  problem.batch_loss = objective::network_loss(network, data, kind, tensor_options, split);
  if (!test) return;
  problem.test_loss = objective::network_loss(network, *test, kind, tensor_options, split);
  const auto accuracy = accuracy_on(*test, tensor_options);
  problem.test = [loss = problem.test_loss, accuracy](const at::Tensor& weights) {
    const at::NoGradGuard no_grad;
    const auto found =
        loss->evaluate(nn::split_parameters(weights, loss->layout()), 0, loss->examples());
    return dynamics::TestScores{.loss = found.loss.item<double>(),
                                .accuracy = accuracy ? accuracy(found.outputs) : 0};
  };
}

/// The test set; of the user's own file, all of it.
std::optional<data::Dataset> load_test(const ProblemOptions& options,
                                       const std::optional<data::Dataset>& train,
                                       Key key) {
  if (!train || options.test_examples == 0 || options.loss == "model") return {};
  auto wanted = dataset_options(options, key);
  wanted.examples = options.data.ends_with(".npz") ? 0 : options.test_examples;
  return data::load_test_dataset(wanted, *train);
}

/// Reads --init for a model of this layout; nullopt without the option.
std::optional<training::InitialPoint> load_initial_point(const ProblemOptions& options,
                                                         const training::ModelLayout& layout) {
  if (options.init.empty()) return {};
  auto point = training::read_initial_point(options.init, options.init_process, layout);
  for (const std::string& note : point.notes) log_info(fmt::format("{}: {}", options.init, note));
  return point;
}

/// Names what of the module is held constant.
void say_constants(const nn::TorchScriptModule& module) {
  std::vector<std::string> frozen, buffers;
  for (const auto& state : module.state())
    (state.is_parameter ? frozen : buffers).push_back(state.name);
  const auto say = [&](const char* what, const std::vector<std::string>& names) {
    if (!names.empty()) {
      log_info(fmt::format("{}: held constant are the {} {}.",
                           module.file().filename().string(),
                           what,
                           join(names, ", ")));
    }
  };
  say("frozen parameters", frozen);
  say("buffers", buffers);
}

/// Fills in the model and the loss. @return the weights and optimizer to start from
training::InitialPoint set_own_model(Problem& problem,
                                     const ProblemOptions& options,
                                     const CommonOptions& common,
                                     const std::optional<data::Dataset>& data,
                                     const std::optional<data::Dataset>& test,
                                     const at::TensorOptions& tensor_options) {
  bool splittable = false;
  check_own_model(problem, options, common, data, splittable);
  if (!splittable && !common.memory.empty()) {
    throw InvalidArgument(
        "--memory", "this model's loss cannot be split into micro-batches; leave the limit out.");
  }
  nn::TorchScriptModule module(options.torchscript, {.train_mode = options.train_mode});
  say_constants(module);
  auto initial = load_initial_point(
      options, {.parameters = module.parameters(), .ties = module.ties(), .state = module.state()});
  if (!initial) initial = training::InitialPoint{.weights = module.initial_weights()};
  for (const auto& [name, tensor] : initial->state) module.set_state(name, tensor);
  if (options.loss == "model") {
    problem.model = fmt::format("TorchScript {}", module.file().filename().string());
    problem.batch_loss =
        objective::module_loss(std::make_shared<nn::TorchScriptModule>(std::move(module)),
                               data ? &*data : nullptr,
                               splittable,
                               tensor_options);
    return *initial;
  }
  const auto network = std::make_shared<nn::TorchScriptNetwork>(std::move(module));
  problem.model = network->description();
  set_network_loss(problem, network, options, *data, test, splittable, tensor_options);
  return *initial;
}

training::InitialPoint set_built_in_model(Problem& problem,
                                          const ProblemOptions& options,
                                          const data::Dataset& data,
                                          const std::optional<data::Dataset>& test,
                                          Key key,
                                          const at::TensorOptions& tensor_options) {
  const std::shared_ptr<const nn::Network> network = nn::make_network(
      options.model,
      options.model_options,
      {.example = data.example_shape(), .outputs = data.outputs(), .vocabulary = data.vocabulary});
  problem.model = network->description();
  set_network_loss(problem, network, options, data, test, /*split=*/true, tensor_options);
  if (auto initial = load_initial_point(
          options, {.parameters = network->parameters(), .ties = {}, .state = {}}))
    return *initial;
  return {.weights = network->initial_weights(key.with("weights"))};
}

/// Nobody needs to say that their data have no test set, or that a small training set wants a small
/// one.
void resolve_test_set(run::Settings& settings, ProblemOptions& options) {
  constexpr std::string_view kCifar = "cifar10:";
  if (settings.chosen("test-examples")) return;
  bool there = options.data != "none" && options.loss != "model";
  if (options.data.starts_with(kCifar)) {
    there = std::filesystem::exists(std::filesystem::path(options.data.substr(kCifar.size())) /
                                    "test_batch.bin");
  } else if (options.data.ends_with(".npz")) {
    there = std::ranges::count(npz_names(options.data), "x_test") > 0;
  }
  if (!there) options.test_examples = 0;
  if (options.examples > 0)
    options.test_examples = std::min(options.test_examples, options.examples);
  settings.set("test-examples", {fmt::format("{}", options.test_examples)});
}

/// An eigen-solve takes about 15 vectors a pair; four pairs and a guard, with ten third
/// derivatives.
constexpr std::int64_t kEigenVectors = 15 * 5 + 10;

/// The micro-batch that leaves room for the eigenvectors.
std::int64_t micro_batch_of(const Problem& problem, const std::string& memory) {
  const std::int64_t bytes = parse_size(memory);
  if (bytes <= problem.eigen_bytes) {
    throw InvalidArgument(
        "--memory",
        fmt::format("{} is too little: eigenvectors and third derivatives of {} weights alone take "
                    "about {}.",
                    memory,
                    problem.initial_weights.numel(),
                    size_text(static_cast<double>(problem.eigen_bytes))));
  }
  return objective::micro_batch_within(
      *problem.batch_loss, problem.initial_weights, bytes - problem.eigen_bytes);
}

Problem make_problem(const ProblemOptions& options, const CommonOptions& common) {
  const auto tensor_options = nn::tensor_options(common.device, common.dtype);
  const Key key = Key{.seed = static_cast<std::uint64_t>(common.seed)}.with("problem");
  Problem problem;
  std::optional<data::Dataset> data;
  if (options.data != "none") data = data::load_dataset(dataset_options(options, key));
  const auto test = load_test(options, data, key);
  const auto initial = options.torchscript.empty()
                           ? set_built_in_model(problem, options, *data, test, key, tensor_options)
                           : set_own_model(problem, options, common, data, test, tensor_options);
  problem.data = data ? data_text(*data, options) : "none";
  problem.examples = data ? data->size() : 0;
  problem.loss = loss_text(options.loss);
  problem.parameters = problem.batch_loss->layout();
  if (data && options.loss != "model") problem.accuracy = accuracy_on(*data, tensor_options);
  problem.has_outputs = options.loss != "model";
  problem.initial_weights = initial.weights.to(tensor_options);
  problem.initial_state = {.time = initial.step.value_or(0),
                           .second_moment = initial.second_moment,
                           .momentum = initial.momentum};
  problem.eigen_bytes = kEigenVectors * static_cast<std::int64_t>(problem.initial_weights.nbytes());
  if (!common.memory.empty()) problem.micro_batch = micro_batch_of(problem, common.memory);
  problem.kinks = objective::kink_operator([&] {
    const at::NoGradGuard no_grad;
    const auto parameters = nn::split_parameters(problem.initial_weights, problem.parameters);
    problem.batch_loss->evaluate(parameters, 0, problem.batch_loss->smallest_range());
  });
  problem.objective = std::make_unique<objective::AutogradObjective>(
      problem.batch_loss,
      tensor_options,
      objective::AutogradOptions{.micro_batch = problem.micro_batch});
  return problem;
}

}  // namespace

Problem start_problem(run::Settings& settings, ProblemOptions& options, CommonOptions& common) {
  resolve_threads(settings, common);
  resolve_test_set(settings, options);
  nn::use_threads(static_cast<int>(common.threads));
  set_log_quiet(common.quiet);
  options.all_if_fewer = !settings.chosen("examples");
  Problem problem = make_problem(options, common);
  const bool took_all = options.all_if_fewer && problem.examples < options.examples;
  if (took_all) settings.set("examples", {"0"});
  return problem;
}

nlohmann::json describe(const Problem& problem) {
  return {{"parameters", problem.objective->dimension()},
          {"examples", problem.examples},
          {"model", problem.model},
          {"data", problem.data},
          {"loss", problem.loss},
          {"warnings", problem.warnings}};
}

std::function<at::Tensor(const at::Tensor&)> chosen_outputs(
    const std::shared_ptr<const objective::BatchLoss>& loss, std::int64_t count) {
  if (loss) count = std::min(count, loss->examples());
  if (!loss || count <= 0) return {};
  return [loss, count](const at::Tensor& weights) {
    const at::NoGradGuard no_grad;
    return loss->outputs(nn::split_parameters(weights, loss->layout()), count);
  };
}

}  // namespace thalweg::app
