#include "thalweg/nn/torchscript.hpp"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/frontend/resolver.h>
#include <torch/csrc/jit/frontend/sugared_value.h>
#include <torch/library.h>

#include "base/file_io.hpp"
#include "base/zip.hpp"
#include "support/temporary_folder.hpp"
#include "support/text_files.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/files.hpp"
#include "thalweg/base/random.hpp"
#include "thalweg/nn/torchscript_check.hpp"

namespace thalweg::nn {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::TemporaryFolder;
using torch::autograd::grad;
using torch::jit::Module;

// Operators of a model that misbehaves, for the sandbox.
at::Tensor crash(const at::Tensor& /*x*/) {
  std::raise(SIGSEGV);
  return {};
}
at::Tensor quit(const at::Tensor& /*x*/) { std::_Exit(7); }

/// x^3 whose backward pass takes the saved x for a constant.
struct WrongCube : torch::autograd::Function<WrongCube> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x) {
    context->save_for_backward({x});
    return x * x * x;
  }
  static std::vector<at::Tensor> backward(torch::autograd::AutogradContext* context,
                                          const std::vector<at::Tensor>& gradient) {
    const at::Tensor x = context->get_saved_variables()[0].detach();
    return {gradient[0] * 3 * x * x};
  }
};
at::Tensor wrong_cube(const at::Tensor& x) { return WrongCube::apply(x); }

TORCH_LIBRARY(thalweg_test, library) {
  library.def("wrong_cube(Tensor x) -> Tensor", wrong_cube);
  library.def("crash(Tensor x) -> Tensor", crash);
  library.def("quit(Tensor x) -> Tensor", quit);
}

/// Resolves thalweg_test.NAME beside torch.NAME.
struct TestResolver : torch::jit::Resolver {
  std::shared_ptr<torch::jit::SugaredValue> resolveValue(
      const std::string& name,
      torch::jit::GraphFunction& /*method*/,
      const torch::jit::SourceRange& /*place*/) override {
    if (name == "torch") return std::make_shared<torch::jit::BuiltinModule>("aten");
    if (name == "thalweg_test") return std::make_shared<torch::jit::BuiltinModule>(name);
    return nullptr;
  }
};

at::Tensor random_tensor(at::IntArrayRef shape, Key key) {
  at::Tensor values = at::empty(shape, at::kDouble);
  fill_normal(std::span(values.data_ptr<double>(), static_cast<std::size_t>(values.numel())), key);
  return values;
}

at::Tensor weight(at::IntArrayRef shape, std::string_view name) {
  return (0.5 * random_tensor(shape, Key{1}.with(name))).requires_grad_(true);
}

/// tanh layer of 3 x 5, then 5 x 2: the module most tests use.
constexpr const char* kMlpForward = R"(
def forward(self, x):
    return torch.matmul(torch.tanh(torch.matmul(x, self.w1) + self.b1), self.w2)
)";

Module mlp() {
  Module module("Mlp");
  module.register_parameter("w1", weight({3, 5}, "w1"), false);
  module.register_parameter("b1", weight({5}, "b1"), false);
  module.register_parameter("w2", weight({5, 2}, "w2"), false);
  module.define(kMlpForward);
  return module;
}

/// The same operations, written out on the flat vector.
at::Tensor eager_mlp(const at::Tensor& weights, const at::Tensor& x) {
  const at::Tensor w1 = weights.narrow(0, 0, 15).view({3, 5});
  const at::Tensor b1 = weights.narrow(0, 15, 5);
  const at::Tensor w2 = weights.narrow(0, 20, 10).view({5, 2});
  return at::matmul(at::tanh(at::matmul(x, w1) + b1), w2);
}

/// A module of one parameter `w` (3 x 2) and the given forward.
Module with_forward(const std::string& body) {
  Module module("Model");
  module.register_parameter("w", weight({3, 2}, "w"), false);
  module.register_attribute("training", c10::BoolType::get(), true);
  module.define("def forward(self, x):\n    " + body + "\n", std::make_shared<TestResolver>());
  return module;
}

class TorchScript : public ::testing::Test {
 protected:
  TorchScript() { at::set_num_threads(1); }

  fs::path path(const std::string& name) const { return folder_ / name; }

  fs::path saved(const Module& module) const {
    const fs::path file = path("model.pt");
    module.save(file.string());
    return file;
  }

  fs::path written(const std::string& content) const {
    return testing::write_text(path("written.pt"), content);
  }

  TorchScriptNetwork network(const Module& module) const {
    return TorchScriptNetwork(TorchScriptModule(saved(module)));
  }

  /// The sentence with which a file is refused.
  static std::string refusal(const fs::path& file,
                             const TorchScriptProbe& probe,
                             const TorchScriptOptions& options = {}) {
    try {
      check_torchscript(file, probe, options);
    } catch (const BadInput& error) {
      return error.what();
    }
    return "(not refused)";
  }
  std::string refusal(const Module& module) const { return refusal(saved(module), probe()); }

  static TorchScriptProbe probe() {
    TorchScriptProbe result;
    result.arguments = {random_tensor({6, 3}, Key{2})};
    return result;
  }

 private:
  TemporaryFolder folder_;
};

/// A sentence names the file once, says what to do, and carries nothing of libtorch's tracebacks.
void expect_sentence(const std::string& message) {
  EXPECT_THAT(message, HasSubstr(".pt]"));
  EXPECT_THAT(message, Not(HasSubstr("\n")));
  EXPECT_THAT(message, Not(HasSubstr("frame #")));
  EXPECT_LT(message.size(), 900U);
}

// --- the function of the weights

TEST_F(TorchScript, LaysParametersOutInOrder) {
  const TorchScriptNetwork net = network(mlp());
  ASSERT_EQ(net.parameters().size(), 3U);
  EXPECT_EQ(net.parameters()[0].name, "w1");
  EXPECT_EQ(net.parameters()[1].name, "b1");
  EXPECT_EQ(net.parameters()[2].name, "w2");
  EXPECT_EQ(net.parameters()[2].offset, 20);
  EXPECT_THAT(net.parameters()[2].shape, ElementsAre(5, 2));
  EXPECT_EQ(net.dimension(), 30);
  const at::Tensor expected =
      at::cat({weight({3, 5}, "w1").flatten(), weight({5}, "b1"), weight({5, 2}, "w2").flatten()});
  EXPECT_TRUE(net.initial_weights(Key{}).equal(expected.detach()));
}

TEST_F(TorchScript, AgreesWithItsEagerTwinToTheThirdDerivative) {
  const TorchScriptNetwork net = network(mlp());
  const at::Tensor x = random_tensor({7, 3}, Key{3});
  const at::Tensor v = random_tensor({30}, Key{4});
  const auto derivatives = [&](const std::function<at::Tensor(const at::Tensor&)>& f) {
    const at::Tensor w = random_tensor({30}, Key{5}).requires_grad_(true);
    const at::Tensor loss = f(w).square().sum();
    const at::Tensor gradient = grad({loss}, {w}, {}, true, true)[0];
    const at::Tensor product = grad({gradient.dot(v)}, {w}, {}, true, true)[0];
    const at::Tensor third = grad({product.dot(v)}, {w})[0];
    return std::vector<at::Tensor>{loss, gradient, product, third};
  };
  const auto found = derivatives([&](const at::Tensor& w) { return net.forward(w, x); });
  const auto expected = derivatives([&](const at::Tensor& w) { return eager_mlp(w, x); });
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_TRUE(at::allclose(found[i], expected[i], 1e-13, 1e-13)) << "derivative " << i;
  }
}

TEST_F(TorchScript, GivesTheSameBitsHoweverOftenItRan) {
  const TorchScriptNetwork net = network(mlp());
  const at::Tensor x = random_tensor({7, 3}, Key{3});
  const auto gradient = [&] {
    const at::Tensor w = random_tensor({30}, Key{5}).requires_grad_(true);
    return grad({net.forward(w, x).square().sum()}, {w})[0];
  };
  const at::Tensor first = gradient();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(gradient().equal(first)) << i;
}

TEST_F(TorchScript, RunsInFloat32AndBackInFloat64) {
  const TorchScriptNetwork net = network(mlp());
  const at::Tensor x = random_tensor({7, 3}, Key{3});
  const at::Tensor w = net.initial_weights(Key{});
  const at::Tensor wide = net.forward(w, x);
  const at::Tensor narrow = net.forward(w.to(at::kFloat), x.to(at::kFloat));
  EXPECT_EQ(narrow.scalar_type(), at::kFloat);
  EXPECT_TRUE(at::allclose(narrow.to(at::kDouble), wide, 1e-4, 1e-5));
  EXPECT_TRUE(net.forward(w, x).equal(wide));
}

TEST_F(TorchScript, KeepsTiedWeightsTied) {
  Module module("Tied");
  const at::Tensor shared = weight({3, 3}, "shared");
  module.register_parameter("a", shared, false);
  module.register_parameter("b", shared, false);
  module.define(
      "def forward(self, x):\n    return torch.matmul(torch.matmul(x, self.a), self.b)\n");
  const TorchScriptNetwork net = network(module);
  ASSERT_EQ(net.dimension(), 9);
  const at::Tensor x = random_tensor({4, 3}, Key{3});
  const at::Tensor w = random_tensor({9}, Key{5});
  const at::Tensor square = w.view({3, 3});
  EXPECT_TRUE(at::allclose(net.forward(w, x), x.matmul(square).matmul(square)));
}

// nn.LSTM hands its operator the list _flat_weights, made of its parameters.
TEST_F(TorchScript, TiesParametersHeldInLists) {
  Module module("Listed");
  const at::Tensor w = weight({3, 2}, "w");
  module.register_attribute(
      "flat", c10::ListType::ofTensors(), c10::List<at::Tensor>({w, at::ones({2}, at::kFloat)}));
  module.register_parameter("w", w, false);
  module.define("def forward(self, x):\n    return torch.matmul(x, self.flat[0]) + self.flat[1]\n");
  const TorchScriptNetwork net = network(module);
  ASSERT_EQ(net.dimension(), 6);
  const at::Tensor x = random_tensor({4, 3}, Key{3});
  const at::Tensor other = random_tensor({6}, Key{5});
  EXPECT_TRUE(at::allclose(net.forward(other, x), x.matmul(other.view({3, 2})) + 1));
}

TEST_F(TorchScript, NamesParametersOfSubmodulesByTheirPath) {
  Module outer("Outer");
  outer.register_module("layer", mlp());
  outer.register_parameter("scale", weight({2}, "scale"), false);
  outer.define("def forward(self, x):\n    return self.layer.forward(x) * self.scale\n");
  const TorchScriptNetwork net = network(outer);
  ASSERT_EQ(net.parameters().size(), 4U);
  EXPECT_EQ(net.parameters()[0].name, "layer.w1");
  EXPECT_EQ(net.parameters()[3].name, "scale");
  const at::Tensor x = random_tensor({4, 3}, Key{3});
  const at::Tensor w = random_tensor({32}, Key{5});
  EXPECT_TRUE(
      at::allclose(net.forward(w, x), eager_mlp(w.narrow(0, 0, 30), x) * w.narrow(0, 30, 2)));
}

TEST_F(TorchScript, LeavesBuffersAndFrozenParametersOutOfTheWeights) {
  Module module("Scaled");
  module.register_parameter("w", weight({3, 2}, "w"), false);
  module.register_parameter("frozen", at::full({2}, 3.0, at::kFloat), false);
  module.register_buffer("shift", at::full({2}, 0.5, at::kFloat));
  module.register_buffer("column", at::zeros({1}, at::kLong));
  module.define(R"(
def forward(self, x):
    return torch.matmul(x, self.w) * self.frozen + self.shift + self.column
)");
  const TorchScriptNetwork net = network(module);
  ASSERT_EQ(net.dimension(), 6);
  const at::Tensor x = random_tensor({4, 3}, Key{3});
  const at::Tensor w = net.initial_weights(Key{});
  const at::Tensor y = net.forward(w, x);
  EXPECT_EQ(y.scalar_type(), at::kDouble);
  EXPECT_TRUE(at::allclose(y, x.matmul(w.view({3, 2})) * 3 + 0.5));
}

TEST_F(TorchScript, ReplacesItsState) {
  Module module("Scaled");
  module.register_parameter("w", weight({3, 2}, "w"), false);
  module.register_parameter("frozen", at::full({2}, 3.0, at::kFloat), false);
  module.register_buffer("count", at::ones({}, at::kLong));
  module.define(
      "def forward(self, x):\n    return torch.matmul(x, self.w) * self.frozen + self.count\n");
  TorchScriptModule scaled(saved(module));
  ASSERT_EQ(scaled.state().size(), 2U);
  EXPECT_EQ(scaled.state()[0].name, "frozen");
  EXPECT_TRUE(scaled.state()[0].is_parameter);
  EXPECT_EQ(scaled.state()[1].name, "count");
  EXPECT_FALSE(scaled.state()[1].is_parameter);
  scaled.set_state("frozen", at::full({2}, 0.1, at::kDouble));
  scaled.set_state("count", at::full({}, 7, at::kDouble));
  const at::Tensor x = random_tensor({4, 3}, Key{3});
  const at::Tensor w = scaled.initial_weights();
  EXPECT_TRUE(at::allclose(scaled.call(w, {x}), x.matmul(w.view({3, 2})) * 0.1 + 7, 1e-14, 1e-14));
  EXPECT_THROW(scaled.set_state("frozen", at::zeros({3})), InvalidArgument);
  EXPECT_THROW(scaled.set_state("w", at::zeros({3, 2})), InvalidArgument);
}

TEST_F(TorchScript, KnowsTheOtherNamesOfTiedWeights) {
  Module module("Tied");
  const at::Tensor shared = weight({3, 3}, "shared");
  module.register_parameter("a", shared, false);
  module.register_parameter("b", shared, false);
  module.define(
      "def forward(self, x):\n    return torch.matmul(torch.matmul(x, self.a), self.b)\n");
  const TorchScriptModule tied(saved(module));
  EXPECT_THAT(tied.ties(), ElementsAre(std::pair("b", "a")));
  EXPECT_TRUE(tied.state().empty());
}

TEST_F(TorchScript, RefusesParametersThatWouldBeLeftOut) {
  Module module = with_forward("return torch.matmul(x, self.w)");
  module.register_parameter("phase", at::ones({2}, at::kComplexDouble).requires_grad_(true), false);
  const std::string message = refusal(module);
  expect_sentence(message);
  EXPECT_THAT(message, AllOf(HasSubstr("'phase' is complex"), HasSubstr("torch.view_as_real")));
}

// model(x).squeeze() drops the axis of a single output, and of a single example.
TEST_F(TorchScript, PutsSqueezedAxesBack) {
  for (const std::int64_t outputs : {1, 2}) {
    Module module("Squeezed");
    module.register_parameter("w", weight({3, outputs}, "w"), false);
    module.define("def forward(self, x):\n    return torch.matmul(x, self.w).squeeze()\n");
    const TorchScriptNetwork net = network(module);
    const at::Tensor w = net.initial_weights(Key{});
    for (const std::int64_t examples : {1, 4}) {
      const at::Tensor x = random_tensor({examples, 3}, Key{3});
      const at::Tensor y = net.forward(w, x);
      EXPECT_THAT(y.sizes().vec(), ElementsAre(examples, outputs));
      EXPECT_TRUE(at::allclose(y, x.matmul(w.view({3, outputs}))));
    }
  }
}

TEST_F(TorchScript, CountsOneOutputPerExampleAsAColumn) {
  const TorchScriptNetwork net = network(with_forward("return torch.matmul(x, self.w).sum(1)"));
  const at::Tensor y = net.forward(net.initial_weights(Key{}), random_tensor({4, 3}, Key{3}));
  EXPECT_THAT(y.sizes().vec(), ElementsAre(4, 1));
}

TEST_F(TorchScript, DescribesItself) {
  EXPECT_EQ(network(mlp()).description(), "TorchScript model.pt, 30 parameters");
}

TEST_F(TorchScript, EvaluatesUnlessAskedToTrain) {
  const fs::path file = saved(with_forward("return torch.matmul(x, self.w) * int(self.training)"));
  const at::Tensor x = at::ones({2, 3}, at::kDouble);
  const TorchScriptModule evaluating(file);
  const TorchScriptModule training(file, {.train_mode = true});
  EXPECT_EQ(evaluating.call(evaluating.initial_weights(), {x}).abs().sum().item<double>(), 0);
  EXPECT_NE(training.call(training.initial_weights(), {x}).abs().sum().item<double>(), 0);
}

TEST_F(TorchScript, PassesInputsAndTargetsToALoss) {
  Module module("Loss");
  module.register_parameter("w", weight({3, 2}, "w"), false);
  module.define(R"(
def forward(self, x, y):
    return (torch.matmul(x, self.w) - y).square().mean()
)");
  const TorchScriptModule loss(saved(module));
  const at::Tensor x = random_tensor({4, 3}, Key{3});
  const at::Tensor y = random_tensor({4, 2}, Key{4});
  const at::Tensor w = loss.initial_weights();
  EXPECT_TRUE(at::allclose(loss.call(w, {x, y}), (x.matmul(w.view({3, 2})) - y).square().mean()));
  EXPECT_THROW(TorchScriptNetwork(TorchScriptModule(saved(module))), BadInput);
}

TEST_F(TorchScript, CallsALossThatHoldsItsData) {
  Module module("Loss");
  module.register_parameter("w", weight({2}, "w"), false);
  module.define("def forward(self):\n    return self.w.pow(4).sum()\n");
  const TorchScriptModule loss(saved(module));
  const at::Tensor w = loss.initial_weights();
  EXPECT_TRUE(at::allclose(loss.call(w, {}), w.pow(4).sum()));
  TorchScriptProbe own_data;
  own_data.returns_loss = true;
  EXPECT_THAT(check_torchscript(loss.file(), own_data).unused_parameters, IsEmpty());
}

TEST_F(TorchScript, SaysHowManyTensorsForwardTakes) {
  const TorchScriptModule module(saved(mlp()));
  EXPECT_NO_THROW(module.require_arguments(1));
  try {
    module.require_arguments(2);
    FAIL();
  } catch (const BadInput& error) {
    EXPECT_THAT(error.what(), HasSubstr("callable with 2 tensors; it takes 1."));
  }
}

TEST_F(TorchScript, RefusesWeightsOfAnotherLength) {
  const TorchScriptNetwork net = network(mlp());
  EXPECT_THROW(net.forward(at::zeros({29}, at::kDouble), random_tensor({4, 3}, Key{3})),
               InvalidArgument);
}

TEST_F(TorchScript, TellsWhichLineOfTheModelFailed) {
  const TorchScriptNetwork net = network(mlp());
  try {
    net.forward(net.initial_weights(Key{}), random_tensor({4, 2}, Key{3}));
    FAIL();
  } catch (const BadInput& error) {
    expect_sentence(error.what());
    EXPECT_THAT(error.what(), HasSubstr("shapes cannot be multiplied (4x2 and 3x5)"));
    EXPECT_THAT(error.what(), HasSubstr("torch.matmul(x, self.w1)"));
  }
}

// --- the check before a run

TEST_F(TorchScript, CheckPassesAPlainModel) {
  TorchScriptProbe wanted = probe();
  wanted.outputs = 2;
  const TorchScriptCheck check = check_torchscript(saved(mlp()), wanted);
  EXPECT_FALSE(check.mixes_examples);
  EXPECT_THAT(check.unused_parameters, IsEmpty());
}

TEST_F(TorchScript, CheckPassesFloat32) {
  TorchScriptProbe wanted = probe();
  wanted.dtype = at::kFloat;
  wanted.arguments = {wanted.arguments[0].to(at::kFloat)};
  EXPECT_FALSE(check_torchscript(saved(mlp()), wanted).mixes_examples);
}

TEST_F(TorchScript, CheckReportsExamplesThatDependOnEachOther) {
  const Module module = with_forward(
      "return torch.matmul(torch.batch_norm(x, None, None, None, None, self.training, 0.1, 1e-5, "
      "False), self.w)");
  EXPECT_TRUE(check_torchscript(saved(module), probe(), {.train_mode = true}).mixes_examples);
}

TEST_F(TorchScript, CheckTellsALossThatIsAMeanFromOtherLosses) {
  TorchScriptProbe wanted = probe();
  wanted.returns_loss = true;
  const auto mixes = [&](const std::string& body) {
    return check_torchscript(saved(with_forward(body)), wanted).mixes_examples;
  };
  EXPECT_FALSE(mixes("return torch.matmul(x, self.w).square().mean() + self.w.square().sum()"));
  EXPECT_TRUE(mixes("return torch.matmul(x, self.w).square().sum()"));
}

TEST_F(TorchScript, CheckListsParametersThatAreNotUsed) {
  Module module = with_forward("return torch.matmul(x, self.w)");
  Module other("Other");
  other.register_module("used", module);
  other.register_parameter("idle", weight({4}, "idle"), false);
  other.define("def forward(self, x):\n    return self.used.forward(x)\n");
  EXPECT_THAT(check_torchscript(saved(other), probe()).unused_parameters, ElementsAre("idle"));
}

TEST_F(TorchScript, CheckRefusesDropout) {
  const Module module =
      with_forward("return torch.dropout(torch.matmul(x, self.w), 0.5, self.training)");
  const fs::path file = saved(module);
  EXPECT_NO_THROW(check_torchscript(file, probe()));
  const std::string message = refusal(file, probe(), {.train_mode = true});
  expect_sentence(message);
  EXPECT_THAT(message, HasSubstr("two evaluations of the same examples differ"));
}

TEST_F(TorchScript, CheckRefusesAFixedBatchSize) {
  const std::string message = refusal(with_forward("return torch.matmul(x, self.w).view([6, 2])"));
  expect_sentence(message);
  EXPECT_THAT(message, HasSubstr("works for 6 examples and fails for 3"));
  EXPECT_THAT(refusal(with_forward("return torch.matmul(x, self.w).view([4, 3])")),
              HasSubstr("must return (n, c) for n examples; for inputs (6, 3) it returned (4, 3)"));
}

TEST_F(TorchScript, CheckRefusesAFixedDtype) {
  const std::string fixed =
      "return torch.matmul(torch.ones([6, 3], dtype=6) * 2, self.w)";  // 6: float32
  const std::string message = refusal(with_forward(fixed));
  expect_sentence(message);
  EXPECT_THAT(message, HasSubstr("use --dtype float32"));
  EXPECT_THAT(refusal(with_forward("return torch.matmul(x, self.w).to(6)")),
              HasSubstr("Use --dtype float32"));
}

TEST_F(TorchScript, CheckNamesTheRemedyForEachDtype) {
  const auto message = [&](const std::string& conversion, at::ScalarType dtype) {
    TorchScriptProbe wanted = probe();
    wanted.dtype = dtype;
    wanted.arguments = {wanted.arguments[0].to(dtype)};
    return refusal(saved(with_forward("return torch.matmul(x, self.w)" + conversion)), wanted);
  };
  EXPECT_THAT(message(".to(7)", at::kFloat), HasSubstr("Use --dtype float64"));  // 7: float64
  EXPECT_THAT(message(".to(6)", at::kDouble), HasSubstr("Use --dtype float32"));
  EXPECT_THAT(message(".to(5)", at::kFloat),
              AllOf(HasSubstr("returned float16"), Not(HasSubstr("--dtype"))));
  EXPECT_THAT(message(".argmax(1)", at::kFloat),
              AllOf(HasSubstr("argmax"), HasSubstr("logits"), Not(HasSubstr("--dtype"))));
  EXPECT_THAT(message(".to(10)", at::kDouble), HasSubstr("torch.view_as_real"));
}

TEST_F(TorchScript, CheckRefusesInPlaceChanges) {
  for (const char* body : {"x.mul_(2)\n    return torch.matmul(x, self.w)",
                           "x += 1\n    return torch.matmul(x, self.w)"}) {
    const std::string message = refusal(with_forward(body));
    expect_sentence(message);
    EXPECT_THAT(message, HasSubstr("forward changes its inputs in place"));
  }
  const std::string message =
      refusal(with_forward("self.w.mul_(2)\n    return torch.matmul(x, self.w)"));
  expect_sentence(message);
  EXPECT_THAT(message, HasSubstr("forward changes a parameter in place"));
}

TEST_F(TorchScript, CheckNamesTheRemedyForEmbeddings) {
  const auto lookup = [](const std::string& sparse) {
    Module module("Lookup");
    module.register_parameter("w", weight({7, 2}, "w"), false);
    module.define("def forward(self, x):\n    return torch.embedding(self.w, x, -1, False, " +
                  sparse + ").sum(1)\n");
    return module;
  };
  const Module module = lookup("False"), sparse = lookup("True");
  EXPECT_THAT(refusal(saved(module), probe()), HasSubstr("--no-standardize keeps them as tokens"));
  TorchScriptProbe tokens;
  tokens.arguments = {at::arange(12, at::kLong).remainder(7).view({6, 2})};
  EXPECT_EQ(refusal(saved(module), tokens), "(not refused)");
  const std::string message = refusal(saved(sparse), tokens);
  expect_sentence(message);
  EXPECT_THAT(message, AllOf(HasSubstr("gradient of 'w' is sparse"), HasSubstr("sparse=False")));
}

TEST_F(TorchScript, CheckNamesADeviceFixedInside) {
  const std::string message =
      refusal(with_forward("return torch.matmul(x, self.w) + torch.zeros([2], device=\"cuda\")"));
  expect_sentence(message);
  EXPECT_THAT(message, AllOf(HasSubstr("x.device"), Not(HasSubstr("Facebook"))));
}

// Whatever the caller's thread says of gradients.
TEST_F(TorchScript, CheckDifferentiatesUnderANoGradGuard) {
  const fs::path file = saved(mlp());
  const at::NoGradGuard no_grad;
  EXPECT_EQ(refusal(file, probe()), "(not refused)");
}

TEST_F(TorchScript, CheckComparesSecondDerivativesWithDifferences) {
  const auto cube = [](const std::string& name) {
    return "return torch.matmul(x, " + name + "(self.w))";
  };
  const std::string message = refusal(with_forward(cube("thalweg_test.wrong_cube")));
  expect_sentence(message);
  EXPECT_THAT(message,
              AllOf(HasSubstr("second derivative is not the derivative of its gradient"),
                    HasSubstr("The cause is thalweg_test::wrong_cube:")));
  EXPECT_EQ(refusal(with_forward("return torch.matmul(x, self.w.pow(3))")), "(not refused)");
  EXPECT_THAT(refusal(with_forward("return torch.matmul(x, self.w * self.w.detach())")),
              HasSubstr("The cause is aten::detach:"));
}

TEST_F(TorchScript, CheckRefusesTheWrongNumberOfOutputs) {
  TorchScriptProbe wanted = probe();
  wanted.outputs = 10;
  EXPECT_THAT(refusal(saved(mlp()), wanted),
              HasSubstr("returns 2 outputs an example, but the data set asks for 10"));
}

TEST_F(TorchScript, CheckRefusesModelsThatCannotBeTrained) {
  EXPECT_THAT(refusal(with_forward("return torch.matmul(x, self.w.detach())")),
              HasSubstr("does not depend on any parameter in a differentiable way"));
  Module constant("Constant");
  constant.register_buffer("w", at::ones({3, 2}, at::kDouble));
  constant.define("def forward(self, x):\n    return torch.matmul(x, self.w)\n");
  const std::string message = refusal(constant);
  expect_sentence(message);
  EXPECT_THAT(message, HasSubstr("Export it without torch.jit.freeze"));
}

TEST_F(TorchScript, CheckNamesTheOperatorWithoutSecondDerivative) {
  const std::string message = refusal(with_forward("return torch.cdist(x, self.w.t())"));
  expect_sentence(message);
  EXPECT_THAT(message, HasSubstr("cdist_backward has no second derivative"));
}

TEST_F(TorchScript, CheckRefusesALossThatIsLinear) {
  TorchScriptProbe wanted = probe();
  wanted.returns_loss = true;
  EXPECT_THAT(refusal(saved(with_forward("return torch.matmul(x, self.w).sum()")), wanted),
              HasSubstr("gradient does not depend on the weights"));
  EXPECT_THAT(refusal(saved(with_forward("return torch.matmul(x, self.w)")), wanted),
              HasSubstr("must return the loss, a scalar; it returned (6, 2)"));
}

TEST_F(TorchScript, CheckRefusesNumbersThatAreNotFinite) {
  EXPECT_THAT(refusal(with_forward("return torch.matmul(x, self.w).sub(1e9).log()")),
              HasSubstr("an output is NaN or infinite"));
}

TEST_F(TorchScript, CheckRefusesOtherReturnTypesAndModelsWithoutForward) {
  EXPECT_THAT(refusal(with_forward("return (x, self.w)")),
              HasSubstr("must return one tensor; it returned a Tuple"));
  Module silent("Silent");
  silent.register_parameter("w", weight({2}, "w"), false);
  silent.define("def other(self, x):\n    return x\n");
  EXPECT_THAT(refusal(silent), HasSubstr("has no method forward"));
}

TEST_F(TorchScript, CheckNeedsTwoExamples) {
  TorchScriptProbe one;
  one.arguments = {random_tensor({1, 3}, Key{2})};
  EXPECT_THROW(check_torchscript(saved(mlp()), one), InvalidArgument);
  EXPECT_THROW(check_torchscript(saved(mlp()), TorchScriptProbe{}), InvalidArgument);
}

// --- models that misbehave

TEST_F(TorchScript, CheckStopsAModelThatLoopsForEver) {
  TorchScriptProbe patient = probe();
  patient.limit_seconds = 3;
  const Module module = with_forward("while bool(x.numel() > 0):\n        x = x + 1\n    return x");
  const std::string message = refusal(saved(module), patient);
  expect_sentence(message);
  EXPECT_THAT(message, HasSubstr("took longer than 3"));
}

TEST_F(TorchScript, CheckStandsAHugeAllocation) {
  TorchScriptProbe frugal = probe();
  frugal.limit_memory = 0.02;  // of what is free, so that the test stays a good neighbour
  for (const char* body :
       {"return torch.matmul(x, self.w) + torch.ones([1000000000000, 2])",
        "while bool(x.numel() > 0):\n        x = torch.cat([x, x])\n    return x"}) {
    const std::string message = refusal(saved(with_forward(body)), frugal);
    expect_sentence(message);
    EXPECT_THAT(message, HasSubstr("of memory, the part that may be used"));
  }
}

TEST_F(TorchScript, CheckSurvivesACrash) {
  const std::string crashed = refusal(with_forward("return thalweg_test.crash(x)"));
  expect_sentence(crashed);
  EXPECT_THAT(crashed, HasSubstr("crashed (Segmentation fault)"));
  const std::string left = refusal(with_forward("return thalweg_test.quit(x)"));
  expect_sentence(left);
  EXPECT_THAT(left, HasSubstr("exit status 7"));
}

TEST_F(TorchScript, PrintingDoesNotReachStandardOutput) {
  const TorchScriptNetwork net =
      network(with_forward("print(\"noise\")\n    return torch.matmul(x, self.w)"));
  ::testing::internal::CaptureStdout();
  net.forward(net.initial_weights(Key{}), random_tensor({4, 3}, Key{3}));
  EXPECT_THAT(::testing::internal::GetCapturedStdout(), IsEmpty());
}

// --- files that are no models

/// The members of an archive, changed by `edit`, as a new archive with sizes and CRCs that fit.
void rewrite(const fs::path& from,
             const fs::path& to,
             const std::function<void(const std::string& name, std::string& content)>& edit) {
  const ZipReader archive(from);
  OutputFile output(to, to);
  ZipWriter writer(output);
  for (const ZipMember& member : archive.members()) {
    std::string content(member.size, '\0');
    ZipStream stream(archive, member);
    stream.read(std::as_writable_bytes(std::span(content)));
    stream.finish();
    edit(member.name, content);
    writer.add(member.name, {}, std::as_bytes(std::span(content)));
  }
  writer.finish();
  output.close();
}

TEST_F(TorchScript, RefusesWhatIsNoArchive) {
  EXPECT_THAT(refusal(path("missing.pt"), probe()), HasSubstr("missing.pt] cannot be opened"));
  EXPECT_THAT(refusal(written(""), probe()), HasSubstr("it is empty"));
  EXPECT_THAT(refusal(written("import torch\n"), probe()),
              HasSubstr("torch.jit.script(model).save(path)"));
  EXPECT_THAT(refusal(written("\x80\x02}q\x01."), probe()),
              HasSubstr("is not a TorchScript archive"));
  EXPECT_THROW(TorchScriptModule(written("import torch\n")), BadInput);
}

TEST_F(TorchScript, RefusesOtherArchives) {
  const fs::path file = saved(mlp());
  const fs::path other = path("other.pt");
  OutputFile output(other, other);
  ZipWriter writer(output);
  writer.add("readme.txt", {}, {});
  writer.finish();
  output.close();
  EXPECT_THAT(refusal(other, probe()), HasSubstr("a ZIP archive without data.pkl"));
}

TEST_F(TorchScript, RefusesEveryPrefix) {
  const std::string whole = read_file(saved(mlp()));
  for (std::size_t length = 0; length < whole.size(); length += 1 + whole.size() / 97) {
    expect_sentence(refusal(written(whole.substr(0, length)), probe()));
  }
  EXPECT_THAT(refusal(written(whole.substr(0, whole.size() - 1)), probe()),
              HasSubstr("damaged or incomplete"));
}

TEST_F(TorchScript, SurvivesFlippedBytes) {
  const std::string whole = read_file(saved(mlp()));
  int refused = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    std::string damaged = whole;
    const auto place = random_bits(Key{seed}, 0) % damaged.size();
    damaged[place] = static_cast<char>(damaged[place] ^ (1 + random_bits(Key{seed}, 1) % 255));
    const std::string message = refusal(written(damaged), probe());
    if (message == "(not refused)") continue;  // padding, or a field nobody reads
    expect_sentence(message);
    ++refused;
  }
  EXPECT_GT(refused, 20);
}

// Bytes flipped under a CRC that fits reach libtorch's own reader.
TEST_F(TorchScript, SurvivesFlippedBytesThatTheArchiveHides) {
  const fs::path whole = saved(mlp());
  const fs::path damaged = path("damaged.pt");
  for (std::uint64_t seed = 0; seed < 24; ++seed) {
    const Key key{seed};
    rewrite(whole, damaged, [&](const std::string& name, std::string& content) {
      const bool wanted = name.ends_with("data.pkl") || name.ends_with(".py");
      if (!wanted || content.empty()) return;
      const auto place = random_bits(key.with(name), 0) % content.size();
      content[place] = static_cast<char>(random_bits(key.with(name), 1));
    });
    const std::string message = refusal(damaged, probe());
    if (message != "(not refused)") expect_sentence(message);
  }
}

TEST_F(TorchScript, NamesAnOperatorThisLibtorchLacks) {
  const fs::path file = path("unknown.pt");
  rewrite(saved(mlp()), file, [](const std::string& name, std::string& content) {
    if (!name.ends_with(".py")) return;
    const auto place = content.find("torch.tanh");
    if (place != std::string::npos) content.replace(place, 10, "torch.tanx");
  });
  const std::string message = refusal(file, probe());
  expect_sentence(message);
  EXPECT_THAT(message,
              AllOf(HasSubstr("uses the operator aten::tanx"), HasSubstr("torchscript.md")));
}

// PyTorch's own code mentions operators of newer versions in branches that are not taken.
TEST_F(TorchScript, NeedsNoOperatorThatIsNotCalled) {
  const auto with_branch = [&](const char* condition) {
    const fs::path file = path(std::string(condition) + ".pt");
    const auto module = with_forward(std::string("y = torch.matmul(x, self.w)\n    if ") +
                                     condition + ":\n        y = torch.tanh(y)\n    return y");
    rewrite(saved(module), file, [](const std::string& name, std::string& content) {
      if (!name.ends_with(".py")) return;
      const auto place = content.find("torch.tanh");
      if (place != std::string::npos) content.replace(place, 10, "torch.tany");
    });
    return refusal(file, probe());
  };
  EXPECT_EQ(with_branch("x.dim() == 7"), "(not refused)");
  EXPECT_THAT(with_branch("x.dim() == 2"), HasSubstr("uses the operator aten::tany"));
}

}  // namespace
}  // namespace thalweg::nn
