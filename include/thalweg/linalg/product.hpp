#pragma once

#include "thalweg/linalg/matrix.hpp"

namespace thalweg::linalg {

/// How a matrix enters a product.
enum class Form { kPlain, kTransposed };

/// c += scale a b, each factor in its form, by BLAS: Eigen, compiled for every x86-64, reaches a
/// fifth of its speed. @param c  changed in place. @throws InvalidArgument  shapes that do not fit
void add_product(
    double scale, MatrixView a, Form a_form, MatrixView b, Form b_form, Eigen::Ref<Matrix> c);

/// y += scale a x. @param y  changed in place. @throws InvalidArgument  shapes that do not fit
void add_product(double scale, MatrixView a, Form a_form, VectorView x, Eigen::Ref<Vector> y);

}  // namespace thalweg::linalg
