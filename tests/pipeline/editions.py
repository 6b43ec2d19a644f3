"""The editions of the sample county's documents."""

import datetime as dt

import duckdb

from flows.metrics import Metrics
from flows.report.figures import Citations, Edition, Facts

DAYS = ["2021-06-30", "2021-07-15", "2021-07-31", "2021-08-10", "2021-08-20"]
BEFORE = dict(zip(DAYS[1:], DAYS, strict=False))
COUNTY, NAME = "449901", "云塘县"
AS_OF = dt.date(2021, 8, 25)
PUBLISHED = dt.datetime(2021, 8, 25, 2, tzinfo=dt.UTC)


def edition(con: duckdb.DuckDBPyConnection, day: str, before: str | None = None) -> Edition:
    """What the documents of a report date are written from."""
    metrics = Metrics(con)
    facts, earlier = (Facts(metrics, dt.date.fromisoformat(on), COUNTY) if on else None for on in (day, before))
    assert facts is not None
    return Edition(con, NAME, facts, earlier, AS_OF, PUBLISHED, Citations())
