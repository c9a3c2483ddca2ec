#include "initial_point.hpp"

#include <optional>
#include <string_view>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/npz.hpp"
#include "thalweg/base/safetensors.hpp"
#include "thalweg/base/text.hpp"
#include "thalweg/nn/device.hpp"

namespace thalweg::app {
namespace {

/// The arrays of a file with the model they are for.
struct Source {
  const std::string& file;
  const NamedArrays& arrays;
  const std::vector<nn::ParameterInfo>& layout;

  std::int64_t dimension() const { return layout.back().offset + layout.back().numel(); }

  /// The flat vector `name`, if it is there.
  std::optional<at::Tensor> flat(const std::string& name) const {
    const auto found = arrays.find(name);
    if (found == arrays.end()) return {};
    if (found->second.size() != dimension()) {
      throw BadInput(file,
                     fmt::format("'{}' holds {} numbers, the model has {} parameters.",
                                 name,
                                 found->second.size(),
                                 dimension()));
    }
    return nn::to_tensor(found->second).to(at::kDouble).flatten();
  }

  /// One tensor a parameter, PREFIX + its name; nothing where the first is missing.
  std::optional<at::Tensor> by_parameter(const std::string& prefix) const {
    if (!arrays.contains(prefix + layout.front().name)) return {};
    at::Tensor vector = at::empty({dimension()}, at::kDouble);
    for (const auto& parameter : layout) {
      const std::string name = prefix + parameter.name;
      const auto found = arrays.find(name);
      if (found == arrays.end() || found->second.shape() != parameter.shape) {
        throw BadInput(file,
                       fmt::format("needs '{}' of shape {}; {}.",
                                   name,
                                   shape_text(parameter.shape),
                                   found == arrays.end()
                                       ? "it is not there"
                                       : "its shape is " + shape_text(found->second.shape())));
      }
      vector.narrow(0, parameter.offset, parameter.numel())
          .copy_(nn::to_tensor(found->second).flatten());
    }
    return vector;
  }

  /// The first form that the file has.
  at::Tensor first_of(const char* flat_name, std::initializer_list<const char*> prefixes) const {
    if (const auto vector = flat(flat_name)) return *vector;
    for (const char* prefix : prefixes) {
      if (const auto vector = by_parameter(prefix)) return *vector;
    }
    return {};
  }
};

void require_finite(const std::string& file, const char* what, const at::Tensor& vector) {
  if (!vector.defined() || at::isfinite(vector).all().item<bool>()) return;
  throw BadInput(file, fmt::format("the {} hold NaN or infinite numbers.", what));
}

/// A Thalweg checkpoint holds every process below its name.
NamedArrays process_arrays(const std::string& file,
                           const NamedArrays& arrays,
                           const std::string& process) {
  std::vector<std::string> processes;
  NamedArrays found;
  constexpr std::string_view kWeights = "/weights";
  for (const auto& [name, array] : arrays) {
    if (name.ends_with(kWeights))
      processes.push_back(name.substr(0, name.size() - kWeights.size()));
    if (name == process + "/weights") found["weights"] = array;
    if (name == process + "/optimizer/second_moment") found["second_moment"] = array;
    if (name == process + "/optimizer/momentum") found["momentum"] = array;
    if (name == process + "/optimizer/time") found["step"] = array;
  }
  if (found.contains("weights")) return found;
  throw BadInput("--init-process",
                 fmt::format("{} has no process '{}'; it has {}.{}",
                             file,
                             process,
                             join(processes, ", "),
                             did_you_mean(process, processes)));
}

}  // namespace

InitialPoint read_initial_point(const std::string& file,
                                const std::string& process,
                                const std::vector<nn::ParameterInfo>& layout) {
  NamedArrays arrays = file.ends_with(".safetensors") ? read_safetensors(file) : read_npz(file);
  if (arrays.contains("discrete/weights") || arrays.contains("central/weights"))
    arrays = process_arrays(file, arrays, process);
  const Source source{file, arrays, layout};
  InitialPoint point{.weights = source.first_of("weights", {""}), .optimizer = {}};
  if (!point.weights.defined()) {
    throw BadInput(
        file,
        fmt::format("needs an array 'weights' of {} numbers, or '{}' of shape {} and so on for "
                    "every parameter.",
                    source.dimension(),
                    layout.front().name,
                    shape_text(layout.front().shape)));
  }
  const auto scalar = arrays.find("second_moment");  // Scalar RMSProp has one for all weights
  point.optimizer.second_moment =
      scalar != arrays.end() && scalar->second.size() == 1
          ? nn::to_tensor(scalar->second).to(at::kDouble).flatten()
          : source.first_of("second_moment", {"square_avg.", "exp_avg_sq."});
  point.optimizer.momentum = source.first_of("momentum", {"momentum_buffer.", "exp_avg."});
  if (const auto step = arrays.find("step"); step != arrays.end() && step->second.size() == 1)
    point.optimizer.time = step->second.to(DType::kFloat64).as<double>()[0];
  require_finite(file, "weights", point.weights);
  require_finite(file, "second moments", point.optimizer.second_moment);
  require_finite(file, "momenta", point.optimizer.momentum);
  if (point.optimizer.second_moment.defined() &&
      (point.optimizer.second_moment < 0).any().item<bool>())
    throw BadInput(file, "the second moments hold negative numbers.");
  return point;
}

}  // namespace thalweg::app
