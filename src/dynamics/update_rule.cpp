#include "thalweg/dynamics/update_rule.hpp"

#include <cmath>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/text.hpp"
#include "thalweg/nn/device.hpp"

namespace thalweg::dynamics {
namespace {

void require(bool holds, const char* option, const std::string& range, double value) {
  if (!holds) throw InvalidArgument(option, fmt::format("must be {}; got {}.", range, value));
}

const char* name_of(const UpdateRuleOptions& options) {
  if (options.second_moment == SecondMoment::kScalar) return "Scalar RMSProp";
  if (options.second_moment == SecondMoment::kDiagonal) {
    return options.momentum == Momentum::kNone ? "RMSProp" : "Adam";
  }
  return options.momentum == Momentum::kNone ? "gradient descent"
                                             : "gradient descent with momentum";
}

}  // namespace

NamedArrays to_arrays(const OptimizerState& state) {
  NamedArrays arrays;
  arrays.emplace("time", NdArray::scalar<double>(state.time));
  if (state.second_moment.defined())
    arrays.emplace("second_moment", nn::to_ndarray(state.second_moment));
  if (state.momentum.defined()) arrays.emplace("momentum", nn::to_ndarray(state.momentum));
  return arrays;
}

OptimizerState optimizer_state_from(const NamedArrays& arrays, const at::Device& device) {
  OptimizerState state{.time = arrays.at("time").item<double>()};
  const auto read = [&](const char* name, at::Tensor& out) {
    if (const auto found = arrays.find(name); found != arrays.end())
      out = nn::to_tensor(found->second).to(device);
  };
  read("second_moment", state.second_moment);
  read("momentum", state.momentum);
  return state;
}

UpdateRule::UpdateRule(const UpdateRuleOptions& options) : options_(options) {
  const auto& o = options_;
  require(o.learning_rate > 0 && std::isfinite(o.learning_rate),
          "--learning-rate",
          "> 0 and finite",
          o.learning_rate);
  require(o.beta1 >= 0 && o.beta1 < 1,
          o.momentum == Momentum::kHeavyBall ? "--momentum" : "--beta1",
          "in [0, 1)",
          o.beta1);
  require(o.beta2 > 0 && o.beta2 < 1, "--beta2", "in (0, 1)", o.beta2);
  require(o.epsilon >= 0 && std::isfinite(o.epsilon), "--epsilon", ">= 0 and finite", o.epsilon);
}

std::string UpdateRule::description() const {
  std::string text =
      fmt::format("{}, learning rate {}", name_of(options_), round_trip(options_.learning_rate));
  const auto add = [&](const char* name, double value) {
    text += fmt::format(", {} {}", name, round_trip(value));
  };
  if (options_.momentum == Momentum::kHeavyBall) add("momentum", options_.beta1);
  if (options_.momentum == Momentum::kAverage) add("beta1", options_.beta1);
  if (options_.second_moment != SecondMoment::kNone) {
    add("beta2", options_.beta2);
    if (options_.epsilon > 0) add("epsilon", options_.epsilon);
    if (options_.bias_correction) text += ", bias correction";
  }
  if (const std::string schedule = options_.schedule.description(); schedule != "constant")
    text += ", schedule " + schedule;
  return text;
}

double UpdateRule::learning_rate(double time) const {
  return options_.learning_rate * options_.schedule.factor(time);
}

double UpdateRule::correction(double time) const {
  return options_.bias_correction ? 1 - std::pow(options_.beta2, time) : 1;
}

at::Tensor UpdateRule::collect(const at::Tensor& products) const {
  return options_.second_moment == SecondMoment::kScalar ? products.sum(-1, /*keepdim=*/true)
                                                         : products;
}

OptimizerState UpdateRule::update(const OptimizerState& state, const at::Tensor& gradient) const {
  OptimizerState next{.time = state.time + 1};
  if (options_.second_moment != SecondMoment::kNone) {
    const at::Tensor square = collect(gradient * gradient);
    const at::Tensor before =
        state.second_moment.defined() ? state.second_moment : at::zeros_like(square);
    next.second_moment = before + (1 - options_.beta2) * (square - before);
  }
  if (options_.momentum != Momentum::kNone) {
    const double share = options_.momentum == Momentum::kAverage ? 1 - options_.beta1 : 1;
    const at::Tensor before = state.momentum.defined() ? state.momentum : at::zeros_like(gradient);
    next.momentum = options_.beta1 * before + share * gradient;
  }
  return next;
}

at::Tensor UpdateRule::step(const OptimizerState& state, const at::Tensor& gradient) const {
  const Preconditioner m = preconditioner(state);
  if (options_.momentum == Momentum::kNone) return -m.inverse_times(gradient);
  const bool corrected = options_.momentum == Momentum::kAverage && options_.bias_correction;
  const double share = corrected ? 1 - std::pow(options_.beta1, state.time) : 1;
  return -m.inverse_times(state.momentum / share);
}

/// sqrt(nu), corrected.
at::Tensor UpdateRule::root(const OptimizerState& state) const {
  return state.second_moment.sqrt() / std::sqrt(correction(state.time));
}

Preconditioner UpdateRule::preconditioner(const OptimizerState& state) const {
  const double rate = learning_rate(state.time);
  if (options_.second_moment == SecondMoment::kNone) return Preconditioner(rate);
  const at::Tensor denominator = root(state) + options_.epsilon;
  if (options_.second_moment == SecondMoment::kScalar) {
    return Preconditioner(rate / denominator.item<double>());
  }
  return Preconditioner(denominator / rate);
}

double UpdateRule::edge() const {
  switch (options_.momentum) {
    case Momentum::kNone:
      return 2;
    case Momentum::kHeavyBall:
      return 2 * (1 + options_.beta1);
    case Momentum::kAverage:
      return 2 * (1 + options_.beta1) / (1 - options_.beta1);
  }
  return 2;
}

double UpdateRule::response() const {
  if (options_.second_moment == SecondMoment::kNone) return 0;
  return (1 - options_.beta2) / options_.beta2;
}

at::Tensor UpdateRule::sensitivity(const OptimizerState& state) const {
  const at::Tensor nu = state.second_moment.to(at::kDouble);
  const double scale = 2 * learning_rate(state.time) * std::sqrt(correction(state.time));
  return at::where(nu > 0, (scale * nu.sqrt()).reciprocal(), at::zeros_like(nu));
}

at::Tensor UpdateRule::drift(const OptimizerState& state) const {
  const double rate = learning_rate(state.time);
  const double slope = options_.learning_rate * options_.schedule.slope(state.time);
  if (options_.second_moment == SecondMoment::kNone) {
    if (slope == 0) return {};
    return at::full({1}, -slope / (rate * rate), at::kDouble);
  }
  if (slope == 0 && !options_.bias_correction) return {};
  const double c = correction(state.time);
  const at::Tensor root_nu = state.second_moment.to(at::kDouble).sqrt();
  const at::Tensor m = (root_nu / std::sqrt(c) + options_.epsilon) / rate;
  at::Tensor drift = m * (-slope / rate);
  if (options_.bias_correction) {
    // d/dt c^{-1/2} = c^{-3/2} beta2^t ln(beta2) / 2
    const double power = std::pow(options_.beta2, state.time);
    drift = drift + root_nu * (std::pow(c, -1.5) * power * std::log(options_.beta2) / (2 * rate));
  }
  return drift;
}

UpdateRuleOptions optimizer_named(std::string_view name, UpdateRuleOptions options) {
  options.second_moment = SecondMoment::kNone;
  options.momentum = Momentum::kNone;
  if (name == "gd") return options;
  if (name == "momentum") {
    options.momentum = Momentum::kHeavyBall;
  } else if (name == "scalar-rmsprop") {
    options.second_moment = SecondMoment::kScalar;
  } else if (name == "rmsprop") {
    options.second_moment = SecondMoment::kDiagonal;
  } else if (name == "adam") {
    options.second_moment = SecondMoment::kDiagonal;
    options.momentum = Momentum::kAverage;
  } else {
    throw InvalidArgument("--optimizer", fmt::format("'{}' is not an optimizer.", name));
  }
  return options;
}

UpdateRule gradient_descent(double learning_rate) {
  return UpdateRule({.learning_rate = learning_rate});
}

}  // namespace thalweg::dynamics
