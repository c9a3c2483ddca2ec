#include "thalweg/index/explanation.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "thalweg/hermite/polynomial.hpp"

namespace thalweg::index {
namespace {

/// sum_i w_i h_k(z_i) = E[h_k(Z) | y].
double conditional_moment(const LevelExample& example, int k) {
  double sum = 0;
  for (std::size_t i = 0; i < example.z.size(); ++i) {
    sum += example.weights[i] * hermite::hermite(k, example.z[i]);
  }
  return sum;
}

std::string places(const LevelExample& example) {
  std::string text;
  for (std::size_t i = 0; i < example.z.size(); ++i) {
    text += fmt::format("{}{:.3g} ({:.0f} %)",
                        i == 0                      ? ""
                        : i + 1 == example.z.size() ? " and "
                                                    : ", ",
                        example.z[i],
                        100 * example.weights[i]);
  }
  return text;
}

std::string about_parity(const LevelSets& sets) {
  return sets.even()
             ? "The link is even: every response comes from z and -z alike, so no odd order "
               "can show. "
             : "";
}

/// The level whose preimages share the weight most evenly: where cancellation is easiest to see.
const LevelExample& most_shared(const std::vector<LevelExample>& examples) {
  return *std::ranges::max_element(examples, {}, [](const LevelExample& e) {
    double squares = 0;
    for (const double w : e.weights) squares += w * w;
    return -squares;
  });
}

std::string about_branches(const LevelSets& sets, int k) {
  const auto examples = level_examples(sets);
  if (examples.empty()) return "";
  const auto& example = most_shared(examples);
  std::string text = fmt::format(
      "The response {:.4g}, for instance, comes from z = {}. ", example.level, places(example));
  if (example.z.size() < 2) return text;
  for (int j = 1; j < k; ++j) {
    if (sets.even() && j % 2 == 1) continue;
    text += fmt::format(
        "Averaged over these places, h_{} is {:.1g}: nothing. ",
        j,
        std::abs(conditional_moment(example, j)) < 1e-6 ? 0.0 : conditional_moment(example, j));
  }
  return text + fmt::format("h_{} has the mean {:.3g} there. ", k, conditional_moment(example, k));
}

std::string about_classes(const LevelSets& sets) {
  const auto count =
      std::ranges::count_if(sets.atoms(), [](const Atom& a) { return a.probability > 1e-6; });
  if (!sets.branches().empty() || count == 0) return "";
  if (count == 2) {
    return "The response has two values, and every transform of two values is a line: the "
           "generative exponent is the information exponent. ";
  }
  return fmt::format("The response takes {} values; each tells no more than its class. ", count);
}

std::string about_gap(const LinkExponents& found) {
  if (!found.information_exponent || *found.information_exponent == *found.generative_exponent)
    return "";
  return fmt::format(
      "The raw response shows order {} first: its lower coefficients cancel from level to level, "
      "and a transform of the response undoes that. ",
      *found.information_exponent);
}

}  // namespace

std::vector<LevelExample> level_examples(const LevelSets& sets) {
  std::vector<double> z, y;
  for (const double at : {0.3, 0.7, 1.3}) {
    for (const double side : {1.0, -1.0}) {
      if (side > 0 || !sets.even()) z.push_back(side * at);
    }
  }
  y.resize(z.size());
  sets.evaluate(z, y);
  std::ranges::sort(y);
  y.erase(std::unique(y.begin(), y.end()), y.end());
  const auto preimages = sets.preimages(y);
  std::vector<LevelExample> examples;
  for (std::size_t i = 0; i < y.size(); ++i) {
    LevelExample example{.level = y[i], .z = {}, .weights = {}};
    double total = 0;
    for (std::size_t j = preimages.first[i]; j < preimages.first[i + 1]; ++j) {
      total += preimages.weight[j];
    }
    for (std::size_t j = preimages.first[i]; j < preimages.first[i + 1]; ++j) {
      const double share = preimages.weight[j] / total;
      if (share < 1e-6) continue;
      example.z.push_back(preimages.z[j]);
      example.weights.push_back(sets.even() ? share / 2 : share);
    }
    if (sets.even()) {  // the other half is the mirror image
      const auto places = example.z;
      const auto weights = example.weights;
      for (std::size_t j = 0; j < places.size(); ++j) {
        example.z.insert(example.z.begin(), -places[j]);
        example.weights.insert(example.weights.begin(), weights[j]);
      }
    }
    if (!example.z.empty()) examples.push_back(std::move(example));
  }
  return examples;
}

std::string explain(const LevelSets& sets, const LinkExponents& found, bool noisy) {
  if (!found.generative_exponent) {
    return "No order shows: given the response, z looks as it did before, as far as numbers of "
           "double precision tell.";
  }
  const int k = *found.generative_exponent;
  std::string text;
  if (sets.branches().size() == 1 && sets.atoms().empty() && !sets.even()) {
    text = "The link is one-to-one: the response reveals z, and with it every order. ";
  } else {
    text = about_classes(sets) + about_parity(sets) + about_branches(sets, k);
    if (k == 1) {
      text += "The response tells on which side z lies on average, so order 1 shows. ";
    } else if (k == 2) {
      text += "The response tells how large |z| is, so order 2 shows. ";
    } else {
      text += fmt::format(
          "This holds at every level: orders below {} cancel exactly between the pieces of the "
          "link, whatever is done to the response, and **order {} is the first that is left**. ",
          k,
          k);
    }
  }
  text += about_gap(found);
  if (noisy)
    text +=
        "Noise on the response makes every order weaker; the pieces above are those of the link "
        "without it. ";
  text.pop_back();
  return text;
}

}  // namespace thalweg::index
