"""The charts of the Superset bundle, in the rows that they stand in on the dashboard."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flows.publish.superset.datasets import Column, Dataset
from flows.publish.superset.figures import KEY as FIGURES

WIDTH = 12  # columns of a dashboard
# The figures at the top, a row of four for villages, people, supply and funds.
_FIGURES = (
    ("villages_planned", "villages_completed", "village_completion_rate", "village_target_rate"),
    ("population_planned", "population_completed", "population_completion_rate", "late_open"),
    ("rural_population", "population_served", "supply_rate", "supply_rate_after_plan"),
    ("planned_yuan", "secured_yuan", "spent_yuan", "spent_rate"),
)
_BY_TOWN = (
    *("villages_planned", "villages_completed", "village_completion_rate", "village_target_rate"),
    *("population_completed", "supply_rate", "supply_rate_after_plan", "secured_rate", "spent_rate"),
)
_RANKING = ("rank", "town_name", "total_score", "grade_name", "action_name", "reason")
_ISSUES = ("severity_name", "town_name", "rule", "printed_value", "message_zh", "submission_name")
_BARS: dict[str, Any] = {
    "x_axis_force_categorical": True,
    "x_axis_sort_asc": False,
    "groupby": [],
    "show_value": True,
    "show_legend": True,
    "rich_tooltip": True,
    "row_limit": 1000,
}
_LINES: dict[str, Any] = {
    "x_axis": "report_date",
    "time_grain_sqla": "P1D",
    "x_axis_time_format": "%Y-%m-%d",
    "tooltipTimeFormat": "%Y-%m-%d",
    "groupby": [],
    "markerEnabled": True,
    "show_value": True,
    "show_legend": True,
    "rich_tooltip": True,
    "row_limit": 1000,
}
_TABLE: dict[str, Any] = {
    "row_limit": 1000,
    "page_length": 20,
    "include_search": True,
    "show_cell_bars": False,
    "table_timestamp_format": "%Y-%m-%d",
}


@dataclass(frozen=True)
class Chart:
    """One chart.

    Attributes
    ----------
    key, title, description
        Its name to the program, and what it says to people.
    dataset
        The key of the dataset that it asks.
    kind, asks
        Superset's name of the kind of chart (`viz_type`), and the parameters of such a chart.
    width, height
        In columns of the dashboard, and in its rows of 8 pixels.
    of_all_dates
        Whether it shows all report dates, whatever date is chosen.
    """

    key: str
    title: str
    dataset: str
    kind: str
    asks: Mapping[str, Any]
    width: int
    height: int
    of_all_dates: bool = False
    description: str = ""

    def document(self) -> dict[str, Any]:
        """What the bundle says of it, without the identities."""
        return {
            "slice_name": self.title,
            "description": self.description,
            "viz_type": self.kind,
            "params": {"viz_type": self.kind, "adhoc_filters": [], **self.asks},
        }


def charts(datasets: Mapping[str, Dataset]) -> list[list[Chart]]:
    """All charts, a list for each row of the dashboard."""
    figures, funding = datasets[FIGURES], datasets["fct_funding"]
    villages = ("villages_planned", "villages_completed")
    return [
        *([_figure(figures, metric) for metric in row] for row in _FIGURES),
        [
            _bars("by_town", "各镇进度", figures, "town_name", villages),
            _lines("by_date", "各报告日进度", figures, villages),
        ],
        [_by_town("town_figures", "各镇指标", figures, _BY_TOWN)],
        [
            _bars(
                "funding", "资金来源", funding, "funding_source_name", ("planned_yuan", "secured_yuan", "spent_yuan")
            ),
            _bars("late", "各镇逾期自然村", figures, "town_name", ("late_villages", "late_open")),
        ],
        [_rows("ranking", "考核排名", datasets["fct_assessment"], _RANKING, "rank")],
        [_rows("issues", "数据问题", datasets["fct_data_issue"], _ISSUES, "severity")],
    ]


def _figure(dataset: Dataset, metric: str) -> Chart:
    """One figure, large."""
    measure = dataset.measures[metric]
    asks = {
        "metric": metric,
        "subtitle": measure.metric.unit or "",
        "header_font_size": 0.4,
        "subtitle_font_size": 0.2,
        "y_axis_format": measure.format,
    }
    told = measure.metric
    return Chart(metric, told.name_zh, dataset.key, "big_number_total", asks, 3, 17, description=told.definition)


def _bars(key: str, title: str, dataset: Dataset, by: str, metrics: Sequence[str]) -> Chart:
    """Bars of some metrics beside each other, a group for each value of a column; the greatest first."""
    asks = {**_BARS, "x_axis": _column(dataset, by), "x_axis_sort": metrics[0], **_measured(dataset, metrics)}
    if asks["y_axis_format"] == ",.2f":  # money is too long to stand on a column
        asks |= {"orientation": "horizontal", "x_axis_sort_asc": True}
    return Chart(key, title, dataset.key, "echarts_timeseries_bar", asks, 6, 50)


def _lines(key: str, title: str, dataset: Dataset, metrics: Sequence[str]) -> Chart:
    """Lines over the report dates."""
    asks = {**_LINES, **_measured(dataset, metrics)}
    return Chart(key, title, dataset.key, "echarts_timeseries_line", asks, 6, 50, of_all_dates=True)


def _by_town(key: str, title: str, dataset: Dataset, metrics: Sequence[str]) -> Chart:
    """A table of some metrics, a row for each town."""
    asks = {**_TABLE, "query_mode": "aggregate", "groupby": [_column(dataset, "town_name")]}
    asks["metrics"] = _measured(dataset, metrics)["metrics"]
    return Chart(key, title, dataset.key, "table", asks, WIDTH, 56)


def _rows(key: str, title: str, dataset: Dataset, columns: Sequence[str], order: str) -> Chart:
    """A table of rows as they are."""
    asks = {
        **_TABLE,
        "query_mode": "raw",
        "all_columns": [_column(dataset, column) for column in columns],
        "order_by_cols": [f'["{_column(dataset, order)}", true]'],
        "column_config": {column.name: {"d3NumberFormat": f",.{places}f"} for column, places in _decimals(dataset)},
    }
    return Chart(key, title, dataset.key, "table", asks, WIDTH, 56)


def _decimals(dataset: Dataset) -> Iterator[tuple[Column, int]]:
    """The columns of decimals, with their places."""
    for column in dataset.columns:
        if match := re.fullmatch(r"DECIMAL\(\d+,(\d+)\)", column.type):
            yield column, int(match[1])


def _column(dataset: Dataset, column: str) -> str:
    """A column of a dataset that is known to have it."""
    if column not in {known.name for known in dataset.columns}:
        raise KeyError(f"{dataset.key}.{column}")
    return column


def _measured(dataset: Dataset, metrics: Sequence[str]) -> dict[str, Any]:
    """What a chart asks for metrics of one unit, of a dataset that is known to have them."""
    return {
        "metrics": [dataset.measures[metric].metric.name for metric in metrics],
        "y_axis_format": dataset.measures[metrics[0]].format,
    }
