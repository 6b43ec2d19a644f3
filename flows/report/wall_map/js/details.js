// One village: its figures, each with the cell it stands in, the visits and issues, and how it came to be.
const closed = () => byId("details").hidden;

function openVillage(key) {
  show({ village: key });
  byId("details").querySelector("h2")?.focus();
}

function closeVillage() {
  const key = view.village;
  show({ village: "" });
  byId("tiles").querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
}

function drawDetails() {
  const one = view.village && found(view.village, view.date);
  byId("details").hidden = !view.village;
  for (const other of byId("tiles").querySelectorAll("[aria-current]")) other.removeAttribute("aria-current");
  byId("tiles").querySelector(`[data-key="${CSS.escape(view.village)}"]`)?.setAttribute("aria-current", "true");
  if (!view.village) return;
  byId("details-body").replaceChildren(...(one ? villageDetails(one).filter(Boolean) : [element("h2", { tabindex: "-1" }, say("village_unknown"))]));
}

/** A village under a supply mode; where its row is rejected and none is known, the village. */
function found(key, date) {
  const lines = linesOf(date);
  return lines.find((one) => one.key === key) ?? lines.find((one) => one.village.code === key.split("|")[0]);
}

function villageDetails(one) {
  const state = data.states.find(({ code }) => code === one.state);
  return [
    element("h2", { tabindex: "-1" }, one.village.name),
    element("p", { class: "path" }, [townNames.get(one.village.town), one.village.committee].filter(Boolean).join(" · ")),
    element("p", { class: `badge ${one.state}` }, symbol(one.state), " ", element("b", {}, state.label), " ", reasons(one)),
    fieldTable(one),
    sourceOf(say("source_report"), one.source, one.row, one.source.reported_on),
    visitDetails(one),
    issueDetails(one),
    historyDetails(one),
    element("p", { class: "code" }, say("village_code", { code: one.village.code })),
    element("p", { class: "code" }, byId("stamp").textContent),
  ];
}

function reasons(one) {
  if (one.doubts.length) return one.doubts.map((doubt) => say(`doubt_${doubt}`)).join(say("semicolon"));
  if (one.late_days) return say(one.state === "late" ? "late_open_days" : "late_done_days", { days: one.late_days });
  return data.states.find(({ code }) => code === one.state).meaning;
}

function fieldTable(one) {
  const unit = (name) => data.metrics[name].unit;
  const rows = [
    ["status", one.status ? say(`status_${one.status}`) : "—"],
    ["population", `${count(one.population)} ${unit("population_planned")}`],
    ["households", `${count(one.households)} ${say("unit_households")}`],
    ["population_supplied", `${count(one.population_supplied)} ${unit("population_planned")}`],
    ["households_connected", `${count(one.households_connected)} ${say("unit_households")}`],
    ["planned_finish", day(one.planned_finish)],
    ["finished_on", day(one.finished_on)],
    ["supply_mode", modeNames.get(one.mode) ?? "—"],
    ["project_name", one.project === null ? "—" : data.project_names[one.project]],
  ];
  return element("table", { class: "fields" },
    element("thead", {}, element("tr", {}, [say("field"), say("reported"), say("cell")].map((name) => element("th", { scope: "col" }, name)))),
    element("tbody", {}, rows.map(([field, value]) => element("tr", { "data-field": field },
      element("th", { scope: "row" }, say(`field_${field}`)), element("td", {}, value.startsWith("—") ? "—" : value),
      element("td", { class: "cell" }, cellOf(one.source, one.row, field) ?? say("row", { row: one.row ?? "—" }))))));
}

function sourceOf(title, source, row, reportedOn) {
  return element("section", { class: "source" }, element("h3", {}, title),
    element("p", { class: "file" }, source.file ?? "—"),
    element("p", {}, [source.sheet && say("sheet", { sheet: source.sheet }), row && say("row", { row }),
      reportedOn && say("as_reported", { day: day(reportedOn) })].filter(Boolean).join(" · ")));
}

function visitDetails(one) {
  const visit = visitTo(one.village, view.date);
  if (!visit) return element("section", { class: "source" }, element("h3", {}, say("visit")), element("p", {}, say("visit_none")));
  const part = sourceOf(say("visit"), visit.source, visit.row);
  const cell = cellOf(visit.source, visit.row, "has_water");
  part.querySelector("h3").after(element("p", { class: "said" }, say(visit.has_water ? "visit_water" : "visit_dry", {
    day: day(visit.inspected_on), people: count(visit.population_verified), cell: cell ?? "—",
  })));
  return part;
}

function issueDetails(one) {
  const issues = issuesOf(one);
  if (!issues.length) return null;
  return element("section", { class: "source" }, element("h3", {}, say("issues")),
    element("ul", {}, issues.map((issue) => element("li", { class: issue.severity },
      element("b", {}, say(`severity_${issue.severity}`)), ` ${[issue.sheet, issue.cell].filter(Boolean).join(" ")}${say("colon")}${issue.text} `,
      element("small", {}, issue.rule)))));
}

/** The village at every report date, for who asks since when. */
function historyDetails(one) {
  const past = data.dates.map((date) => [date, found(one.key, date)]);
  return element("section", { class: "source" }, element("h3", {}, say("history")),
    element("ol", { class: "history" }, past.map(([date, then]) => element("li", { "aria-current": date === view.date ? "date" : null },
      then ? symbol(then.state) : "—", element("span", {}, shortDay(date)),
      element("span", { class: "unseen" }, then ? data.states.find(({ code }) => code === then.state).label : say("nothing_reported"))))));
}
