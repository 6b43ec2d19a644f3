// Published metrics over a slice, and the villages of a report date.
const townNames = new Map(data.towns);
const modeNames = new Map(data.modes);
const sourceNames = new Map(data.sources);

const codes = { town_code: [...townNames.keys()], supply_mode: [...modeNames.keys()], funding_source: [...sourceNames.keys()] };

function grouped(things, key) {
  const groups = new Map();
  for (const thing of things) {
    if (!groups.has(key(thing))) groups.set(key(thing), []);
    groups.get(key(thing)).push(thing);
  }
  return groups;
}

/**
 * A metric over a slice {report_date, town_code, supply_mode, funding_source}; null in it is everything, and what the
 * metric is not sliced by does not touch it. A ratio comes as its numerator and denominator, undivided.
 */
function figure(name, slice) {
  const metric = data.metrics[name];
  if (metric.kind === "ratio") {
    const [numerator, denominator] = metric.parts.map((part) => figure(part, slice));
    return { numerator, denominator };
  }
  if (metric.kind === "derived") {
    const parts = metric.parts.map((part) => figure(part, slice));
    return parts.includes(null) ? null : added(parts);
  }
  const { columns, days } = data.sums[metric.table];
  const told = rowsOn(days, slice.report_date);
  const wanted = metric.by.filter((column) => slice[column]).map((column) => [column, columns.indexOf(column), codes[column].indexOf(slice[column])]);
  const rows = told.filter((row) => wanted.every(([, at, place]) => row[at] === place));
  if (rows.length) return added(rows.map((row) => row[columns.indexOf(name)]));
  // no row of that kind: none, where the town (or the county) reported others; else nobody knows
  const ofTown = wanted.filter(([column]) => column === "town_code");
  return told.some((row) => ofTown.every(([, at, place]) => row[at] === place)) ? 0 : null;
}

/** The rows of a report date; a date in their place says that they are those of that date. */
const rowsOn = (days, date) => (typeof days[date] === "string" ? days[days[date]] : days[date]) ?? [];

function added(amounts) {
  const known = amounts.filter((amount) => amount !== null);
  return known.length ? known.reduce((sum, amount) => sum + amount) : null;
}

const FACT = ["village", "mode", "project", "status", "households", "population", "households_connected",
  "population_supplied", "planned_finish", "finished_on"];
const DOUBTS = { rejected: 1, contradicted: 2, flagged: 4, untested: 8 };
const villages = data.villages.map(([code, name, committee, town]) => ({ code, name, committee, town }));
const facts = data.facts.map((fact) => Object.fromEntries(FACT.map((name, at) => [name, fact[at]])));
const sheets = data.sheets.map(([file, sheet, reported_on, columns]) => ({
  file: data.files[file], sheet, reported_on, columns: data.columns[columns],
}));

function line([fact, state, doubts, late_days, sheet, row]) {
  const told = facts[fact];
  const village = villages[told.village];
  return {
    ...told, village, place: told.village, key: `${village.code}|${told.mode ?? ""}`, state: data.states[state].code,
    doubts: Object.keys(DOUBTS).filter((name) => doubts & DOUBTS[name]), late_days, source: sheets[sheet], row,
  };
}

const linesOfDate = new Map();
function linesOf(date) {
  if (!linesOfDate.has(date)) linesOfDate.set(date, (data.days[date] ?? []).map(line));
  return linesOfDate.get(date);
}

/** The villages of a slice. One that was rejected has no supply mode that could be trusted: it shows under all. */
const linesIn = ({ report_date, town_code, supply_mode }) =>
  linesOf(report_date).filter(
    (one) => (!town_code || one.village.town === town_code) && (!supply_mode || one.mode === supply_mode),
  );

/** The cell of a field in a source: its column with the row, or an address of its own. */
function cellOf({ columns }, row, field) {
  const column = columns[field];
  return column === undefined ? null : /\d$/.test(column) ? column : `${column}${row}`;
}

/** The latest visit to a village by a report date. */
function visitTo(village, date) {
  const visit = last(data.visits.filter(([from, place]) => villages[place].code === village.code && from <= date));
  if (!visit) return null;
  const [, , inspected_on, has_water, , , population_verified, sheet, row] = visit;
  return { inspected_on, has_water, population_verified, source: sheets[sheet], row };
}

const issuesOf = (one) =>
  data.issues
    .filter(([place, file]) => villages[place].code === one.village.code && data.files[file] === one.source.file)
    .map(([, file, sheet, cell, rule, severity, text]) => ({ file: data.files[file], sheet, cell, rule, severity, text: data.texts[text] }));
