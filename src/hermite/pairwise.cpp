#include "thalweg/hermite/pairwise.hpp"

#include <fmt/format.h>

#include "thalweg/base/error.hpp"

namespace thalweg::hermite {
namespace {

// F_m with the derivatives that pair_coefficients needs; p stands for p or q.
struct Form {
  double f = 0, s = 0, ss = 0, p = 0, sp = 0, pp = 0;
};

Form form(int m, const SamplePair& pair) {
  Form f3, f2, f1, f0{.f = 1};  // F_{j-3}, ..., F_j
  for (int j = 0; j < m; ++j) {
    const double c =
        j * (pair.d - pair.p - pair.q + 2 * (j - 1));             // of F_{j-1}; its p-derivative -j
    const double e = j * (j - 1.0);                               // s e: of F_{j-2}
    const double g = j * (j - 1.0) * (j - 2) * (pair.d + j - 3);  // of -F_{j-3}
    const double s = pair.s;
    const Form next{
        .f = s * f0.f + c * f1.f + s * e * f2.f - g * f3.f,
        .s = s * f0.s + f0.f + c * f1.s + s * e * f2.s + e * f2.f - g * f3.s,
        .ss = s * f0.ss + 2 * f0.s + c * f1.ss + s * e * f2.ss + 2 * e * f2.s - g * f3.ss,
        .p = s * f0.p + c * f1.p - j * f1.f + s * e * f2.p - g * f3.p,
        .sp = s * f0.sp + f0.p + c * f1.sp - j * f1.s + s * e * f2.sp + e * f2.p - g * f3.sp,
        .pp = s * f0.pp + c * f1.pp - 2 * j * f1.p + s * e * f2.pp - g * f3.pp};
    f3 = f2;
    f2 = f1;
    f1 = f0;
    f0 = next;
  }
  return f0;
}

void check(const char* where, int order, int smallest) {
  if (order < smallest) {
    throw InvalidArgument(where,
                          fmt::format("the order must be at least {}; got {}.", smallest, order));
  }
}

}  // namespace

double pair_form(int m, const SamplePair& pair) {
  check("hermite::pair_form", m, 0);
  return form(m, pair).f;
}

PairCoefficients pair_coefficients(int k, const SamplePair& pair) {
  check("hermite::pair_coefficients", k, 1);
  const Form f = form(k - 1, pair);
  return {
      .outer = f.f - 4 * f.p + 4 * f.pp, .swapped = f.ss, .own = 2 * f.sp - f.s, .identity = f.s};
}

}  // namespace thalweg::hermite
