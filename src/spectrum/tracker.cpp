#include "thalweg/spectrum/tracker.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "spectrum/block.hpp"
#include "thalweg/base/error.hpp"

namespace thalweg::spectrum {
namespace {

constexpr auto kWhere = "spectrum::Tracker";

// A direction above the threshold has a share of 1/sqrt(n) of a random vector. With a tenth of the
// spectrum's width between it and the bulk, 15 steps amplify that share by T_15(1.2) = 6000
// (Chebyshev), enough for n = 1e6.
constexpr int kProbeIterations = 15;
constexpr double kProbeTolerance = 1e-4;

void require(bool holds, const std::string& message) {
  if (!holds) {
    throw InvalidArgument(kWhere, message);
  }
}

void check(std::int64_t dimension, at::ScalarType dtype, const TrackerOptions& options) {
  require(dimension >= 1, fmt::format("dimension must be positive; got {}.", dimension));
  require(dtype == at::kFloat || dtype == at::kDouble,
          fmt::format("dtype must be float32 or float64; got {}.", toString(dtype)));
  require(
      options.minimum >= 1 && options.maximum >= options.minimum,
      fmt::format(
          "1 <= minimum <= maximum must hold; got {} and {}.", options.minimum, options.maximum));
  require(options.guards >= 0, fmt::format("guards must not be negative; got {}.", options.guards));
  require(options.probe_every >= 1,
          fmt::format("probe_every must be positive; got {}.", options.probe_every));
}

double value_at(const EigenPairs& found, std::int64_t i) {
  return found.values.data_ptr<double>()[i];
}

/// The first `count` pairs, without the operator's products.
EigenPairs leading(EigenPairs found, std::int64_t count) {
  found.values = found.values.narrow(0, 0, count);
  found.residual_norms = found.residual_norms.narrow(0, 0, count);
  found.vectors = found.vectors.narrow(1, 0, count);
  found.products = at::Tensor();
  return found;
}

/// The block with each of its first vectors turned so that it points along the vector of `before`
/// that it overlaps most: eigenvalues cross, so the one in the same place may be another.
at::Tensor with_signs_of(const at::Tensor& before, const at::Tensor& block, std::int64_t count) {
  const Matrix overlaps = inner_products(block.narrow(1, 0, count).t(), before.t());
  Matrix signs = Matrix::Ones(block.size(1), 1);
  for (Eigen::Index i = 0; i < overlaps.rows(); ++i) {
    Eigen::Index nearest = 0;
    overlaps.row(i).cwiseAbs().maxCoeff(&nearest);
    signs(i) = overlaps(i, nearest) < 0 ? -1 : 1;
  }
  return signs.minCoeff() < 0 ? (block.t() * to_tensor(signs, block.options())).t() : block;
}

template <typename T>
NdArray array_of(const at::Tensor& tensor) {
  const at::Tensor host = tensor.cpu().contiguous();
  return NdArray::of<T>({host.data_ptr<T>(), static_cast<std::size_t>(host.numel())},
                        host.sizes().vec());
}

NdArray to_array(const at::Tensor& tensor) {
  return tensor.scalar_type() == at::kFloat ? array_of<float>(tensor) : array_of<double>(tensor);
}

at::ScalarType scalar_type(const NdArray& array) {
  return array.dtype() == DType::kFloat32 ? at::kFloat : at::kDouble;
}

at::Tensor from_array(const NdArray& array, const at::TensorOptions& options) {
  at::Tensor host = at::empty(array.shape(), scalar_type(array));
  const auto bytes = array.bytes();
  std::copy(bytes.begin(), bytes.end(), static_cast<std::byte*>(host.data_ptr()));
  return host.to(options);
}

const NdArray& member(const NamedArrays& state, const char* name) {
  const auto found = state.find(name);
  require(found != state.end(),
          fmt::format("the state has no '{}'; it was saved by another version.", name));
  return found->second;
}

}  // namespace

Tracker::Tracker(std::int64_t dimension, at::TensorOptions tensor_options, TrackerOptions options)
    : dimension_(dimension), tensor_options_(tensor_options), options_(options) {
  check(dimension_, c10::typeMetaToScalarType(tensor_options_.dtype()), options_);
  wanted_ = std::min<std::int64_t>(options_.minimum, dimension_);
}

const EigenPairs& Tracker::update(const LinearOperator& a) {
  Tracker next(*this);  // an operator that throws leaves this tracker as it was; tensors are
                        // shared, not copied
  next.advance(a);
  *this = std::move(next);
  return pairs_;
}

void Tracker::advance(const LinearOperator& a) {
  const auto iterations = iterations_;
  const auto operator_columns = operator_columns_;
  EigenPairs found = follow(a);
  if (updates_ > 0 && updates_ % options_.probe_every == 0 && probe(a, found)) {
    found = follow(a);
  }
  truncated_ =
      wanted_ > options_.maximum && value_at(found, options_.maximum) >= options_.threshold;
  found = leading(std::move(found), std::min<std::int64_t>(wanted_, options_.maximum));
  const std::int64_t count = found.values.size(0);
  if (pairs_.vectors.defined()) {
    block_ = with_signs_of(pairs_.vectors, block_, count);
  }
  found.vectors = block_.narrow(1, 0, count);  // the block starts with the pairs found
  pairs_ = std::move(found);
  pairs_.iterations = static_cast<int>(iterations_ - iterations);
  pairs_.operator_columns = operator_columns_ - operator_columns;
  plan_size();
  ++updates_;
}

EigenPairs Tracker::solve(const LinearOperator& a,
                          const at::Tensor& block,
                          const LobpcgOptions& options) {
  EigenPairs found = lobpcg(a, block, options);
  iterations_ += found.iterations;
  operator_columns_ += found.operator_columns;
  return found;
}

/// Solves from the block kept, adding wanted pairs until the last of them lies below the threshold.
/// The result holds the guards too.
EigenPairs Tracker::follow(const LinearOperator& a) {
  // One pair beyond the maximum tells whether the answer is truncated.
  const auto limit = std::min<std::int64_t>(options_.maximum + 1, dimension_);
  const Key key = options_.key.with(static_cast<std::uint64_t>(updates_));
  for (;; ++wanted_) {
    const auto columns = std::min(wanted_ + options_.guards, dimension_);
    EigenPairs found =
        solve(a,
              resized(block_, columns, key.with(static_cast<std::uint64_t>(wanted_))),
              {.tolerance = options_.tolerance,
               .wanted = static_cast<int>(wanted_),
               .max_iterations = options_.max_iterations});
    block_ = found.vectors;
    if (wanted_ >= limit || value_at(found, wanted_ - 1) < options_.threshold) {
      return found;
    }
  }
}

/// Looks for a direction that the block misses, from a random vector beside the wanted pairs. What
/// that vector became is the first guard from now on. True if the pairs found are not the leading
/// ones after all; the block then starts with better ones.
bool Tracker::probe(const LinearOperator& a, const EigenPairs& found) {
  if (wanted_ == dimension_) {
    return false;
  }
  const Key key = options_.key.with(static_cast<std::uint64_t>(updates_)).with("probe");
  const at::Tensor wanted = found.vectors.narrow(1, 0, wanted_);
  const EigenPairs probed = solve(a,
                                  resized(wanted, wanted_ + 1, key),
                                  {.tolerance = std::max(options_.tolerance, kProbeTolerance),
                                   .wanted = static_cast<int>(wanted_ + 1),
                                   .max_iterations = kProbeIterations});
  const at::Tensor gain = probed.values.narrow(0, 0, wanted_) - found.values.narrow(0, 0, wanted_);
  const double noise = std::max(options_.tolerance, 1e2 * machine_epsilon(wanted.scalar_type()));
  const bool missed = gain.max().item<double>() > noise * found.values.abs().max().item<double>();
  const at::Tensor kept = missed ? probed.vectors.narrow(1, 0, wanted_) : wanted;
  const auto old_guards = found.vectors.size(1) - wanted_;
  block_ = at::cat({kept.t(),
                    probed.vectors.narrow(1, wanted_, 1).t(),
                    found.vectors.narrow(1, wanted_, old_guards).t()})
               .t();
  return missed;
}

/// The first columns of an (n, k) block; those that are missing are drawn at random.
at::Tensor Tracker::resized(const at::Tensor& block, std::int64_t columns, Key key) const {
  const auto kept = block.defined() ? std::min(columns, block.size(1)) : 0;
  if (kept == columns) {
    return block.narrow(1, 0, columns);
  }
  const at::Tensor fresh = normal_rows(columns - kept, dimension_, tensor_options_, key) /
                           std::sqrt(static_cast<double>(dimension_));
  return kept > 0 ? at::cat({block.t(), fresh}).t() : fresh.t();
}

/// Lets pairs go that nothing has asked for during the last `probe_every` updates.
void Tracker::plan_size() {
  const auto above = (pairs_.values >= options_.threshold).sum().item<std::int64_t>();
  const auto needed = std::max<std::int64_t>(options_.minimum, above + 1);
  quiet_updates_ = needed < wanted_ ? quiet_updates_ + 1 : 0;
  if (quiet_updates_ >= options_.probe_every) {
    wanted_ = needed;
    quiet_updates_ = 0;
  }
}

NamedArrays Tracker::state() const {
  NamedArrays state{
      {"wanted", NdArray::scalar(wanted_)},
      {"updates", NdArray::scalar(updates_)},
      {"iterations", NdArray::scalar(iterations_)},
      {"operator_columns", NdArray::scalar(operator_columns_)},
      {"quiet_updates", NdArray::scalar(quiet_updates_)},
      {"truncated", NdArray::scalar(truncated_)},
  };
  if (updates_ > 0) {
    state["block"] = to_array(block_.t());
    state["values"] = to_array(pairs_.values);
    state["residual_norms"] = to_array(pairs_.residual_norms);
    state["pairs_iterations"] = NdArray::scalar<std::int64_t>(pairs_.iterations);
    state["pairs_operator_columns"] = NdArray::scalar(pairs_.operator_columns);
    state["pairs_status"] = NdArray::scalar(static_cast<std::int64_t>(pairs_.status));
    state["pairs_message"] = NdArray::text(pairs_.message);
  }
  return state;
}

void Tracker::set_state(const NamedArrays& state) {
  const auto integer = [&](const char* name) { return member(state, name).item<std::int64_t>(); };
  const auto block = [&](const char* name) {
    const NdArray& array = member(state, name);
    require(array.rank() == 2 && array.shape()[1] == dimension_,
            fmt::format("'{}' of the state has shape {}; its rows must have the length {}.",
                        name,
                        shape_text(array.shape()),
                        dimension_));
    require(scalar_type(array) == c10::typeMetaToScalarType(tensor_options_.dtype()),
            fmt::format("'{}' of the state is {}; resume with the dtype it was saved in.",
                        name,
                        dtype_name(array.dtype())));
    return from_array(array, tensor_options_).t();
  };
  Tracker next(dimension_, tensor_options_, options_);
  next.wanted_ = integer("wanted");
  next.updates_ = integer("updates");
  next.iterations_ = integer("iterations");
  next.operator_columns_ = integer("operator_columns");
  next.quiet_updates_ = integer("quiet_updates");
  next.truncated_ = member(state, "truncated").item<bool>();
  if (next.updates_ > 0) {
    const auto host = at::TensorOptions().dtype(at::kDouble);
    next.block_ = block("block");
    const at::Tensor values = from_array(member(state, "values"), host);
    next.pairs_ = {.values = values,
                   .vectors = next.block_.narrow(1, 0, values.size(0)),
                   .products = at::Tensor(),
                   .residual_norms = from_array(member(state, "residual_norms"), host),
                   .iterations = static_cast<int>(integer("pairs_iterations")),
                   .operator_columns = integer("pairs_operator_columns"),
                   .status = static_cast<Status>(integer("pairs_status")),
                   .message = member(state, "pairs_message").to_text()};
  }
  *this = std::move(next);
}

}  // namespace thalweg::spectrum
