#include "thalweg/index/leap_explanation.hpp"

#include <algorithm>
#include <cmath>

#include <Eigen/LU>
#include <Eigen/QR>
#include <fmt/format.h>

#include "thalweg/base/text.hpp"

namespace thalweg::index {
namespace {

constexpr double kVisible = 0.05;  // of a coordinate's weight: estimates leave less

std::string and_list(const std::vector<std::string>& items) {
  if (items.size() < 2) return items.empty() ? "" : items.front();
  return join({items.begin(), items.end() - 1}, ", ") + " and " + items.back();
}

/// "z2", or "0.71 z1 - 0.71 z2".
std::string direction_text(const Vector& weights, const std::vector<std::string>& names) {
  std::string text;
  int terms = 0;
  for (Eigen::Index j = 0; j < weights.size(); ++j) {
    if (std::abs(weights[j]) < kVisible) continue;
    const char* sign = weights[j] < 0 ? (terms == 0 ? "-" : " - ") : (terms == 0 ? "" : " + ");
    text +=
        fmt::format("{}{:.2f} {}", sign, std::abs(weights[j]), names[static_cast<std::size_t>(j)]);
    ++terms;
  }
  Eigen::Index largest = 0;
  weights.cwiseAbs().maxCoeff(&largest);
  return terms == 1 ? names[static_cast<std::size_t>(largest)] : text;
}

std::vector<std::string> direction_texts(const Matrix& basis,
                                         const std::vector<std::string>& names) {
  std::vector<std::string> texts;
  for (Eigen::Index j = 0; j < basis.cols(); ++j)
    texts.push_back(direction_text(basis.col(j), names));
  std::ranges::sort(texts);
  return texts;
}

/// "order 1 shows nothing and order 2 shows z1".
std::string what_shows(const Leap& leap, const std::vector<std::string>& directions) {
  const std::string shown = and_list(directions) + (directions.size() > 1 ? " together" : "");
  if (leap.order == 1) return "order 1 shows " + shown;
  const std::string silent =
      leap.order == 2 ? "order 1 shows" : fmt::format("orders 1 to {} show", leap.order - 1);
  return fmt::format("{} nothing and order {} shows {}", silent, leap.order, shown);
}

std::string growth_text(int order) { return order <= 2 ? "d" : fmt::format("d^{}", order / 2.0); }

}  // namespace

Matrix readable_basis(const Matrix& columns) {
  const Eigen::ColPivHouseholderQR<Eigen::MatrixXd> qr(columns.transpose());
  const auto own = qr.colsPermutation().indices().head(columns.cols());
  Matrix basis = columns * Eigen::MatrixXd(columns(own, Eigen::all)).inverse();
  basis.colwise().normalize();
  return basis;
}

std::vector<Matrix> leap_bases(const Leaps& leaps, const Matrix& directions) {
  std::vector<Matrix> bases;
  Eigen::Index first = 0;
  for (const Leap& leap : leaps.steps) {
    bases.push_back(readable_basis(directions.middleCols(first, leap.directions)));
    first += leap.directions;
  }
  return bases;
}

std::string describe_steps(const Leaps& leaps,
                           const std::vector<Matrix>& bases,
                           const std::vector<std::string>& names) {
  std::vector<std::string> known;
  std::string text;
  for (std::size_t i = 0; i < bases.size(); ++i) {
    const auto directions = direction_texts(bases[i], names);
    text += i == 0 ? std::string("Whatever is done to the response, ")
                   : fmt::format("With {} known, ", and_list(known));
    text += what_shows(leaps.steps[i], directions) + ". ";
    known.insert(known.end(), directions.begin(), directions.end());
  }
  return text;
}

std::string explain(const Leaps& generative, const Leaps& information) {
  std::vector<std::string> names;
  for (Eigen::Index j = 0; j < generative.directions.rows(); ++j)
    names.push_back(fmt::format("z{}", j + 1));
  std::string text =
      describe_steps(generative, leap_bases(generative, generative.directions), names);
  if (text.empty()) return "No order that was tried shows anything.";
  if (generative.undetected > 0) return text + "The rest shows at no order that was tried.";
  text += fmt::format("So **no step is above order {}**, and samples of order {} are enough.",
                      generative.exponent,
                      growth_text(generative.exponent));
  if (information.undetected == 0 && information.exponent > generative.exponent) {
    text += fmt::format(
        " Methods that take the response as it is, and correlate it with the coordinates given "
        "those they found, need a step of order {}.",
        information.exponent);
  }
  return text;
}

}  // namespace thalweg::index
