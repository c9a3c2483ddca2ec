// Draws the charts of a Thalweg report with dygraphs: keys that switch series, zoom shared by all charts, values on
// hover, log axes, and colours from page.css in either theme. Tests read what happened from the body's data set:
// `charts` (how many were drawn) and `errors`, and reach the charts by its `thalwegCharts`.
(() => {
  "use strict";

  const DASHES = {
    "solid": null, "dashed": [7, 4], "dotted": [2, 3], "long-dashed": [14, 4], "dash-dotted": [8, 3, 2, 3],
    "dash-dot-dotted": [8, 3, 2, 3, 2, 3],
  };
  const FADE = 0.72; // each further line of one entry is this much fainter than the one before
  const REFERENCE = "reference";

  const errors = [];
  window.addEventListener("error", (event) => {
    errors.push(event.message);
    document.body.dataset.errors = errors.join("; ");
  });
  document.body.dataset.errors = "";

  const property = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // dygraphs draws on a canvas, which knows no custom properties: "#rrggbb" becomes "rgba(...)".
  function colour(name, opacity = 1) {
    const hex = property(name).replace("#", "");
    const [r, g, b] = [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16));
    return `rgba(${r}, ${g}, ${b}, ${opacity})`;
  }

  function numberText(value, digits = 4) {
    const size = Math.abs(value);
    if (size !== 0 && (size < 1e-3 || size >= 1e7)) {
      return value.toExponential(digits - 1).replace(/\.?0+e/, "e").replace("e+", "e").replace(/-/g, "−");
    }
    const rounded = Number(value.toPrecision(Math.max(digits, Math.ceil(Math.log10(size + 1)))));
    return rounded.toLocaleString("en-US", { maximumFractionDigits: 12, useGrouping: size >= 1e4 }).replace("-", "−");
  }

  class Chart {
    constructor(figure, spec, page) {
      this.figure = figure;
      this.spec = spec;
      this.page = page;
      this.shown = spec.traces.map((trace) => trace.visible);
      this.log = spec.log;
      this.lines = spec.traces.flatMap((trace, t) =>
        trace.columns.map((values, c) => ({ label: `${t}:${c}`, trace, t, c, values })));
      this.readout = figure.querySelector(".readout");
      this.logButton = figure.querySelector("[data-action=log]");
      this.resetButton = figure.querySelector("[data-action=reset]");
      this.graph = new Dygraph(figure.querySelector(".plot"), this.rows(), this.options());
      this.connectControls();
    }

    rows() {
      const reference = this.spec.reference ? [this.spec.reference.value] : [];
      return this.spec.x.map((x, r) => [x, ...this.lines.map((line) => line.values[r]), ...reference]);
    }

    openingRange() {
      return this.spec.ceiling === undefined ? null : [null, this.spec.ceiling];
    }

    labels() {
      const reference = this.spec.reference ? [REFERENCE] : [];
      return ["x", ...this.lines.map((line) => line.label), ...reference];
    }

    options() {
      const axis = (pixels) => ({
        axisLabelFormatter: (value) => numberText(value),
        pixelsPerLabel: pixels,
        axisLabelFontSize: 12,
      });
      return {
        labels: this.labels(),
        legend: "never",
        logscale: this.log,
        visibility: this.visibility(),
        connectSeparatedPoints: false,
        highlightCircleSize: 3,
        axisLabelWidth: 56,
        rightGap: 12,
        xRangePad: 1,
        yRangePad: 8,
        valueRange: this.openingRange(),
        axes: { x: axis(60), y: { ...axis(38), ticker: this.verticalTicks } },
        interactionModel: this.interaction(),
        underlayCallback: (context, area, graph) => this.drawUnderlay(context, area, graph),
        highlightCallback: (event, x, points) => this.page.showValues(x, this),
        unhighlightCallback: () => this.page.hideValues(),
        drawCallback: (graph, first) => { if (!first) this.page.follow(this); },
        ...this.colours(),
      };
    }

    // dygraphs' own logarithmic ticks are dense and odd (9, 40, 200): powers of ten, or 1-2-5 within few of them.
    verticalTicks(low, high, pixels, options, graph, values) {
      if (!options("logscale")) return Dygraph.numericTicks(low, high, pixels, options, graph, values);
      const first = Math.ceil(Math.log10(low)), last = Math.floor(Math.log10(high));
      const stride = Math.max(1, Math.ceil((last - first) / (pixels / 30)));
      const factors = last - first < 3 ? [1, 2, 5] : [1];
      const ticks = [];
      for (let exponent = Math.floor((first - 1) / stride) * stride; exponent <= last; exponent += stride) {
        for (const factor of factors) {
          const v = factor * 10 ** exponent;
          if (v >= low && v <= high) ticks.push({ v, label: numberText(v) });
        }
      }
      return ticks;
    }

    // One finger scrolls the page, two zoom the chart: otherwise a narrow screen could not leave it.
    interaction() {
      const model = { ...Dygraph.defaultInteractionModel };
      const start = model.touchstart;
      model.touchstart = (event, graph, context) => {
        if (event.touches.length > 1) start(event, graph, context);
      };
      return model;
    }

    colours() {
      const series = {};
      for (const { label, trace, c } of this.lines) {
        const opacity = trace.band ? 0.3 : trace.opacity * FADE ** c;
        series[label] = {
          color: colour(`--ink-${trace.ink}`, opacity),
          strokeWidth: trace.band ? 0.6 : trace.width,
          strokePattern: DASHES[trace.stroke],
        };
      }
      series[REFERENCE] = {
        color: colour("--muted", 0.8), strokeWidth: 1, strokePattern: [5, 4], highlightCircleSize: 0,
      };
      return { series, axisLineColor: colour("--muted", 0.5), gridLineColor: colour("--rule"), gridLineWidth: 1 };
    }

    visibility() {
      const reference = this.spec.reference ? [true] : [];
      return [...this.lines.map((line) => this.shown[line.t]), ...reference];
    }

    drawUnderlay(context, area, graph) {
      this.spec.traces.forEach((trace, t) => {
        if (trace.band && this.shown[t]) this.fillBand(context, graph, trace);
      });
      if (this.spec.reference) this.writeReference(context, area, graph);
    }

    fillBand(context, graph, trace) {
      const [low, high] = trace.columns;
      context.fillStyle = colour(`--ink-${trace.ink}`, 0.16);
      let upper = [], lower = [];
      const flush = () => {
        if (upper.length > 1) {
          context.beginPath();
          [...upper, ...lower.reverse()].forEach(([px, py]) => context.lineTo(px, py));
          context.fill();
        }
        upper = [];
        lower = [];
      };
      this.spec.x.forEach((x, r) => {
        if (low[r] === null || high[r] === null) return flush();
        upper.push(graph.toDomCoords(x, high[r]));
        lower.push(graph.toDomCoords(x, low[r]));
      });
      flush();
    }

    writeReference(context, area, graph) {
      const y = graph.toDomYCoord(this.spec.reference.value);
      if (y < area.y + 12 || y > area.y + area.h) return;
      context.font = `500 12px ${property("--sans")}`;
      context.fillStyle = colour("--muted");
      context.textAlign = "left";
      context.fillText(this.spec.reference.label, area.x + 8, y - 6);
    }

    connectControls() {
      this.figure.querySelectorAll("[data-trace]").forEach((box) => {
        box.addEventListener("change", () => {
          this.shown[Number(box.dataset.trace)] = box.checked;
          this.graph.updateOptions({ visibility: this.visibility() });
        });
      });
      this.logButton?.addEventListener("click", () => {
        this.log = !this.log;
        this.logButton.setAttribute("aria-pressed", String(this.log));
        this.graph.updateOptions({ logscale: this.log, valueRange: this.openingRange() });
      });
      this.resetButton.addEventListener("click", () => this.page.resetZoom());
      this.logButton?.setAttribute("aria-pressed", String(this.log));
    }

    // Shows all of a colour that the chart opened with, or hides all of it.
    switchInk(ink, on) {
      this.figure.querySelectorAll("[data-trace]").forEach((box) => {
        const trace = this.spec.traces[Number(box.dataset.trace)];
        if (trace.ink !== ink) return;
        box.checked = this.shown[Number(box.dataset.trace)] = on && trace.visible;
      });
      this.graph.updateOptions({ visibility: this.visibility() });
    }

    showValues(x) {
      const row = this.nearestRow(x);
      const entries = this.spec.traces.flatMap((trace, t) => {
        const values = trace.columns.map((column) => column[row]).filter((value) => value !== null);
        return this.shown[t] && values.length ? [[trace, values]] : [];
      });
      this.readout.replaceChildren(this.valueList(row, entries));
      this.readout.hidden = entries.length === 0;
      const right = this.graph.toDomXCoord(x) < this.readout.parentElement.clientWidth / 2;
      this.readout.style.left = right ? "auto" : "4rem";
      this.readout.style.right = right ? "0.6rem" : "auto";
    }

    valueList(row, entries) {
      const list = document.createElement("dl");
      const add = (name, text, ink) => {
        const term = document.createElement("dt");
        term.textContent = name;
        if (ink) term.className = `ink-${ink}`;
        const value = document.createElement("dd");
        value.textContent = text;
        list.append(term, value);
      };
      add(this.spec.xLabel, numberText(this.spec.x[row]));
      for (const [trace, values] of entries) {
        add(trace.name, values.map((value) => numberText(value)).join("  "), trace.ink);
      }
      return list;
    }

    nearestRow(x) {
      const xs = this.spec.x;
      let low = 0, high = xs.length - 1;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (xs[middle] < x) low = middle + 1; else high = middle;
      }
      return low > 0 && x - xs[low - 1] < xs[low] - x ? low - 1 : low;
    }

    window() {
      return this.graph.isZoomed("x") ? this.graph.xAxisRange() : null;
    }
  }

  class ReportPage {
    constructor() {
      this.charts = [];
      this.following = false; // true while one chart's zoom is being copied to the others
      const specs = JSON.parse(document.getElementById("thalweg-charts").textContent);
      for (const figure of document.querySelectorAll("figure[data-chart]")) {
        this.charts.push(new Chart(figure, specs[Number(figure.dataset.chart)], this));
        document.body.dataset.charts = String(this.charts.length);
      }
      document.body.thalwegCharts = this.charts;
      for (const box of document.querySelectorAll("[data-ink]")) {
        box.addEventListener("change", () => {
          for (const chart of this.charts) chart.switchInk(box.dataset.ink, box.checked);
        });
      }
      for (const query of ["(prefers-color-scheme: dark)", "print"]) {
        matchMedia(query).addEventListener("change", () => this.recolour());
      }
    }

    setWindow(window, charts, more = () => ({})) {
      this.following = true;
      for (const chart of charts) chart.graph.updateOptions({ dateWindow: window, ...more(chart) });
      this.following = false;
      for (const chart of this.charts) chart.resetButton.hidden = !chart.graph.isZoomed();
    }

    follow(leader) {
      if (this.following) return;
      this.setWindow(leader.window(), this.charts.filter((chart) => chart !== leader));
    }

    resetZoom() {
      this.setWindow(null, this.charts, (chart) => ({ valueRange: chart.openingRange() }));
    }

    showValues(x) {
      for (const chart of this.charts) chart.showValues(x);
    }

    hideValues() {
      for (const chart of this.charts) chart.readout.hidden = true;
    }

    recolour() {
      this.following = true;
      for (const chart of this.charts) chart.graph.updateOptions(chart.colours());
      this.following = false;
    }
  }

  new ReportPage();
})();
