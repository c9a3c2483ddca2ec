#include "thalweg/report/spectrum_page.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "report/headlines.hpp"
#include "report/run_data.hpp"
#include "report/run_frame.hpp"
#include "thalweg/base/progress.hpp"
#include "thalweg/report/numbers.hpp"
#include "thalweg/report/page.hpp"

namespace thalweg::report {
namespace {

constexpr const char* kSource =
    "Methods: [Knyazev2001] block eigenvalues, SIAM J. Sci. Comput. 23(2):517-541; [Ubaru2017] "
    "stochastic Lanczos "
    "quadrature, SIAM J. Matrix Anal. Appl. 38(4):1075-1099; [Hutchinson1990] trace by random "
    "probes.";

/// One layer of `results.layers`.
struct Layer {
  std::string name;
  double parameters, trace, trace_error, top;
};

std::vector<Layer> layers_of(const RunData& run) {
  std::vector<Layer> out;
  const nlohmann::json* layers = run.facts.find("results.layers");
  if (layers == nullptr || !layers->is_array()) return out;
  for (const auto& layer : *layers) {
    if (!layer.is_object()) continue;
    const std::string name = json_text(layer, "name");
    out.push_back({name.empty() ? "unnamed" : name,
                   json_number(layer, "parameters"),
                   json_number(layer, "trace"),
                   json_number(layer, "trace_error"),
                   json_number(layer, "top")});
  }
  return out;
}

std::string with_error(double value, double error) {
  return std::isnan(error) || error == 0 ? number_text(value)
                                         : number_text(value) + " ± " + number_text(error, 2);
}

std::vector<Tile> key_figures(const RunData& run) {
  std::vector<Tile> tiles;
  const auto eigenvalues = run.facts.numbers("results.eigenvalues");
  if (!eigenvalues.empty()) {
    tiles.push_back({"Largest eigenvalue",
                     number_text(eigenvalues.front(), 4),
                     "gradient descent is stable up to a learning rate of " +
                         number_text(2 / eigenvalues.front())});
  }
  if (const auto trace = run.facts.number("results.trace")) {
    const auto error = run.facts.number("results.trace_error");
    const auto parameters = run.facts.number("results.parameters");
    tiles.push_back({"Trace",
                     with_error(*trace, error.value_or(NAN)),
                     parameters ? "mean eigenvalue " + number_text(*trace / *parameters) : ""});
  }
  if (const auto seconds = run.facts.number("seconds_wall")) {
    tiles.push_back({"Time", duration_text(*seconds)});
  }
  return tiles;
}

void add_density(Page& page, const RunData& run) {
  const auto leading = run.facts.numbers("results.eigenvalues");
  const auto all = run.facts.numbers("results.density.eigenvalues");
  DensityPlot plot{.title = "Leading eigenvalues",
                   .takeaway = "One stem per eigenvalue.",
                   .x_label = "eigenvalue of the Hessian",
                   .y_label = "eigenvalues per unit",
                   .points = run.facts.numbers("results.density.points"),
                   .values = run.facts.numbers("results.density.values"),
                   .log_y = true};
  if (!all.empty()) {
    plot.title = "All eigenvalues";
    plot.takeaway = fmt::format("The Hessian is small: these are all {}, one stem each.",
                                count_text(std::ssize(all), "eigenvalue"));
  } else if (!plot.points.empty()) {
    plot.title = "Density of eigenvalues";
    plot.takeaway =
        "The curve is the bulk, on a logarithmic scale; the stems are the leading eigenvalues, "
        "one each.";
  }
  plot.values.resize(plot.points.size(), NAN);
  const auto& stems = all.empty() ? leading : all;
  for (std::size_t i = 0; i < stems.size(); ++i)
    plot.stems.push_back({stems[i], fmt::format("λ{} = {}", i + 1, number_text(stems[i], 5))});
  if (!plot.points.empty() || !plot.stems.empty()) page.drawing(draw(plot));
}

void add_eigenvalues(Page& page, const RunData& run) {
  const auto eigenvalues = run.facts.numbers("results.eigenvalues");
  if (eigenvalues.empty()) return;
  const auto residuals = run.facts.numbers("results.residuals");
  Table table{.caption = "Leading eigenvalues", .head = {"", "Eigenvalue", "Residual"}, .rows = {}};
  for (std::size_t i = 0; i < eigenvalues.size(); ++i) {
    table.rows.push_back({fmt::format("λ{}", i + 1),
                          number_text(eigenvalues[i], 6),
                          i < residuals.size() ? number_text(residuals[i], 2) : "–"});
  }
  page.table(table);
}

BarChart layer_bars(const std::vector<Layer>& layers) {
  BarChart chart{.title = "Trace by layer", .x_label = "trace of the layer's block"};
  for (const Layer& layer : layers) {
    const double error = std::isnan(layer.trace_error) ? 0 : layer.trace_error;
    chart.bars.push_back({layer.name, layer.trace, error});
  }
  const auto most =
      std::max_element(layers.begin(), layers.end(), [](const Layer& a, const Layer& b) {
        return std::isnan(a.trace) || a.trace < b.trace;
      });
  chart.takeaway =
      fmt::format("The curvature is largest in **{}**. Lines show one standard error.", most->name);
  return chart;
}

void add_layers(Page& page, const RunData& run) {
  const auto layers = layers_of(run);
  if (layers.empty()) return;
  page.section("Layer by layer");
  page.drawing(draw(layer_bars(layers)));
  Table table{.caption = "The Hessian's diagonal blocks",
              .head = {"Layer", "Parameters", "Trace", "Per parameter", "Largest eigenvalue"},
              .rows = {}};
  for (const Layer& layer : layers) {
    table.rows.push_back({layer.name,
                          number_text(layer.parameters),
                          with_error(layer.trace, layer.trace_error),
                          number_text(layer.trace / layer.parameters),
                          number_text(layer.top)});
  }
  page.table(table);
}

}  // namespace

std::string spectrum_page(const run::RunFolder& folder) {
  const RunData run = read_run(folder);
  const std::string model = run.facts.text("results.model");
  Page page(model.empty() ? "The spectrum of a Hessian" : "Hessian of " + model, eyebrow(run));
  page.lead(
      "How the training loss curves at these weights: in which directions, how strongly, in which "
      "layers.");
  add_metadata(page, run, {{"Training loss", "training_loss"}});
  page.tiles(key_figures(run));
  page.section("The spectrum");
  for (const std::string& line : spectrum_headline(run.facts).lines) page.paragraph(line);
  add_density(page, run);
  add_warnings(page, run);
  add_eigenvalues(page, run);
  add_layers(page, run);
  add_ending(page, run, kSource);
  return page.html();
}

}  // namespace thalweg::report
