#include "thalweg/training/initial_point.hpp"

#include <cmath>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/npz.hpp"
#include "thalweg/nn/device.hpp"

namespace thalweg::training {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::message_of;

NdArray array(std::vector<double> values, std::vector<std::int64_t> shape) {
  return NdArray::of<double>(values, std::move(shape));
}

/// A linear layer (2, 3) and its bias, a tied head, a batch normalisation's statistics.
ModelLayout layout() {
  return {.parameters = {{"layer.weight", {2, 3}, 0}, {"layer.bias", {2}, 6}},
          .ties = {{"head.weight", "layer.weight"}},
          .state = {{"norm.running_mean", {2}}, {"norm.count", {}}}};
}

const NdArray kWeight = array({1, 2, 3, 4, 5, 6}, {2, 3});
const NdArray kBias = array({7, 8}, {2});

/// A state_dict whose names begin with `prefix`.
NamedArrays state_dict(const std::string& prefix = "") {
  return {{prefix + "layer.weight", kWeight}, {prefix + "layer.bias", kBias}};
}

class InitialPointTest : public ::testing::Test {
 protected:
  InitialPoint read(const NamedArrays& arrays, const std::string& process = "discrete") const {
    write_npz(folder_ / "point.npz", arrays);
    return read_initial_point(folder_ / "point.npz", process, layout());
  }
  std::string refusal(const NamedArrays& arrays, const std::string& process = "discrete") const {
    return message_of<BadInput>([&] { read(arrays, process); });
  }
  testing::TemporaryFolder folder_;
};

std::vector<double> weights_of(const InitialPoint& point) { return nn::to_values(point.weights); }

TEST_F(InitialPointTest, ReadsFlatVectors) {
  const auto point = read({{"weights", array({1, 2, 3, 4, 5, 6, 7, 8}, {8})},
                           {"second_moment", array({8, 7, 6, 5, 4, 3, 2, 1}, {8})},
                           {"step", NdArray::scalar<std::int64_t>(12)}});
  EXPECT_THAT(weights_of(point), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
  EXPECT_THAT(nn::to_values(point.second_moment), ElementsAre(8, 7, 6, 5, 4, 3, 2, 1));
  EXPECT_FALSE(point.momentum.defined());
  EXPECT_EQ(point.step, 12);
  EXPECT_THAT(refusal({{"weights", array({1, 2}, {2})}}),
              HasSubstr("'weights' holds 2 numbers, the model has 8 parameters"));
}

TEST_F(InitialPointTest, ReadsOneSecondMomentForAllWeights) {
  auto arrays = state_dict();
  arrays["second_moment"] = array({0.5}, {1});
  EXPECT_THAT(nn::to_values(read(arrays).second_moment), ElementsAre(0.5));
}

TEST_F(InitialPointTest, ReadsAStateDictWithMomentsAndState) {
  auto arrays = state_dict();
  arrays["square_avg.layer.weight"] = kWeight;
  arrays["square_avg.layer.bias"] = kBias;
  arrays["norm.running_mean"] = array({0.25, -0.5}, {2});
  arrays["norm.count"] = NdArray::scalar<std::int64_t>(3);
  const auto point = read(arrays);
  EXPECT_THAT(weights_of(point), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
  EXPECT_TRUE(point.second_moment.equal(point.weights));
  EXPECT_THAT(nn::to_values(point.state.at("norm.running_mean")), ElementsAre(0.25, -0.5));
  EXPECT_EQ(point.state.at("norm.count").item<std::int64_t>(), 3);
  EXPECT_THAT(point.notes, IsEmpty());
}

TEST_F(InitialPointTest, SaysWhichStateTheFileDoesNotHave) {
  EXPECT_THAT(read(state_dict()).notes,
              ElementsAre(HasSubstr("does not hold norm.running_mean, norm.count")));
}

TEST_F(InitialPointTest, LeavesPrefixesAndWrappersOutAndSaysSo) {
  for (const std::string prefix : {"module.", "model.net.", "module._orig_mod.", "_orig_mod."}) {
    auto arrays = state_dict(prefix);
    arrays["exp_avg_sq." + prefix + "layer.weight"] = kWeight;
    arrays["exp_avg_sq." + prefix + "layer.bias"] = kBias;
    const auto point = read(arrays);
    EXPECT_THAT(weights_of(point), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8)) << prefix;
    EXPECT_TRUE(point.second_moment.equal(point.weights)) << prefix;
    EXPECT_GE(point.notes.size(), 2U) << prefix;
  }
  NamedArrays inside = {{"layer._fsdp_wrapped_module.weight", kWeight}, {"layer.bias", kBias}};
  EXPECT_THAT(weights_of(read(inside)), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
}

TEST_F(InitialPointTest, RefusesWhatIsAmbiguous) {
  auto two = state_dict("model.");
  two.merge(state_dict("ema."));
  EXPECT_THAT(refusal(two), HasSubstr("under 'ema.' and under 'model.'"));
  auto wrapped = state_dict();
  wrapped.merge(state_dict("_orig_mod."));
  EXPECT_THAT(refusal(wrapped),
              HasSubstr("holds both '_orig_mod.layer.weight' and 'layer.weight'"));
}

TEST_F(InitialPointTest, TakesTiedWeightsUnderEitherName) {
  EXPECT_THAT(weights_of(read({{"head.weight", kWeight}, {"layer.bias", kBias}})),
              ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
  auto both = state_dict();
  both["head.weight"] = kWeight;
  EXPECT_THAT(weights_of(read(both)), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
  both["head.weight"] = array({1, 2, 3, 4, 5, 0}, {2, 3});
  EXPECT_THAT(refusal(both), HasSubstr("ties 'head.weight' to 'layer.weight'"));
}

TEST_F(InitialPointTest, NamesWhatItDoesNotUse) {
  auto arrays = state_dict();
  arrays["comment"] = NdArray::text("of no use");
  EXPECT_THAT(read(arrays).notes, ::testing::Contains("Not used of the file: comment."));
}

TEST_F(InitialPointTest, RefusesWhatIsMissingOrDoesNotFit) {
  EXPECT_THAT(refusal({{"layer.weight", kWeight}}), HasSubstr("needs an array 'layer.bias'"));
  EXPECT_THAT(refusal({{"layer.weights", kWeight}}),
              HasSubstr("Did you mean 'layer.weights'? It has layer.weights."));
  EXPECT_THAT(refusal({}), HasSubstr("It is empty."));
  auto arrays = state_dict();
  arrays["layer.bias"] = kWeight;
  EXPECT_THAT(refusal(arrays), HasSubstr("'layer.bias' of shape (2); its shape is (2, 3)"));
  arrays = state_dict();
  arrays["norm.running_mean"] = kWeight;
  EXPECT_THAT(refusal(arrays), HasSubstr("'norm.running_mean' of shape (2); its shape is (2, 3)"));
  arrays["norm.running_mean"] = array({NAN, 0}, {2});
  EXPECT_THAT(refusal(arrays), HasSubstr("'norm.running_mean' must be finite"));
  arrays = state_dict();
  arrays["layer.bias"] = array({INFINITY, 0}, {2});
  EXPECT_THAT(refusal(arrays), HasSubstr("the weights must be finite"));
  arrays = state_dict();
  arrays["second_moment"] = array({-1, 1, 1, 1, 1, 1, 1, 1}, {8});
  EXPECT_THAT(refusal(arrays), HasSubstr("negative"));
  arrays = state_dict();
  arrays["square_avg.layer.weight"] = kWeight;
  EXPECT_THAT(refusal(arrays), HasSubstr("needs 'square_avg.layer.bias' of shape (2)"));
}

TEST_F(InitialPointTest, ReadsAProcessOfACheckpoint) {
  const NamedArrays checkpoint = {{"discrete/weights", array({1, 2, 3, 4, 5, 6, 7, 8}, {8})},
                                  {"central/weights", array({2, 2, 3, 4, 5, 6, 7, 8}, {8})},
                                  {"central/optimizer/time", NdArray::scalar<double>(5)},
                                  {"central/optimizer/second_moment", array({0.5}, {1})}};
  EXPECT_THAT(weights_of(read(checkpoint)), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
  const auto central = read(checkpoint, "central");
  EXPECT_THAT(weights_of(central), ElementsAre(2, 2, 3, 4, 5, 6, 7, 8));
  EXPECT_EQ(central.step, 5);
  EXPECT_THAT(nn::to_values(central.second_moment), ElementsAre(0.5));
  EXPECT_THAT(refusal(checkpoint, "rod"),
              HasSubstr("has no process 'rod'; it has central, discrete"));
  EXPECT_THAT(refusal({{"discrete/weights", kBias}}), HasSubstr("a model of 2 parameters"));
}

}  // namespace
}  // namespace thalweg::training
