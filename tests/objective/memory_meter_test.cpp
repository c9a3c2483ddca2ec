#include "thalweg/objective/memory_meter.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "support/small_problem.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/nn/architectures.hpp"
#include "thalweg/objective/autograd_objective.hpp"

namespace thalweg::objective {
namespace {

struct Problem {
  explicit Problem(std::int64_t examples)
      : data(testing::labelled_data(examples, {50}, 4)),
        network(nn::make_mlp(50, 4, {.hidden = {64, 64}})),
        loss(network_loss(network, data, LossKind::kMse, at::TensorOptions().dtype(at::kFloat))),
        weights(network->initial_weights(Key{1}).to(at::kFloat)) {}
  data::Dataset data;
  std::shared_ptr<const nn::Network> network;
  std::shared_ptr<const BatchLoss> loss;
  at::Tensor weights;

  std::int64_t product_peak(std::int64_t micro_batch) const {
    AutogradObjective objective(loss, weights.options(), {.micro_batch = micro_batch});
    return peak_tensor_bytes([&] {
      objective.at(weights)->hessian_times(at::ones({weights.size(0), 1}, at::kFloat));
    });
  }
};

TEST(MemoryMeter, CountsWhatIsAliveAtOnce) {
  const std::int64_t bytes = peak_tensor_bytes([] {
    for (int i = 0; i < 3; ++i) at::Tensor a = at::empty({1000}, at::kDouble);
    at::Tensor a = at::empty({1000}, at::kDouble), b = at::empty({500}, at::kDouble);
  });
  EXPECT_GE(bytes, 12000);
  EXPECT_LT(bytes, 12000 + 1024);  // the allocator rounds up a little
}

TEST(MemoryMeter, FindsAMicroBatchThatKeepsTheLimit) {
  const Problem problem(400);
  const std::int64_t all = problem.product_peak(0);
  EXPECT_EQ(micro_batch_within(*problem.loss, problem.weights, 2 * all), 400);
  const std::int64_t limit = all / 2;
  const std::int64_t batch = micro_batch_within(*problem.loss, problem.weights, limit);
  EXPECT_GT(batch, 10);
  EXPECT_LT(batch, 400);
  EXPECT_LT(static_cast<double>(problem.product_peak(batch)), 1.2 * static_cast<double>(limit));
}

TEST(MemoryMeter, SaysWhenNotOneExampleFits) {
  const Problem problem(40);
  EXPECT_THROW(micro_batch_within(*problem.loss, problem.weights, 1000), InvalidArgument);
}

// All tensors that a gradient or a product needs, data and weights among them.
TEST(MemoryMeter, AHessianProductStaysWithinThreeTimesAGradient) {
  const Problem problem(1000);
  AutogradObjective objective(problem.loss, problem.weights.options());
  const std::int64_t standing = 1000 * 50 * 4 + problem.weights.numel() * 4;
  const std::int64_t gradient =
      peak_tensor_bytes([&] { objective.at(problem.weights)->gradient(); });
  EXPECT_LE(standing + problem.product_peak(0), 3 * (standing + gradient));
}

}  // namespace
}  // namespace thalweg::objective
