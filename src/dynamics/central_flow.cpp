#include "thalweg/dynamics/central_flow.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "eigen_tensor.hpp"
#include "norms.hpp"
#include "state_arrays.hpp"
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/dynamics/complementarity.hpp"
#include "thalweg/linalg/decompositions.hpp"

namespace thalweg::dynamics {
namespace {

/// sqrt(2) for the off-diagonal entries of svec, 1 for the diagonal ones.
Eigen::VectorXd svec_weights(Eigen::Index k) { return svec(Eigen::MatrixXd::Ones(k, k)); }

void require_finite(double value, const char* what) {
  if (std::isfinite(value)) return;
  throw NonFinite(
      "central flow",
      fmt::format(
          "the {} is {}. A smaller --learning-rate, more --substeps or a --warm-start may help.",
          what,
          value));
}

/// U^T diag(d) U for d [P] or [1], in double.
Eigen::MatrixXd weighted_gram(const at::Tensor& u, const at::Tensor& d) {
  const at::Tensor wide = u.to(at::kDouble);
  const Eigen::MatrixXd gram = to_eigen(at::mm(wide.t(), wide * d.to(wide.device()).unsqueeze(1)));
  return 0.5 * (gram + gram.transpose());
}

/// The symmetric matrix with its negative eigenvalues scaled.
Eigen::MatrixXd scale_negative_part(const Eigen::MatrixXd& a, double scale) {
  const auto [values, vectors] = linalg::eigenpairs(a);
  const Eigen::VectorXd scaled = (values.array() < 0).select(scale * values, values);
  return vectors * scaled.asDiagonal() * vectors.transpose();
}

void check(const CentralFlowOptions& options, const UpdateRule& rule) {
  if (options.substeps < 1 || options.maximum_substeps < options.substeps) {
    throw InvalidArgument(
        "--substeps",
        fmt::format(
            "must be 1 to {}; got {}.", std::max(1, options.maximum_substeps), options.substeps));
  }
  if (rule.options().momentum != Momentum::kNone) {
    throw InvalidArgument("--processes",
                          "there is no central flow for an optimizer with momentum; run discrete "
                          "and midpoint, or another --optimizer.");
  }
  if (options.kind != CentralFlowKind::kCentral &&
      rule.options().second_moment == SecondMoment::kNone) {
    throw InvalidArgument("--processes",
                          "the stationary and the ablated flow are those of Scalar RMSProp and "
                          "RMSProp; gradient descent has no state to be stationary.");
  }
}

/// The stationary flow knows no bias correction, which is gone by then.
UpdateRule rule_for(const UpdateRule& rule, const CentralFlowOptions& options) {
  UpdateRuleOptions changed = rule.options();
  if (options.kind == CentralFlowKind::kStationary) changed.bias_correction = false;
  return UpdateRule(changed);
}

}  // namespace

CentralFlow::CentralFlow(objective::Objective& objective,
                         const UpdateRule& rule,
                         const at::Tensor& weights,
                         const CentralFlowOptions& options,
                         const OptimizerState& before)
    : Flow(objective, rule_for(rule, options), weights, before),
      options_(options),
      tracker_(objective.dimension(), objective.options(), options.tracker),
      substeps_(options.substeps) {
  check(options, rule);
  if (options.kind == CentralFlowKind::kStationary) {
    const at::NoGradGuard no_grad;
    relax_second_moment(*objective_.at(weights_), 200);
  }
}

/// Lets nu come to rest at fixed weights: small steps of nu alone, so that directions reach the
/// edge one by one.
void CentralFlow::relax_second_moment(objective::Linearization& loss, int most) {
  constexpr double kStep = 0.2, kAtRest = 1e-3 * kStep, kAboveEdge = 2.01;
  const at::Tensor gradient = loss.gradient().to(at::kDouble);
  response_ = kStep;
  for (int i = 0; i < most; ++i) {
    const Preconditioner m = preconditioner();
    tracker_.update(effective_hessian(loss, m));
    choose_critical_directions(m);
    FlowState unused;
    const Eigen::MatrixXd x =
        basis_.defined() ? solve_oscillation(gradient, m, /*dt=*/0, unused) : Eigen::MatrixXd();
    const at::Tensor before = optimizer_.second_moment.sqrt();
    advance_second_moment(gradient, m, x, /*dt=*/0);
    const at::Tensor change = optimizer_.second_moment.sqrt() - before;
    const bool rests = (change.norm() <= kAtRest * before.norm()).item<bool>();
    if (rests && tracker_.pairs().values[0].item<double>() < kAboveEdge) break;
  }
  response_ = 1;
}

FlowState CentralFlow::step(bool move) {
  const double end = optimizer_.time + 1, dt = 1.0 / substeps_;
  FlowState out;
  basis_ = third_ = velocity_ = at::Tensor();
  predicted_change_.resize(0);
  out.substeps = move ? substeps_ : 0;
  for (int i = 0; i < std::max(1, out.substeps); ++i) substep(i, dt, move, out);
  if (move) {
    optimizer_.time = end;
    if (options_.tolerance > 0) adapt_substeps(out.error);
  }
  return out;
}

/// Euler's error falls like 1 over the number of substeps.
void CentralFlow::adapt_substeps(double error) {
  const double wanted = std::ceil(substeps_ * error / options_.tolerance);
  const int least = std::max(2, substeps_ / 2);
  const int most = std::min(2 * substeps_, options_.maximum_substeps);
  substeps_ =
      std::isfinite(wanted) ? static_cast<int>(std::clamp(wanted, 1.0 * least, 1.0 * most)) : most;
}

void CentralFlow::substep(int index, double dt, bool move, FlowState& out) {
  const at::NoGradGuard no_grad;
  const auto loss = objective_.at(weights_);
  if (options_.kind == CentralFlowKind::kStationary) relax_second_moment(*loss, 5);
  const Preconditioner m = preconditioner();

  if (index == 0) {
    static_cast<PointState&>(out) = evaluate_point(*loss, m, &tracker_);
    require_finite(out.loss, "loss");
    require_finite(out.gradient_norm2, "squared gradient norm");
    choose_critical_directions(m);
  } else if (options_.solve_every_substep || options_.kind == CentralFlowKind::kStationary) {
    tracker_.update(effective_hessian(*loss, m));
    choose_critical_directions(m);
  } else if (basis_.defined()) {
    update_hessian_block(*loss);
  }
  const at::Tensor gradient = loss->gradient().to(at::kDouble);
  at::Tensor force = gradient;  // g + 1/2 T'[X] in the end
  Eigen::MatrixXd x;
  if (basis_.defined()) {
    update_third_derivatives(*loss);
    x = solve_oscillation(gradient, m, dt, out);
    if (options_.kind != CentralFlowKind::kAblated) {
      // Off-diagonal pairs count twice, which svec's sqrt(2) on both sides does.
      const Eigen::VectorXd weights = 0.5 * svec(x).cwiseProduct(svec_weights(x.rows()));
      force = force + at::mv(third_.t(), to_tensor_like(weights, third_));
    }
  }
  if (index == 0) predict(x, m, out);
  if (!move) return;
  const at::Tensor velocity = m.inverse_times(force);
  if (basis_.defined()) {
    const at::Tensor slope = at::mv(third_, velocity.to(third_.scalar_type()));
    predicted_change_ = -dt * to_eigen(slope).col(0).cwiseProduct(svec_weights(x.rows()));
  }
  estimate_error(velocity, dt, out);
  weights_.sub_(velocity, dt);
  advance_second_moment(gradient, m, x, dt);
  optimizer_.time += dt;
  ++third_age_;
}

/// Sums up Euler's error, dt/2 |dv| a substep, relative to the way that the weights move.
void CentralFlow::estimate_error(const at::Tensor& velocity, double dt, FlowState& out) {
  if (velocity_.defined()) {
    const double change = distance(velocity, velocity_) / velocity.norm().item<double>();
    const double seen = 1 - dt;  // one substep has no predecessor
    out.error = (std::isnan(out.error) ? 0 : out.error) + dt / 2 * change / seen;
  }
  velocity_ = velocity;
}

void CentralFlow::choose_critical_directions(const Preconditioner& m) {
  const spectrum::EigenPairs& pairs = tracker_.pairs();
  const Eigen::VectorXd values = to_eigen(pairs.values).col(0);
  const Eigen::Index k = (values.array() > options_.critical_threshold).count();
  third_ = at::Tensor();
  basis_ = k > 0 ? m.inverse_sqrt_times(pairs.vectors.slice(1, 0, k)) : at::Tensor();
  hessian_block_ = values.head(k).asDiagonal();
  predicted_change_.resize(0);
}

void CentralFlow::update_hessian_block(objective::Linearization& loss) {
  const Eigen::MatrixXd product = to_eigen(at::mm(basis_.t(), loss.hessian_times(basis_)));
  const Eigen::MatrixXd block = 0.5 * (product + product.transpose());
  if (options_.third_derivative_every > 0) {
    if (third_age_ >= options_.third_derivative_every) third_ = at::Tensor();
  } else {
    const double surprise = (svec(block - hessian_block_) - predicted_change_).norm();
    if (surprise > options_.reuse_tolerance * sharpening_) third_ = at::Tensor();
  }
  hessian_block_ = block;
}

void CentralFlow::update_third_derivatives(objective::Linearization& loss) {
  if (third_.defined()) return;
  if (!difference_step_) {
    // The first direction at the edge: find the step of the differences that its third derivative
    // likes best.
    difference_step_ = objective::calibrate_difference_step(
        objective_, weights_.to(objective_.options()), loss.gradient(), basis_.select(1, 0));
  }
  third_ = loss.third_derivative(basis_, difference_step_->step);
  third_gram_ = Eigen::MatrixXd();
  third_age_ = 0;
}

/// <T_ij, M^{-1} T_kl> in svec coordinates. The plain Gram matrix is kept where M is a number.
Eigen::MatrixXd CentralFlow::third_derivative_gram(const Preconditioner& m) {
  const Eigen::VectorXd scale = svec_weights(basis_.size(1));
  const auto gram_of = [&](const at::Tensor& left, const at::Tensor& right) {
    const Eigen::MatrixXd gram = to_eigen(at::mm(left, right));
    return Eigen::MatrixXd(scale.asDiagonal() * (0.5 * (gram + gram.transpose())) *
                           scale.asDiagonal());
  };
  const at::Tensor wide = third_.to(at::kDouble);
  if (!m.is_scalar()) return gram_of(wide, m.inverse_times(wide.t()));
  if (third_gram_.size() == 0) third_gram_ = gram_of(wide, wide.t());
  return third_gram_ / m.scalar();
}

/// 2r Q[N'[.]] in svec coordinates, over r: what the oscillation does to 2M through nu. With
/// HU = 2MU it is the Gram matrix of the vectors 2 M sqrt(dM/dnu) u_i u_j.
Eigen::MatrixXd CentralFlow::feedback_gram(const Preconditioner& m) const {
  const Eigen::Index k = basis_.size(1);
  const at::Tensor rows = basis_.t().to(at::kDouble);
  std::vector<at::Tensor> products;
  for (Eigen::Index i = 0; i < k; ++i) {
    for (Eigen::Index j = i; j < k; ++j) products.push_back(rows[i] * rows[j]);
  }
  const at::Tensor weights = 2 * m.times(rule_.sensitivity(optimizer_).sqrt());
  const at::Tensor features = rule_.collect(at::stack(products)) * weights;
  const Eigen::VectorXd scale = svec_weights(k);
  return 2 * (scale.asDiagonal() * to_eigen(at::mm(features, features.t())) * scale.asDiagonal());
}

/// How far nu moves to its target over dt.
double CentralFlow::response_over(double dt) const {
  return options_.kind == CentralFlowKind::kStationary ? response_ : rule_.response() * dt;
}

/// X from  X >= 0, alpha + B[X] >= 0, <X, alpha + B[X]> = 0: 2M - H linearised over the substep, in
/// the basis U. With dt = 0 the weights stay where they are.
Eigen::MatrixXd CentralFlow::solve_oscillation(const at::Tensor& gradient,
                                               const Preconditioner& m,
                                               double dt,
                                               FlowState& out) {
  const Eigen::Index k = basis_.size(1);
  const Eigen::MatrixXd metric = to_eigen(at::mm(basis_.t(), m.times(basis_)));
  Eigen::MatrixXd alpha = metric + metric.transpose() - hessian_block_;
  if (dt > 0 && options_.return_time > dt)
    alpha = scale_negative_part(alpha, dt / options_.return_time);
  Eigen::MatrixXd b = Eigen::MatrixXd::Zero(k * (k + 1) / 2, k * (k + 1) / 2);
  if (dt > 0) {
    const at::Tensor along = m.inverse_times(gradient).to(third_.scalar_type());
    const Eigen::VectorXd slope =
        dt * to_eigen(at::mv(third_, along)).col(0).cwiseProduct(svec_weights(k));
    sharpening_ = slope.norm();
    alpha += smat(slope);
    if (options_.kind != CentralFlowKind::kAblated) b += 0.5 * dt * third_derivative_gram(m);
  }
  at::Tensor rate;  // of M, over the substep, were there no oscillation
  if (rule_.options().second_moment != SecondMoment::kNone) {
    const double response = response_over(dt);
    const at::Tensor nu = optimizer_.second_moment;
    rate = response * rule_.sensitivity(optimizer_) * (rule_.collect(gradient * gradient) - nu);
    b += response * feedback_gram(m);
  }
  if (const at::Tensor drift = rule_.drift(optimizer_); drift.defined()) {
    rate = rate.defined() ? rate + dt * drift : dt * drift;
  }
  if (rate.defined()) alpha += 2 * weighted_gram(basis_, rate);
  const ComplementaritySolution solution = solve_complementarity({.alpha = alpha, .b = b});
  out.residual =
      std::isnan(out.residual) ? solution.residual : std::max(out.residual, solution.residual);
  return solution.x;
}

/// nu moves towards g^2 + diag(H Sigma H).
void CentralFlow::advance_second_moment(const at::Tensor& gradient,
                                        const Preconditioner& m,
                                        const Eigen::MatrixXd& x,
                                        double dt) {
  at::Tensor& nu = optimizer_.second_moment;
  if (!nu.defined()) return;
  at::Tensor square = gradient * gradient;
  if (basis_.defined()) {
    const at::Tensor w = 2 * m.times(basis_).to(at::kDouble);  // H U
    square = square + (at::mm(w, to_matrix_like(x, w)) * w).sum(1);
  }
  nu = nu + response_over(dt) * (rule_.collect(square) - nu);
}

void CentralFlow::predict(const Eigen::MatrixXd& x, const Preconditioner& m, FlowState& out) const {
  out.predicted_loss = out.loss;
  out.predicted_gradient_norm2 = out.gradient_norm2;
  out.sigma_trace = 0;
  if (x.size() == 0) return;
  const auto [values, vectors] = linalg::eigenpairs(x);
  const double largest = values.maxCoeff();
  if (largest <= 0) return;
  for (Eigen::Index i = x.rows() - 1; i >= 0; --i) {  // Eigen sorts ascending
    const double variance = values[i];
    if (variance > 1e-9 * largest) out.variances.push_back(variance);
  }
  const auto rank = static_cast<Eigen::Index>(out.variances.size());
  const Eigen::MatrixXd rotation = vectors.rightCols(rank).rowwise().reverse();
  out.directions = at::mm(basis_, to_matrix_like(rotation, basis_).to(basis_.scalar_type()));
  out.weighted_directions = m.times(out.directions);
  for (Eigen::Index i = 0; i < rank; ++i) {
    const double variance = out.variances[static_cast<std::size_t>(i)];
    out.predicted_loss += variance;
    out.predicted_gradient_norm2 += 4 * variance * norm2(out.weighted_directions.select(1, i));
    out.sigma_trace += variance * norm2(out.directions.select(1, i));
  }
}

NamedArrays CentralFlow::state() const {
  NamedArrays arrays = Flow::state();
  add_arrays(arrays, "tracker", tracker_.state());
  arrays.emplace("substeps", NdArray::scalar<std::int64_t>(substeps_));
  if (difference_step_) {
    arrays.emplace("difference_step", NdArray::scalar<double>(difference_step_->step));
    arrays.emplace("difference_error", NdArray::scalar<double>(difference_step_->relative_error));
    arrays.emplace("difference_kinks", NdArray::scalar<std::int64_t>(difference_step_->kinks));
  }
  return arrays;
}

void CentralFlow::set_state(const NamedArrays& arrays) {
  Flow::set_state(arrays);
  tracker_.set_state(arrays_under(arrays, "tracker"));
  substeps_ = static_cast<int>(arrays.at("substeps").item<std::int64_t>());
  if (const auto step = arrays.find("difference_step"); step != arrays.end()) {
    difference_step_ =
        objective::DifferenceStep{.step = step->second.item<double>(),
                                  .relative_error = arrays.at("difference_error").item<double>(),
                                  .kinks = arrays.at("difference_kinks").item<std::int64_t>() != 0};
  }
}

}  // namespace thalweg::dynamics
