#include "problem_options.hpp"

#include <filesystem>
#include <string_view>

#include "thalweg/base/error.hpp"

namespace thalweg::app {
namespace {

void require_file(const std::string& option, const std::string& file) {
  if (file.empty() || std::filesystem::is_regular_file(file)) return;
  throw BadInput(option, "there is no file '" + file + "'.");
}

constexpr std::string_view kCifar = "cifar10:";

/// A source that is no file.
bool is_named_source(const std::string& data) {
  return data == "fashion-mnist" || data == "none" || data == "sorting" ||
         data.starts_with("sorting:");
}

std::string data_source_from(const std::string& data, const std::filesystem::path& folder) {
  if (is_named_source(data)) return data;
  if (!data.starts_with(kCifar)) return run::path_from(data, folder);
  return std::string(kCifar) + run::path_from(data.substr(kCifar.size()), folder);
}

void check_data_source(const std::string& data) {
  if (is_named_source(data)) return;
  if (data.starts_with(kCifar)) {
    const auto folder = data.substr(kCifar.size());
    if (std::filesystem::is_directory(folder)) return;
    throw BadInput("--data",
                   "there is no folder '" + folder + "' with the binary files of CIFAR-10.");
  }
  if (!data.ends_with(".npz")) {
    throw InvalidArgument("--data",
                          "expected fashion-mnist, cifar10:DIR, sorting[:VOCABULARY,LENGTH], "
                          "FILE.npz or none; got '" +
                              data + "'.");
  }
  require_file("--data", data);
}

void check_model_options(const std::vector<std::string>& model_options) {
  for (const auto& option : model_options) {
    const auto equals = option.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw InvalidArgument("--model-option", "expected KEY=VALUE; got '" + option + "'.");
    }
  }
}

}  // namespace

void add_settings(run::Settings& settings, ProblemOptions& options) {
  const std::string model = "Model";
  settings.add({.name = "model",
                .target = &options.model,
                .help = "built-in architecture",
                .choices = {"mlp", "cnn", "resnet", "vit", "lstm", "transformer", "mamba"},
                .group = model});
  settings.add({.name = "model-option",
                .target = &options.model_options,
                .help = "a size of the model, as hidden=256,256; may be given again",
                .metavar = "KEY=VALUE",
                .group = model});
  settings.add({.name = "torchscript",
                .target = &options.torchscript,
                .help = "your own scripted or traced model instead, from the weights in the file",
                .metavar = "FILE.pt",
                .located = run::path_from,
                .group = model});
  settings.add({.name = "train-mode",
                .target = &options.train_mode,
                .help = "run the TorchScript model in training mode rather than in evaluation mode",
                .group = model});
  settings.add({.name = "init",
                .target = &options.init,
                .help = "start from the weights in this file: .npz, .safetensors (also with an "
                        "optimizer's second moments), or a checkpoint of thalweg flow",
                .metavar = "FILE",
                .located = run::path_from,
                .group = model});
  settings.add({.name = "init-process",
                .target = &options.init_process,
                .help = "whose weights to take, where --init is a checkpoint of thalweg flow",
                .choices = {"discrete", "central", "stable", "rod", "stationary", "ablated"},
                .group = model});

  const std::string data = "Data and loss";
  settings.add(
      {.name = "data",
       .target = &options.data,
       .help = "fashion-mnist, cifar10:DIR, sorting[:VOCABULARY,LENGTH], your own arrays x and "
               "y as FILE.npz, or none",
       .metavar = "SOURCE",
       .suggestions = {"fashion-mnist", "sorting", "none", std::string(kCifar)},
       .located = data_source_from,
       .group = data});
  settings.add({.name = "examples",
                .target = &options.examples,
                .help = "training examples to keep; 0 = all, as where there are fewer than the default",
                .minimum = 0,
                .group = data});
  settings.add({.name = "test-examples",
                .target = &options.test_examples,
                .help = "test examples to evaluate, where the data have a test set; 0 = none",
                .minimum = 0,
                .group = data});
  settings.add({.name = "classes",
                .target = &options.classes,
                .help = "keep the first classes only; 0 = all",
                .minimum = 0,
                .group = data});
  settings.add(
      {.name = "subset",
       .target = &options.subset,
       .help =
           "which examples: the first of each class, as many of each at random, or any at random",
       .choices = {"first", "balanced", "random"},
       .group = data});
  settings.add({.name = "standardize",
                .target = &options.standardize,
                .help = "give every input channel mean 0 and deviation 1 over the kept examples",
                .group = data});
  settings.add({.name = "loss",
                .target = &options.loss,
                .help = "half the mean squared error, cross-entropy in nats, or what the "
                        "TorchScript model returns",
                .choices = {"mse", "cross-entropy", "model"},
                .group = data});
}

void check(const ProblemOptions& options, const run::Settings& settings) {
  const bool own_model = !options.torchscript.empty();
  if (own_model && settings.given("model")) {
    throw InvalidArgument("--torchscript",
                          "the file takes the place of --model; give only one of them.");
  }
  if (own_model && !options.model_options.empty()) {
    throw InvalidArgument("--model-option",
                          "speaks of the built-in models; a TorchScript file has its own sizes.");
  }
  if (options.train_mode && !own_model) {
    throw InvalidArgument("--train-mode", "only a model given by --torchscript has modes.");
  }
  if (options.loss == "model" && !own_model) {
    throw InvalidArgument("--loss",
                          "'model' needs --torchscript: a module that returns its own loss.");
  }
  if (options.data == "none" && options.loss != "model") {
    throw InvalidArgument("--data",
                          "'none' needs --loss model: nothing else has a loss without data.");
  }
  check_model_options(options.model_options);
  check_data_source(options.data);
  require_file("--torchscript", options.torchscript);
  require_file("--init", options.init);
}

}  // namespace thalweg::app
