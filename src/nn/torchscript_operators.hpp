#pragma once

#include <string>

namespace thalweg::nn {

/// Makes operators that modules of PyTorch use, and that this libtorch lacks or differentiates
/// wrongly, available as compositions of others, so that derivatives of every order are exact:
///
/// - `scaled_dot_product_attention`, `rms_norm` and `broadcast_shapes`, which libtorch 1.13 lacks;
/// - `_weight_norm`, whose own second derivative takes the norm for a constant, in every release;
/// - `hardsigmoid`, whose own has no second derivative in 1.13.
///
/// For the whole process; further calls do nothing.
void provide_operators();

/// Lets modules be loaded that mention the operator `name` ("aten::x"), which this libtorch does
/// not have, as PyTorch's own code does in branches for other versions. Calling it is refused with
/// the text of load_failure().
void provide_stub(const std::string& name);

}  // namespace thalweg::nn
