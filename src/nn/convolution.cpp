#include "convolution.hpp"

#include <array>
#include <tuple>

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

namespace thalweg::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

// A convolution belongs to the form T(x, w, g) = <g, conv(x, w)>, linear in each of three places.
// The derivative by one place, given the other two, is the convolution itself (by g) or what
// backpropagation needs (by x or w), and its own derivatives are of the same kind.
enum Place : std::int64_t { kInput, kWeight, kOutput };

constexpr std::array<std::array<Place, 2>, 3> kOthers = {
    {{kWeight, kOutput}, {kInput, kOutput}, {kInput, kWeight}}};

struct Geometry {
  std::int64_t stride, padding;
  at::Tensor x, w;  ///< for their shapes
};

at::Tensor derivative(Place place, const at::Tensor& a, const at::Tensor& b, const Geometry& form);

/// The derivative of T by `place`, a and b in the other two.
struct Derivative : Function<Derivative> {
  static at::Tensor forward(AutogradContext* context,
                            const at::Tensor& a,
                            const at::Tensor& b,
                            Place place,
                            const Geometry& form) {
    context->save_for_backward({a, b});
    auto& saved = context->saved_data;
    saved["place"] = static_cast<std::int64_t>(place);
    saved["stride"] = form.stride;
    saved["padding"] = form.padding;
    saved["x"] = form.x;
    saved["w"] = form.w;
    if (place == kOutput) return at::conv2d(a, b, {}, form.stride, form.padding);
    const at::Tensor& x = place == kInput ? form.x : a;
    const at::Tensor& w = place == kInput ? a : form.w;
    const auto gradients = at::convolution_backward(b,
                                                    x,
                                                    w,
                                                    at::OptionalIntArrayRef(),
                                                    {form.stride, form.stride},
                                                    {form.padding, form.padding},
                                                    {1, 1},
                                                    false,
                                                    {0, 0},
                                                    1,
                                                    {place == kInput, place == kWeight, false});
    return place == kInput ? std::get<0>(gradients) : std::get<1>(gradients);
  }

  static variable_list backward(AutogradContext* context, const variable_list& direction) {
    auto& saved = context->saved_data;
    const Geometry form = {saved["stride"].toInt(),
                           saved["padding"].toInt(),
                           saved["x"].toTensor(),
                           saved["w"].toTensor()};
    const auto place = static_cast<Place>(saved["place"].toInt());
    const variable_list given = context->get_saved_variables();
    variable_list gradients(4);
    for (std::size_t i = 0; i < 2; ++i) {
      if (!context->needs_input_grad(i)) continue;
      const Place wanted = kOthers[place][i];
      const auto value_at = [&](Place p) { return p == place ? direction[0] : given[1 - i]; };
      gradients[i] =
          derivative(wanted, value_at(kOthers[wanted][0]), value_at(kOthers[wanted][1]), form);
    }
    return gradients;
  }
};

at::Tensor derivative(Place place, const at::Tensor& a, const at::Tensor& b, const Geometry& form) {
  return Derivative::apply(a, b, place, form);
}

}  // namespace

at::Tensor convolve(const at::Tensor& x,
                    const at::Tensor& weight,
                    std::int64_t stride,
                    std::int64_t padding) {
  return derivative(kOutput, x, weight, {stride, padding, x.detach(), weight.detach()});
}

}  // namespace thalweg::nn
