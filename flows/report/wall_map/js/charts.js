// Progress against the plan over time, and funds by source.
const MEASURES = {
  villages: { completed: "villages_completed", planned: "villages_planned", target: "target_villages", of: () => 1 },
  people: { completed: "population_completed", planned: "population_planned", target: "target_population", of: (one) => one.population ?? 0 },
};
const DAY = 86_400_000;
const time = (iso) => Date.parse(`${iso}T00:00:00Z`);

/** What is reported completed at every report date, and how much was to be by every planned day. */
function progress() {
  const measure = MEASURES[view.measure];
  const reported = data.dates.map((date) => ({ date, amount: figure(measure.completed, { ...slice(), report_date: date }) }))
    .filter(({ amount }) => amount !== null);
  const lines = linesIn(slice()).filter((one) => !one.doubts.includes("rejected"));
  const due = sorted(lines.filter((one) => one.planned_finish), (a, b) => (a.planned_finish < b.planned_finish ? -1 : 1));
  const plan = [];
  let amount = 0;
  for (const [date, group] of grouped(due, (one) => one.planned_finish)) {
    amount += group.reduce((sum, one) => sum + measure.of(one), 0);
    plan.push({ date, amount });
  }
  const dueBy = (date) => last(plan.filter((point) => point.date <= date))?.amount ?? 0;
  return { reported, plan, dueBy, target: figure(measure.target, slice()), undated: lines.length - due.length,
    unit: data.metrics[measure.planned].unit };
}

function drawProgress() {
  const { reported, plan, dueBy, target, undated, unit } = progress();
  const chart = byId("progress-chart");
  const dates = sorted([...reported, ...plan].map(({ date }) => date));
  const now = reported.find(({ date }) => date === view.date);
  byId("progress-said").textContent = say("progress_said", {
    done: count(now?.amount ?? null), due: count(dueBy(view.date)), target: count(target), unit,
  }) + (undated ? say("progress_undated", { n: undated }) : "");
  byId("progress-rows").replaceChildren(...reported.map(({ date, amount }) =>
    element("tr", {}, element("th", { scope: "row" }, date), element("td", {}, count(amount)), element("td", {}, count(dueBy(date))), element("td", {}, count(target)))));
  if (!dates.length) return chart.replaceChildren();
  const [width, height] = [Math.max(chart.clientWidth || 480, 260), 216];
  const box = { left: 46, right: width - 14, top: 18, bottom: height - 26 };
  const most = Math.max(1, target ?? 0, ...reported.map((point) => point.amount), ...plan.map((point) => point.amount));
  const [from, to] = [time(dates[0]), Math.max(time(last(dates)), time(dates[0]) + DAY)];
  const x = (iso) => box.left + ((time(iso) - from) / (to - from)) * (box.right - box.left);
  const ticks = niceTicks(most);
  const y = (amount) => box.bottom - (amount / Math.max(most, last(ticks))) * (box.bottom - box.top);
  const drawing = drawn("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": byId("progress-said").textContent },
    ticks.map((tick) => [drawn("line", { x1: box.left, x2: box.right, y1: y(tick), y2: y(tick), class: "rule" }),
      drawn("text", { x: box.left - 6, y: y(tick) + 4, class: "axis end" }, count(tick))]),
    axisDates(dates, x).map(([iso, at, anchor]) => drawn("text", { x: at, y: height - 7, class: `axis ${anchor}` }, shortDay(iso))),
    drawn("line", { x1: x(view.date), x2: x(view.date), y1: box.top, y2: box.bottom, class: "today" }),
    target ? drawn("line", { x1: box.left, x2: box.right, y1: y(target), y2: y(target), class: "target" }) : null,
    drawn("path", { d: steps(plan, x, y, box), class: "planned" }),
    drawn("path", { d: `M${reported.map((point) => `${x(point.date)},${y(point.amount)}`).join("L")}`, class: "done" }),
    reported.map((point) => drawn("circle", { cx: x(point.date), cy: y(point.amount), r: point.date === view.date ? 5 : 3, class: "dot" })),
    now ? drawn("text", { x: x(now.date) - 8, y: y(now.amount) - 9, class: "value end" }, count(now.amount)) : null);
  chart.replaceChildren(drawing);
}

/** The plan rises on the days it names and stands between them. */
function steps(plan, x, y, box) {
  if (!plan.length) return "";
  return `M${box.left},${y(0)}${plan.map((point) => `H${x(point.date)}V${y(point.amount)}`).join("")}H${box.right}`;
}

function niceTicks(most) {
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 2.5, 5, 10].map((times) => times * power).find((candidate) => candidate >= rough));
  return Array.from({ length: Math.floor(most / step + 1.0001) }, (_, at) => Math.round(at * step));
}

/** As many dates below the axis as there is room for, the first, the last and the one shown before others. */
function axisDates(dates, x) {
  const [first, end] = [dates[0], last(dates)];
  const anchorOf = (date) => (date === first ? "start" : date === end ? "end" : "middle");
  const widthOf = (date) => [...shortDay(date)].reduce((sum, letter) => sum + (letter > "\u00ff" ? 12.5 : 7), 8);
  const leftOf = (date) => x(date) - widthOf(date) * { start: 0, middle: 0.5, end: 1 }[anchorOf(date)];
  const kept = [];
  for (const date of new Set([first, end, view.date, ...data.dates])) {
    const isFree = kept.every((other) => leftOf(date) > leftOf(other) + widthOf(other) || leftOf(other) > leftOf(date) + widthOf(date));
    if (date >= first && date <= end && isFree) kept.push(date);
  }
  return kept.map((date) => [date, x(date), anchorOf(date)]);
}

function drawFunding() {
  const everything = data.sources.map(([code]) => ({ ...slice(), funding_source: code }));
  const most = Math.max(1, ...everything.map((here) => Math.max(figure("planned_yuan", here) ?? 0, figure("secured_yuan", here) ?? 0)));
  const rows = everything.filter((here) => figure("planned_yuan", here) !== null || figure("secured_yuan", here) !== null);
  byId("funding-rows").replaceChildren(
    ...rows.map((here) => fundingRow(sourceNames.get(here.funding_source), here, most)),
    ...(rows.length ? [fundingRow(say("all_sources"), slice(), null)] : [element("tr", {}, element("td", { colspan: "4" }, say("no_funding")))]));
}

function fundingRow(name, here, most) {
  const amounts = ["planned_yuan", "secured_yuan", "spent_yuan"].map((metric) => figure(metric, here));
  const bars = most && element("div", { class: "bars", "aria-hidden": "true" }, ["planned", "secured", "spent"].map((kind, at) => {
    const bar = element("i", { class: kind });
    bar.style.width = `${(100 * (amounts[at] ?? 0)) / most}%`;
    return bar;
  }));
  return element("tr", { class: most ? null : "total" }, element("th", { scope: "row" }, name, bars || null),
    amounts.map((amount, at) => element("td", {}, money(amount),
      at ? element("small", {}, percent(figure(["secured_rate", "spent_rate"][at - 1], here))) : null)));
}
