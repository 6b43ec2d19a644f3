"""What every mart promises, and that the tests which hold it to its word can fail."""

import os
import shutil
from pathlib import Path

import duckdb
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.graph.nodes import GenericTestNode, ModelNode

from flows.transform import PROJECT, WAREHOUSE_VARIABLE
from tests.conftest import County

pytestmark = pytest.mark.pipeline

# Columns that hold a code of a closed list or of another table. `form`, `rule` of a county's own forms and `parameter`
# are open lists: what is landed decides.
CODES = set(
    "town_code village_code project_code parent_code supply_mode funding_source works_type status current_stage "
    "project_stage previous_stage verdict printed_verdict grade action severity submission kind scale level metric "
    "rule_type indicator sampling_point population_basis quantity quality convenience assurance".split()
)
# Where the code is the table's own: the list is this table.
LISTS = {
    ("dim_supply_mode", "supply_mode"),
    ("dim_funding_source", "funding_source"),
    ("dim_project", "project_code"),
    ("dim_indicator", "indicator"),
    ("dim_division", "town_code"),
    ("metric", "metric"),
}


def dbt(county: County, *arguments: str) -> object:
    """Run dbt in this process on a county's warehouse, with the project as its night has parsed it."""
    os.environ[WAREHOUSE_VARIABLE] = str(county.warehouse)
    work = county.data / "work"
    try:
        return dbtRunner().invoke([
            *arguments,
            *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
            *("--target-path", str(work / "target"), "--log-path", str(work / "logs"), "--log-level", "none"),
            *("--no-print", "--no-send-anonymous-usage-stats", "--no-write-json"),
        ]).result  # fmt: skip
    finally:
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
        del os.environ[WAREHOUSE_VARIABLE]


@pytest.fixture(scope="module")
def manifest(county: County) -> Manifest:
    found = dbt(county, "parse")
    assert isinstance(found, Manifest)
    return found


def marts(manifest: Manifest) -> list[ModelNode]:
    return [node for node in manifest.nodes.values() if isinstance(node, ModelNode) and node.schema == "marts"]


def checks(manifest: Manifest) -> set[tuple[str | None, str | None, str]]:
    """Model, column and kind of each generic test."""
    return {
        (node.attached_node and node.attached_node.split(".")[-1], node.column_name, node.test_metadata.name)
        for node in manifest.nodes.values()
        if isinstance(node, GenericTestNode)
    }


def test_every_mart_has_an_enforced_contract_and_a_grain(manifest: Manifest) -> None:
    tables = marts(manifest)
    assert len(tables) > 25
    assert [table.name for table in tables if not table.contract.enforced] == []
    held = {model for model, _, kind in checks(manifest) if kind == "grain"}
    assert [table.name for table in tables if table.name not in held] == []


def test_every_code_of_a_mart_is_held_to_its_list(manifest: Manifest) -> None:
    held = {(model, column) for model, column, kind in checks(manifest) if kind in ("relationships", "accepted_values")}
    codes = {(table.name, column) for table in marts(manifest) for column in table.columns if column in CODES}
    assert len(codes) > 80
    assert sorted(codes - held - LISTS) == []


@pytest.mark.parametrize(
    ("identity", "change"),
    [
        ("coverage_adds_up", "update marts.rpt_coverage_town set villages_completed = villages_completed - 1 "
            "where report_date = '2021-08-20' and villages_completed > 0"),
        ("coverage_adds_up", "update marts.rpt_coverage_county set population_completed = population_completed + 1 "
            "where report_date = '2021-08-20' and supply_mode = 'all'"),
        ("coverage_adds_up", "update marts.rpt_coverage_county set households_completed = households_completed + 1 "
            "where report_date = '2021-08-20' and supply_mode = 'small_scheme'"),
        ("funding_sources_add_up", "update marts.rpt_funding set spent_yuan = spent_yuan + 0.01 "
            "where report_date = '2021-08-20' and town_code = 'all' and supply_mode = 'small_scheme' "
            "and funding_source = 'special_bond'"),
        ("funding_sources_add_up", "update marts.fct_funding set secured_yuan = secured_yuan + 0.01 "
            "where report_date = '2021-08-20' and funding_source = 'special_bond'"),
        ("supply_modes_add_up_to_the_supply_rate", "update marts.rpt_supply_rate set "
            "population_added = population_added + 1 where town_code = 'all' and supply_mode = 'town_plant'"),
        ("every_row_read_is_accounted_for", "update marts.fct_submission set rows_rejected = rows_rejected + 1 "
            "where form = 'funding'"),
        ("assessment_adds_up", "update marts.fct_assessment set total_score = total_score + 0.01 where rank = 1"),
        ("assessment_adds_up", "update marts.fct_assessment set rank = rank + 1 where rank = 3"),
        ("assessment_adds_up", "update marts.fct_assessment_item set max_points = max_points + 1, "
            "points_lost = points_lost + 1 where indicator = 'schedule'"),
        ("verification_adds_up", "update marts.rpt_verification_town set villages_inspected = villages_inspected + 1"),
        ("verification_adds_up", "update marts.rpt_verification_town set verification_factor = 1 "
            "where verification_factor < 1"),
    ],
)  # fmt: skip
def test_an_identity_that_does_not_hold_stops_the_build(
    county: County, tmp_path: Path, identity: str, change: str
) -> None:
    warehouse = Path(shutil.copy(county.warehouse, tmp_path / "warehouse.duckdb"))
    with duckdb.connect(str(warehouse)) as con:
        assert con.execute(change).fetchone() != (0,)
        sql = (county.data / "work" / "target" / "compiled" / "gongshui" / "tests" / f"{identity}.sql").read_text(
            "utf-8"
        )
        assert con.execute(sql).fetchall() != []
