// The county's towns within the boundaries it gave, shaded by the share of villages completed.
const SHADES = [0.2, 0.4, 0.6, 0.8];

function drawMap() {
  const { shapes, width, height } = data.boundaries;
  const isShown = view.view === "map";
  byId("map").hidden = !isShown;
  if (!isShown) return;
  const chart = drawn("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": say("map_of", { county: data.county }) });
  chart.append(...shapes.map(townShape));
  byId("map").replaceChildren(chart, shadeLegend());
  const box = chart.getBoundingClientRect();
  const scale = Math.min(box.width / width, box.height / height) || 1;
  chart.append(...shapes.filter((shape, at) => hasRoom(chart.children[at].getBBox(), scale)).map((shape) => townLabel(shape, 13.5 / scale)));
}

function rateOf(town) {
  const here = { ...slice(), town_code: town };
  const rate = figure("village_completion_rate", here);
  return { rate, text: percent(rate), share: rate.denominator ? rate.numerator / rate.denominator : null };
}
const shadeOf = (share) => (share === null ? "none" : String(SHADES.filter((least) => share >= least).length));

function townShape({ town, path }) {
  const { rate, text, share } = rateOf(town);
  const choose = () => show({ town: view.town === town ? "" : town, village: "" });
  const name = townNames.get(town);
  const label = say("map_town", { town: name, rate: text, completed: count(rate.numerator), planned: count(rate.denominator) });
  return drawn("path", {
    d: path, class: `shape shade-${shadeOf(share)}${view.town && view.town !== town ? " dim" : ""}`, tabindex: "0", role: "button",
    "aria-pressed": String(view.town === town), "aria-label": label, "data-town": town, "fill-rule": "evenodd", onclick: choose,
    onkeydown: (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      choose();
    },
  }, drawn("title", {}, label));
}

/** A label that does not fit would hide the neighbours; the town's name is told on pointing all the same. */
const hasRoom = ({ width, height }, scale) => width * scale > 44 && height * scale > 34;

function townLabel({ town, x, y }, size) {
  const { text, share } = rateOf(town);
  return drawn("text", { x, y, class: `shape-label on-${shadeOf(share)}`, "font-size": size, "aria-hidden": "true" },
    drawn("tspan", { x }, townNames.get(town)), drawn("tspan", { x, dy: "1.25em", class: "strong" }, text));
}

function shadeLegend() {
  const edges = ["0%", ...SHADES.map((least) => `${least * 100}%`)];
  return element("p", { class: "shades" }, say("map_shades"), edges.map((edge, at) =>
    element("span", {}, element("i", { class: `shade-${at}` }), `≥${edge}`)));
}
