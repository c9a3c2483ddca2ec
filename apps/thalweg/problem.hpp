#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common_options.hpp"
#include "problem_options.hpp"
#include <ATen/core/Tensor.h>
#include <nlohmann/json_fwd.hpp>

#include "thalweg/data/dataset.hpp"
#include "thalweg/dynamics/flow_comparison.hpp"
#include "thalweg/dynamics/update_rule.hpp"
#include "thalweg/nn/network.hpp"
#include "thalweg/objective/autograd_objective.hpp"

namespace thalweg::app {

/// A model, data and a loss, ready to be differentiated.
struct Problem {
  std::string model, data, loss;  ///< one line each, for reports
  std::int64_t examples = 0;
  std::vector<nn::ParameterInfo> parameters;  ///< layout of the weight vector
  std::shared_ptr<const objective::BatchLoss> batch_loss;
  std::unique_ptr<objective::AutogradObjective> objective;
  at::Tensor initial_weights;              ///< [P], of the objective's dtype and device
  dynamics::OptimizerState initial_state;  ///< of a run that is going on, from --init
  std::int64_t micro_batch = 0;
  std::int64_t eigen_bytes = 0;  ///< of eigenvectors and third derivatives, about
  std::string kinks;             ///< an operator of the loss that has some, "relu"; "" for none
  bool has_outputs = true;       ///< the loss is that of a network
  std::function<double(const at::Tensor&)> accuracy;  ///< empty where the data have no labels
  /// The loss and accuracy on the test set, and the outputs there; null where there is none.
  std::shared_ptr<const objective::BatchLoss> test_loss;
  std::function<dynamics::TestScores(const at::Tensor&)> test;
  std::vector<std::string> warnings;
};

/// Resolves what depends on this machine and on the data (the options are updated), sets threads
/// and log, and makes the problem. @throws InvalidArgument, BadInput  in the words of a user
Problem start_problem(run::Settings& settings, ProblemOptions& options, CommonOptions& common);

/// What every summary says of the problem: parameters, examples, model, data, loss and warnings.
nlohmann::json describe(const Problem& problem);

/// Outputs of `count` examples, evenly spread, as a function of the weights; empty without a loss.
std::function<at::Tensor(const at::Tensor&)> chosen_outputs(
    const std::shared_ptr<const objective::BatchLoss>& loss, std::int64_t count);

}  // namespace thalweg::app
