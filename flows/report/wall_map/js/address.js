// What is shown stands in the address after #, so that a view can be shared and the back key works.
const STARTS = () => ({
  date: last(data.dates) ?? "", town: "", mode: "", state: "", find: "", village: "",
  view: data.boundaries.shapes.length ? "map" : "tiles", measure: "villages",
});
const ALLOWED = {
  date: (value) => data.dates.includes(value),
  town: (value) => townNames.has(value),
  mode: (value) => modeNames.has(value),
  state: (value) => data.states.some(({ code }) => code === value),
  find: (value) => value.length <= 50,
  village: (value) => value.length <= 100,
  view: (value) => value === "tiles" || (value === "map" && data.boundaries.shapes.length > 0),
  measure: (value) => value === "villages" || value === "people",
};
let view = STARTS();

/** Read the address; what it says that is not so is left out. */
function readAddress() {
  view = STARTS();
  for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
    if (value && Object.keys(ALLOWED).includes(name) && ALLOWED[name](value)) view[name] = value;
  }
}

function writeAddress() {
  const starts = STARTS();
  const told = Object.entries(view).filter(([name, value]) => value !== starts[name]);
  // The date is always told: a shared view means that date, whatever is published later.
  const text = new URLSearchParams([["date", view.date], ...told.filter(([name]) => name !== "date")]).toString();
  if (location.hash.slice(1) !== text) history.pushState(null, "", `#${text}`);
}

const slice = () => ({ report_date: view.date, town_code: view.town, supply_mode: view.mode });
