#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "thalweg/run/settings.hpp"

namespace thalweg::app {

/// The training loss to look at: a model, data, a loss and the weights to start from.
struct ProblemOptions {
  std::string model = "mlp";
  std::string torchscript;  ///< the user's own model; takes the place of `model`
  bool train_mode = false;
  std::vector<std::string> model_options;  ///< KEY=VALUE
  std::string data = "fashion-mnist";
  std::int64_t examples = 1000;
  bool all_if_fewer = false;  ///< `examples` is the default, no wish
  std::int64_t classes = 0;  ///< 0 = all
  std::string subset = "first";
  bool standardize = true;
  std::string loss = "mse";
  std::int64_t test_examples = 1000;  ///< 0 = no test set
  std::string init;  ///< weights to start from; "" = drawn, or those in the TorchScript file
  std::string init_process = "discrete";  ///< of a checkpoint given by `init`
};

void add_settings(run::Settings& settings, ProblemOptions& options);

/// @throws InvalidArgument  settings that exclude each other; BadInput  files that are not there
void check(const ProblemOptions& options, const run::Settings& settings);

}  // namespace thalweg::app
