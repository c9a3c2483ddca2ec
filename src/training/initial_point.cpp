#include "thalweg/training/initial_point.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "thalweg/base/array_file.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/ndarray.hpp"
#include "thalweg/base/text.hpp"
#include "thalweg/nn/device.hpp"

namespace thalweg::training {
namespace {

/// Before the names of parameters, in the files of a run that is going on in PyTorch.
constexpr std::array<std::string_view, 4> kMoments = {
    "square_avg.", "exp_avg_sq.", "momentum_buffer.", "exp_avg."};

/// Inside names, where a submodule was wrapped.
constexpr std::array<std::string_view, 3> kWrappers = {
    "_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module."};

std::string unwrapped(std::string name) {
  for (const std::string_view wrapper : kWrappers) {
    for (std::size_t at = 0; (at = name.find(wrapper, at)) != std::string::npos;) {
      if (at == 0 || name[at - 1] == '.') {
        name.erase(at, wrapper.size());
      } else {
        ++at;
      }
    }
  }
  return name;
}

/// At most a few names, for a sentence.
std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 5;
  if (names.size() <= kMost) return join(names, ", ");
  return fmt::format(
      "{} and {} more", join(std::span(names).first(kMost), ", "), names.size() - kMost);
}

/// The arrays of a file under the names that the model has for them.
class Source {
 public:
  Source(const ArrayFile& file, const ModelLayout& layout) : file_(file), layout_(layout) {
    for (const std::string& name : file.names()) by_name_[unwrapped(name)].push_back(name);
  }

  std::int64_t dimension() const {
    return layout_.parameters.back().offset + layout_.parameters.back().numel();
  }
  const ModelLayout& layout() const { return layout_; }

  [[noreturn]] void fail(const std::string& sentence) const {
    throw BadInput(file_.name(), sentence);
  }

  bool has(const std::string& name) const { return by_name_.contains(name); }

  /// Reads an array; it counts as used from here on. @throws BadInput  if several have this name
  NdArray read(const std::string& name) {
    const auto& names = by_name_.at(name);
    if (names.size() > 1) {
      fail(fmt::format(
          "holds both '{}' and '{}', which are one parameter. Leave one out.", names[0], names[1]));
    }
    used_.insert(names.front());
    if (names.front() != name) wrapped_ = true;
    return file_.read(names.front());
  }

  /// The flat vector `name`, where it is there and no parameter has this name.
  std::optional<at::Tensor> flat(const std::string& name) {
    if (!has(name) || is_parameter(name)) return {};
    const NdArray array = read(name);
    if (array.size() != dimension()) {
      fail(fmt::format(
          "'{}' holds {} numbers, the model has {} parameters.", name, array.size(), dimension()));
    }
    return nn::to_tensor(array).to(at::kDouble).flatten();
  }

  /// Chooses the prefix that the names of all parameters have in the file.
  /// @throws BadInput  where a parameter is missing, or there are several prefixes
  void choose_prefix() {
    if (complete("")) return;
    std::vector<std::string> prefixes;
    for (const auto& [name, names] : by_name_) {
      const auto prefix = prefix_before(name, layout_.parameters.front().name);
      if (prefix && !is_moment(*prefix) && complete(*prefix)) prefixes.push_back(*prefix);
    }
    if (prefixes.size() > 1) {
      fail(fmt::format("holds the model's parameters under '{}' and under '{}'. Save one of them.",
                       prefixes[0],
                       prefixes[1]));
    }
    if (prefixes.empty()) fail_incomplete();
    prefix_ = prefixes.front();
  }
  const std::string& prefix() const { return prefix_; }

  /// One tensor per parameter as a flat vector; nullopt if the first is missing.
  /// @param moment  before the names, or ""
  std::optional<at::Tensor> by_parameter(const std::string& moment) {
    if (!name_in_file(moment, layout_.parameters.front().name)) return {};
    at::Tensor vector = at::empty({dimension()}, at::kDouble);
    for (const auto& parameter : layout_.parameters) {
      const auto name = name_in_file(moment, parameter.name);
      if (!name) {
        fail(fmt::format("needs '{}' of shape {}; it is not there.",
                         moment + prefix_ + parameter.name,
                         shape_text(parameter.shape)));
      }
      vector.narrow(0, parameter.offset, parameter.numel())
          .copy_(tensor(*name, parameter.shape).flatten());
    }
    return vector;
  }

  /// Tied parameters under their other names must say the same.
  void check_ties(const at::Tensor& weights) {
    for (const auto& [tie, first] : layout_.ties) {
      const auto name = name_in_file("", tie);
      if (!name || used_.contains(by_name_.at(*name).front())) continue;
      const auto parameter = std::ranges::find(layout_.parameters, first, &nn::ParameterInfo::name);
      const at::Tensor other = tensor(*name, parameter->shape).flatten();
      if (other.equal(weights.narrow(0, parameter->offset, parameter->numel()))) continue;
      fail(
          fmt::format("the model ties '{}' to '{}', but the file has different numbers for them. "
                      "Leave one out.",
                      tie,
                      first));
    }
  }

  /// What the file has of the model's state; `missing` names the rest.
  std::map<std::string, at::Tensor> state(std::vector<std::string>& missing) {
    std::map<std::string, at::Tensor> found;
    for (const auto& info : layout_.state) {
      if (const auto name = name_in_file("", info.name)) {
        found.emplace(info.name, tensor(*name, info.shape));
      } else {
        missing.push_back(info.name);
      }
    }
    return found;
  }

  std::vector<std::string> unused() const {
    std::vector<std::string> names;
    for (const std::string& name : file_.names()) {
      if (!used_.contains(name)) names.push_back(name);
    }
    return names;
  }
  bool was_wrapped() const { return wrapped_; }

 private:
  static std::optional<std::string> prefix_before(const std::string& name,
                                                  const std::string& parameter) {
    if (!name.ends_with("." + parameter)) return {};
    return name.substr(0, name.size() - parameter.size());
  }

  static bool is_moment(const std::string& prefix) {
    return std::ranges::any_of(kMoments, [&](auto moment) { return prefix.starts_with(moment); });
  }

  bool is_parameter(const std::string& name) const {
    return std::ranges::find(layout_.parameters, name, &nn::ParameterInfo::name) !=
           layout_.parameters.end();
  }

  /// A parameter by its first name or one that is tied to it.
  std::optional<std::string> name_under(const std::string& prefix, const std::string& name) const {
    if (has(prefix + name)) return prefix + name;
    for (const auto& [tie, first] : layout_.ties) {
      if (first == name && has(prefix + tie)) return prefix + tie;
    }
    return {};
  }

  std::optional<std::string> name_in_file(const std::string& moment,
                                          const std::string& name) const {
    if (const auto found = name_under(moment + prefix_, name)) return found;
    if (moment.empty() || prefix_.empty()) return {};
    return name_under(moment, name);
  }

  bool complete(const std::string& prefix) const {
    return std::ranges::all_of(layout_.parameters, [&](const nn::ParameterInfo& parameter) {
      return name_under(prefix, parameter.name).has_value();
    });
  }

  [[noreturn]] void fail_incomplete() const {
    const auto missing = std::ranges::find_if(
        layout_.parameters,
        [&](const nn::ParameterInfo& parameter) { return !name_under("", parameter.name); });
    const bool any = missing != layout_.parameters.begin();
    std::vector<std::string> others = file_.names();
    std::erase_if(others, [&](const std::string& name) { return is_parameter(name); });
    fail(fmt::format(
        "needs {} '{}' of shape {}{}.{} {}",
        any ? "an array" : fmt::format("an array 'weights' of {} numbers, or", dimension()),
        missing->name,
        shape_text(missing->shape),
        any ? "; it is not there" : " and so on for every parameter",
        did_you_mean(missing->name, others),
        file_.names().empty() ? "It is empty."
                              : fmt::format("It has {}.", some_of(file_.names()))));
  }

  at::Tensor tensor(const std::string& name, const std::vector<std::int64_t>& shape) {
    const NdArray array = read(name);
    if (array.shape() != shape) {
      fail(fmt::format("needs '{}' of shape {}; its shape is {}.",
                       name,
                       shape_text(shape),
                       shape_text(array.shape())));
    }
    const at::Tensor values = nn::to_tensor(array);
    return values.is_floating_point() ? values.to(at::kDouble) : values;
  }

  const ArrayFile& file_;
  const ModelLayout& layout_;
  std::map<std::string, std::vector<std::string>> by_name_;  // unwrapped, with the file's names
  std::set<std::string> used_;                               // names of the file
  std::string prefix_;
  bool wrapped_ = false;
};

void require_finite(const Source& source, const std::string& what, const at::Tensor& tensor) {
  if (!tensor.defined() || !tensor.is_floating_point() || tensor.isfinite().all().item<bool>())
    return;
  source.fail(fmt::format("{} must be finite; the file has NaN or infinite numbers there.", what));
}

double read_number(const NdArray& array) { return array.to(DType::kFloat64).as<double>()[0]; }

at::Tensor moment_of(Source& source,
                     const char* flat_name,
                     std::initializer_list<const char*> names) {
  if (const auto vector = source.flat(flat_name)) return *vector;
  for (const char* name : names) {
    if (const auto vector = source.by_parameter(name)) return *vector;
  }
  return {};
}

/// Scalar RMSProp has one second moment for all weights.
at::Tensor second_moment_of(Source& source) {
  const char* name = "second_moment";
  if (source.has(name)) {
    const NdArray array = source.read(name);
    if (array.size() == 1) return nn::to_tensor(array).to(at::kDouble).flatten();
  }
  return moment_of(source, name, {"square_avg.", "exp_avg_sq."});
}

void read_state(Source& source, InitialPoint& point) {
  std::vector<std::string> missing;
  point.state = source.state(missing);
  for (const auto& [name, tensor] : point.state) require_finite(source, "'" + name + "'", tensor);
  if (!missing.empty()) {
    point.notes.push_back(fmt::format(
        "The file does not hold {}, which the model keeps beside its weights: it keeps its own.",
        some_of(missing)));
  }
}

void note_names(const Source& source, InitialPoint& point) {
  if (source.was_wrapped())
    point.notes.push_back("The file's names were unwrapped (of torch.compile or FSDP).");
  if (!source.prefix().empty()) {
    point.notes.push_back(
        fmt::format("The names in the file begin with '{}', which was left out.", source.prefix()));
  }
  if (const auto unused = source.unused(); !unused.empty())
    point.notes.push_back(fmt::format("Not used of the file: {}.", some_of(unused)));
}

InitialPoint read_arrays(const ArrayFile& file, const ModelLayout& layout) {
  Source source(file, layout);
  InitialPoint point;
  if (const auto weights = source.flat("weights")) {
    point.weights = *weights;
  } else {
    source.choose_prefix();
    point.weights = *source.by_parameter("");
    source.check_ties(point.weights);
  }
  read_state(source, point);
  point.second_moment = second_moment_of(source);
  point.momentum = moment_of(source, "momentum", {"momentum_buffer.", "exp_avg."});
  if (source.has("step")) {
    const NdArray step = source.read("step");
    if (step.size() == 1) point.step = read_number(step);
  }
  require_finite(source, "the weights", point.weights);
  require_finite(source, "the second moment", point.second_moment);
  require_finite(source, "the momentum", point.momentum);
  if (point.second_moment.defined() && point.second_moment.lt(0).any().item<bool>())
    source.fail("the second moments hold negative numbers.");
  note_names(source, point);
  return point;
}

constexpr std::string_view kWeights = "/weights";

/// The processes of a Thalweg checkpoint, each of which holds its arrays below its name.
std::vector<std::string> processes_of(const ArrayFile& file) {
  std::vector<std::string> processes;
  for (const std::string& name : file.names()) {
    if (name.ends_with(kWeights))
      processes.push_back(name.substr(0, name.size() - kWeights.size()));
  }
  return processes;
}

InitialPoint read_process(const ArrayFile& file,
                          const std::string& process,
                          std::int64_t dimension) {
  const auto vector = [&](const char* name) {
    const std::string path = process + "/" + name;
    return file.contains(path) ? nn::to_tensor(file.read(path)).to(at::kDouble).flatten()
                               : at::Tensor();
  };
  if (!file.contains(process + std::string(kWeights))) {
    const auto processes = processes_of(file);
    throw BadInput("--init-process",
                   fmt::format("{} has no process '{}'; it has {}.{}",
                               file.name(),
                               process,
                               join(processes, ", "),
                               did_you_mean(process, processes)));
  }
  InitialPoint point{.weights = vector("weights"),
                     .second_moment = vector("optimizer/second_moment"),
                     .momentum = vector("optimizer/momentum")};
  if (point.weights.numel() != dimension) {
    throw BadInput(file.name(),
                   fmt::format("is a checkpoint of a model of {} parameters; this model has {}.",
                               point.weights.numel(),
                               dimension));
  }
  if (const at::Tensor time = vector("optimizer/time"); time.defined())
    point.step = time.item<double>();
  return point;
}

}  // namespace

InitialPoint read_initial_point(const std::filesystem::path& path,
                                const std::string& process,
                                const ModelLayout& layout) {
  const ArrayFile file(path);
  const bool checkpoint = file.contains("discrete/weights") || file.contains("central/weights");
  if (!checkpoint) return read_arrays(file, layout);
  const auto& last = layout.parameters.back();
  return read_process(file, process, last.offset + last.numel());
}

}  // namespace thalweg::training
