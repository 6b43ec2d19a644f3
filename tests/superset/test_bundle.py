"""What is in a bundle, and what is not."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from flows.publish.query import connect
from flows.publish.superset.bundle import BundleError, write_bundle
from tests.conftest import County

pytestmark = pytest.mark.pipeline

FILE = "duckdb:////data/云塘县/marts.duckdb"
SERVER = "postgresql://reader:secret@water.example:5433/county?sslmode=require&password=hidden"


def write(county: County, target: Path, *how: str) -> Path:
    with connect(county.published / "marts.duckdb") as con:
        write_bundle(con, target, *how)
    return target


def content(bundle: Path) -> dict[str, Any]:
    with zipfile.ZipFile(bundle) as files:
        return {name: json.loads(files.read(name)) for name in files.namelist()}


def identities(bundle: Path) -> set[str]:
    return {thing["uuid"] for thing in content(bundle).values() if "uuid" in thing}


def test_equal_marts_give_equal_bytes(county: County, tmp_path: Path) -> None:
    one, other = (write(county, tmp_path / name, FILE).read_bytes() for name in ("one.zip", "other.zip"))
    assert one == other


def test_identities_are_of_the_database_and_no_two_are_equal(county: County, tmp_path: Path) -> None:
    here, moved = write(county, tmp_path / "here.zip", FILE), write(county, tmp_path / "moved.zip", SERVER)
    beside = write(county, tmp_path / "beside.zip", FILE, "另一个县")
    assert identities(here) == identities(moved)
    assert not identities(here) & identities(beside)
    assert len(identities(here)) == len(content(here)) - 1  # all but the bundle's own description
    # never to change: Superset would double everything that it has
    assert content(here)["gongshui/databases/marts.yaml"]["uuid"] == "90cbfe66-9e5a-5e76-9898-62dd388c0a8a"


def test_a_password_is_left_out_and_asked_for(county: County, tmp_path: Path) -> None:
    bundle = write(county, tmp_path / "superset.zip", SERVER)
    assert not any(secret in bundle.read_bytes() for secret in (b"secret", b"hidden"))
    address = content(bundle)["gongshui/databases/marts.yaml"]["sqlalchemy_uri"]
    assert address == "postgresql://reader:XXXXXXXXXX@water.example:5433/county?sslmode=require"


def test_where_the_marts_are_is_all_that_tells_the_bundles_of_two_databases_apart(
    county: County, tmp_path: Path
) -> None:
    here, there = content(write(county, tmp_path / "a.zip", FILE)), content(write(county, tmp_path / "b.zip", SERVER))
    assert here.keys() == there.keys()
    differs = {name for name in here if here[name] != there[name]}
    assert differs == {name for name in here if "/databases/" in name or "/datasets/" in name}
    for name in differs:
        if "/datasets/" in name:
            assert there[name]["schema"] == "marts"
            assert " main." not in there[name]["sql"]


def test_another_address_is_refused(county: County, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="mysql") as refused:
        write(county, tmp_path / "superset.zip", "mysql://water.example/county")
    assert "postgresql://" in refused.value.zh
    assert not (tmp_path / "superset.zip").exists()
