// charts: over time, to be zoomed and read. SPDX-License-Identifier: MIT
//
// A figure with data-chart (plot.lua) has a picture by the server; where uPlot
// is there, it takes its place. {start, step, unit, series: [{label, values}],
// stacked, live, words}; false is a gap.

const SCALE = {
  bps: [["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"], 1000],
  pps: [["pkt/s", "kpkt/s", "Mpkt/s"], 1000],
  bytes: [["B", "kB", "MB", "GB", "TB"], 1000],
  count: [["", "k", "M", "G"], 1000],
};

function digits(value) {
  const size = Math.abs(value);
  if (size < 1000 && value === Math.floor(value)) return String(value);
  if (size >= 99.95) return value.toFixed(0);
  return value.toFixed(size >= 9.995 ? 1 : 2);
}

function shown(value, unit) {
  if (value === null || value === undefined) return "";
  if (value === 0) return "–";
  const [units, base] = SCALE[unit];
  let at = 0;
  while (at < units.length - 1 && Math.abs(value) >= base - 0.5) {
    value /= base;
    at++;
  }
  return `${digits(value)} ${units[at]}`;
}

// The time of a tick, as exact as the ticks are apart.
function clock(seconds, step) {
  const time = new Date(seconds * 1000);
  const two = (number) => String(number).padStart(2, "0");
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-` +
    two(time.getDate());
  const minute = `${two(time.getHours())}:${two(time.getMinutes())}`;
  if (step >= 86400) return day;
  if (step >= 3600 && minute === "00:00") return day.slice(5);
  return step >= 60 ? minute : `${minute}:${two(time.getSeconds())}`;
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name)
    .trim();
}

function loadPlotter() {
  const { prefix } = document.body.dataset;
  const sheet = document.createElement("link");
  sheet.rel = "stylesheet";
  sheet.href = `${prefix}/static/vendor/uPlot.css`;
  document.head.append(sheet);
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = `${prefix}/static/vendor/uPlot.js`;
    script.addEventListener("load", () => resolve(window.uPlot));
    script.addEventListener("error", reject);
    document.head.append(script);
  });
}

// Each on top of those before it; what is hidden counts as nothing.
function stack(columns, isShown) {
  const sums = new Array(columns[0]?.length ?? 0).fill(0);
  return columns.map((column, i) => column.map((value, at) => {
    if (!isShown(i)) return null;
    if (value === null) return i === 0 ? null : sums[at];
    sums[at] += value;
    return sums[at];
  }));
}

class Chart {
  constructor(figure, uPlot) {
    this.figure = figure;
    this.uPlot = uPlot;
    this.chart = JSON.parse(figure.dataset.chart);
    const { start, step, series } = this.chart;
    const count = series[0].values.length;
    this.times = Array.from({ length: count }, (_, i) => start + i * step);
    this.columns = series.map(({ values }) =>
      values.map((value) => value === false ? null : value));
    this.hidden = series.map(() => false);
    this.box = figure.querySelector(".plot");
    this.caption = figure.querySelector("figcaption");
    this.draw();
    new ResizeObserver(() => this.plot.setSize(this.size()))
      .observe(this.box);
  }

  size() {
    return { width: this.box.clientWidth, height: this.box.clientHeight };
  }

  data() {
    return [this.times, ...this.chart.stacked
      ? stack(this.columns, (i) => !this.hidden[i]) : this.columns];
  }

  paint(i) {
    const name = this.chart.series.length > 1 ? `--s${(i + 1) % 10}`
      : "--accent";
    return colour(name);
  }

  options() {
    const { series, unit, stacked } = this.chart;
    const axis = { stroke: colour("--soft"), font: "11px system-ui",
      grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
    const bands = stacked ? series.slice(1).map((_, i) =>
      ({ series: [i + 2, i + 1] })) : undefined;
    return {
      ...this.size(),
      legend: { show: false },
      cursor: { sync: { key: "page" }, drag: { x: true, y: false },
        points: { size: 6 } },
      scales: { y: { range: (_, low, high) => [Math.min(0, low),
        high > 0 ? high * 1.06 : 1] } },
      axes: [
        { ...axis, size: 30, space: 80, values: (_, ticks, __, ___, step) =>
          ticks.map((value) => clock(value, step)) },
        { ...axis, size: 74, values: (_, ticks) =>
          ticks.map((value) => value === 0 ? "0" : shown(value, unit)) },
      ],
      bands,
      series: [{}, ...series.map(({ label }, i) => ({
        label, stroke: this.paint(i), width: 1.5, show: !this.hidden[i],
        points: { show: false },
        fill: series.length === 1 ? colour("--accent-soft")
          : stacked ? `${this.paint(i)}b0` : undefined,
      }))],
      hooks: { setCursor: [() => this.legend()] },
    };
  }

  draw() {
    this.plot?.destroy();
    this.box.replaceChildren();
    this.plot = new this.uPlot(this.options(), this.data(), this.box);
    this.box.title = this.chart.words.reset;
    const canvas = this.box.querySelector("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", this.chart.label);
    this.makeLegend();
    this.legend();
  }

  // Buttons: a click shows one alone, or all again.
  makeLegend() {
    this.entries = this.chart.series.map(({ label }, i) => {
      const entry = document.createElement("button");
      entry.type = "button";
      entry.className = "entry";
      const key = document.createElement("span");
      key.className = "key";
      key.style.background = this.paint(i);
      const text = document.createElement("span");
      const name = document.createElement("span");
      name.textContent = label;
      entry.append(key, name, text);
      entry.addEventListener("click", () => this.isolate(i));
      return { entry, text };
    });
    this.caption.replaceChildren(...this.entries.map(({ entry }) => entry));
  }

  isolate(i) {
    if (this.hidden.length === 1) return;
    const alone = this.hidden.every((is, at) => is === (at !== i));
    this.hidden = this.hidden.map((_, at) => !alone && at !== i);
    this.draw();
  }

  legend() {
    const { words, unit, step } = this.chart;
    const at = this.plot?.cursor?.idx;
    this.entries?.forEach(({ entry, text }, i) => {
      const column = this.columns[i];
      const known = column.filter((value) => value !== null);
      entry.classList.toggle("off", this.hidden[i]);
      if (at !== null && at !== undefined) {
        text.textContent = shown(column[at], unit);
        return;
      }
      const sum = known.reduce((a, b) => a + b, 0);
      const parts = [
        `${words.now} ${shown(known.at(-1), unit)}`,
        `${words.average} ${shown(known.length ? sum / known.length : 0,
          unit)}`,
        `${words.maximum} ${shown(known.reduce((a, b) => Math.max(a, b), 0),
          unit)}`,
      ];
      if (unit === "bps") {
        parts.push(`${words.total} ${shown(sum * step / 8, "bytes")}`);
      }
      text.textContent = parts.join(" · ");
    });
  }

  // One more second, and the oldest leaves once there are enough of them.
  push({ time, bytes }) {
    if (time <= this.times.at(-1)) return;
    while (this.times.at(-1) < time - 1) this.add(this.times.at(-1) + 1, null);
    this.add(time, bytes * 8);
    this.plot.setData(this.data());
    this.legend();
  }

  add(time, value) {
    this.times.push(time);
    this.columns[0].push(value);
    if (this.times.length > 300) {
      this.times.shift();
      this.columns[0].shift();
    }
  }
}

export async function startCharts() {
  let uPlot;
  try {
    uPlot = await loadPlotter();
  } catch {
    return; // the pictures of the server stay
  }
  const charts = [...document.querySelectorAll("[data-chart]")]
    .map((figure) => new Chart(figure, uPlot));
  document.addEventListener("second", ({ detail }) => {
    for (const chart of charts) {
      if (chart.chart.live) chart.push(detail);
    }
  });
  const redraw = () => charts.forEach((chart) => chart.draw());
  document.addEventListener("theme", redraw);
  matchMedia("(prefers-color-scheme: dark)")
    .addEventListener("change", redraw);
}
