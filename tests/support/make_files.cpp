// Writes into the current folder the files that commands are tried with, those that the command
// lines of the documents name among them: data, modules, weights and a table, all small.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>
#include <torch/csrc/jit/api/module.h>

#include "thalweg/base/files.hpp"
#include "thalweg/base/npz.hpp"
#include "thalweg/base/random.hpp"

namespace thalweg::testing {
namespace {

using torch::jit::Module;

constexpr std::int64_t kExamples = 80, kFeatures = 20, kHidden = 8, kClasses = 3, kTokens = 7;
constexpr std::int64_t kWeightsOfTheDefault = 118282;  // 784-128-128-10

at::Tensor weight(at::IntArrayRef shape, std::string_view name, double scale = 0.3) {
  at::Tensor values = at::empty(shape, at::kDouble);
  fill_normal(std::span(values.data_ptr<double>(), static_cast<std::size_t>(values.numel())),
              Key{1}.with(name));
  return (scale * values).to(at::kFloat).requires_grad_(true);
}

void add_layers(Module& module) {
  module.register_parameter("w1", weight({kFeatures, kHidden}, "w1"), false);
  module.register_parameter("b1", weight({kHidden}, "b1"), false);
  module.register_parameter("w2", weight({kHidden, kClasses}, "w2"), false);
}

constexpr const char* kOutputs =
    "torch.matmul(torch.tanh(torch.matmul(x, self.w1) + self.b1), self.w2)\n";

Module classifier() {
  Module module("Classifier");
  add_layers(module);
  module.define(std::string("def forward(self, x):\n    return ") + kOutputs);
  return module;
}

Module loss_of_classifier() {
  Module module("Loss");
  add_layers(module);
  module.define(std::string("def forward(self, x, y):\n    z = ") + kOutputs +
                "    return torch.nll_loss(torch.log_softmax(z, 1), y)\n");
  return module;
}

/// Batch normalisation, with statistics of its own, and a frozen scale.
Module normalised() {
  Module module("Normalised");
  add_layers(module);
  module.register_buffer("mean", at::full({kHidden}, 0.1, at::kFloat));
  module.register_buffer("variance", at::full({kHidden}, 0.5, at::kFloat));
  module.register_parameter("scale", at::full({kClasses}, 2.0, at::kFloat), false);
  module.register_parameter("gain", weight({kHidden}, "gain"), false);
  module.register_attribute("training", c10::BoolType::get(), true);
  module.define(R"(
def forward(self, x):
    h = torch.matmul(x, self.w1)
    h = torch.batch_norm(h, self.gain, self.b1, self.mean, self.variance, self.training, 0.0, 1e-5, False)
    return torch.matmul(torch.tanh(h), self.w2) * self.scale
)");
  return module;
}

/// One output that squeeze() makes a vector.
Module squeezed() {
  Module module("Squeezed");
  module.register_parameter("w1", weight({kFeatures, kHidden}, "w1"), false);
  module.register_parameter("w2", weight({kHidden, 1}, "w3"), false);
  module.define(
      "def forward(self, x):\n"
      "    return torch.matmul(torch.tanh(torch.matmul(x, self.w1)), self.w2).squeeze()\n");
  return module;
}

/// The mean of a sequence's embeddings.
Module of_tokens() {
  Module module("Tokens");
  module.register_parameter("embedding", weight({kTokens, kHidden}, "embedding"), false);
  module.register_parameter("w2", weight({kHidden, kClasses}, "w2"), false);
  module.define(R"(
def forward(self, x):
    return torch.matmul(torch.tanh(torch.embedding(self.embedding, x).mean(1)), self.w2)
)");
  return module;
}

/// The valley of docs/flow.md.
Module valley() {
  Module module("Valley");
  module.register_parameter(
      "w", at::tensor({0.2, 19.95, 0.0}, at::kDouble).requires_grad_(true), false);
  module.define(R"(
def forward(self):
    x, y, z = self.w[0], self.w[1], self.w[2]
    return 0.5 * (y + z) * x * x - 0.02 * y + 0.5 * z * z
)");
  return module;
}

NdArray normal_array(std::initializer_list<std::int64_t> shape, std::string_view name) {
  NdArray array(DType::kFloat64, shape);
  fill_normal(array.as<double>(), Key{2}.with(name));
  return array;
}

void write_data() {
  NdArray labels(DType::kInt64, {kExamples});
  for (std::int64_t i = 0; i < kExamples; ++i) labels.as<std::int64_t>()[i] = i % kClasses;
  write_npz("mine.npz", {{"x", normal_array({kExamples, kFeatures}, "x")}, {"y", labels}});
}

/// Real targets, and tokens with a class for each sequence.
void write_other_data() {
  const NdArray x = normal_array({kExamples, kFeatures}, "x");
  write_npz("real.npz", {{"x", x}, {"y", normal_array({kExamples}, "y")}});
  NdArray tokens(DType::kInt64, {kExamples, 5}), labels(DType::kInt64, {kExamples});
  for (std::int64_t i = 0; i < tokens.size(); ++i) tokens.as<std::int64_t>()[i] = i * i % kTokens;
  for (std::int64_t i = 0; i < kExamples; ++i) labels.as<std::int64_t>()[i] = i % kClasses;
  write_npz("tokens.npz", {{"x", tokens}, {"y", labels}});
}

/// The classifier's parameters elsewhere: as one vector, and under their names.
void write_weights() {
  NdArray flat = normal_array({kFeatures * kHidden + kHidden + kHidden * kClasses}, "flat");
  for (double& value : flat.as<double>()) value *= 0.3;
  write_npz("flat.npz", {{"weights", flat}});
  const auto values = std::as_const(flat).as<double>();
  const auto part = [&](std::int64_t first, std::vector<std::int64_t> shape) {
    NdArray array(DType::kFloat64, std::move(shape));
    const auto some = values.subspan(static_cast<std::size_t>(first), array.size());
    std::ranges::copy(some, array.as<double>().begin());
    return array;
  };
  write_npz("named.npz",
            {{"module.w1", part(0, {kFeatures, kHidden})},
             {"module.b1", part(kFeatures * kHidden, {kHidden})},
             {"module.w2", part(kFeatures * kHidden + kHidden, {kHidden, kClasses})}});
}

void write_start() {
  NdArray weights = normal_array({kWeightsOfTheDefault}, "start");
  for (double& value : weights.as<double>()) value *= 0.05;
  write_npz("start.npz", {{"weights", weights}});
}

/// A link with an even part, two columns that matter and one that is there to be left out.
void write_table() {
  constexpr int kRows = 400;
  const NdArray z = normal_array({3, kRows}, "table");
  std::string text = "score,dose,age,outcome\n";
  for (int i = 0; i < kRows; ++i) {
    const double score = z.as<double>()[i], dose = z.as<double>()[kRows + i],
                 age = z.as<double>()[2 * kRows + i];
    text += std::to_string(score) + "," + std::to_string(dose) + "," + std::to_string(age) + "," +
            std::to_string(std::tanh(score) + dose * dose + 0.1 * age) + "\n";
  }
  write_atomically("patients.csv", text);
}

/// Parameters and second moments of the classifier, as PyTorch's safetensors writes them.
void write_point() {
  std::map<std::string, at::Tensor> tensors;
  const Module module = classifier();
  for (const auto& [name, value] : module.named_parameters()) {
    tensors[name] = value.detach();
    tensors["square_avg." + name] = value.detach().square() + 1e-3;
  }
  nlohmann::json header = nlohmann::json::object();
  std::string data;
  for (const auto& [name, tensor] : tensors) {
    const std::size_t begin = data.size();
    data.append(static_cast<const char*>(tensor.contiguous().data_ptr()), tensor.nbytes());
    header[name] = {
        {"dtype", "F32"}, {"shape", tensor.sizes().vec()}, {"data_offsets", {begin, data.size()}}};
  }
  const std::string text = header.dump();
  const auto size = static_cast<std::uint64_t>(text.size());
  std::string length(reinterpret_cast<const char*>(&size), sizeof(size));  // little-endian, as here
  for (const char* file : {"now.safetensors", "weights.safetensors"})
    write_atomically(file, length + text + data);
}

}  // namespace
}  // namespace thalweg::testing

int main() {
  using namespace thalweg::testing;
  write_data();
  write_other_data();
  write_weights();
  write_start();
  write_table();
  write_point();
  for (const char* file : {"mine.pt", "model.pt", "trained.pt"}) classifier().save(file);
  loss_of_classifier().save("loss.pt");
  valley().save("valley.pt");
  normalised().save("normalised.pt");
  squeezed().save("squeezed.pt");
  of_tokens().save("tokens.pt");
}
