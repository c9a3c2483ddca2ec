#include "thalweg/nn/architectures.hpp"

#include <functional>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/ndarray.hpp"
#include "thalweg/base/text.hpp"

namespace thalweg::nn {
namespace {

/// Sets one option from its text; `key` is for error messages.
using Setter = std::function<void(const std::string& key, const std::string& text)>;
using Setters = std::map<std::string, Setter>;

Setter integer(std::int64_t& target) {
  return [&](const std::string& key, const std::string& text) { target = parse_int(text, key); };
}

Setter real(double& target) {
  return [&](const std::string& key, const std::string& text) { target = parse_double(text, key); };
}

Setter flag(bool& target) {
  return [&](const std::string& key, const std::string& text) { target = parse_bool(text, key); };
}

Setter activation(Activation& target) {
  return [&](const std::string&, const std::string& text) { target = activation_named(text); };
}

Setter integers(std::vector<std::int64_t>& target) {
  return [&](const std::string& key, const std::string& text) {
    target.clear();
    if (text == "none") return;
    for (const std::string& part : split(text, ',')) target.push_back(parse_int(part, key));
  };
}

/// preset=paper: `set` gives the options the authors' sizes.
template <typename Set>
Setter paper(Set set) {
  return [set](const std::string&, const std::string& text) {
    if (text != "paper") {
      throw InvalidArgument("--model-option",
                            fmt::format("preset '{}' is not known; there is preset=paper.", text));
    }
    set();
  };
}

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
    setter->second(key, option.substr(equals + 1));
  }
}

using Texts = std::vector<std::string>;

std::unique_ptr<Network> mlp_from(const Texts& texts, const DataShape& data) {
  MlpOptions options;
  apply("mlp",
        texts,
        {{"hidden", integers(options.hidden)},
         {"activation", activation(options.activation)},
         {"bias", flag(options.bias)},
         {"init-scale", real(options.init_scale)},
         {"preset", paper([&] {
            options.hidden = {256, 256};
          })}});
  const std::int64_t inputs = std::accumulate(
      data.example.begin(), data.example.end(), std::int64_t{1}, std::multiplies<>());
  return make_mlp(inputs, data.outputs, options);
}

std::unique_ptr<Network> cnn_from(const Texts& texts, const DataShape& data) {
  CnnOptions options;
  apply("cnn",
        texts,
        {{"channels", integers(options.channels)},
         {"kernel", integer(options.kernel)},
         {"hidden", integer(options.hidden)},
         {"activation", activation(options.activation)},
         {"init-scale", real(options.init_scale)},
         {"preset", paper([&] { options = {}; })}});
  return make_cnn(data.example, data.outputs, options);
}

std::unique_ptr<Network> resnet_from(const Texts& texts, const DataShape& data) {
  ResnetOptions options;
  apply("resnet",
        texts,
        {{"width", integer(options.width)},
         {"stages", integers(options.stages)},
         {"cells", integer(options.cells)},
         {"activation", activation(options.activation)},
         {"output-scale", real(options.output_scale)},
         {"preset", paper([&] { options = {}; })}});
  return make_resnet(data.example, data.outputs, options);
}

std::unique_ptr<Network> vit_from(const Texts& texts, const DataShape& data) {
  VitOptions options;
  apply("vit",
        texts,
        {{"patch", integer(options.patch)},
         {"width", integer(options.width)},
         {"layers", integer(options.layers)},
         {"heads", integer(options.heads)},
         {"head-width", integer(options.head_width)},
         {"mlp", integer(options.mlp)},
         {"activation", activation(options.activation)},
         {"output-scale", real(options.output_scale)},
         {"preset", paper([&] { options = {}; })}});
  return make_vit(data.example, data.outputs, options);
}

std::unique_ptr<Network> lstm_from(const Texts& texts, const DataShape& data) {
  LstmOptions options;
  apply("lstm",
        texts,
        {{"embedding", integer(options.embedding)},
         {"hidden", integer(options.hidden)},
         {"layers", integer(options.layers)},
         {"output-scale", real(options.output_scale)},
         {"preset", paper([&] { options = {}; })}});
  return make_lstm(data.vocabulary, data.outputs, options);
}

std::unique_ptr<Network> transformer_from(const Texts& texts, const DataShape& data) {
  TransformerOptions options;
  apply("transformer",
        texts,
        {{"width", integer(options.width)},
         {"layers", integer(options.layers)},
         {"heads", integer(options.heads)},
         {"mlp", integer(options.mlp)},
         {"causal", flag(options.causal)},
         {"activation", activation(options.activation)},
         {"output-scale", real(options.output_scale)},
         {"preset", paper([&] { options = {.causal = options.causal}; })}});
  return make_transformer(data.vocabulary, data.outputs, options);
}

std::unique_ptr<Network> mamba_from(const Texts& texts, const DataShape& data) {
  MambaOptions options;
  apply("mamba",
        texts,
        {{"width", integer(options.width)},
         {"layers", integer(options.layers)},
         {"states", integer(options.states)},
         {"expand", integer(options.expand)},
         {"taps", integer(options.taps)},
         {"output-scale", real(options.output_scale)},
         {"preset", paper([&] { options = {}; })}});
  return make_mamba(data.vocabulary, data.outputs, options);
}

struct Architecture {
  std::string name;
  bool tokens;  ///< takes token sequences, not real numbers
  std::unique_ptr<Network> (*make)(const Texts& options, const DataShape& data);
};

const std::vector<Architecture>& architectures() {
  static const std::vector<Architecture> all = {{"mlp", false, mlp_from},
                                                {"cnn", false, cnn_from},
                                                {"resnet", false, resnet_from},
                                                {"vit", false, vit_from},
                                                {"lstm", true, lstm_from},
                                                {"transformer", true, transformer_from},
                                                {"mamba", true, mamba_from}};
  return all;
}

void check_inputs(const Architecture& architecture, const DataShape& data) {
  const std::string& name = architecture.name;
  if (architecture.tokens && (data.vocabulary == 0 || data.example.size() != 1)) {
    throw InvalidArgument(
        "--model",
        fmt::format("{} needs token sequences (--data sorting or an .npz with integer x and y of "
                    "one shape); these inputs are {} of shape {}. Use --model mlp, cnn, resnet or "
                    "vit.",
                    name,
                    data.vocabulary == 0 ? "real numbers" : "tokens",
                    shape_text(data.example)));
  }
  constexpr std::int64_t kMaxVocabulary = std::int64_t{1} << 20;
  if (data.vocabulary > kMaxVocabulary) {
    throw InvalidArgument("--model",
                          fmt::format("the largest token is {}; at most {} tokens are supported. "
                                      "Renumber x with numpy.unique(x, return_inverse=True)[1].",
                                      data.vocabulary - 1,
                                      kMaxVocabulary));
  }
  if (!architecture.tokens && data.vocabulary != 0) {
    throw InvalidArgument(
        "--model",
        fmt::format("{} needs real numbers; these inputs are tokens. Use --model lstm, transformer "
                    "or mamba for sequences; for a table of integers standardise it (the default) "
                    "or save x.astype(float).",
                    name));
  }
}

}  // namespace

const std::vector<std::string>& network_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Architecture& architecture : architectures()) all.push_back(architecture.name);
    return all;
  }();
  return names;
}

std::unique_ptr<Network> make_network(std::string_view name,
                                      const std::vector<std::string>& options,
                                      const DataShape& data) {
  for (const Architecture& architecture : architectures()) {
    if (architecture.name != name) continue;
    check_inputs(architecture, data);
    return architecture.make(options, data);
  }
  throw InvalidArgument("--model",
                        fmt::format("'{}' is not a model; known are {}.{}",
                                    name,
                                    join(network_names(), ", "),
                                    did_you_mean(name, network_names())));
}

}  // namespace thalweg::nn
