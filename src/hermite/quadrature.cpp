#include "thalweg/hermite/quadrature.hpp"

#include <algorithm>
#include <cmath>
#include <queue>
#include <string>

#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/linalg/decompositions.hpp"

namespace thalweg::hermite {
namespace {

constexpr int kMostNodes = 512;  // h_512 at its last node is 1e219: nothing overflows

void check_nodes(const char* where, int nodes) {
  if (nodes < 1 || nodes > kMostNodes) {
    throw InvalidArgument(
        where, fmt::format("the number of nodes must be 1 to {}; got {}.", kMostNodes, nodes));
  }
}

// The Gauss rule of an even probability density whose orthonormal polynomials obey
// beta[j+1] p_{j+1} = x p_j - beta[j] p_{j-1}. beta holds n + 1 entries, beta[0] unused.
QuadratureRule symmetric_rule(const std::vector<double>& beta) {
  const auto n = static_cast<Eigen::Index>(beta.size()) - 1;
  const Eigen::Map<const Eigen::VectorXd> off_diagonal(beta.data() + 1, n - 1);
  const Eigen::VectorXd jacobi =
      linalg::tridiagonal_eigenvalues(Eigen::VectorXd::Zero(n), off_diagonal);

  QuadratureRule rule{.nodes = std::vector<double>(static_cast<std::size_t>(n)),
                      .weights = std::vector<double>(static_cast<std::size_t>(n))};
  for (Eigen::Index i = 0; i < n; ++i) {
    // The rule is even: the left half mirrors the right one.
    double x = 0.5 * (jacobi[i] - jacobi[n - 1 - i]);
    double squares = 0;
    for (int newton = 0; newton < 2; ++newton) {
      double before = 0, value = 1, slope_before = 0, slope = 0;
      squares = 0;
      for (std::size_t j = 0; j < static_cast<std::size_t>(n); ++j) {
        squares += value * value;
        const double down = j == 0 ? 0 : beta[j];
        const double next = (x * value - down * before) / beta[j + 1];
        const double next_slope = (value + x * slope - down * slope_before) / beta[j + 1];
        before = value;
        value = next;
        slope_before = slope;
        slope = next_slope;
      }
      x -= value / slope;
    }
    rule.nodes[static_cast<std::size_t>(i)] = x;
    rule.weights[static_cast<std::size_t>(i)] = 1 / squares;
  }
  return rule;
}

template <typename Beta>
QuadratureRule rule_of(int nodes, Beta beta) {
  std::vector<double> entries(static_cast<std::size_t>(nodes) + 1, 0.0);
  for (std::size_t j = 1; j < entries.size(); ++j) entries[j] = beta(static_cast<double>(j));
  return symmetric_rule(entries);
}

constexpr int kPanelNodes = 40;
constexpr double kWidestPanel = 1;

// Half widths below this are not tried: nothing lies between, or 1/x^2 would overflow next.
double narrowest(double from, double to) {
  return std::max(1e-30, 4e-16 * std::max(std::abs(from), std::abs(to)));
}

constexpr double kRounding = 1e-15;  // of the integral of |f| over a panel

// One panel: the integrals of its two halves, and how far the whole was from their sum.
struct Panel {
  double from = 0, to = 0;
  std::vector<double> left, right, change;
  double error = 0;      // largest change, 0 where it is rounding
  bool settled = false;  // no error, or too narrow to be halved
};

struct LargerError {
  const std::vector<Panel>& panels;
  bool operator()(std::size_t a, std::size_t b) const { return panels[a].error < panels[b].error; }
};

class PanelRule {
 public:
  PanelRule(const Integrand& f, int m)
      : f_(f),
        m_(static_cast<std::size_t>(m)),
        rule_(gauss_legendre(kPanelNodes)),
        x_(kPanelNodes),
        y_(kPanelNodes * m_) {}

  /// The m integrals over [from, to]; adds those of the moduli to `moduli`.
  std::vector<double> over(double from, double to, std::vector<double>& moduli) {
    const double half = 0.5 * (to - from);
    for (std::size_t i = 0; i < x_.size(); ++i) x_[i] = from + half * (1 + rule_.nodes[i]);
    f_(x_, y_);
    std::vector<double> sums(m_, 0.0);
    for (std::size_t i = 0; i < x_.size(); ++i) {
      for (std::size_t k = 0; k < m_; ++k) {
        const double term = half * rule_.weights[i] * y_[i * m_ + k];
        if (!std::isfinite(term)) {
          throw NonFinite("hermite::integrate",
                          fmt::format("the integrand is not finite at {:.17g}.", x_[i]));
        }
        sums[k] += term;
        moduli[k] += std::abs(term);
      }
    }
    return sums;
  }

  /// The panel [from, to], whose integrals in one piece are `whole`.
  Panel halved(double from, double to, const std::vector<double>& whole) {
    Panel p{.from = from, .to = to, .left = {}, .right = {}, .change = std::vector<double>(m_)};
    const double middle = 0.5 * (from + to);
    std::vector<double> moduli(m_, 0.0);
    p.left = over(from, middle, moduli);
    p.right = over(middle, to, moduli);
    for (std::size_t k = 0; k < m_; ++k) {
      p.change[k] = std::abs(p.left[k] + p.right[k] - whole[k]);
      if (p.change[k] > kRounding * moduli[k]) p.error = std::max(p.error, p.change[k]);
    }
    p.settled = p.error == 0 || middle - from < narrowest(from, to);
    return p;
  }

 private:
  const Integrand& f_;
  std::size_t m_;
  QuadratureRule rule_;
  std::vector<double> x_, y_;
};

std::vector<double> panel_edges(std::span<const double> edges) {
  std::vector<double> result = {edges.front()};
  for (std::size_t i = 1; i < edges.size(); ++i) {
    const double width = edges[i] - edges[i - 1];
    const int parts = std::max(1, static_cast<int>(std::ceil(width / kWidestPanel)));
    for (int part = 1; part < parts; ++part) result.push_back(edges[i - 1] + width * part / parts);
    result.push_back(edges[i]);
  }
  return result;
}

}  // namespace

QuadratureRule gauss_hermite(int nodes) {
  check_nodes("hermite::gauss_hermite", nodes);
  return rule_of(nodes, [](double j) { return std::sqrt(j); });
}

QuadratureRule gauss_legendre(int nodes) {
  check_nodes("hermite::gauss_legendre", nodes);
  QuadratureRule rule = rule_of(nodes, [](double j) { return j / std::sqrt(4 * j * j - 1); });
  for (double& weight : rule.weights) weight *= 2;
  return rule;
}

QuadratureRule gauss_sphere(int nodes, double d) {
  check_nodes("hermite::gauss_sphere", nodes);
  if (!(d >= 3) || !std::isfinite(d)) {
    throw InvalidArgument("hermite::gauss_sphere",
                          fmt::format("the dimension must be at least 3; got {}.", d));
  }
  const double l = 0.5 * (d - 3);
  return rule_of(nodes, [l](double j) {
    return j == 1 ? std::sqrt(0.5 / (l + 1))
                  : std::sqrt(j * (j + 2 * l - 1) / (4 * (j + l) * (j + l - 1)));
  });
}

Integral integrate(const Integrand& f,
                   int m,
                   std::span<const double> edges,
                   const IntegralOptions& options) {
  if (edges.size() < 2 || std::adjacent_find(edges.begin(), edges.end(), [](double a, double b) {
                            return !(a < b);
                          }) != edges.end()) {
    throw InvalidArgument("hermite::integrate",
                          "needs two or more edges, each above the one before.");
  }
  PanelRule rule(f, m);
  std::vector<Panel> panels;
  std::priority_queue<std::size_t, std::vector<std::size_t>, LargerError> queue(
      LargerError{panels});
  double error = 0;  // sum over panels; no integral's error is above it
  const auto add = [&](std::size_t slot, Panel panel) {
    if (slot == panels.size()) panels.emplace_back();
    panels[slot] = std::move(panel);
    error += panels[slot].error;
    if (!panels[slot].settled) queue.push(slot);
  };
  const std::vector<double> starts = panel_edges(edges);
  for (std::size_t i = 1; i < starts.size(); ++i) {
    std::vector<double> moduli(static_cast<std::size_t>(m));
    const std::vector<double> whole = rule.over(starts[i - 1], starts[i], moduli);
    add(panels.size(), rule.halved(starts[i - 1], starts[i], whole));
  }

  while (error > options.tolerance && !queue.empty() &&
         static_cast<int>(panels.size()) < options.most_panels) {
    const std::size_t worst = queue.top();
    queue.pop();
    const Panel old = std::move(panels[worst]);
    error -= old.error;
    const double middle = 0.5 * (old.from + old.to);
    add(worst, rule.halved(old.from, middle, old.left));
    add(panels.size(), rule.halved(middle, old.to, old.right));
  }

  const auto size = static_cast<std::size_t>(m);
  Integral result{.values = std::vector<double>(size, 0.0),
                  .errors = std::vector<double>(size, 0.0),
                  .converged = error <= options.tolerance};
  for (const Panel& p : panels) {
    for (std::size_t k = 0; k < size; ++k) {
      result.values[k] += p.left[k] + p.right[k];
      result.errors[k] += p.change[k];
    }
  }
  return result;
}

}  // namespace thalweg::hermite
