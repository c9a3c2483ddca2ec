#include "thalweg/linalg/product.hpp"

#include <algorithm>

#include <cblas.h>
#include <fmt/format.h>

#include "thalweg/base/error.hpp"

namespace thalweg::linalg {
namespace {

Eigen::Index rows(const MatrixView& a, Form form) {
  return form == Form::kPlain ? a.rows() : a.cols();
}

Eigen::Index columns(const MatrixView& a, Form form) {
  return form == Form::kPlain ? a.cols() : a.rows();
}

CBLAS_TRANSPOSE blas(Form form) { return form == Form::kPlain ? CblasNoTrans : CblasTrans; }

int leading(const auto& a) { return static_cast<int>(std::max<Eigen::Index>(1, a.outerStride())); }

// (m, k) (l, n) into (rows, columns)
void check(Eigen::Index m,
           Eigen::Index k,
           Eigen::Index l,
           Eigen::Index n,
           Eigen::Index rows,
           Eigen::Index columns) {
  if (k == l && m == rows && n == columns) return;
  throw InvalidArgument("linalg::add_product",
                        fmt::format("cannot add the product of ({}, {}) and ({}, {}) to ({}, {}).",
                                    m,
                                    k,
                                    l,
                                    n,
                                    rows,
                                    columns));
}

}  // namespace

void add_product(
    double scale, MatrixView a, Form a_form, MatrixView b, Form b_form, Eigen::Ref<Matrix> c) {
  const Eigen::Index inner = columns(a, a_form);
  check(rows(a, a_form), inner, rows(b, b_form), columns(b, b_form), c.rows(), c.cols());
  if (c.size() == 0 || inner == 0) return;
  cblas_dgemm(CblasRowMajor,
              blas(a_form),
              blas(b_form),
              static_cast<int>(c.rows()),
              static_cast<int>(c.cols()),
              static_cast<int>(inner),
              scale,
              a.data(),
              leading(a),
              b.data(),
              leading(b),
              1.0,
              c.data(),
              leading(c));
}

void add_product(double scale, MatrixView a, Form a_form, VectorView x, Eigen::Ref<Vector> y) {
  check(rows(a, a_form), columns(a, a_form), x.size(), 1, y.size(), 1);
  if (y.size() == 0 || x.size() == 0) return;
  cblas_dgemv(CblasRowMajor,
              blas(a_form),
              static_cast<int>(a.rows()),
              static_cast<int>(a.cols()),
              scale,
              a.data(),
              leading(a),
              x.data(),
              1,
              1.0,
              y.data(),
              1);
}

}  // namespace thalweg::linalg
