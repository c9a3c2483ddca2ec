#include "thalweg/nn/architectures.hpp"

#include <functional>
#include <map>
#include <numeric>
#include <span>

#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/text.hpp"

namespace thalweg::nn {
namespace {

using Setters = std::map<std::string, std::function<void(const std::string&)>>;

/// Applies KEY=VALUE texts through the setters of one architecture.
void apply(std::string_view name, const std::vector<std::string>& options, const Setters& setters) {
  std::vector<std::string> known;
  for (const auto& [key, setter] : setters) known.push_back(key);
  for (const std::string& option : options) {
    const std::size_t equals = option.find('=');
    const std::string key = option.substr(0, equals);
    const auto setter = setters.find(key);
    if (equals == std::string::npos || setter == setters.end()) {
      throw InvalidArgument("--model-option",
                            fmt::format("'{}' is not KEY=VALUE of model {}; keys are {}.{}",
                                        option,
                                        name,
                                        join(known, ", "),
                                        did_you_mean(key, known)));
    }
    setter->second(option.substr(equals + 1));
  }
}

std::vector<std::int64_t> parse_widths(const std::string& text, const std::string& key) {
  std::vector<std::int64_t> widths;
  if (text == "none") return widths;
  for (const std::string& part : split(text, ',')) widths.push_back(parse_int(part, key));
  return widths;
}

void require_paper(const std::string& preset) {
  if (preset != "paper") {
    throw InvalidArgument("--model-option",
                          fmt::format("preset '{}' is not known; there is preset=paper.", preset));
  }
}

std::unique_ptr<Network> mlp_from(const std::vector<std::string>& texts,
                                  const std::vector<std::int64_t>& example_shape,
                                  std::int64_t outputs) {
  MlpOptions options;
  apply("mlp",
        texts,
        {{"hidden", [&](const std::string& v) { options.hidden = parse_widths(v, "hidden"); }},
         {"activation", [&](const std::string& v) { options.activation = activation_named(v); }},
         {"bias", [&](const std::string& v) { options.bias = parse_bool(v, "bias"); }},
         {"init-scale",
          [&](const std::string& v) { options.init_scale = parse_double(v, "init-scale"); }},
         {"preset", [&](const std::string& v) {
            require_paper(v);
            options.hidden = {256, 256};
          }}});
  const std::int64_t inputs = std::accumulate(
      example_shape.begin(), example_shape.end(), std::int64_t{1}, std::multiplies<>());
  return make_mlp(inputs, outputs, options);
}

std::unique_ptr<Network> cnn_from(const std::vector<std::string>& texts,
                                  const std::vector<std::int64_t>& example_shape,
                                  std::int64_t outputs) {
  CnnOptions options;
  apply(
      "cnn",
      texts,
      {{"channels", [&](const std::string& v) { options.channels = parse_widths(v, "channels"); }},
       {"kernel", [&](const std::string& v) { options.kernel = parse_int(v, "kernel"); }},
       {"hidden", [&](const std::string& v) { options.hidden = parse_int(v, "hidden"); }},
       {"activation", [&](const std::string& v) { options.activation = activation_named(v); }},
       {"init-scale",
        [&](const std::string& v) { options.init_scale = parse_double(v, "init-scale"); }},
       {"preset", [&](const std::string& v) {
          require_paper(v);
          options = CnnOptions{};
        }}});
  return make_cnn(example_shape, outputs, options);
}

}  // namespace

std::unique_ptr<Network> make_network(std::string_view name,
                                      const std::vector<std::string>& options,
                                      const std::vector<std::int64_t>& example_shape,
                                      std::int64_t outputs) {
  if (name == "mlp") return mlp_from(options, example_shape, outputs);
  if (name == "cnn") return cnn_from(options, example_shape, outputs);
  const std::vector<std::string> known = {"mlp", "cnn"};
  throw InvalidArgument("--model",
                        fmt::format("'{}' is not a model; known are {}.{}",
                                    name,
                                    join(known, ", "),
                                    did_you_mean(name, known)));
}

}  // namespace thalweg::nn
