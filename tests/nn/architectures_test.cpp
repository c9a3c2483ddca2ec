#include "thalweg/nn/architectures.hpp"

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/message_of.hpp"
#include "support/small_problem.hpp"
#include "thalweg/base/error.hpp"

namespace thalweg::nn {
namespace {

using ::testing::HasSubstr;
using testing::message_of;
using testing::random_tensor;
using testing::random_tokens;

const DataShape kCifar = {.example = {3, 32, 32}, .outputs = 4};
const DataShape kSorting = {.example = {15}, .outputs = 4, .vocabulary = 4};

/// Every architecture at a tiny size, on data that it takes.
struct Tiny {
  const char* name;
  std::vector<std::string> options;
  DataShape data;
};

const DataShape kImage = {.example = {1, 8, 8}, .outputs = 3};
const DataShape kTokens = {.example = {5}, .outputs = 3, .vocabulary = 4};
const std::vector<Tiny> kTiny = {
    {"mlp", {}, kImage},
    {"cnn", {}, kImage},
    {"resnet", {"width=2", "stages=1,2"}, kImage},
    {"vit", {"width=8", "layers=1", "heads=2", "head-width=3", "mlp=5"}, kImage},
    {"lstm", {"embedding=3", "hidden=4"}, kTokens},
    {"transformer", {"width=4", "heads=2", "layers=2", "mlp=5"}, kTokens},
    {"mamba", {"width=3", "states=2", "taps=3"}, kTokens}};

// [Cohen2024]'s parameter counts at four classes of CIFAR-10, and at sorting with four tokens.
TEST(Architectures, PaperPresetsHaveThePublishedSizes) {
  EXPECT_EQ(make_network("mlp", {"preset=paper"}, kCifar)->dimension(), 853508);
  EXPECT_EQ(make_network("cnn", {"preset=paper"}, kCifar)->dimension(), 544100);
  EXPECT_EQ(make_network("resnet", {"preset=paper"}, kCifar)->dimension(), 293300);
  EXPECT_EQ(make_network("vit", {"preset=paper"}, kCifar)->dimension(), 661412);
  EXPECT_EQ(make_network("lstm", {"preset=paper"}, kSorting)->dimension(), 38020);
  EXPECT_EQ(make_network("transformer", {"preset=paper"}, kSorting)->dimension(), 68228);
  EXPECT_EQ(make_network("mamba", {"preset=paper"}, kSorting)->dimension(), 65984);
}

TEST(Architectures, PresetsUndoEarlierOptionsButNotTheMask) {
  const auto network =
      make_network("transformer", {"width=8", "causal=false", "preset=paper"}, kSorting);
  EXPECT_EQ(network->dimension(), 68228);
  EXPECT_NE(network->description().find("not causal"), std::string::npos);
}

TEST(Architectures, AreAllListed) {
  ASSERT_EQ(network_names().size(), kTiny.size());
  for (std::size_t i = 0; i < kTiny.size(); ++i) EXPECT_EQ(network_names()[i], kTiny[i].name);
}

TEST(Architectures, LayoutHasNoGapsAndNoOverlaps) {
  for (const Tiny& tiny : kTiny) {
    const auto network = make_network(tiny.name, tiny.options, tiny.data);
    std::int64_t next = 0;
    for (const ParameterInfo& parameter : network->parameters()) {
      EXPECT_EQ(parameter.offset, next) << parameter.name;
      next += parameter.numel();
    }
    EXPECT_EQ(next, network->dimension());
  }
}

TEST(Architectures, ParametersHaveNamesOfTheirOwn) {
  // Initial values are keyed by name: two parameters of one name would start alike.
  for (const Tiny& tiny : kTiny) {
    const auto network = make_network(tiny.name, tiny.options, tiny.data);
    std::set<std::string> names;
    for (const ParameterInfo& parameter : network->parameters())
      EXPECT_TRUE(names.insert(parameter.name).second) << parameter.name;
  }
}

TEST(Architectures, InitialWeightsAreKeyed) {
  for (const Tiny& tiny : kTiny) {
    const auto network = make_network(tiny.name, tiny.options, tiny.data);
    const at::Tensor a = network->initial_weights(Key{1});
    EXPECT_TRUE(at::equal(a, network->initial_weights(Key{1}))) << tiny.name;
    EXPECT_FALSE(at::equal(a, network->initial_weights(Key{2}))) << tiny.name;
    EXPECT_TRUE(at::isfinite(a).all().item<bool>()) << tiny.name;
  }
}

TEST(Architectures, OutputsHaveOneRowAnExampleOrPosition) {
  for (const Tiny& tiny : kTiny) {
    const auto network = make_network(tiny.name, tiny.options, tiny.data);
    const at::Tensor w = network->initial_weights(Key{1});
    if (tiny.data.vocabulary == 0) {
      EXPECT_EQ(network->forward(w, random_tensor({2, 1, 8, 8}, Key{2})).sizes(),
                at::IntArrayRef({2, 3}));
    } else {
      EXPECT_EQ(network->forward(w, random_tokens(2, 5, 4)).sizes(), at::IntArrayRef({2, 5, 3}));
    }
  }
}

TEST(Architectures, TakeFashionMnist) {
  const at::Tensor images = random_tensor({2, 1, 28, 28}, Key{1});
  for (const char* name : {"mlp", "cnn", "resnet", "vit"}) {
    const auto network = make_network(name, {}, {.example = {1, 28, 28}, .outputs = 10});
    const at::Tensor f = network->forward(network->initial_weights(Key{1}), images);
    EXPECT_EQ(f.sizes(), at::IntArrayRef({2, 10})) << name;
  }
}

TEST(Architectures, ZeroHeadsGiveZeroOutputsUntilScaled) {
  for (const char* name : {"resnet", "vit", "transformer"}) {
    for (const Tiny& tiny : kTiny) {
      if (std::string(name) != tiny.name) continue;
      const bool tokens = tiny.data.vocabulary != 0;
      const at::Tensor x = tokens ? random_tokens(2, 5, 4) : random_tensor({2, 1, 8, 8}, Key{2});
      const auto output = [&](const std::vector<std::string>& more) {
        std::vector<std::string> options = tiny.options;
        options.insert(options.end(), more.begin(), more.end());
        const auto network = make_network(name, options, tiny.data);
        return network->forward(network->initial_weights(Key{1}), x).abs().max().item<double>();
      };
      EXPECT_EQ(output({}), 0) << name;
      EXPECT_GT(output({"output-scale=1"}), 0) << name;
    }
  }
}

TEST(Architectures, SayWhichModelsTakeWhichInputs) {
  const auto message = [](const char* name, const DataShape& data) {
    return message_of<InvalidArgument>([&] { make_network(name, {}, data); });
  };
  for (const char* name : {"lstm", "transformer", "mamba"}) {
    EXPECT_THAT(message(name, kImage), HasSubstr("needs token sequences (--data sorting"));
    EXPECT_THAT(message(name, {.example = {5}, .outputs = 3, .vocabulary = 1 << 21}),
                HasSubstr("largest token is 2097151"));
  }
  for (const char* name : {"mlp", "cnn", "resnet", "vit"})
    EXPECT_THAT(message(name, kTokens), HasSubstr("Use --model lstm, transformer or mamba"));
}

TEST(Mlp, MatchesItsFormula) {
  const auto network = make_mlp(6, 2, {.hidden = {5}, .activation = Activation::kTanh});
  const at::Tensor w = random_tensor({network->dimension()}, Key{1}),
                   x = random_tensor({4, 2, 3}, Key{2});
  const at::Tensor w1 = w.narrow(0, 0, 30).view({5, 6}), b1 = w.narrow(0, 30, 5);
  const at::Tensor w2 = w.narrow(0, 35, 10).view({2, 5}), b2 = w.narrow(0, 45, 2);
  const at::Tensor expected = at::mm(at::tanh(at::mm(x.view({4, 6}), w1.t()) + b1), w2.t()) + b2;
  EXPECT_TRUE(at::allclose(network->forward(w, x), expected, 1e-13, 1e-14));
}

// A 1x1 kernel on a constant image: every layer is a sum that can be done by hand.
TEST(Cnn, MatchesItsFormulaOnAConstantImage) {
  const auto network =
      make_cnn({1, 2, 2},
               1,
               {.channels = {1}, .kernel = 1, .hidden = 1, .activation = Activation::kIdentity});
  ASSERT_EQ(network->dimension(), 4);
  const at::Tensor w = at::tensor({2., 3., 5., 7.}, at::kDouble);
  const at::Tensor y = network->forward(w, at::full({1, 1, 2, 2}, 1.5, at::kDouble));
  EXPECT_DOUBLE_EQ(y.item<double>(), 1.5 * 2 * 3 * 5 + 7);
}

TEST(Architectures, InitialWeightsArePureFunctionsOfTheKeyWithinTheirBounds) {
  const auto network = make_mlp(100, 3, {.hidden = {50}});
  const at::Tensor a = network->initial_weights(Key{1}), b = network->initial_weights(Key{1});
  EXPECT_TRUE(at::equal(a, b));
  EXPECT_FALSE(at::equal(a, network->initial_weights(Key{2})));
  const at::Tensor first = a.narrow(0, 0, 5000);
  EXPECT_LE(first.abs().max().item<double>(), 0.1);
  // Uniform on +-0.1: variance 0.01/3; its estimate from 5000 draws is off by 4 standard errors
  // once in 16,000 times.
  EXPECT_NEAR(first.var().item<double>(), .01 / 3, 4 * .01 / 3 * std::sqrt(.8 / 5000));
}

TEST(Architectures, RefuseWhatTheyDoNotKnow) {
  EXPECT_THROW(make_network("mpl", {}, {{4}, 2}), InvalidArgument);
  EXPECT_THROW(make_network("mlp", {"width=3"}, {{4}, 2}), InvalidArgument);
  EXPECT_THROW(make_network("mlp", {"hidden=0"}, {{4}, 2}), InvalidArgument);
  EXPECT_THROW(make_network("mlp", {"hidden=3,x"}, {{4}, 2}), InvalidArgument);
  EXPECT_THROW(make_network("mlp", {"activation=geul"}, {{4}, 2}), InvalidArgument);
  EXPECT_THROW(make_network("cnn", {}, {{784}, 2}), InvalidArgument);
  EXPECT_THROW(make_network("cnn", {"kernel=2"}, {{1, 8, 8}, 2}), InvalidArgument);
  EXPECT_THROW(make_network("mlp", {"preset=big"}, {{4}, 2}), InvalidArgument);
  for (const char* option : {"width=0", "stages=none", "stages=3,0", "cells=0", "output-scale=-1"})
    EXPECT_THROW(make_network("resnet", {option}, kImage), InvalidArgument) << option;
  EXPECT_THROW(make_network("resnet", {"stages=1,1,1,1"}, kImage), InvalidArgument);
  EXPECT_THROW(make_network("resnet", {}, {{784}, 2}), InvalidArgument);
  for (const char* option : {"patch=3", "patch=0", "width=10", "width=4", "heads=0", "mlp=0"})
    EXPECT_THROW(make_network("vit", {option}, kImage), InvalidArgument) << option;
  for (const char* option : {"embedding=0", "hidden=0", "layers=0", "output-scale=nan"})
    EXPECT_THROW(make_network("lstm", {option}, kTokens), InvalidArgument) << option;
  for (const char* option : {"width=3", "heads=3", "layers=0", "causal=maybe"})
    EXPECT_THROW(make_network("transformer", {option}, kTokens), InvalidArgument) << option;
  for (const char* option : {"width=0", "states=0", "taps=0", "expand=0"})
    EXPECT_THROW(make_network("mamba", {option}, kTokens), InvalidArgument) << option;
}

TEST(Network, RefusesWeightsOfTheWrongSize) {
  const auto network = make_mlp(6, 2);
  EXPECT_THROW(network->forward(at::zeros({3}, at::kDouble), at::zeros({1, 6}, at::kDouble)),
               InvalidArgument);
}

}  // namespace
}  // namespace thalweg::nn
