"""The cells that the map's figures stand in, of all rows at once: marts tell file, sheet and row, landing the cell."""

import json
from pathlib import Path

import duckdb

from flows.report.wall_map.villages import SHOWN, Address
from schemas.personal import without_numbers

_CELLS = """
select file_sha256, sheet, row, village_code, cells
from landing.{form}
where village_code is not null and cells is not null and county_code = coalesce($county, county_code)
"""
_FORMS = {"village_progress": SHOWN, "inspection": ("has_water", "population_verified")}


def read_addresses(warehouse: Path, county: str | None = None) -> dict[Address, dict[str, str]]:
    """Return the cell of each shown field of every accepted row of a village, by file, sheet, row and village.

    Parameters
    ----------
    warehouse
        Where landing is.
    county
        Of whose villages, by its code; of all where it is None.
    """
    addresses: dict[Address, dict[str, str]] = {}
    with duckdb.connect(str(warehouse), read_only=True) as con:
        for form, fields in _FORMS.items():
            for *place, cells in con.execute(_CELLS.format(form=form), {"county": county}).fetchall():
                file, sheet, row, village = place
                told, address = json.loads(cells), (file, without_numbers(sheet), row, village)
                addresses[address] = {field: told[field] for field in fields if field in told}
    return addresses
