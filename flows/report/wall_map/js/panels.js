// The figures on top, the legend and the ranking.
function drawFigures() {
  const here = slice();
  const the = (name) => figure(name, here);
  const unit = (name) => data.metrics[name].unit;
  const village = { unit: unit("villages_planned") };
  const served = the("supply_rate");
  const after = the("supply_rate_after_plan");
  const cards = [
    ["villages", say("kpi_villages"), percent(the("village_completion_rate")),
      say("kpi_villages_of", { completed: count(the("villages_completed")), planned: count(the("villages_planned")), ...village }),
      say("kpi_target", { rate: percent(the("village_target_rate")), target: count(the("target_villages")), ...village })],
    ["people", say("kpi_people"), percent(the("population_completion_rate")),
      say("kpi_people_of", { completed: count(the("population_completed")), planned: count(the("population_planned")), unit: unit("population_planned") }),
      say("kpi_target", { rate: percent(the("population_target_rate")), target: count(the("target_population")), unit: unit("population_planned") })],
    ["late", say("kpi_late"), count(the("late_villages")), say("kpi_late_open", { open: count(the("late_open")), done: count(added([the("late_villages"), -the("late_open")])), ...village }), say("kpi_late_means")],
    ["supply", say("kpi_supply"), percent(served),
      say("kpi_supply_of", { served: count(served.numerator), rural: count(served.denominator), unit: unit("rural_population") }),
      say("kpi_supply_after", { rate: percent(after), served: count(after.numerator) })],
    ["secured", say("kpi_secured"), percent(the("secured_rate")),
      say("kpi_secured_of", { secured: money(the("secured_yuan")), planned: money(the("planned_yuan")) }), say("kpi_money")],
    ["spent", say("kpi_spent"), percent(the("spent_rate")),
      say("kpi_spent_of", { spent: money(the("spent_yuan")), secured: money(the("secured_yuan")) }), say("kpi_money")],
  ];
  byId("figures").replaceChildren(...cards.map(([name, label, amount, of, more]) =>
    element("article", { class: "kpi", "data-kpi": name },
      element("h3", {}, label),
      element("p", { class: "amount" }, amount, name === "late" ? element("small", {}, village.unit) : null),
      of.split("|").map((part) => element("p", { class: "of" }, part)), element("p", { class: "more" }, more))));
  const all = [say("date_is", { day: day(view.date) }), townNames.get(view.town) ?? say("all_towns"), modeNames.get(view.mode) ?? say("all_modes")];
  byId("scope").textContent = all.join(" · ");
  byId("told").textContent = `${all.join(" · ")}${say("colon")}${cards[0][2]} ${cards[0][3].replace("|", " ")}`;
}

function drawLegend() {
  const lines = linesIn(slice());
  const rejected = lines.filter((one) => one.doubts.includes("rejected")).length;
  byId("legend").replaceChildren(...ORDER.map((code) => {
    const state = data.states.find((one) => one.code === code);
    return element("button", {
      type: "button", class: "state", "aria-pressed": String(view.state === code), title: state.meaning, "data-state": code,
      onclick: () => show({ state: view.state === code ? "" : code }),
    }, symbol(code), state.label, element("b", {}, count(lines.filter((one) => one.state === code).length)),
      code === "doubtful" && rejected ? element("small", {}, say("of_them_rejected", { n: rejected })) : null);
  }));
}

function drawRanking() {
  const rows = data.assessment.filter(([date]) => date === view.date);
  byId("ranking-rows").replaceChildren(...(rows.length ? rows.map(rankingRow)
    : [element("tr", {}, element("td", { colspan: "5" }, say("no_assessment")))]));
}

function rankingRow([, town_code, total_score, rank, grade, action, reason]) {
  const bar = element("i", { "aria-hidden": "true" });
  bar.style.width = `${Math.min(100, Number(total_score))}%`;
  return element("tr", { class: view.town === town_code ? "chosen" : null, title: reason },
    element("td", {}, String(rank)),
    element("th", { scope: "row" }, element("button", { type: "button", onclick: () => show({ town: view.town === town_code ? "" : town_code, village: "" }) },
      townNames.get(town_code) ?? town_code)),
    element("td", { class: "score" }, bar, element("span", {}, score(total_score))),
    element("td", {}, say(`grade_${grade}`)),
    element("td", { class: `action ${action}` }, say(`action_${action}`)));
}

/** Points with two decimals, half up from the four that are published. */
function score(text) {
  const [whole, decimals = ""] = text.split(".");
  const hundredths = Number(whole) * 100 + Math.floor((Number(decimals.padEnd(4, "0").slice(0, 4)) + 50) / 100);
  return `${Math.floor(hundredths / 100)}.${String(hundredths % 100).padStart(2, "0")}`;
}
