#pragma once

namespace thalweg::nn {

/// Makes operators that modules of PyTorch use, and that this libtorch lacks or differentiates
/// wrongly, available as compositions of others, so that derivatives of every order are exact:
///
/// - `scaled_dot_product_attention` and `rms_norm`, which libtorch has since 2.0 and 2.4;
/// - `_weight_norm`, whose own second derivative takes the norm for a constant, in every release.
///
/// For the whole process; further calls do nothing.
void provide_operators();

}  // namespace thalweg::nn
