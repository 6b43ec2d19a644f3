// Towns × villages: a card for each town, a tile for each village.
const ORDER = data.order;

function drawTiles() {
  const shown = slice();
  const byTown = grouped(linesIn(shown), (one) => one.village.town);
  // A town that reports, but nothing under the supply mode that is asked for, would be an empty card.
  const reporting = new Set(linesOf(view.date).map((one) => one.village.town));
  const isEmpty = (code) => view.mode && !byTown.has(code) && reporting.has(code);
  const towns = data.towns.filter(([code]) => (view.town ? code === view.town : !isEmpty(code)));
  const isHidden = view.view === "map" && !view.town;
  byId("tiles").replaceChildren(...(isHidden ? [] : towns.map(([code, name]) => townCard(code, name, byTown.get(code) ?? []))));
  fitTiles();
  const first = byId("tiles").querySelector(`[data-key="${CSS.escape(view.village)}"]`) ?? byId("tiles").querySelector(".tile");
  if (first) first.tabIndex = 0;
}

/** Tiles as large as lets every town be seen at once. */
function fitTiles() {
  const grid = byId("tiles");
  const root = document.documentElement.style;
  root.setProperty("--print-tile", grid.querySelectorAll(".tile").length > 500 ? "16px" : "26px");
  for (const size of [38, 34, 30, 26, 22]) {
    root.setProperty("--tile", `${size}px`);
    if (grid.getBoundingClientRect().bottom + scrollY <= innerHeight - 36) return;
  }
}

function townCard(code, name, lines) {
  const here = { ...slice(), town_code: code };
  const inOrder = sorted(lines, (a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || (a.key < b.key ? -1 : 1));
  const [completed, planned] = [figure("villages_completed", here) ?? 0, figure("villages_planned", here) ?? 0];
  const stale = last(sorted(lines.map((one) => one.source.reported_on).filter((on) => on && on < view.date)));
  return element("section", { class: "town", "aria-label": name },
    element("h3", {},
      element("button", { type: "button", class: "town-name", "aria-pressed": String(view.town === code), title: say("town_toggle"),
        onclick: () => show({ town: view.town === code ? "" : code, village: "" }) }, name),
      element("span", { class: "town-count" }, say("of", { part: count(completed), whole: count(planned), unit: data.metrics.villages_planned.unit })),
      element("b", {}, percent(figure("village_completion_rate", here)))),
    stale ? element("p", { class: "stale" }, say("stale", { day: shortDay(stale) })) : null,
    townIssues(code, lines).map((issue) => element("p", { class: "stale" }, issue)),
    lines.length ? element("div", { class: "grid", role: "group", "aria-label": say("tiles_of", { town: name }) }, inOrder.map(tile))
      : element("p", { class: "stale" }, say(linesOf(view.date).some((one) => one.village.town === code) ? "no_such_village" : "nothing_reported")));
}

/** What is doubtful of a town's report as a whole, as long as its figures are from that report. */
function townIssues(town, lines) {
  const files = new Set(lines.map((one) => one.source.file));
  const found = data.town_issues.filter(([code, file]) => code === town && files.has(data.files[file]));
  return found.map(([, , rule, text]) => `${data.texts[text]} ${rule}`);
}

function tile(one) {
  const state = data.states.find(({ code }) => code === one.state);
  const label = say("tile", {
    village: one.village.name, committee: one.village.committee || "—", state: state.label, people: count(one.population ?? null),
  });
  return element("button", {
    type: "button", class: `tile ${one.state}${isFound(one) ? "" : " dim"}`, "data-key": one.key, tabindex: "-1",
    "aria-label": label, title: label, "aria-current": view.village === one.key ? "true" : null,
    onclick: () => openVillage(one.key),
  }, symbol(one.state));
}

/** Whether a village is among those looked for: by state, by a piece of its name or code. */
const isFound = (one) =>
  (!view.state || one.state === view.state) &&
  (!view.find || one.village.name.includes(view.find) || one.village.code.includes(view.find) || (one.village.committee ?? "").includes(view.find));

/** Arrow keys go from tile to tile; up and down to the nearest one of the next row, across cards. */
function moveFocus(event) {
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], Home: [0, 0], End: [0, 0] }[event.key];
  const from = event.target.closest?.(".tile");
  if (!step || !from || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  const tiles = [...byId("tiles").querySelectorAll(".tile")];
  const ends = { Home: tiles[0], End: last(tiles) };
  const to = ends[event.key] ?? (step[0] ? tiles[tiles.indexOf(from) + step[0]] : nearest(tiles, from, step[1]));
  if (!to) return;
  from.tabIndex = -1;
  to.tabIndex = 0;
  to.focus();
}

function nearest(tiles, from, direction) {
  const middle = (box) => [box.left + box.width / 2, box.top + box.height / 2];
  const [x, y] = middle(from.getBoundingClientRect());
  let best = null;
  for (const candidate of tiles) {
    const [left, top] = middle(candidate.getBoundingClientRect());
    const down = (top - y) * direction;
    const distance = down + 3 * Math.abs(left - x);
    if (down > 8 && (!best || distance < best.distance)) best = { candidate, distance };
  }
  return best?.candidate;
}
