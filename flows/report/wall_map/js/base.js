// The data and words of the page, how elements are made, how figures are written.
const data = JSON.parse(document.getElementById("data").textContent);
const words = data.words;
const byId = (id) => document.getElementById(id);

/** A text of the page's language, with {names} put in. */
const say = (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "—");

/** An element; texts become text nodes, never markup. */
function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

function drawn(name, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function filled(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat(3).filter((child) => child !== null && child !== undefined));
  return node;
}

/** The drawing of a state: a shape of its own, so that nobody needs the colour. */
const symbol = (state) => drawn("svg", { class: "symbol", "aria-hidden": "true" }, drawn("use", { href: `#state-${state}` }));

/** The last of a list; `.at(-1)`, `toSorted` and their like are unknown to browsers of before 2023, still in use. */
const last = (things) => things[things.length - 1];
const sorted = (things, order) => [...things].sort(order);

// Figures: whole numbers all the way, rounded half up once.
const count = (n) => (n === null ? "—" : String(n).replace(/\B(?=(\d{3})+$)/g, ","));

/** Fen as 万元 (10,000 yuan) with two decimals. */
function money(fen) {
  if (fen === null) return "—";
  const hundredths = Math.floor((2 * Math.abs(fen) + 10_000) / 20_000);
  const decimals = String(hundredths % 100).padStart(2, "0");
  return `${fen < 0 && hundredths ? "−" : ""}${count(Math.floor(hundredths / 100))}.${decimals}`;
}

/** A rate as a percentage with one decimal. */
function percent({ numerator, denominator }) {
  if (numerator === null || !denominator) return "—";
  const [top, bottom] = [BigInt(numerator), BigInt(denominator)];
  const tenths = (2000n * top + bottom) / (2n * bottom);
  return `${tenths / 10n}.${tenths % 10n}%`;
}

/** A day in words, or with digits where room is short. */
function day(iso) {
  if (!iso) return "—";
  const [year, month, date] = iso.split("-").map(Number);
  return say("day", { iso, year, month, date });
}
/** The year is told where the page has several. */
const shortDay = (iso) => say(data.dates[0].slice(0, 4) === last(data.dates).slice(0, 4) ? "short_day" : "short_day_of_year", {
  year: iso.slice(2, 4), month: Number(iso.slice(5, 7)), date: Number(iso.slice(8, 10)),
});
