#include "link_options.hpp"

namespace thalweg::app {

void add_link_settings(run::Settings& settings, std::string& link, std::string& noise) {
  const std::string group = "Problem";
  settings.add({.name = "link",
                .target = &link,
                .help = "how y depends on the hidden coordinates: mathematics in z, or in z1 to "
                        "z4; thalweg exponent --links lists the links that have names",
                .metavar = "FORMULA",
                .group = group});
  settings.add({.name = "noise",
                .target = &noise,
                .help = "on the response: none, gaussian:LEVEL (a standard deviation) or "
                        "flip:PROBABILITY (of its sign)",
                .metavar = "NOISE",
                .group = group});
}

}  // namespace thalweg::app
