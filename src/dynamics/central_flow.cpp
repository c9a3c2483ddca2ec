#include "thalweg/dynamics/central_flow.hpp"

#include <chrono>
#include <cmath>

#include <ATen/ATen.h>
#include <Eigen/Eigenvalues>
#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/dynamics/complementarity.hpp"
#include "thalweg/nn/device.hpp"

namespace thalweg::dynamics {
namespace {

/// A small tensor as an Eigen matrix in double.
Eigen::MatrixXd to_eigen(const at::Tensor& tensor) {
  const at::Tensor host = tensor.to(at::kDouble).to(at::kCPU).contiguous();
  const auto rows = host.dim() == 2 ? host.size(0) : host.numel();
  const auto columns = host.dim() == 2 ? host.size(1) : 1;
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  return Eigen::Map<const RowMajor>(host.data_ptr<double>(), rows, columns);
}

/// A small Eigen vector as a tensor like `like`.
at::Tensor to_tensor_like(const Eigen::VectorXd& v, const at::Tensor& like) {
  at::Tensor host = at::empty({v.size()}, at::kDouble);
  Eigen::Map<Eigen::VectorXd>(host.data_ptr<double>(), v.size()) = v;
  return host.to(like.options());
}

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

}  // namespace

CentralFlow::CentralFlow(objective::Objective& objective,
                         const UpdateRule& rule,
                         const at::Tensor& weights,
                         const CentralFlowOptions& options)
    : objective_(objective),
      rule_(rule),
      options_(options),
      optimizer_(rule.init()),
      weights_(weights.to(at::kDouble).clone()),
      tracker_(objective.dimension(), objective.options(), options.tracker) {
  if (options.substeps < 1) {
    throw InvalidArgument("--substeps", fmt::format("must be >= 1; got {}.", options.substeps));
  }
}

CentralState CentralFlow::step(bool move) {
  const auto begin = std::chrono::steady_clock::now();
  CentralState out;
  basis_ = at::Tensor();
  third_ = at::Tensor();
  predicted_change_.resize(0);
  const int substeps = move ? options_.substeps : 1;
  for (int i = 0; i < substeps; ++i) substep(i, move, out);
  if (move) ++optimizer_.steps;
  out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return out;
}

void CentralFlow::substep(int index, bool move, CentralState& out) {
  const at::NoGradGuard no_grad;
  const double dt = 1.0 / options_.substeps;
  const auto loss = objective_.at(weights_);
  const Preconditioner m = rule_.preconditioner(optimizer_);

  if (index == 0) {
    static_cast<PointState&>(out) = evaluate_point(*loss, m, &tracker_);
    require_finite(out.loss, "loss");
    require_finite(out.gradient_norm2, "squared gradient norm");
    choose_critical_directions();
  } else if (options_.solve_every_substep) {
    tracker_.update(effective_hessian(*loss, m));
    choose_critical_directions();
  } else if (basis_.defined()) {
    update_hessian_block(*loss, m);
  }
  const at::Tensor gradient = loss->gradient();
  at::Tensor velocity = m.inverse_times(gradient);  // M^{-1} (g + 1/2 T'[X]) in the end
  Eigen::MatrixXd x;
  if (basis_.defined()) {
    update_third_derivatives(*loss, m);
    double residual = 0;
    x = solve_oscillation(velocity, dt, residual);
    out.complementarity_residual = std::max(out.complementarity_residual, residual);
    // 1/2 T'[X]: off-diagonal pairs count twice, which svec's sqrt(2) on both sides does.
    const Eigen::VectorXd weights = 0.5 * svec(x).cwiseProduct(svec_weights(x.rows()));
    velocity = velocity + m.inverse_times(at::mv(third_.t(), to_tensor_like(weights, third_)));
  }
  if (index == 0) predict(x, m, out);
  if (!move) return;
  if (basis_.defined()) {
    const at::Tensor slope = at::mv(third_, velocity);  // T[M^{-1}(...)], the Hessian block's rate
    predicted_change_ = -dt * to_eigen(slope).col(0).cwiseProduct(svec_weights(x.rows()));
  }
  weights_.sub_(velocity.to(at::kDouble), dt);
  ++third_age_;
}

void CentralFlow::choose_critical_directions() {
  const spectrum::EigenPairs& pairs = tracker_.pairs();
  const Eigen::VectorXd values = to_eigen(pairs.values).col(0);
  const Eigen::Index k = (values.array() > options_.critical_threshold).count();
  third_ = at::Tensor();
  basis_ = k > 0 ? pairs.vectors.slice(1, 0, k) : at::Tensor();
  hessian_block_ = values.head(k).asDiagonal();
  predicted_change_.resize(0);
}

void CentralFlow::update_hessian_block(objective::Linearization& loss, const Preconditioner& m) {
  const at::Tensor image = effective_hessian(loss, m)(basis_);
  const Eigen::MatrixXd product = to_eigen(at::mm(basis_.t(), image));
  const Eigen::MatrixXd block = 0.5 * (product + product.transpose());
  if (options_.third_derivative_every > 0) {
    if (third_age_ >= options_.third_derivative_every) third_ = at::Tensor();
  } else {
    const double surprise = (svec(block - hessian_block_) - predicted_change_).norm();
    if (surprise > options_.reuse_tolerance * sharpening_) third_ = at::Tensor();
  }
  hessian_block_ = block;
}

void CentralFlow::update_third_derivatives(objective::Linearization& loss,
                                           const Preconditioner& m) {
  if (third_.defined()) return;
  if (!difference_step_) {
    // The first direction at the edge: find the step of the differences that its third derivative
    // likes best.
    difference_step_ = objective::calibrate_difference_step(
        objective_, weights_.to(objective_.options()), loss.gradient(), basis_.select(1, 0));
    objective_.set_difference_step(difference_step_->step);
  }
  third_ = loss.third_derivative(m.inverse_sqrt_times(basis_));
  const Eigen::VectorXd scale = svec_weights(basis_.size(1));
  const at::Tensor wide = third_.to(at::kDouble);
  const Eigen::MatrixXd gram = to_eigen(at::mm(wide, m.inverse_times(wide.t())));
  quadratic_ = scale.asDiagonal() * (0.5 * (gram + gram.transpose())) * scale.asDiagonal();
  third_age_ = 0;
}

/// X from  X >= 0, alpha + B[X] >= 0, <X, alpha + B[X]> = 0: 2M - H linearised over the substep, in
/// the basis U.
Eigen::MatrixXd CentralFlow::solve_oscillation(const at::Tensor& preconditioned_gradient,
                                               double dt,
                                               double& residual) {
  const Eigen::Index k = basis_.size(1);
  const Eigen::VectorXd slope =
      dt * to_eigen(at::mv(third_, preconditioned_gradient)).col(0).cwiseProduct(svec_weights(k));
  sharpening_ = slope.norm();
  const ComplementaritySolution solution = solve_complementarity({
      .alpha = 2 * Eigen::MatrixXd::Identity(k, k) - hessian_block_ + smat(slope),
      .b = 0.5 * dt * quadratic_,
  });
  residual = solution.residual;
  return solution.x;
}

void CentralFlow::predict(const Eigen::MatrixXd& x,
                          const Preconditioner& m,
                          CentralState& out) const {
  out.predicted_loss = out.loss;
  out.predicted_gradient_norm2 = out.gradient_norm2;
  if (x.size() == 0) return;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(x);
  const double largest = eigen.eigenvalues().maxCoeff();
  if (largest <= 0) return;
  for (Eigen::Index i = x.rows() - 1; i >= 0; --i) {  // Eigen sorts ascending
    const double variance = eigen.eigenvalues()[i];
    if (variance > 1e-9 * largest) out.variances.push_back(variance);
  }
  out.rank = static_cast<int>(out.variances.size());
  const Eigen::MatrixXd rotation = eigen.eigenvectors().rightCols(out.rank).rowwise().reverse();
  at::Tensor q = at::empty({x.rows(), out.rank}, at::kDouble);
  for (Eigen::Index i = 0; i < x.rows(); ++i) {
    for (int j = 0; j < out.rank; ++j) q.data_ptr<double>()[i * out.rank + j] = rotation(i, j);
  }
  out.directions = m.inverse_sqrt_times(at::mm(basis_, q.to(basis_.options())));
  for (int i = 0; i < out.rank; ++i) {
    const at::Tensor v = out.directions.select(1, i).to(at::kDouble);
    out.predicted_loss += out.variances[i];
    out.predicted_gradient_norm2 += out.variances[i] * 4 * m.times(v).square().sum().item<double>();
    out.sigma_trace += out.variances[i] * v.square().sum().item<double>();
  }
}

NamedArrays CentralFlow::state() const {
  NamedArrays arrays = tracker_.state();
  arrays.emplace("weights", nn::to_ndarray(weights_));
  arrays.emplace("steps", NdArray::scalar<std::int64_t>(optimizer_.steps));
  if (difference_step_) {
    arrays.emplace("difference_step", NdArray::scalar<double>(difference_step_->step));
    arrays.emplace("difference_error", NdArray::scalar<double>(difference_step_->relative_error));
    arrays.emplace("difference_kinks", NdArray::scalar<std::int64_t>(difference_step_->kinks));
  }
  return arrays;
}

void CentralFlow::set_state(const NamedArrays& arrays) {
  tracker_.set_state(arrays);
  weights_ = nn::to_tensor(arrays.at("weights")).to(objective_.options().device());
  optimizer_.steps = arrays.at("steps").item<std::int64_t>();
  if (const auto step = arrays.find("difference_step"); step != arrays.end()) {
    difference_step_ =
        objective::DifferenceStep{.step = step->second.item<double>(),
                                  .relative_error = arrays.at("difference_error").item<double>(),
                                  .kinks = arrays.at("difference_kinks").item<std::int64_t>() != 0};
    objective_.set_difference_step(difference_step_->step);
  }
}

}  // namespace thalweg::dynamics
