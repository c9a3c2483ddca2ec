#pragma once

#include <memory>

#include "thalweg/estimation/estimator.hpp"

namespace thalweg::index {

/// Ordinary least squares of y on x, the slopes made a unit vector: one direction, order 1.
///
/// By Stein's identity E[x y] points along the hidden direction where E[y h_1(z)] is not zero.
/// Rows are held in memory; needs n > d. Cost: n d^2 multiply-adds and d^3 / 3 for every size.
std::unique_ptr<estimation::Estimator> ols();

}  // namespace thalweg::index
