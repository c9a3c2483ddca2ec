#include "thalweg/objective/autograd_objective.hpp"

#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

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

/// The derivative of f at 0 by differences of fourth order: error e^4/30 of the fifth derivative.
template <typename Function>
auto central_difference(const Function& f, double e) {
  return ((f(e) - f(-e)) * 8 - (f(2 * e) - f(-2 * e))) / (12 * e);
}

/// The same checks for every built-in architecture and loss.
struct Case {
  const char* model;
  std::vector<std::string> options;
  LossKind loss;
};

data::Dataset data_for(const std::string& model) {
  const bool tokens = model == "lstm" || model == "transformer" || model == "mamba";
  return tokens ? testing::sequence_data(12, 5, 3) : labelled_data(12, {2, 8, 8}, 3);
}

class EveryNetwork : public ::testing::TestWithParam<Case> {
 protected:
  std::unique_ptr<AutogradObjective> objective(std::int64_t micro_batch = 0) {
    return std::make_unique<AutogradObjective>(
        loss_, at::TensorOptions().dtype(at::kDouble), AutogradOptions{.micro_batch = micro_batch});
  }
  at::Tensor gradient(const at::Tensor& w) { return objective()->at(w)->gradient(); }

  data::Dataset data_ = data_for(GetParam().model);
  std::shared_ptr<const nn::Network> network_ = nn::make_network(GetParam().model,
                                                                 GetParam().options,
                                                                 {.example = data_.example_shape(),
                                                                  .outputs = data_.outputs(),
                                                                  .vocabulary = data_.vocabulary});
  std::shared_ptr<const BatchLoss> loss_ =
      network_loss(network_, data_, GetParam().loss, at::TensorOptions().dtype(at::kDouble));
  // Away from the start, where zeros in the last layers would hide what lies before them.
  at::Tensor w_ =
      network_->initial_weights(Key{5}) + 0.1 * random_tensor({network_->dimension()}, Key{6});
};

// Directions are about 15 long. Rounding is 1e-16 over e, relative to the loss; what is left of the
// truncation is below it at these e.

TEST_P(EveryNetwork, GradientMatchesDifferencesOfTheLoss) {
  const at::Tensor v = random_tensor({w_.size(0)}, Key{1});
  const double slope =
      central_difference([&](double e) { return objective()->at(w_ + e * v)->loss(); }, 1e-4);
  EXPECT_NEAR(at::dot(gradient(w_), v).item<double>(), slope, 1e-7 * std::abs(slope) + 1e-9);
}

TEST_P(EveryNetwork, HessianProductsMatchDifferencesOfTheGradient) {
  const at::Tensor v = random_tensor({3, w_.size(0)}, Key{2}).t();
  const at::Tensor product = objective()->at(w_)->hessian_times(v);
  for (int j = 0; j < 3; ++j) {
    const at::Tensor column = v.select(1, j);
    const at::Tensor difference =
        central_difference([&](double e) { return gradient(w_ + e * column); }, 3e-5);
    EXPECT_LT(relative_error(product.select(1, j), difference), 1e-7);
  }
}

// The differences in third_derivative are of second order with a step of 3e-4: (3e-4)^2/12 of the
// fifth derivative, which in networks with norms is up to hundreds of times the third.
TEST_P(EveryNetwork, ThirdDerivativesMatchDifferencesOfHessianProducts) {
  const at::Tensor u = random_tensor({2, w_.size(0)}, Key{3}).t();
  const at::Tensor third = objective()->at(w_)->third_derivative(u);
  ASSERT_EQ(third.size(0), 3);
  int row = 0;
  for (int i = 0; i < 2; ++i) {
    // D^3 L(u_i, u_j) is the change of H u_j along u_i.
    const at::Tensor along = u.select(1, i);
    const at::Tensor change = central_difference(
        [&](double e) { return objective()->at(w_ + e * along)->hessian_times(u); }, 3e-5);
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

std::vector<Case> every_case() {
  const std::vector<std::pair<const char*, std::vector<std::string>>> networks = {
      {"mlp", {"hidden=7,5"}},
      {"cnn", {"channels=3,4", "hidden=6"}},
      {"resnet", {"width=2", "stages=1,1"}},
      {"vit", {"width=8", "layers=1", "heads=2", "head-width=3", "mlp=5"}},
      {"lstm", {"embedding=3", "hidden=4"}},
      {"transformer", {"width=4", "layers=1", "heads=2", "mlp=5"}},
      {"mamba", {"width=3", "layers=1", "states=2", "taps=3"}}};
  std::vector<Case> cases;
  for (const auto& [model, options] : networks)
    for (const LossKind loss : {LossKind::kMse, LossKind::kCrossEntropy})
      cases.push_back({model, options, loss});
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Networks,
                         EveryNetwork,
                         ::testing::ValuesIn(every_case()),
                         [](const auto& test) {
                           const bool mse = test.param.loss == LossKind::kMse;
                           return test.param.model + std::string(mse ? "Mse" : "CrossEntropy");
                         });

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
