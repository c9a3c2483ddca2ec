#include "thalweg/index/named_links.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

#include "index/threshold_link.hpp"
#include "index/two_hump_link.hpp"
#include "thalweg/hermite/polynomial.hpp"

namespace thalweg::index {
namespace {

double sigmoid(double z) {
  const double t = std::exp(-std::abs(z));  // no overflow, no cancellation in either tail
  return z >= 0 ? 1 / (1 + t) : t / (1 + t);
}

double softplus(double z) { return std::max(z, 0.0) + std::log1p(std::exp(-std::abs(z))); }

double gelu(double z) { return z * std::erfc(-z / std::numbers::sqrt2) / 2; }

double sign(double z) { return z > 0 ? 1 : z < 0 ? -1 : 0; }

const std::vector<double>& t3_ends() {
  static const auto ends = threshold_ends(3, {}, std::array{1.0});
  return ends;
}
const std::vector<double>& t4_ends() {
  static const auto ends = threshold_ends(4, std::array{0.5}, std::array{1.5});
  return ends;
}
const std::vector<double>& t5_ends() {
  static const auto ends = threshold_ends(5, {}, std::array{1.0, 2.0});
  return ends;
}

std::vector<double> mirrored(const std::vector<double>& ends, bool with_zero) {
  std::vector<double> all(ends);
  for (const double end : ends) all.push_back(-end);
  if (with_zero) all.push_back(0);
  std::ranges::sort(all);
  return all;
}

template <int... K>
void add_hermite_links(std::vector<NamedLink>& links, std::integer_sequence<int, K...>) {
  (links.push_back(
       {.name = "h" + std::to_string(K + 1),
        .definition = "Hermite polynomial of degree " + std::to_string(K + 1) + ", E[h(Z)^2] = 1",
        .value = [](double z) { return hermite::hermite(K + 1, z); },
        .information_exponent = K + 1,
        .generative_exponent = K % 2 == 0 ? 1 : 2}),
   ...);
}

std::vector<NamedLink> make_links() {
  std::vector<NamedLink> links = {
      {"relu", "max(0, z)", [](double z) { return std::max(z, 0.0); }, 1, 1, {0}},
      {"leaky_relu",
       "z > 0 ? z : 0.01 z",
       [](double z) { return z > 0 ? z : 0.01 * z; },
       1,
       1,
       {0}},
      {"sigmoid", "1 / (1 + exp(-z))", sigmoid, 1, 1},
      {"tanh", "hyperbolic tangent", [](double z) { return std::tanh(z); }, 1, 1},
      {"erf", "error function", [](double z) { return std::erf(z); }, 1, 1},
      {"softplus", "log(1 + exp(z))", softplus, 1, 1},
      {"gelu", "z Phi(z), Phi the normal distribution function", gelu, 1, 1},
      {"swish", "z sigmoid(z)", [](double z) { return z * sigmoid(z); }, 1, 1},
      {"sign", "1 for z > 0, -1 for z < 0, 0 for z = 0", sign, 1, 1, {0}},
      {"abs", "absolute value", [](double z) { return std::abs(z); }, 2, 2, {0}},
  };
  add_hermite_links(links, std::make_integer_sequence<int, 12>());
  links.push_back({"T3",
                   "1 on (-inf, -t) and (0, t), else -1; 2 phi(t) = phi(0)",
                   [](double z) { return odd_threshold_value(z, t3_ends()); },
                   3,
                   3,
                   mirrored(t3_ends(), true)});
  links.push_back({"T4",
                   "1 for a < |z| < b, else -1; a = 1/2, a phi(a) = b phi(b)",
                   [](double z) { return even_threshold_value(z, t4_ends()); },
                   4,
                   4,
                   mirrored(t4_ends(), false)});
  links.push_back({"T5",
                   "sign(z) times +, -, + on |z| < a, (a, b), > b; a^2 phi(a) = b^2 phi(b), "
                   "phi(0) = 2 phi(a) - 2 phi(b)",
                   [](double z) { return odd_threshold_value(z, t5_ends()); },
                   5,
                   5,
                   mirrored(t5_ends(), true)});
  links.push_back({"G3",
                   "continuous, two humps: the preimages a < b < c < d of each level have "
                   "phi(a) - phi(b) + phi(c) - phi(d) = 0 = a phi(a) - b phi(b) + ..., "
                   "b = -0.8 y, c = 1.25 y",
                   two_hump_link,
                   3,
                   3,
                   {-0.8, 0, 1.25}});
  return links;
}

}  // namespace

std::span<const NamedLink> named_links() {
  static const auto links = make_links();
  return links;
}

const NamedLink* find_named_link(std::string_view name) {
  const auto links = named_links();
  const auto found = std::ranges::find(links, name, &NamedLink::name);
  return found == links.end() ? nullptr : &*found;
}

}  // namespace thalweg::index
