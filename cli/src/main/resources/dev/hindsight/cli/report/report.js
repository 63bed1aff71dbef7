// Draws the charts and the rollouts of a report from the JSON in #data. Text enters the page through
// textContent alone: what a model or an environment wrote is never read as HTML.
(() => {
  const narrow = () => document.documentElement.clientWidth < 760;
  const BASE_DASH = [4, 5];

  // ------------------------------------------------------------- numbers

  function percent(x) {
    if (x == null) return "–";
    const p = 100 * x;
    return (p === 0 ? "0" : p < 0.001 ? "<0.001" : p < 0.1 ? p.toPrecision(1) : p < 1 ? p.toFixed(2) : p.toFixed(1)) + " %";
  }
  const grouped10 = (x) => Number(x.toFixed(1)).toLocaleString("en-US");
  function plain(x) {
    if (x == null) return "–";
    const a = Math.abs(x);
    return a === 0 ? "0" : a < 0.001 ? x.toExponential(0) : a < 10 ? String(Number(x.toPrecision(3))) : grouped10(x);
  }
  const signed = (x) => (x >= 0.05 ? "+" : x <= -0.05 ? "−" : "") + Math.abs(x).toFixed(Math.abs(x) < 9.95 ? 1 : 0);

  // -------------------------------------------------------------- charts

  // The series of one chart: the runs that have such values, and for accuracy the base.
  function series(key) {
    const all = [];
    data.runs.forEach((run, i) => {
      const ys = run.metrics[key];
      if (!ys || !ys.some((y) => y != null)) return;
      const points = run.metrics.generations.map((x, k) => [x, ys[k]]).filter((p) => p[1] != null);
      if (!points.length) return;
      all.push({ label: run.label, stroke: colour(i), dash: dash(i), width: i === 0 ? 2.6 : 2.2, points });
    });
    if (key === "accuracy" && data.base && data.base.accuracy != null && all.length) {
      const end = Math.max(...all.map((s) => s.points[s.points.length - 1][0]));
      all.push({ label: "base model", stroke: css("--base"), dash: BASE_DASH, width: 1.4, flat: true,
        points: [[0, data.base.accuracy], [end, data.base.accuracy]] });
    }
    return all;
  }

  // The index nearest to idx at which series s has a value.
  function nearest(u, s, idx) {
    const ys = u.data[s], xs = u.data[0];
    let left = idx, right = idx;
    while (left >= 0 && ys[left] == null) left--;
    while (right < ys.length && ys[right] == null) right++;
    if (left < 0) return right < ys.length ? right : idx;
    if (right >= ys.length) return left;
    return xs[idx] - xs[left] <= xs[right] - xs[idx] ? left : right;
  }

  // Generations at which a curve first reaches level, between two evaluations; as Curve.java does.
  function reaches(points, level) {
    for (let i = 0; i < points.length; i++) {
      if (points[i][1] >= level) {
        if (i === 0) return points[0][0];
        const [x0, y0] = points[i - 1], [x1, y1] = points[i];
        return x0 + (level - y0) / (y1 - y0) * (x1 - x0);
      }
    }
    return null;
  }

  // A dot, and its number of generations, where each run passes one half.
  function halfMarks(all) {
    return { hooks: { draw: (u) => {
      const ctx = u.ctx, r = devicePixelRatio, y = u.valToPos(0.5, "y", true);
      ctx.save();
      ctx.font = `600 ${12 * r}px ${getComputedStyle(document.body).fontFamily}`;
      for (const s of all) {
        const x = s.flat ? null : reaches(s.points, 0.5);
        if (x == null) continue;
        const px = u.valToPos(x, "x", true);
        ctx.setLineDash([]);
        ctx.beginPath();
        ctx.arc(px, y, 5 * r, 0, 2 * Math.PI);
        ctx.fillStyle = css("--paper");
        ctx.fill();
        ctx.lineWidth = 2.5 * r;
        ctx.strokeStyle = ctx.fillStyle = s.stroke;
        ctx.stroke();
        const label = grouped(x), width = ctx.measureText(label).width;
        ctx.textBaseline = "top";
        ctx.textAlign = "left";
        // to the right, below the curve, or to the left where there is no room
        ctx.fillText(label, px + width + 12 * r > u.bbox.left + u.bbox.width ? px - width - 10 * r : px + 10 * r, y + 4 * r);
      }
      ctx.restore();
    } } };
  }

  // Names beside the ends of the lines, pushed apart where they would overlap.
  function endLabels(all) {
    return { hooks: { draw: (u) => {
      if (narrow()) return;
      const ctx = u.ctx, r = devicePixelRatio;
      const at = all.map((s, i) => ({ s, i, y: u.valToPos(s.points[s.points.length - 1][1], "y", true) }))
        .sort((a, b) => a.y - b.y);
      const gap = 17 * r, low = u.bbox.top + u.bbox.height;
      for (let i = 1; i < at.length; i++) at[i].y = Math.max(at[i].y, at[i - 1].y + gap);
      for (let i = at.length - 1, floor = low; i >= 0; i--, floor = at[i + 1].y - gap) at[i].y = Math.min(at[i].y, floor);
      ctx.save();
      ctx.font = `600 ${12.5 * r}px ${getComputedStyle(document.body).fontFamily}`;
      ctx.textBaseline = "middle";
      ctx.textAlign = "left";
      for (const { s, y } of at) {
        ctx.fillStyle = s.stroke;
        ctx.fillText(s.label, u.bbox.left + u.bbox.width + 8 * r, y);
      }
      ctx.restore();
    } } };
  }

  function textWidth(text) {
    const ctx = document.createElement("canvas").getContext("2d");
    ctx.font = "600 12.5px " + getComputedStyle(document.body).fontFamily;
    return ctx.measureText(text).width;
  }

  const charts = [];
  function chart(key, format, options) {
    const host = document.getElementById("chart-" + key);
    host.replaceChildren();
    const all = series(key);
    if (!all.length) {
      host.append(element("p", "none", "No run recorded this."));
      return;
    }
    const legend = element("ul", "legend");
    const values = all.map((s) => {
      const li = element("li");
      const value = element("span", "value");
      li.append(swatch(s.stroke, s.dash, s.width + 0.4), element("span", "", s.label), value);
      legend.append(li);
      return value;
    });
    const where = element("li", "at");
    if (options.tall) legend.append(where);
    const plot = element("div", "plot");
    host.append(legend, plot);

    // On a log scale a zero lies at the bottom, below everything else; the legend says 0.
    const floor = options.log ? logFloor(all) : null;
    const shown = all.map((s) => [s.points.map((p) => p[0]), s.points.map((p) => (floor && !(p[1] > 0) ? floor : p[1]))]);
    const joined = uPlot.join(shown);
    const told = uPlot.join(all.map((s) => [s.points.map((p) => p[0]), s.points.map((p) => p[1])]));
    const scale = options.log ? { distr: 3, range: (u, min, max) => [floor, Math.pow(10, Math.ceil(Math.log10(max)))] }
      : options.scale;
    const tick = (v) => (v === floor ? "0" : options.tick(v));
    function show(u) {
      const hover = u && u.cursor.idx != null && u.cursor.left >= 0;
      all.forEach((s, i) => {
        const ys = told[i + 1];
        const k = hover ? nearest(u, i + 1, u.cursor.idx) : ys.length - 1;
        let last = k;
        while (last >= 0 && ys[last] == null) last--;
        values[i].textContent = format(s.flat ? s.points[0][1] : ys[last]);
      });
      where.textContent = hover ? "after " + grouped(joined[0][u.cursor.idx]) + " generations" : "at the end";
    }
    const font = `${narrow() ? 11.5 : 12.5}px ${getComputedStyle(document.body).fontFamily}`;
    const axis = { stroke: css("--soft"), font, labelFont: font, grid: { stroke: css("--line"), width: 1 },
      ticks: { stroke: css("--line"), width: 1, size: 5 } };
    const wide = options.tall && !narrow();
    const u = new uPlot({
      width: plot.clientWidth || 600, height: options.tall ? (narrow() ? 260 : 380) : 190,
      legend: { show: false },
      padding: [10, wide ? 20 + Math.max(...all.map((s) => textWidth(s.label))) : 12, 0, 0],
      cursor: { sync: { key: "generations" }, y: false, drag: { x: false, y: false },
        dataIdx: nearest, points: { size: 8 } },
      scales: { x: { time: false, range: (u, min, max) => [0, max > 0 ? max : 1] }, y: scale },
      axes: [
        { ...axis, label: options.tall ? "generations (answers sampled in training)" : undefined, labelSize: 22, size: 30,
          space: 64, values: (u, vs) => vs.map((v) => grouped(v)) },
        { ...axis, ...(options.log ? powersOnly(axis) : {}), size: options.tall ? 54 : 50, values: (u, vs) => vs.map((v) => (v == null ? "" : tick(v))) },
      ],
      series: [{}, ...all.map((s) => ({ label: s.label, stroke: s.stroke, width: s.width, dash: s.dash, spanGaps: true,
        points: { show: false } }))],
      hooks: { setCursor: [show] },
      plugins: options.tall ? [endLabels(all), halfMarks(all)] : [],
    }, joined, plot);
    show(null);
    const last = all.map((s) => s.label + " " + format(s.points[s.points.length - 1][1])).join(", ");
    host.setAttribute("role", "group");
    host.setAttribute("aria-label", options.name + " against generations; at the end: " + last);
    charts.push({ u, plot });
  }

  function numbersTable(all) {
    const host = document.getElementById("numbers-accuracy");
    host.querySelectorAll(".scroll").forEach((e) => e.remove());
    const runs = all.filter((s) => !s.flat);
    if (!runs.length) { host.hidden = true; return; }
    const scroll = element("div", "scroll");
    scroll.tabIndex = 0;
    const table = element("table");
    const head = element("tr");
    for (const h of ["generations", ...runs.map((s) => s.label)]) {
      const th = element("th", "", h);
      th.scope = "col";
      head.append(th);
    }
    const thead = element("thead"), body = element("tbody");
    thead.append(head);
    const joined = uPlot.join(runs.map((s) => [s.points.map((p) => p[0]), s.points.map((p) => p[1])]));
    joined[0].forEach((x, k) => {
      const row = element("tr");
      const th = element("th", "", grouped(x));
      th.scope = "row";
      row.append(th, ...runs.map((s, i) => element("td", "", percent(joined[i + 1][k]))));
      body.append(row);
    });
    table.append(thead, body);
    scroll.append(table);
    host.append(scroll);
  }

  // On a log scale only powers of ten get a line and a number.
  function powersOnly(axis) {
    const filter = (u, splits) =>
      splits.map((v) => (Math.abs(Math.log10(v) - Math.round(Math.log10(v))) < 1e-9 ? v : null));
    return { filter, grid: { ...axis.grid, filter }, ticks: { ...axis.ticks, filter } };
  }
  // The power of ten below every value.
  function logFloor(all) {
    const least = Math.min(...all.flatMap((s) => s.points.map((p) => p[1]).filter((y) => y > 0)));
    return Number.isFinite(least) ? Math.pow(10, Math.ceil(Math.log10(least)) - 1) : 0.01;
  }
  const fromZero = (u, min, max) => [0, max > 0 ? max * 1.06 : 1];

  function drawCharts() {
    charts.splice(0).forEach((c) => c.u.destroy());
    chart("accuracy", percent, { tall: true, name: "Accuracy", scale: { range: [0, 1] },
      tick: (v) => Math.round(100 * v) + " %" });
    chart("entropy", plain, { name: "Entropy", scale: { range: fromZero }, tick: plain });
    chart("response_length", plain, { name: "Response length", scale: { range: fromZero }, tick: plain });
    chart("grad_norm", plain, { name: "Gradient norm", log: true, tick: plain });
    chart("teacher_gap", plain, { name: "Teacher gap", scale: { range: fromZero }, tick: plain });
    numbersTable(series("accuracy"));
  }

  // ------------------------------------------------------------ rollouts

  // Full colour at a factor of e^4, about 55: what lies beyond looks the same, the number says the rest.
  const FULL = 4;
  function tint(v) {
    const share = Math.min(1, Math.abs(v) / FULL);
    return `color-mix(in srgb, var(${v < 0 ? "--low" : "--high"}) ${Math.round(100 * share)}%, var(--mid))`;
  }
  function times(v) {
    const f = Math.exp(Math.abs(v));
    return f >= 1000 ? "more than 1,000" : f >= 20 ? "about " + grouped(f) : f >= 2 ? f.toFixed(0) : f.toFixed(1);
  }
  const probability = (logP) => {
    const p = Math.exp(logP);
    return p >= 0.001 ? p.toFixed(3) : p.toExponential(0);
  };

  function tokenList(sample, worst) {
    const list = element("ol", "tokens mono");
    sample.tokens.forEach((text, i) => {
      const v = sample.log_ratio ? sample.log_ratio[i] : null;
      const li = element("li", "token" + (i === worst ? " worst" : ""));
      const b = element("b", "", text === "" ? "␣" : text);
      const number = element("i", "", v == null ? "" : signed(v));
      if (v == null) {
        b.style.background = "var(--mid)";
      } else {
        b.style.background = tint(v);
        if (v <= -0.5) number.className = "low";
        if (v >= 0.5) number.className = "high";
        li.title = `student ${probability(sample.student_log_probs[i])}, teacher ${
          probability(sample.teacher_log_probs[i])}, log q − log p = ${v.toFixed(3)}`;
      }
      li.append(b, number);
      list.append(li);
    });
    return list;
  }

  // One sentence that follows from the numbers.
  function reading(sample, worst) {
    if (sample.target === false) {
      return "This answer has no target: there was neither feedback nor a sibling's solution to show to a teacher, so it teaches nothing.";
    }
    if (!sample.log_ratio) return "This method has no teacher: the reward alone decides.";
    const v = sample.log_ratio[worst];
    if (v <= -0.5) {
      const read = told(sample).map(([name]) => name).join(" and ") || "more than the student";
      return `Having read ${read}, the teacher finds “${sample.tokens[worst]}” (▲) ${times(v)} times less likely than the student did. This is the token it objects to most.`;
    }
    return "The teacher agrees with every token of this answer: nothing here is much less likely to it than to the student.";
  }

  function probabilities(sample) {
    const details = element("details", "numbers");
    details.append(element("summary", "", "All probabilities"));
    const table = element("table"), thead = element("thead"), head = element("tr"), body = element("tbody");
    for (const h of ["token", "student p", "teacher q", "log q − log p"]) {
      const th = element("th", "", h);
      th.scope = "col";
      head.append(th);
    }
    thead.append(head);
    sample.tokens.forEach((text, i) => {
      const row = element("tr");
      const th = element("th", "mono", text);
      th.scope = "row";
      row.append(th, element("td", "", probability(sample.student_log_probs[i])),
        element("td", "", probability(sample.teacher_log_probs[i])), element("td", "", sample.log_ratio[i].toFixed(3)));
      body.append(row);
    });
    table.append(thead, body);
    details.append(table);
    return details;
  }

  // What the teacher had read and the student had not; it is in the teacher's prompt or it was not used.
  function told(sample) {
    return [["a sibling's solution", sample.solution], ["the feedback", sample.feedback]]
      .filter(([, text]) => text && (sample.teacher_prompt || "").includes(text));
  }

  // The teacher's prompt with what only the teacher knows marked in it.
  function promptText(sample) {
    const pre = element("pre"), prompt = sample.teacher_prompt;
    const places = told(sample).map(([, text]) => [prompt.lastIndexOf(text), text]).sort((a, b) => a[0] - b[0]);
    let done = 0;
    for (const [at, text] of places) {
      if (at < done) continue;
      pre.append(prompt.slice(done, at), element("mark", "", text));
      done = at + text.length;
    }
    pre.append(prompt.slice(done));
    return pre;
  }

  function showRollout(host, sample) {
    host.replaceChildren();
    const dl = element("dl");
    const entry = (term, ...content) => {
      const dd = element("dd");
      dd.append(...content);
      dl.append(element("dt", "", term), dd);
    };
    entry("Question", element("span", "mono", sample.question));
    let worst = 0;
    if (sample.log_ratio) {
      sample.log_ratio.forEach((v, i) => { if (v < sample.log_ratio[worst]) worst = i; });
      if (sample.log_ratio[worst] > -0.5) worst = -1;
    } else {
      worst = -1;
    }
    const right = sample.reward >= 0.5;
    const mark = element("span", "mark " + (right ? "good" : "bad"),
      right ? "✓ right, reward " + plain(sample.reward) : sample.finished === false
        ? "✗ ran out of room, reward " + plain(sample.reward) : "✗ wrong, reward " + plain(sample.reward));
    entry("Student's answer", tokenList(sample, worst), element("p", "reading", reading(sample, Math.max(0, worst))),
      ...(sample.log_ratio ? [scale()] : []));
    entry("Verdict", mark);
    const none = element("span", "why", sample.reward >= 0.5 ? "none: a right answer needs no correction" : "none");
    entry("Feedback", sample.feedback ? element("div", "box mono", sample.feedback) : none);
    if (sample.solution) entry("Sibling's solution", element("div", "box mono", sample.solution));
    if (sample.teacher_prompt && sample.log_ratio) {
      const prompt = element("div", "prompt");
      prompt.append(promptText(sample));
      entry("What the teacher read before rereading the answer", prompt);
    }
    host.append(dl);
    if (sample.log_ratio) host.append(probabilities(sample));
  }

  function scale() {
    const row = element("div", "scale");
    row.append(element("span", "", "less likely to the teacher  −" + FULL), element("span", "bar"),
      element("span", "", "+" + FULL + "  more likely"),
      element("span", "", "the number below a token is log q − log p (teacher q, student p)"));
    return row;
  }

  function chips(title, name, options, selected, onSelect) {
    const fieldset = element("fieldset");
    const row = element("div", "chips");
    fieldset.append(element("legend", "", title), row);
    options.forEach((text, i) => {
      const label = element("label"), input = element("input");
      input.type = "radio";
      input.name = name;
      input.checked = i === selected;
      input.addEventListener("change", () => onSelect(i));
      label.append(input, element("span", "", text));
      row.append(label);
    });
    return fieldset;
  }

  function rollouts() {
    if (!data.samples.length) return;
    const view = document.getElementById("rollout-view");
    const picker = element("div", "picker"), card = element("article", "rollout");
    card.setAttribute("aria-live", "polite");
    view.replaceChildren(picker, card);
    const runs = [...new Set(data.samples.map((s) => s.run))];
    const state = { run: 0, stage: 0, sample: 0 };
    function draw() {
      const ofRun = data.samples.filter((s) => s.run === runs[state.run]);
      const stages = [...new Set(ofRun.map((s) => s.step))];
      state.stage = Math.min(state.stage, stages.length - 1);
      const shown = ofRun.filter((s) => s.step === stages[state.stage]);
      state.sample = Math.min(state.sample, shown.length - 1);
      const names = stages.length === 3 ? ["Early", "Middle", "Late"] : stages.length === 2 ? ["Early", "Late"] : ["Step"];
      const focused = document.activeElement && document.activeElement.name;
      picker.replaceChildren();
      if (runs.length > 1) {
        picker.append(chips("Run", "run", runs.map((r) => data.runs[r].label), state.run,
          (i) => { state.run = i; state.sample = 0; draw(); }));
      }
      picker.append(chips("When", "stage", stages.map((s, i) => (names[i] || "") + " · step " + s), state.stage,
        (i) => { state.stage = i; state.sample = 0; draw(); }));
      picker.append(chips("Question asked", "sample",
        shown.map((s) => s.question.slice(0, 40) + (s.reward >= 0.5 ? " ✓" : " ✗")), state.sample,
        (i) => { state.sample = i; draw(); }));
      if (focused) {
        const again = picker.querySelector(`input[name="${CSS.escape(focused)}"]:checked`);
        if (again) again.focus();
      }
      showRollout(card, shown[state.sample]);
    }
    draw();
  }

  drawCharts();
  rollouts();
  dark.addEventListener("change", drawCharts);
  let wasNarrow = narrow();
  addEventListener("resize", () => {
    if (narrow() !== wasNarrow) {
      wasNarrow = narrow();
      drawCharts();
    } else {
      charts.forEach((c) => c.u.setSize({ width: c.plot.clientWidth, height: c.u.height }));
    }
  });
  document.documentElement.dataset.ready = "true";
})();
