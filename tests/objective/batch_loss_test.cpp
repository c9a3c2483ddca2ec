#include "thalweg/objective/batch_loss.hpp"

#include <cmath>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "support/small_problem.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/nn/architectures.hpp"
#include "thalweg/nn/device.hpp"

namespace thalweg::objective {
namespace {

using testing::labelled_data;

const at::TensorOptions kDouble = at::TensorOptions().dtype(at::kDouble);

/// A linear model without bias: outputs x W^T, so that losses have one-line twins.
struct Linear {
  explicit Linear(std::int64_t outputs)
      : network(nn::make_mlp(4, outputs, {.hidden = {}, .bias = false})) {}
  std::shared_ptr<const nn::Network> network;
  at::Tensor w = network->initial_weights(Key{3});
  nn::ParameterTensors parameters() const { return nn::split_parameters(w, network->parameters()); }
};

TEST(BatchLoss, SquaredErrorIsHalfTheMeanOverExamplesOfTheSumOverOutputs) {
  const Linear model(3);
  const data::Dataset data = labelled_data(10, {4}, 3);
  const auto loss = network_loss(model.network, data, LossKind::kMse, kDouble);
  const at::Tensor f = at::mm(nn::to_tensor(data.inputs), model.w.view({3, 4}).t());
  double expected = 0;
  for (int i = 0; i < 10; ++i) {
    for (int c = 0; c < 3; ++c) {
      const double target = data.labels.as<std::int64_t>()[i] == c ? 1 : 0;
      expected += .5 / 10 * std::pow(f[i][c].item<double>() - target, 2);
    }
  }
  EXPECT_NEAR(loss->evaluate(model.parameters(), 0, 10).loss.item<double>(), expected, 1e-14);
}

TEST(BatchLoss, CrossEntropyIsTheMeanNegativeLogLikelihood) {
  const Linear model(3);
  const data::Dataset data = labelled_data(10, {4}, 3);
  const auto loss = network_loss(model.network, data, LossKind::kCrossEntropy, kDouble);
  const at::Tensor f = at::mm(nn::to_tensor(data.inputs), model.w.view({3, 4}).t());
  double expected = 0;
  for (int i = 0; i < 10; ++i) {
    const double log_sum = std::log(f[i].exp().sum().item<double>());
    expected += (log_sum - f[i][data.labels.as<std::int64_t>()[i]].item<double>()) / 10;
  }
  EXPECT_NEAR(loss->evaluate(model.parameters(), 0, 10).loss.item<double>(), expected, 1e-14);
}

TEST(BatchLoss, TwoClassesOnOneOutputAreSigns) {
  const Linear model(1);
  const data::Dataset data = labelled_data(6, {4}, 2);
  const at::Tensor f = at::mv(nn::to_tensor(data.inputs), model.w);
  const at::Tensor y = at::tensor({-1., 1., -1., 1., -1., 1.}, kDouble);
  const auto mse = network_loss(model.network, data, LossKind::kMse, kDouble);
  const auto logistic = network_loss(model.network, data, LossKind::kCrossEntropy, kDouble);
  EXPECT_NEAR(mse->evaluate(model.parameters(), 0, 6).loss.item<double>(),
              (f - y).square().sum().item<double>() / 12,
              1e-14);
  EXPECT_NEAR(logistic->evaluate(model.parameters(), 0, 6).loss.item<double>(),
              at::log1p(at::exp(-y * f)).mean().item<double>(),
              1e-14);
}

TEST(BatchLoss, RangesAddUpToTheWhole) {
  const Linear model(3);
  const data::Dataset data = labelled_data(10, {4}, 3);
  for (const LossKind kind : {LossKind::kMse, LossKind::kCrossEntropy}) {
    const auto loss = network_loss(model.network, data, kind, kDouble);
    const double parts = loss->evaluate(model.parameters(), 0, 7).loss.item<double>() +
                         loss->evaluate(model.parameters(), 7, 10).loss.item<double>();
    EXPECT_NEAR(parts, loss->evaluate(model.parameters(), 0, 10).loss.item<double>(), 1e-14);
  }
}

TEST(BatchLoss, RefusesWhatDoesNotFit) {
  const Linear model(4);
  data::Dataset data = labelled_data(10, {4}, 3);
  EXPECT_THROW(network_loss(model.network, data, LossKind::kMse, kDouble), InvalidArgument);
  data.classes = 0;
  data.targets = NdArray(DType::kFloat64, {10, 4});
  EXPECT_THROW(network_loss(model.network, data, LossKind::kCrossEntropy, kDouble),
               InvalidArgument);
  EXPECT_THROW(loss_kind_named("hinge"), InvalidArgument);
}

}  // namespace
}  // namespace thalweg::objective
