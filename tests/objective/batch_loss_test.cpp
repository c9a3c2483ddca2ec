#include "thalweg/objective/batch_loss.hpp"

#include <cmath>
#include <utility>

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/message_of.hpp"
#include "support/small_problem.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/nn/architectures.hpp"
#include "thalweg/nn/device.hpp"

namespace thalweg::objective {
namespace {

using ::testing::HasSubstr;
using testing::labelled_data;
using testing::message_of;

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

/// A small network over sequences, with the loss of each position counted one by one.
struct Sequences {
  data::Dataset data = testing::sequence_data(7, 5, 3);
  std::shared_ptr<const nn::Network> network =
      nn::make_lstm(3, 3, {.embedding = 2, .hidden = 3, .layers = 1});
  at::Tensor w = network->initial_weights(Key{3});
  nn::ParameterTensors parameters() const { return nn::split_parameters(w, network->parameters()); }

  /// The mean over counted positions of term(outputs of a position, label).
  template <typename Term>
  double mean(Term term) const {
    const at::Tensor f = network->forward(w, nn::to_tensor(data.inputs));
    const auto labels = data.labels.as<std::int64_t>();
    double sum = 0;
    int counted = 0;
    for (std::int64_t i = 0; i < 35; ++i) {
      const std::int64_t label = labels[static_cast<std::size_t>(i)];
      if (label < 0) continue;
      sum += term(f[i / 5][i % 5], label);
      ++counted;
    }
    EXPECT_EQ(counted, 35 - 7 - 3);  // see sequence_data
    return sum / counted;
  }
};

/// Outputs less their mean over the batch, as batch normalisation in training mode.
class Centred final : public nn::Network {
 public:
  Centred() { add_parameter("w", {2, 4}); }
  at::Tensor initial_weights(Key) const override { return at::ones({8}, at::kDouble); }
  at::Tensor forward(const nn::ParameterTensors& w, const at::Tensor& x) const override {
    EXPECT_GT(x.size(0), 2) << "a batch of another size than is used";
    const at::Tensor outputs = at::mm(x, w[0].t());
    return outputs - outputs.mean(0);
  }
  using Network::forward;
  std::string description() const override { return "centred"; }
};

TEST(BatchLoss, OfANetworkThatMixesExamplesIsTakenWhole) {
  const auto network = std::make_shared<Centred>();
  const data::Dataset data = labelled_data(10, {4}, 2);
  const auto loss = network_loss(network, data, LossKind::kMse, kDouble, /*split=*/false);
  const at::Tensor w = testing::random_tensor({8}, Key{3});
  const auto parameters = nn::split_parameters(w, network->parameters());
  const at::Tensor all = network->forward(w, nn::to_tensor(data.inputs));
  EXPECT_TRUE(loss->evaluate(parameters, 0, 10).outputs.equal(all));
  EXPECT_TRUE(loss->outputs(parameters, 5).equal(all.slice(0, 0, 10, 2)));
  EXPECT_TRUE(loss->outputs(parameters, 1).equal(all.narrow(0, 0, 1)));
  EXPECT_THROW(loss->evaluate(parameters, 0, 5), InvalidArgument);
}

TEST(BatchLoss, OfSequencesIsTheMeanOverCountedPositions) {
  const Sequences model;
  const auto whole = [&](LossKind kind) {
    const auto loss = network_loss(model.network, model.data, kind, kDouble);
    return loss->evaluate(model.parameters(), 0, 7).loss.item<double>();
  };
  const double likelihood = model.mean([](const at::Tensor& f, std::int64_t label) {
    return std::log(f.exp().sum().item<double>()) - f[label].item<double>();
  });
  EXPECT_NEAR(whole(LossKind::kCrossEntropy), likelihood, 1e-14);
  const double error = model.mean([](const at::Tensor& f, std::int64_t label) {
    double sum = 0;
    for (int c = 0; c < 3; ++c) sum += .5 * std::pow(f[c].item<double>() - (c == label), 2);
    return sum;
  });
  EXPECT_NEAR(whole(LossKind::kMse), error, 1e-14);
}

TEST(BatchLoss, RangesOfSequencesAddUpToTheWhole) {
  const Sequences model;
  for (const LossKind kind : {LossKind::kMse, LossKind::kCrossEntropy}) {
    const auto loss = network_loss(model.network, model.data, kind, kDouble);
    double parts = 0;
    for (const auto& [first, last] : {std::pair{0, 1}, {1, 5}, {5, 7}})
      parts += loss->evaluate(model.parameters(), first, last).loss.item<double>();
    EXPECT_NEAR(parts, loss->evaluate(model.parameters(), 0, 7).loss.item<double>(), 1e-14);
  }
}

TEST(BatchLoss, TwoTokensOnOneOutputAreSigns) {
  const data::Dataset data = testing::sequence_data(4, 3, 2);
  const std::shared_ptr<const nn::Network> network =
      nn::make_lstm(2, 1, {.embedding = 2, .hidden = 3, .layers = 1});
  const at::Tensor w = network->initial_weights(Key{3});
  const at::Tensor f = network->forward(w, nn::to_tensor(data.inputs)).squeeze(-1);
  const at::Tensor labels = nn::to_tensor(data.labels), counts = labels.ge(0);
  const at::Tensor margin = (f * (2 * labels - 1)).masked_select(counts);
  const auto loss = network_loss(network, data, LossKind::kCrossEntropy, kDouble);
  EXPECT_NEAR(
      loss->evaluate(nn::split_parameters(w, network->parameters()), 0, 4).loss.item<double>(),
      at::log1p(at::exp(-margin)).mean().item<double>(),
      1e-14);
}

TEST(BatchLoss, RefusesOutputsThatAreNotWhereTheLabelsAre) {
  const Sequences model;
  data::Dataset one_label = model.data;
  one_label.labels = NdArray(DType::kInt64, {7});
  EXPECT_THAT(message_of<InvalidArgument>(
                  [&] { network_loss(model.network, one_label, LossKind::kMse, kDouble); }),
              HasSubstr("must return (2, outputs); it returned (2, 5, 3)"));
  data::Dataset nothing_counts = model.data;
  for (auto& label : nothing_counts.labels.as<std::int64_t>()) label = -1;
  EXPECT_THAT(message_of<InvalidArgument>(
                  [&] { network_loss(model.network, nothing_counts, LossKind::kMse, kDouble); }),
              HasSubstr("no position counts"));
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
