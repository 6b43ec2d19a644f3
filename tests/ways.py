"""The same questions put to a release in every way that analysts have: one answer each, exact."""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

from flows import cli
from tests.postgres.conftest import Server

Exact = int | Decimal
DAY = "2021-08-20"


@dataclass(frozen=True)
class Total:
    """The sum of a column of a fact table over the rows of the day in which columns have these values."""

    table: str
    column: str
    where: Mapping[str, str] = field(default_factory=dict)

    @property
    def sql(self) -> str:
        conditions = [f"report_date = '{DAY}'", *(f"{column} = '{value}'" for column, value in self.where.items())]
        summed = f"cast({self.column} as integer)" if self.column.startswith("is_") else self.column
        return f"select sum({summed}) as total from marts.{self.table} where {' and '.join(conditions)}"


@dataclass(frozen=True)
class Question:
    """What is summed up, divided by what if anything; `metrics` names it, its numerator and its denominator."""

    metrics: tuple[str, ...]
    where: Mapping[str, str]
    numerator: tuple[Total, ...]
    denominator: tuple[Total, ...] = ()
    dataset: str = "供水指标"


Totals = Callable[[Total], Exact]
TOWN_PLANT, BOND = {"supply_mode": "town_plant"}, {"funding_source": "special_bond"}
RURAL = (Total("fct_rural_population", "rural_population"),)
TOWN, OTHER = {"town_code": "449901106"}, {"town_code": "449901105", "supply_mode": "county_plant"}
QUESTIONS = [
    Question(
        ("supply_rate_after_plan", "population_served_after_plan", "rural_population"),
        TOWN_PLANT,
        (
            Total("fct_population_served", "population_served_before", TOWN_PLANT),
            Total("fct_coverage", "population", TOWN_PLANT),
        ),
        RURAL,
    ),
    Question(
        ("supply_rate", "population_served", "rural_population"),
        {},
        (
            Total("fct_population_served", "population_served_before"),
            Total("fct_coverage", "population", {"status": "completed"}),
        ),
        RURAL,
    ),
    Question(
        ("village_target_rate", "villages_completed", "target_villages"),
        TOWN,
        (Total("fct_coverage", "is_completed", TOWN),),
        (Total("fct_annual_target", "target_villages", TOWN),),
    ),
    Question(
        ("secured_rate", "secured_yuan", "planned_yuan"),
        BOND,
        (Total("fct_funding", "secured_yuan", BOND),),
        (Total("fct_funding", "planned_yuan", BOND),),
        "工程资金",
    ),
    Question(("households_planned",), OTHER, (Total("fct_coverage", "households", OTHER),)),
    Question(
        ("pipeline_laid_km",),
        {"supply_mode": "small_scheme"},
        (Total("fct_project_progress", "pipeline_laid_km", {"supply_mode": "small_scheme"}),),
        dataset="工程进展",
    ),
]


def parts(question: Question, totals: Totals) -> list[Exact]:
    """The figure, or its numerator and denominator, in one way."""
    return [sum(map(totals, side), 0) for side in (question.numerator, question.denominator) if side]


def by_every_way(marts: Path, server: Server, database: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Totals]:
    """All ways that need no BI tool; the release is in the PostgreSQL database too."""
    parquet = marts.with_name("parquet")
    return {
        "gongshui sql": by_command(marts, capsys),
        "pandas": by_pandas(parquet),
        "polars": by_polars(parquet),
        "PostgreSQL": by_postgres(server, database),
    }


def by_command(marts: Path, capsys: pytest.CaptureFixture[str]) -> Totals:
    def total(asked: Total) -> Exact:
        assert cli.main(["sql", asked.sql, "--format", "json", "--data", str(marts.parent.parent)]) == 0
        ((found,),) = [row.values() for row in json.loads(capsys.readouterr().out, parse_float=Decimal)]
        return exact(found)

    return total


def by_pandas(parquet: Path) -> Totals:
    def total(asked: Total) -> Exact:
        frame = pd.read_parquet(parquet / f"{asked.table}.parquet", dtype_backend="pyarrow")
        for column, wanted in {"report_date": dt.date.fromisoformat(DAY), **asked.where}.items():
            frame = frame[frame[column] == wanted]
        return exact(frame[asked.column].sum())

    return total


def by_polars(parquet: Path) -> Totals:
    def total(asked: Total) -> Exact:
        rows = pl.scan_parquet(parquet / f"{asked.table}.parquet").filter(
            pl.col("report_date") == dt.date.fromisoformat(DAY), **asked.where
        )
        return exact(rows.select(pl.col(asked.column).sum()).collect().item())

    return total


def by_postgres(server: Server, database: str) -> Totals:
    def total(asked: Total) -> Exact:
        ((found,),) = server.run(f"select cast(total as text) from ({asked.sql}) as asked", database)
        return Decimal(str(found))

    return total


def exact(found: Any) -> Exact:
    """A sum as Python has it: a whole number, whatever kind of whole number a library makes of it, or a decimal."""
    return found if isinstance(found, Decimal) else found.__index__()
