#include "thalweg/objective/autograd_objective.hpp"

#include <memory>
#include <numeric>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "support/reference_losses.hpp"
#include "support/small_problem.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/nn/architectures.hpp"

namespace thalweg::objective {
namespace {

using testing::labelled_data;
using testing::make_objective;
using testing::Net1;
using testing::random_tensor;
using testing::relative_error;

TEST(AutogradObjective, AgreesWithTheReferenceNetwork) {
  const Net1 net;
  const auto objective = make_objective(73, net);
  const at::Tensor w = net.initial_weights();
  const auto loss = objective->at(w);
  EXPECT_NEAR(loss->loss(), .267080071466, 1e-11);
  EXPECT_NEAR(loss->gradient().norm().item<double>(), .596856171, 1e-8);

  // The dense Hessian, column by column.
  const at::Tensor hessian = loss->hessian_times(at::eye(73, at::kDouble));
  EXPECT_LT((hessian - hessian.t()).abs().max().item<double>(), 1e-12);
  const auto [values, vectors] = at::linalg_eigh(hessian);
  EXPECT_NEAR(values[-1].item<double>(), 2.315366661, 1e-8);
  EXPECT_NEAR(values[-2].item<double>(), 1.200904230, 1e-8);

  const at::Tensor sharpness_gradient = loss->third_derivative(vectors.narrow(1, 72, 1))[0];
  EXPECT_NEAR(sharpness_gradient.norm().item<double>(), 1.820616235, 1e-6);
  EXPECT_NEAR(at::dot(loss->gradient(), sharpness_gradient).item<double>(), .172187201, 1e-6);
}

/// The same checks for every built-in architecture and loss.
struct Case {
  const char* model;
  LossKind loss;
};

class EveryNetwork : public ::testing::TestWithParam<Case> {
 protected:
  std::unique_ptr<AutogradObjective> objective(std::int64_t micro_batch = 0) {
    return std::make_unique<AutogradObjective>(
        loss_, at::TensorOptions().dtype(at::kDouble), AutogradOptions{.micro_batch = micro_batch});
  }
  at::Tensor gradient(const at::Tensor& w) { return objective()->at(w)->gradient(); }

  data::Dataset data_ = labelled_data(12, {2, 8, 8}, 3);
  std::shared_ptr<const nn::Network> network_ =
      GetParam().model == std::string("mlp")
          ? nn::make_mlp(128, 3, {.hidden = {7, 5}})
          : nn::make_cnn({2, 8, 8}, 3, {.channels = {3, 4}, .hidden = 6});
  std::shared_ptr<const BatchLoss> loss_ =
      network_loss(network_, data_, GetParam().loss, at::TensorOptions().dtype(at::kDouble));
  at::Tensor w_ = network_->initial_weights(Key{5});
};

TEST_P(EveryNetwork, GradientMatchesDifferencesOfTheLoss) {
  const at::Tensor v = random_tensor({w_.size(0)}, Key{1});
  const double e = 1e-5;
  const double slope =
      (objective()->at(w_ + e * v)->loss() - objective()->at(w_ - e * v)->loss()) / (2 * e);
  EXPECT_NEAR(at::dot(gradient(w_), v).item<double>(), slope, 1e-7 * std::abs(slope) + 1e-9);
}

TEST_P(EveryNetwork, HessianProductsMatchDifferencesOfTheGradient) {
  const at::Tensor v = random_tensor({3, w_.size(0)}, Key{2}).t();
  const at::Tensor product = objective()->at(w_)->hessian_times(v);
  for (int j = 0; j < 3; ++j) {
    const double e = 1e-5;
    const at::Tensor column = v.select(1, j);
    const at::Tensor difference = (gradient(w_ + e * column) - gradient(w_ - e * column)) / (2 * e);
    EXPECT_LT(relative_error(product.select(1, j), difference), 1e-7);
  }
}

TEST_P(EveryNetwork, ThirdDerivativesMatchDifferencesOfHessianProducts) {
  const at::Tensor u = random_tensor({2, w_.size(0)}, Key{3}).t();
  const at::Tensor third = objective()->at(w_)->third_derivative(u);
  ASSERT_EQ(third.size(0), 3);
  const double e = 1e-4;
  const auto products = [&](const at::Tensor& w) { return objective()->at(w)->hessian_times(u); };
  int row = 0;
  for (int i = 0; i < 2; ++i) {
    // D^3 L(u_i, u_j) is the change of H u_j along u_i.
    const at::Tensor along = u.select(1, i);
    const at::Tensor change = (products(w_ + e * along) - products(w_ - e * along)) / (2 * e);
    for (int j = i; j < 2; ++j)
      EXPECT_LT(relative_error(third[row++], change.select(1, j)), 1e-5) << i << j;
  }
}

TEST_P(EveryNetwork, MicroBatchesAgreeWithTheWhole) {
  const at::Tensor v = random_tensor({2, w_.size(0)}, Key{4}).t();
  const auto whole = objective()->at(w_);
  for (const std::int64_t size : {1, 5, 11}) {
    const auto owner = objective(size);
    const auto parts = owner->at(w_);
    EXPECT_LT(relative_error(parts->hessian_times(v), whole->hessian_times(v)), 1e-13);
    EXPECT_NEAR(parts->loss(), whole->loss(), 1e-14);
    EXPECT_LT(relative_error(parts->gradient(), whole->gradient()), 1e-13);
    EXPECT_TRUE(at::allclose(parts->outputs(), whole->outputs(), 1e-13, 1e-15));
  }
}

INSTANTIATE_TEST_SUITE_P(Networks,
                         EveryNetwork,
                         ::testing::Values(Case{"mlp", LossKind::kMse},
                                           Case{"mlp", LossKind::kCrossEntropy},
                                           Case{"cnn", LossKind::kMse},
                                           Case{"cnn", LossKind::kCrossEntropy}));

TEST(AutogradObjective, ProductsGiveTheGradientForNothing) {
  const Net1 net;
  const auto objective = make_objective(73, net);
  const auto loss = objective->at(net.initial_weights());
  loss->hessian_times(at::ones({73, 2}, at::kDouble));
  loss->gradient();
  loss->loss();
  EXPECT_EQ(objective->work().gradients, 1);
  EXPECT_EQ(objective->work().hessian_products, 2);
}

TEST(AutogradObjective, ALinearLossHasNoCurvature) {
  const auto objective = make_objective(3, [](const at::Tensor& w) { return w.sum(); });
  const auto loss = objective->at(at::ones({3}, at::kDouble));
  EXPECT_TRUE(
      at::equal(loss->hessian_times(at::eye(3, at::kDouble)), at::zeros({3, 3}, at::kDouble)));
  EXPECT_TRUE(at::equal(loss->gradient(), at::ones({3}, at::kDouble)));
}

TEST(AutogradObjective, RefusesWeightsOfTheWrongSize) {
  const auto objective = make_objective(3, [](const at::Tensor& w) { return w.sum(); });
  EXPECT_THROW(objective->at(at::zeros({4}, at::kDouble)), InvalidArgument);
}

}  // namespace
}  // namespace thalweg::objective
