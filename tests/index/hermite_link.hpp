#pragma once

#include <memory>
#include <string>

#include "thalweg/estimation/link_function.hpp"
#include "thalweg/hermite/polynomial.hpp"

namespace thalweg::testing {

/// y = h_k(z).
class HermiteLink : public estimation::LinkFunction {
 public:
  explicit HermiteLink(int k) : k_(k) {}
  int variables() const override { return 1; }
  std::string text() const override { return "h" + std::to_string(k_) + "(z)"; }
  void evaluate(std::span<const double> z, std::span<double> y) const override {
    for (std::size_t i = 0; i < z.size(); ++i) y[i] = hermite::hermite(k_, z[i]);
  }

 private:
  int k_;
};

inline std::shared_ptr<const estimation::LinkFunction> hermite_link(int k) {
  return std::make_shared<HermiteLink>(k);
}

}  // namespace thalweg::testing
