#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace thalweg::nn {

/// at::conv2d(x, weight, {}, stride, padding), square in both, with derivatives of every order that
/// are such convolutions again: a Hessian product takes six of them where the gradient takes three.
/// libtorch 1.13 builds the second derivatives from convolutions with kernels the size of the
/// image, which take several times as long.
/// @param x  (n, channels, height, width)   @param weight  (outputs, channels, side, side)
/// @return (n, outputs, height', width')
at::Tensor convolve(const at::Tensor& x,
                    const at::Tensor& weight,
                    std::int64_t stride,
                    std::int64_t padding);

}  // namespace thalweg::nn
