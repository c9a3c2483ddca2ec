#include "thalweg/spectrum/lanczos.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <vector>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "spectrum/block.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/linalg/decompositions.hpp"

namespace thalweg::spectrum {
namespace {

constexpr auto kWhere = "spectral density";

void require(bool holds, const std::string& message) {
  if (!holds) {
    throw InvalidArgument(kWhere, message);
  }
}

void check(std::int64_t n,
           const at::TensorOptions& options,
           const at::Tensor& deflate,
           const at::Tensor& values,
           const QuadratureOptions& quadrature) {
  const auto dtype = c10::typeMetaToScalarType(options.dtype());
  require(n >= 1, fmt::format("n must be positive; got {}.", n));
  require(dtype == at::kFloat || dtype == at::kDouble,
          fmt::format("dtype must be float32 or float64; got {}.", toString(dtype)));
  require(quadrature.probes >= 1 && quadrature.steps >= 1,
          fmt::format("probes and steps must be positive; got {} and {}.",
                      quadrature.probes,
                      quadrature.steps));
  require(deflate.defined() == values.defined(),
          "eigenvectors to deflate and their values must be given together.");
  if (deflate.defined()) {
    require(deflate.dim() == 2 && deflate.size(0) == n && values.dim() == 1 &&
                values.size(0) == deflate.size(1),
            fmt::format("deflate must be (n, k) and values (k) with n = {}; got ({}) and ({}).",
                        n,
                        fmt::join(deflate.sizes(), ", "),
                        fmt::join(values.sizes(), ", ")));
  }
}

/// Independent signs, (1, n).
at::Tensor rademacher_row(std::int64_t n, const at::TensorOptions& options, Key key) {
  at::Tensor row = at::empty({1, n}, at::kDouble);
  auto* out = row.data_ptr<double>();
  for (std::int64_t i = 0; i < n; ++i) {
    out[i] = random_bits(key, static_cast<std::uint64_t>(i)) >> 63 ? 1.0 : -1.0;
  }
  return row.to(options);
}

double norm(const at::Tensor& row) { return std::sqrt(inner_products(row, row)(0, 0)); }

/// row minus its part in the span of orthonormal rows. Twice is enough [Parlett1998, section 6.9].
at::Tensor orthogonal_to(const std::vector<at::Tensor>& rows, at::Tensor row) {
  for (int pass = 0; pass < 2 && !rows.empty(); ++pass) {
    row = row - combine(inner_products(row, rows), rows);
  }
  return row;
}

/// A random direction in the complement of `known`, (1, n), of unit norm.
at::Tensor starting_row(std::int64_t n,
                        const at::TensorOptions& options,
                        const std::vector<at::Tensor>& known,
                        Key key) {
  // For very small n all of a sign vector may lie in the span of the rows to avoid; then the next
  // one is taken.
  for (std::uint64_t attempt = 0;; ++attempt) {
    const at::Tensor z = orthogonal_to(known, rademacher_row(n, options, key.with(attempt)));
    const double length = spectrum::norm(z);
    if (length > 1e-2) {
      return z / length;
    }
  }
}

/// The Lanczos matrix of A from one starting row.
struct Tridiagonal {
  std::vector<double> diagonal;
  std::vector<double> off_diagonal;
};

/// @param known  orthonormal rows that the process keeps out of
Tridiagonal lanczos(const RowOperator& a,
                    at::Tensor row,
                    std::vector<at::Tensor> known,
                    int steps) {
  Tridiagonal t;
  double scale = 0;  // of A, as seen so far
  for (int step = 0; step < steps; ++step) {
    known.push_back(row);
    const at::Tensor image = a(row);
    const double alpha = inner_products(row, image)(0, 0);
    if (!std::isfinite(alpha)) {
      throw NonFinite(kWhere,
                      fmt::format("the operator returned NaN or infinity at step {}. Check the "
                                  "point it is linearised at.",
                                  step));
    }
    t.diagonal.push_back(alpha);
    row = orthogonal_to(known, image);
    const double beta = spectrum::norm(row);
    scale = std::max({scale, std::abs(alpha), beta});
    // What is left is rounding: the rows span an invariant subspace and the quadrature is exact for
    // this probe.
    if (step + 1 == steps || beta <= 1e2 * machine_epsilon(row.scalar_type()) * scale) {
      break;
    }
    t.off_diagonal.push_back(beta);
    row = row / beta;
  }
  return t;
}

}  // namespace

SpectralQuadrature lanczos_quadrature(const LinearOperator& a,
                                      std::int64_t n,
                                      at::TensorOptions options,
                                      const at::Tensor& deflate,
                                      const at::Tensor& values,
                                      const QuadratureOptions& quadrature) {
  check(n, options, deflate, values, quadrature);
  const RowOperator rows(a, kWhere);
  const at::NoGradGuard no_grad;
  SpectralQuadrature result;
  std::vector<at::Tensor> known;
  if (deflate.defined() && deflate.size(1) > 0) {
    known.push_back(deflate.detach().to(options).t().contiguous());
    const Matrix host = to_matrix(values.unsqueeze(1));
    result.deflated.assign(host.data(), host.data() + host.size());
  }
  const auto complement = n - static_cast<std::int64_t>(result.deflated.size());
  const auto steps = static_cast<int>(std::min<std::int64_t>(quadrature.steps, complement));
  for (int probe = 0; probe < quadrature.probes && steps > 0; ++probe) {
    const Key key = quadrature.key.with(static_cast<std::uint64_t>(probe));
    const Tridiagonal t = lanczos(rows, starting_row(n, options, known, key), known, steps);
    const auto nodes = static_cast<Eigen::Index>(t.diagonal.size());
    const auto eigen = linalg::tridiagonal_eigenpairs(
        Eigen::Map<const Vector>(t.diagonal.data(), nodes),
        Eigen::Map<const Vector>(t.off_diagonal.data(), nodes - 1));
    const Vector weights = static_cast<double>(complement) * eigen.vectors.row(0).array().square();
    result.nodes.emplace_back(eigen.values.begin(), eigen.values.end());
    result.weights.emplace_back(weights.begin(), weights.end());
  }
  return result;
}

namespace {

/// What each probe says the trace on the complement is.
std::vector<double> probe_traces(const SpectralQuadrature& quadrature) {
  std::vector<double> traces;
  for (std::size_t i = 0; i < quadrature.nodes.size(); ++i) {
    traces.push_back(std::inner_product(quadrature.nodes[i].begin(),
                                        quadrature.nodes[i].end(),
                                        quadrature.weights[i].begin(),
                                        0.0));
  }
  return traces;
}

double mean(const std::vector<double>& x) {
  return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
}

}  // namespace

double SpectralQuadrature::trace() const {
  const double exact = std::accumulate(deflated.begin(), deflated.end(), 0.0);
  return nodes.empty() ? exact : exact + mean(probe_traces(*this));
}

double SpectralQuadrature::trace_error() const {
  if (nodes.empty()) {
    return 0;
  }
  const auto traces = probe_traces(*this);
  const double centre = mean(traces);
  double squares = 0;
  for (const double trace : traces) {
    squares += (trace - centre) * (trace - centre);
  }
  const auto count = static_cast<double>(traces.size());
  return std::sqrt(squares / (count - 1) / count);  // NaN for one probe: 0 / 0
}

std::vector<double> SpectralQuadrature::density(const std::vector<double>& points,
                                                double width) const {
  require(width > 0, fmt::format("the width of the smoothing must be positive; got {}.", width));
  const double height = 1 / (width * std::sqrt(2 * std::numbers::pi));
  std::vector<double> result;
  for (const double point : points) {
    const auto bump = [&](double eigenvalue) {
      const double z = (point - eigenvalue) / width;
      return height * std::exp(-0.5 * z * z);
    };
    double sum = 0;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      for (std::size_t j = 0; j < nodes[i].size(); ++j) {
        sum += weights[i][j] * bump(nodes[i][j]) / static_cast<double>(nodes.size());
      }
    }
    for (const double eigenvalue : deflated) {
      sum += bump(eigenvalue);
    }
    result.push_back(sum);
  }
  return result;
}

}  // namespace thalweg::spectrum
