"""The dashboard of the Superset bundle: rows of charts, and the filters above them."""

from collections.abc import Callable, Sequence
from typing import Any

from flows.publish.superset.charts import WIDTH, Chart
from flows.publish.superset.datasets import DAY
from flows.publish.superset.figures import KEY as FIGURES

TITLE = "农村供水全覆盖"
DESCRIPTION = "农村供水攻坚的进度、资金、逾期、考核和数据问题，数字与发布的指标一致。"
# What can be filtered: the column that it is in every dataset that has it, and what people call it.
_FILTERS = ((DAY, "报告日"), ("town_name", "镇"), ("supply_mode_name", "供水方式"))

Identity = Callable[[str], str]  # of an object of the bundle, by its kind and key


def dashboard(title: str, rows: Sequence[Sequence[Chart]], identity: Identity) -> dict[str, Any]:
    """What the bundle says of the dashboard."""
    # Superset puts its own numbers in place of these.
    numbers = {chart.key: number for number, chart in enumerate((chart for row in rows for chart in row), start=1)}
    of_all_dates = [numbers[chart.key] for row in rows for chart in row if chart.of_all_dates]
    return {
        "dashboard_title": title,
        "description": DESCRIPTION,
        "published": True,
        "position": _position(title, rows, numbers, identity),
        "metadata": {
            "native_filter_configuration": [
                _filter(column, label, identity, of_all_dates if column == DAY else []) for column, label in _FILTERS
            ],
            "cross_filters_enabled": True,
            "refresh_frequency": 0,
            "color_scheme": "supersetColors",
            "label_colors": {},
            "expanded_slices": {},
            "timed_refresh_immune_slices": [],
        },
    }


def _position(
    title: str, rows: Sequence[Sequence[Chart]], numbers: dict[str, int], identity: Identity
) -> dict[str, Any]:
    position: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": title}},
        "GRID_ID": {
            "type": "GRID",
            "id": "GRID_ID",
            "parents": ["ROOT_ID"],
            "children": [f"ROW-{place}" for place in range(len(rows))],
        },
    }
    for place, row in enumerate(rows):
        assert sum(chart.width for chart in row) <= WIDTH
        above = ["ROOT_ID", "GRID_ID", f"ROW-{place}"]
        position[above[-1]] = {
            "type": "ROW",
            "id": above[-1],
            "parents": above[:-1],
            "children": [f"CHART-{chart.key}" for chart in row],
            "meta": {"background": "BACKGROUND_TRANSPARENT"},
        }
        for chart in row:
            position[f"CHART-{chart.key}"] = {
                "type": "CHART",
                "id": f"CHART-{chart.key}",
                "parents": above,
                "children": [],
                "meta": {
                    "chartId": numbers[chart.key],
                    "uuid": identity(f"chart/{chart.key}"),
                    "sliceName": chart.title,
                    "width": chart.width,
                    "height": chart.height,
                },
            }
    return position


def _filter(column: str, label: str, identity: Identity, without: list[int]) -> dict[str, Any]:
    """A list to choose from; of report dates one and always one, the latest at first."""
    is_day = column == DAY
    return {
        "id": f"NATIVE_FILTER-{column}",
        "type": "NATIVE_FILTER",
        "filterType": "filter_select",
        "name": label,
        "description": "",
        "targets": [{"datasetUuid": identity(f"dataset/{FIGURES}"), "column": {"name": column}}],
        "controlValues": {
            "multiSelect": not is_day,
            "enableEmptyFilter": is_day,
            "defaultToFirstItem": is_day,
            "sortAscending": not is_day,
            "searchAllOptions": False,
            "inverseSelection": False,
        },
        "requiredFirst": is_day,
        "defaultDataMask": {"extraFormData": {}, "filterState": {}, "ownState": {}},
        "cascadeParentIds": [],
        "scope": {"rootPath": ["ROOT_ID"], "excluded": without},
    }
