#include "layers.hpp"
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "thalweg/nn/architectures.hpp"

namespace thalweg::nn {
namespace {

/// Rows of the gates' weights: input, forget, cell, output.
struct Cell {
  Linear from_input, from_hidden;

  /// x (n, T, d) -> hidden states (n, T, h), from zero states.
  at::Tensor operator()(const ParameterTensors& parameters, const at::Tensor& x) const {
    const std::int64_t width = parameters[from_hidden.weight].size(1);
    at::Tensor hidden = at::zeros({x.size(0), width}, x.options()), cell = hidden;
    std::vector<at::Tensor> states;
    for (const at::Tensor& input : from_input(parameters, x).unbind(1)) {
      const auto gates = (input + from_hidden(parameters, hidden)).chunk(4, 1);
      cell = gates[1].sigmoid() * cell + gates[0].sigmoid() * gates[2].tanh();
      hidden = gates[3].sigmoid() * cell.tanh();
      states.push_back(hidden);
    }
    return at::stack(states, 1);
  }
};

class Lstm final : public LayeredNetwork {
 public:
  Lstm(std::int64_t vocabulary, std::int64_t outputs, const LstmOptions& options)
      : options_(options),
        embedding_(add("embedding.weight", {vocabulary, options.embedding}, normal(1))) {
    std::int64_t width = options.embedding;
    for (std::int64_t i = 0; i < options.layers; ++i) {
      const LinearInitial initial = linear_default(options.hidden);
      const std::string name = fmt::format("layers.{}", i);
      Cell cell;
      cell.from_input = add_linear(name + ".input", width, 4 * options.hidden, initial);
      cell.from_hidden = add_linear(name + ".hidden", options.hidden, 4 * options.hidden, initial);
      cells_.push_back(cell);
      width = options.hidden;
    }
    output_ = add_linear(
        "output", options.hidden, outputs, linear_default(options.hidden, options.output_scale));
  }

  at::Tensor forward(const ParameterTensors& parameters, const at::Tensor& tokens) const override {
    at::Tensor x = at::embedding(parameters[embedding_], tokens);
    for (const Cell& cell : cells_) x = cell(parameters, x);
    return output_(parameters, x);
  }

  std::string description() const override {
    return fmt::format(
        "LSTM, embedding {}, {} cells of {}", options_.embedding, options_.layers, options_.hidden);
  }

 private:
  LstmOptions options_;
  std::size_t embedding_;
  std::vector<Cell> cells_;
  Linear output_;
};

}  // namespace

std::unique_ptr<Network> make_lstm(std::int64_t vocabulary,
                                   std::int64_t outputs,
                                   const LstmOptions& options) {
  require_at_least("lstm", "vocabulary", vocabulary, 1);
  require_at_least("lstm", "outputs", outputs, 1);
  require_at_least("lstm", "embedding", options.embedding, 1);
  require_at_least("lstm", "hidden", options.hidden, 1);
  require_at_least("lstm", "layers", options.layers, 1);
  require_scale("lstm", options.output_scale);
  return std::make_unique<Lstm>(vocabulary, outputs, options);
}

}  // namespace thalweg::nn
