// Draws the curves of experiments, each a mean with its band, from the JSON in #data.
(() => {
  const percent = (x) => (x == null ? "–" : (100 * x).toFixed(1) + " %");
  let plots = [];

  function draw(chart, i) {
    const host = document.getElementById("chart-" + i);
    host.replaceChildren();
    const legend = element("ul", "legend");
    const colours = chart.lines.map((_, k) => colour(k));
    const values = chart.lines.map((line, k) => {
      const li = element("li"), value = element("span", "value");
      li.append(swatch(colours[k], dash(k), 3), element("span", "", line.label), value);
      legend.append(li);
      return value;
    });
    const plot = element("div", "plot");
    host.append(legend, plot);
    // each line is three series: its mean, and the two ends of its band, which are not drawn but filled between
    const joined = uPlot.join(chart.lines.flatMap((l) => [[l.x, l.mean], [l.x, l.high], [l.x, l.low]]));
    const show = (u) => chart.lines.forEach((_, k) => {
      const ys = joined[3 * k + 1];
      let at = u && u.cursor.idx != null && u.cursor.left >= 0 ? u.cursor.idx : ys.length - 1;
      while (at > 0 && ys[at] == null) at--;
      values[k].textContent = percent(ys[at]);
    });
    const axis = { stroke: css("--soft"), grid: { stroke: css("--line"), width: 1 }, ticks: { stroke: css("--line"), width: 1 } };
    const u = new uPlot({
      width: plot.clientWidth || 600, height: 340,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false } },
      scales: { x: { time: false }, y: { range: [0, 1] } },
      axes: [{ ...axis, label: chart.x, values: (u, vs) => vs.map(grouped) },
        { ...axis, size: 66, values: (u, vs) => vs.map(percent) }],
      series: [{}, ...chart.lines.flatMap((l, k) => [
        { label: l.label, stroke: colours[k], width: 2.4, dash: dash(k), spanGaps: true, points: { show: false } },
        { spanGaps: true, stroke: "transparent", points: { show: false } },
        { spanGaps: true, stroke: "transparent", points: { show: false } }])],
      bands: chart.lines.map((_, k) => ({ series: [3 * k + 2, 3 * k + 3], fill: colours[k] + "30" })),
      hooks: { setCursor: [show] },
    }, joined, plot);
    show(null);
    host.setAttribute("role", "group");
    host.setAttribute("aria-label", chart.name + "; at the end: "
      + chart.lines.map((l) => l.label + " " + percent(l.mean[l.mean.length - 1])).join(", "));
    plots.push({ u, plot });
  }

  function all() {
    plots.forEach(({ u }) => u.destroy());
    plots = [];
    data.forEach(draw);
  }

  all();
  dark.addEventListener("change", all);
  addEventListener("resize", () => plots.forEach(({ u, plot }) => u.setSize({ width: plot.clientWidth, height: 340 })));
})();
