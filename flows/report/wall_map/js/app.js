// One way through: what is chosen changes the view, the view is written to the address and drawn.
function show(changes) {
  const before = view;
  view = { ...view, ...changes };
  writeAddress();
  draw(before);
}

function draw(before) {
  const changed = (...names) => !before || names.some((name) => before[name] !== view[name]);
  const focused = document.activeElement?.closest?.("[data-town], [data-state], .town-name, #ranking-rows button");
  const again = focused && { town: focused.dataset.town, state: focused.dataset.state, text: focused.textContent, place: focused.closest("[id]")?.id };
  for (const name of ["date", "town", "mode", "find"]) if (byId(name).value !== view[name]) byId(name).value = view[name];
  for (const button of document.querySelectorAll("[data-set]")) {
    const [name, value] = button.dataset.set.split("=");
    button.setAttribute("aria-pressed", String(view[name] === value));
  }
  if (changed("date", "town", "mode")) for (const part of [drawFigures, drawFunding, drawRanking]) part();
  if (changed("date", "town", "mode", "state")) drawLegend();
  if (changed("date", "town", "mode", "view")) drawMap();
  if (changed("date", "town", "mode", "state", "find", "view")) drawTiles();
  if (changed("date", "town", "mode", "measure")) drawProgress();
  drawDetails();
  if (again && !document.contains(focused)) focusAgain(again);
}

/** What had the focus was drawn anew: give it back. */
function focusAgain({ town, state, text, place }) {
  const candidates = [...byId(place).querySelectorAll("button, [tabindex]")];
  candidates.find((node) => (town ? node.dataset.town === town : state ? node.dataset.state === state : node.textContent === text))?.focus();
}

function fillSelect(id, options) {
  byId(id).replaceChildren(...options.map(([value, text]) => element("option", { value }, text)));
  byId(id).addEventListener("change", () => show({ [id]: byId(id).value, ...(id === "date" ? {} : { village: "" }) }));
}

function start() {
  fillSelect("date", [...data.dates].reverse().map((iso) => [iso, day(iso)]));
  fillSelect("town", [["", say("all_towns")], ...data.towns]);
  fillSelect("mode", [["", say("all_modes")], ...data.modes]);
  byId("find").addEventListener("input", () => show({ find: byId("find").value.trim() }));
  for (const button of document.querySelectorAll("[data-set]")) {
    button.addEventListener("click", () => show(Object.fromEntries([button.dataset.set.split("=")])));
  }
  byId("close").addEventListener("click", closeVillage);
  byId("print").addEventListener("click", () => print());
  byId("tiles").addEventListener("keydown", moveFocus);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !closed()) closeVillage();
  });
  for (const event of ["hashchange", "popstate"]) addEventListener(event, () => { readAddress(); draw(); });
  addEventListener("resize", () => requestAnimationFrame(() => { fitTiles(); drawProgress(); }));
  readAddress();
  draw();
  document.documentElement.dataset.drawn = String(Math.round(performance.now()));
}

start();
