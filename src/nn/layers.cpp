#include "layers.hpp"

#include <cmath>
#include <limits>
#include <utility>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "thalweg/base/error.hpp"

namespace thalweg::nn {
namespace {

/// (n, T, heads * width) as (n, heads, T, width).
at::Tensor split_heads(const at::Tensor& x, std::int64_t heads) {
  return x.view({x.size(0), x.size(1), heads, -1}).transpose(1, 2);
}

/// True where a position would look ahead: (T, T), row t, columns after t.
at::Tensor later_positions(std::int64_t length, const at::Device& device) {
  return at::ones({length, length}, at::TensorOptions().dtype(at::kBool).device(device)).triu(1);
}

}  // namespace

at::Tensor Linear::operator()(const ParameterTensors& parameters, const at::Tensor& x) const {
  const at::Tensor product = at::matmul(x, parameters[weight].t());
  return bias ? product + parameters[*bias] : product;
}

at::Tensor LayerNorm::operator()(const ParameterTensors& parameters, const at::Tensor& x) const {
  // Below this the sd is far under the 1e-6 added to it; sqrt has no derivative at zero.
  constexpr double kSmallestVariance = 1e-18;
  const at::Tensor centred = x - x.mean(-1, true);
  const auto freedom = static_cast<double>(x.size(-1) - 1);
  const at::Tensor variance = centred.square().sum(-1, true) / freedom;
  const at::Tensor deviation = variance.clamp_min(kSmallestVariance).sqrt();
  return parameters[gamma] * centred / (deviation + 1e-6) + parameters[beta];
}

at::Tensor RmsNorm::operator()(const ParameterTensors& parameters, const at::Tensor& x) const {
  return parameters[gamma] * x * (x.square().mean(-1, true) + 1e-5).rsqrt();
}

at::Tensor GroupNorm::operator()(const ParameterTensors& parameters, const at::Tensor& x) const {
  const at::Tensor grouped = x.reshape({x.size(0), groups, -1});
  const at::Tensor centred = grouped - grouped.mean(-1, true);
  const auto freedom = static_cast<double>(grouped.size(-1) - 1);
  const at::Tensor variance = centred.square().sum(-1, true) / freedom;
  const at::Tensor normal = (centred * (variance + 1e-6).rsqrt()).reshape(x.sizes());
  return normal * parameters[gamma].view({-1, 1, 1}) + parameters[beta].view({-1, 1, 1});
}

at::Tensor Attention::operator()(const ParameterTensors& parameters,
                                 const at::Tensor& x,
                                 const at::Tensor& memory,
                                 bool causal) const {
  const at::Tensor q = split_heads(query(parameters, x), heads),
                   k = split_heads(key(parameters, memory), heads),
                   v = split_heads(value(parameters, memory), heads);
  const double scale = 1 / std::sqrt(static_cast<double>(q.size(-1)));
  at::Tensor scores = at::matmul(q, k.transpose(-1, -2)) * scale;
  if (causal) {
    scores = scores.masked_fill(later_positions(x.size(1), x.device()),
                                -std::numeric_limits<double>::infinity());
  }
  const at::Tensor seen = at::matmul(at::softmax(scores, -1), v);  // (n, heads, T, width)
  return out(parameters, seen.transpose(1, 2).flatten(2));
}

at::Tensor LayeredNetwork::initial_weights(Key key) const {
  at::Tensor weights = at::empty({dimension()}, at::kDouble);
  for (std::size_t i = 0; i < initial_.size(); ++i) {
    fill(weights, parameters()[i], initial_[i], key);
  }
  return weights;
}

std::size_t LayeredNetwork::add(std::string name,
                                std::vector<std::int64_t> shape,
                                InitialValues initial) {
  initial_.push_back(std::move(initial));
  return add_parameter(std::move(name), std::move(shape));
}

Linear LayeredNetwork::add_linear(const std::string& name,
                                  std::int64_t inputs,
                                  std::int64_t outputs,
                                  const LinearInitial& initial) {
  Linear layer{.weight = add(name + ".weight", {outputs, inputs}, initial.weight)};
  if (initial.bias) layer.bias = add(name + ".bias", {outputs}, *initial.bias);
  return layer;
}

LayerNorm LayeredNetwork::add_layer_norm(const std::string& name, std::int64_t width) {
  const std::size_t gamma = add(name + ".weight", {width}, constant(1));
  return {.gamma = gamma, .beta = add(name + ".bias", {width}, constant(0))};
}

RmsNorm LayeredNetwork::add_rms_norm(const std::string& name, std::int64_t width) {
  return {.gamma = add(name + ".weight", {width}, constant(1))};
}

GroupNorm LayeredNetwork::add_group_norm(const std::string& name,
                                         std::int64_t channels,
                                         std::int64_t groups,
                                         double gamma) {
  const std::size_t weight = add(name + ".weight", {channels}, constant(gamma));
  return {.gamma = weight, .beta = add(name + ".bias", {channels}, constant(0)), .groups = groups};
}

Attention LayeredNetwork::add_attention(const std::string& name,
                                        std::int64_t width,
                                        std::int64_t heads,
                                        std::int64_t head_width,
                                        const LinearInitial& in,
                                        const LinearInitial& out) {
  const std::int64_t inner = heads * head_width;
  Attention layer;
  layer.query = add_linear(name + ".query", width, inner, in);
  layer.key = add_linear(name + ".key", width, inner, in);
  layer.value = add_linear(name + ".value", width, inner, in);
  layer.out = add_linear(name + ".out", inner, width, out);
  layer.heads = heads;
  return layer;
}

LinearInitial linear_default(std::int64_t inputs, double scale) {
  const InitialValues values = scaled(fan_in(inputs), scale);
  return {.weight = values, .bias = values};
}

void require_at_least(const char* where,
                      const char* name,
                      std::int64_t value,
                      std::int64_t minimum) {
  if (value >= minimum) return;
  throw InvalidArgument(where, fmt::format("{} must be >= {}; got {}.", name, minimum, value));
}

void require_scale(const char* where, double output_scale) {
  if (output_scale >= 0 && std::isfinite(output_scale)) return;
  throw InvalidArgument(where,
                        fmt::format("output-scale must be >= 0 and finite; got {}.", output_scale));
}

}  // namespace thalweg::nn
