"""From ten towns to a nation: what a first load costs, and the nights after, beside what must be spent on them.

Run it on Linux, on a machine that does nothing else: `NATION_TOWNS=10,100,1000,10000 uv run pytest -m bench
tests/bench/test_nation.py -s`; 10, 100 and 1,000 towns where it is not said. The data lies in `BENCH_DIR` and stays
there, else in a temporary folder, one size after another. The workbooks come from `make_towns.py`, as in test_towns.py.

Of each size a table shows, each line from a process of its own: unzipping and scanning the bytes, bare python-calamine
over the workbooks that it reads, bare readers over all files (a third of them are csv or HTML, the counties' lists of a
thousand lines among them: the ingest is held against these), the three steps of a first load, the SQL of all models as
dbt compiles it, run straight on DuckDB into a fresh file, and two nights after: with one file of a hundred changed, and
with none. The difference between the two largest sizes tells what a further town costs from what starting costs; of the
nights the smallest size tells it.

`.bench/history.jsonl` keeps every run, `.bench/nation.svg` plots the last one.
"""

import csv
import datetime as dt
import json
import math
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bench.test_towns import MAKE_TOWNS, ROOT, Cost, bare, calamine, cost, measure, scan

pytestmark = pytest.mark.bench

SIZES = sorted(map(int, os.environ.get("NATION_TOWNS", "10,100,1000").split(",")))
CORES = len(os.sched_getaffinity(0))
HISTORY = ROOT / ".bench" / "history.jsonl"
MOST_READERS, MOST_SQLS, MOST_GROWTH, MOST_MB = 6.0, 2.0, 1.2, 4096.0
CHANGED, MOST_OF_FIRST, MOST_IDLE_SECONDS = 0.01, 0.05, 5.0


# --- each in a process of its own: a step over the folder of one size; what it returns is counted as files ------------


def load(place: Path) -> int:
    """The inbox into accepted rows."""
    from flows.ingest.guard import Limits
    from flows.ingest.night import Options, ingest

    now = dt.datetime.now()
    done = ingest(place / "raw", place / "warehouse.duckdb", Options(Limits(), CORES), now, lambda *_: None)
    assert all(outcome.accepted and not outcome.rejected for outcome in done.outcomes)
    return len(done.outcomes)


def transform(place: Path) -> int:
    """What was accepted into marts, tested as a night tests them; how many nodes of dbt's."""
    from flows.transform import build

    return sum(build(place / "warehouse.duckdb", place / "work").nodes.values())


def publish(place: Path) -> int:
    """The marts into a release; how many tables."""
    from flows.publish.release import Run
    from flows.publish.release import publish as swap

    now = dt.datetime.now().astimezone()
    return len(swap(place / "warehouse.duckdb", place / "published", Run.starting(now.date(), now)).tables)


def night(place: Path) -> int:
    """All three, the latter two where a file was read."""
    if read := load(place):
        transform(place)
        publish(place)
    return read


def compile_sql(place: Path) -> int:
    """The SQL of every model in its order into a file, and a fresh warehouse of landing and seeds alone."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    from flows.transform import PROJECT

    os.environ["GONGSHUI_WAREHOUSE"] = str(place / "warehouse.duckdb")
    compiled = dbtRunner().invoke(
        [
            *("compile", "--full-refresh", "--threads", "1", "--quiet"),
            *("--select", "resource_type:model", "--indirect-selection", "empty"),
            *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
            *("--target-path", str(place / "sql" / "target"), "--log-path", str(place / "sql" / "logs")),
        ]
    )
    if not compiled.success:
        raise RuntimeError(f"dbt compile: {compiled.exception or 'failed'}")
    DuckDBConnectionManager.close_all_connections()
    nodes = [result.node for result in compiled.result.results if result.node.config.materialized != "ephemeral"]
    models = [
        ("view" if node.config.materialized == "view" else "table", node.relation_name, node.compiled_code)
        for node in nodes
    ]
    (place / "sql" / "models.json").write_text(json.dumps(models), encoding="utf-8")
    start_afresh(place, {(node.schema, node.alias) for node in nodes})
    return len(models)


def start_afresh(place: Path, models: set[tuple[str, str]]) -> None:
    """Make a warehouse of the same name with the tables that no model makes: landing and seeds."""
    import duckdb

    with duckdb.connect(str(place / "sql" / "warehouse.duckdb")) as connection:
        connection.execute(f"attach '{place / 'warehouse.duckdb'}' as built (read_only)")
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'built' and not temporary"
        ).fetchall()
        for schema in {schema for schema, _ in [*tables, *models]}:
            connection.execute(f'create schema if not exists "{schema}"')
        for schema, table in set(tables) - models:
            connection.execute(f'create table "{schema}"."{table}" as from built."{schema}"."{table}"')


def compiled_sql(place: Path) -> int:
    """That SQL, straight on DuckDB; how many models."""
    import duckdb

    models = json.loads((place / "sql" / "models.json").read_text("utf-8"))
    with duckdb.connect(str(place / "sql" / "warehouse.duckdb")) as connection:
        for kind, name, sql in models:
            connection.execute(f"create {kind} {name} as {sql}")
    return len(models)


# --- beside each other ------------------------------------------------------------------------------------------------

FIRST = ("load", "transform", "publish")
Costs = dict[str, Cost]


def change(place: Path) -> None:
    """Give one file of a hundred other bytes that say the same: workbooks of the latest day."""
    latest = max((place / "raw").iterdir())
    files = sum(path.is_file() for path in (place / "raw").rglob("*"))
    workbooks = sorted(path for path in latest.rglob("*.xlsx"))
    for path in workbooks[: math.ceil(CHANGED * files)]:
        with zipfile.ZipFile(path, "a") as archive:
            archive.comment = b"sent again"


def as_expected(place: Path) -> bool:
    """Whether the coverage of every county that was published is what the generator says."""
    import duckdb

    with (place / "expected" / "coverage_county.csv").open(encoding="utf-8", newline="") as file:
        columns, *expected = csv.reader(file)
    with duckdb.connect(str(place / "published" / "marts.duckdb"), read_only=True) as connection:
        found = connection.execute(
            f"select columns([{', '.join(map(repr, columns))}])::varchar from rpt_coverage_county "
            "where report_date in (select unnest($dates)::date)",
            {"dates": sorted({line[0] for line in expected})},
        ).fetchall()
    return sorted(map(list, found)) == sorted(expected)


def measured_at(towns: int, place: Path) -> Costs:
    """All lines of the table of one size."""
    command = [sys.executable, str(MAKE_TOWNS), "--towns", str(towns), "--out", str(place)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    print(f"\n{f'{towns} towns':24}{'of':>7}{'wall s':>9}{'CPU s':>9}{'MB':>7}")
    costs: Costs = {}

    def add(name: str, step: Callable[..., int], given: Path = place) -> None:
        costs[name] = one = cost(step, given, CORES)
        print(f"{name:24}{one.files:7}{one.wall:9.2f}{one.cpu:9.2f}{sum(one.peaks):7.0f}", flush=True)

    add("scan", scan, place / "raw")
    add("calamine", calamine, place / "raw")
    add("bare readers", bare, place / "raw")
    for step in (load, transform, publish):
        add(step.__name__, step)
    assert as_expected(place)
    cost(compile_sql, place, CORES)
    add("compiled SQL", compiled_sql)
    shutil.rmtree(place / "sql")
    change(place)
    add("night, 1 % changed", night)
    assert as_expected(place)
    add("night, none changed", night)
    assert not costs["night, none changed"].files
    return costs


def first_load(costs: Costs) -> float:
    """Seconds of the three steps."""
    return sum(costs[step].wall for step in FIRST)


def memory(costs: Costs) -> float:
    """The most that a step of the first load took, its workers with it, in MB."""
    return max(sum(costs[step].peaks) for step in FIRST)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Costs]:
    """The costs of each size."""
    if not MAKE_TOWNS.is_file():
        pytest.fail(f"{MAKE_TOWNS} is missing: set GONGSHUI_MAKE_TOWNS to the path of make_towns.py")
    kept = os.environ.get("BENCH_DIR")
    found = {}
    for towns in SIZES:
        place = Path(kept, f"nation{towns}") if kept else tmp_path_factory.mktemp(f"nation{towns}")
        shutil.rmtree(place, ignore_errors=True)
        found[towns] = measured_at(towns, place)
        if not kept:
            shutil.rmtree(place)
    keep(found)
    return found


def further(measured: dict[int, Costs], cost_of: Callable[[Costs], float]) -> float:
    """What the largest size takes beyond the one below it; all that it takes where it is the only one."""
    costs = [cost_of(measured[towns]) for towns in SIZES]
    return costs[-1] - costs[-2] if len(costs) > 1 else costs[-1]


def of(name: str, what: str = "wall") -> Callable[[Costs], float]:
    """What a line costs: seconds, or another field of it."""
    return lambda costs: float(getattr(costs[name], what))


def of_bare_readers(measured: dict[int, Costs]) -> float:
    """The CPU that further files take of the ingest beside what the same files take of bare readers."""
    return further(measured, of("load", "cpu")) / further(measured, of("bare readers", "cpu"))


def of_sql(measured: dict[int, Costs]) -> float:
    """What transform and publish take of a further town beside the compiled SQL."""
    ours = further(measured, lambda costs: costs["transform"].wall + costs["publish"].wall)
    return ours / further(measured, of("compiled SQL"))


def of_first_load(measured: dict[int, Costs]) -> float:
    """The night with one file of a hundred changed, start-up left out, beside the first load."""
    start, changed = (measured[towns]["night, 1 % changed"].wall for towns in (SIZES[0], SIZES[-1]))
    return (changed - start * (len(SIZES) > 1)) / first_load(measured[SIZES[-1]])


# --- what is kept of a run --------------------------------------------------------------------------------------------


def keep(measured: dict[int, Costs]) -> None:
    """Print the ratios, add the run to the history, and plot it."""
    import duckdb

    from flows.publish.release import code_version

    ratios = {
        "ingest ÷ bare readers, CPU of the same further files": of_bare_readers(measured),
        "transform + publish ÷ compiled SQL, a further town": of_sql(measured),
        "night with 1 % changed ÷ first load, without start-up": of_first_load(measured),
    }
    print()
    for name, ratio in ratios.items():
        print(f"{name:56}{ratio:8.2f}")
    for towns, costs in measured.items():
        per_town, mb = 1000 * first_load(costs) / towns, memory(costs)
        print(f"{towns:6} towns: first load {first_load(costs):.1f} s, {per_town:.1f} ms a town; at most {mb:.0f} MB")
    line = {
        "at": dt.datetime.now().astimezone().isoformat(timespec="seconds"),
        "code_version": code_version(),
        "duckdb": duckdb.__version__,
        "python": sys.version.split()[0],
        "cores": CORES,
        "ratios": ratios,
        "costs": {towns: {name: one.__dict__ for name, one in costs.items()} for towns, costs in measured.items()},
    }
    HISTORY.parent.mkdir(exist_ok=True)
    with HISTORY.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
    HISTORY.with_name("nation.svg").write_text(plot(measured), encoding="utf-8")
    print(f"{HISTORY} and nation.svg beside it")


LINES: dict[str, tuple[str, Callable[[Costs], float]]] = {
    "bare calamine, s": ("#999999", of("calamine")),
    "compiled SQL, s": ("#bbbb00", of("compiled SQL")),
    "ingest, s": ("#0066cc", of("load")),
    "transform, s": ("#cc3300", of("transform")),
    "publish, s": ("#009966", of("publish")),
    "1 % changed, s": ("#9900cc", of("night, 1 % changed")),
    "none changed, s": ("#333333", of("night, none changed")),
    "peak, GB": ("#ff9900", lambda costs: memory(costs) / 1024),
}


def plot(measured: dict[int, Costs]) -> str:
    """Cost against size, both in decades, as SVG."""
    width, height, decades_x, decades_y = 640, 480, (0, 5), (-2, 4)

    def at(towns: float, value: float) -> tuple[float, float]:
        (left, right), (low, high) = decades_x, decades_y
        over, up = (math.log10(towns) - left) / (right - left), (math.log10(max(value, 0.01)) - low) / (high - low)
        return 60 + over * width, 20 + (1 - up) * height

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width + 220} {height + 70}" font-size="12">']
    parts.append('<rect width="100%" height="100%" fill="white"/>')
    for decade in range(decades_x[0], decades_x[1] + 1):
        x, _ = at(10**decade, 1)
        parts.append(f'<path d="M{x} 20v{height}" stroke="#eee"/><text x="{x}" y="{height + 40}">{10**decade:,}</text>')
    for decade in range(decades_y[0], decades_y[1] + 1):
        _, y = at(1, 10**decade)
        parts.append(f'<path d="M60 {y}h{width}" stroke="#eee"/><text x="10" y="{y}">{10**decade:,}</text>')
    for number, (name, (colour, cost_of)) in enumerate(LINES.items()):
        points = " ".join("{:.1f},{:.1f}".format(*at(towns, cost_of(costs))) for towns, costs in measured.items())
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="{width + 80}" y="{40 + 20 * number}" fill="{colour}">{name}</text>')
    parts.append(f'<text x="{60 + width / 2}" y="{height + 60}">towns</text></svg>')
    return "\n".join(parts)


# --- goals ------------------------------------------------------------------------------------------------------------


def test_ingest_costs_few_times_what_bare_readers_spend(measured: dict[int, Costs]) -> None:
    assert 0 < of_bare_readers(measured) <= MOST_READERS


def test_transform_and_publish_take_at_most_twice_the_compiled_sql(measured: dict[int, Costs]) -> None:
    assert 0 < of_sql(measured) <= MOST_SQLS  # below zero where others kept the machine busy


def test_a_first_load_stays_within_four_gigabytes(measured: dict[int, Costs]) -> None:
    assert memory(measured[SIZES[-1]]) <= MOST_MB


def test_a_night_with_one_file_of_a_hundred_changed_costs_a_fraction_of_the_first_load(
    measured: dict[int, Costs],
) -> None:
    assert of_first_load(measured) <= MOST_OF_FIRST


def test_a_night_without_news_takes_seconds_however_many_towns_there_are(measured: dict[int, Costs]) -> None:
    start = measured[SIZES[0]]["night, none changed"].wall
    assert measured[SIZES[-1]]["night, none changed"].wall - start <= MOST_IDLE_SECONDS


@pytest.mark.skipif(len(SIZES) < 3, reason="a slope needs three sizes")
def test_a_further_town_costs_no_more_among_many_than_among_few(measured: dict[int, Costs]) -> None:
    few, some, many = SIZES[-3:]
    early, late = (
        (first_load(measured[more]) - first_load(measured[fewer])) / (more - fewer)
        for fewer, more in ((few, some), (some, many))
    )
    assert late <= MOST_GROWTH * early
    assert memory(measured[many]) / many <= MOST_GROWTH * memory(measured[some]) / some


if __name__ == "__main__":
    step, place, cores = sys.argv[1:]
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(cores)])
    measure(globals()[step], Path(place))
