# /// script
# requires-python = ">=3.11"
# dependencies = ["duckdb>=1.5,<3", "pandas>=3", "polars>=2", "pyarrow>=26"]
# ///
"""Where do people still wait for water though the money is there? With pandas, and the same with polars.

    uv run docs/examples/waiting.py [data/published] [2021-08-20]

Both are safe while a night publishes: pandas reads marts.duckdb, which is one file and so one release; polars reads
Parquet, where each file is whole but the next may already be of the next release: the manifest tells which belong
together. Counts and money stay exact: with `ArrowDtype`, and in polars, a DECIMAL is a decimal and a count with gaps
no float.
"""

import datetime as dt
import hashlib
import io
import json
import sys
import time
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl

COLUMNS = ["town_name", "waiting", "idle_yuan"]


def by_pandas(published: Path, day: dt.date) -> pd.DataFrame:
    """Towns with people waiting, from the database."""
    # Closed at once: on Windows a file that is open cannot be replaced by the next release.
    with duckdb.connect(published / "marts.duckdb", read_only=True) as con:
        supplied, funding, towns = (
            con.sql(f"from main.{table}").to_arrow_table().to_pandas(types_mapper=pd.ArrowDtype)
            for table in ("rpt_supply_rate", "rpt_funding", "dim_division")
        )
    supplied = supplied[(supplied.report_date == day) & (supplied.supply_mode == "all")]
    funding = funding[(funding.report_date == day) & (funding.supply_mode == "all") & (funding.funding_source == "all")]
    found = supplied.merge(funding, on="town_code").merge(
        towns[["division_code", "name"]], left_on="town_code", right_on="division_code"
    )
    found = found.assign(
        town_name=found.name,
        waiting=found.population_to_add,
        idle_yuan=found.secured_yuan - found.spent_yuan,
    )
    return found[found.waiting > 0].sort_values(["idle_yuan", "town_name"], ascending=[False, True])[COLUMNS]


def by_polars(published: Path, day: dt.date) -> pl.DataFrame:
    """Towns with people waiting, from Parquet."""
    supplied, funding, towns = tables(published, "rpt_supply_rate", "rpt_funding", "dim_division")
    supplied = supplied.filter(pl.col("report_date") == day, supply_mode="all")
    funding = funding.filter(pl.col("report_date") == day, supply_mode="all", funding_source="all")
    return (
        supplied.join(funding, on="town_code")
        .join(towns.select("division_code", town_name="name"), left_on="town_code", right_on="division_code")
        .with_columns(
            waiting="population_to_add",
            idle_yuan=pl.col("secured_yuan") - pl.col("spent_yuan"),
        )
        .filter(pl.col("waiting") > 0)
        .sort(["idle_yuan", "town_name"], descending=[True, False])
        .select(COLUMNS)
    )


def tables(published: Path, *names: str, patience: float = 30) -> list[pl.DataFrame]:
    """Tables of one release: the files that its manifest describes, waited for while they are being replaced."""
    until = time.monotonic() + patience
    while True:
        manifest = json.loads((published / "manifest.json").read_text("utf-8"))
        files = [(published / "parquet" / f"{name}.parquet").read_bytes() for name in names]
        wanted = [manifest["tables"][name]["sha256"] for name in names]
        if [hashlib.sha256(file).hexdigest() for file in files] == wanted:
            return [pl.read_parquet(io.BytesIO(file)) for file in files]
        if time.monotonic() > until:
            raise TimeoutError("these files are of different releases: did a night die while it published?")
        time.sleep(0.2)


def latest_day(published: Path) -> dt.date:
    """The last report date that there is."""
    with duckdb.connect(published / "marts.duckdb", read_only=True) as con:
        ((day,),) = con.sql("select max(report_date) from main.rpt_supply_rate").fetchall()
    return day


if __name__ == "__main__":
    published = Path(sys.argv[1] if len(sys.argv) > 1 else "data/published")
    day = dt.date.fromisoformat(sys.argv[2]) if len(sys.argv) > 2 else latest_day(published)
    answer = by_pandas(published, day)
    print(answer.to_string(index=False))
    same = by_polars(published, day).rows() == list(answer.itertuples(index=False, name=None))
    print("polars:", "the same" if same else "another release was published between the two")
