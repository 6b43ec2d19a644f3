"""The releases of counties: `published/<county_code>/`, each with the rows of one county and of no other.

Where a warehouse holds several counties, `published/` is the release of all of them, and each county gets its part.
`counties.json` says what each part was made of: a night publishes those anew whose rows changed.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from flows.durable import write_whole
from flows.publish import catalog
from flows.publish.build import DATABASE, DIGEST, OFFLINE
from flows.publish.quoting import name
from flows.publish.release import Release, Run, publish

STATE = "counties.json"
# It grows with every report of any county; a county's own dates are in its calendar already.
_CALENDAR = "dim_date"


@dataclass(frozen=True)
class CountyPart:
    """A county's part of a release.

    Attributes
    ----------
    code
        Of the county, six digits.
    made_of
        A digest of all its rows, of what counties share and of the program.
    files
        The files of the inbox that hold rows of this county and of no other, by their paths.
    """

    code: str
    made_of: str
    files: frozenset[str]

    def made_with(self, copies: Iterable[Mapping[str, str]], drawn_with: str) -> "CountyPart":
        """Return the part as it is with copies for its towns, each with what it was made of, and on a map drawn so."""
        told = "|".join([*sorted(copy["made_of"] for copy in copies), drawn_with])
        return replace(self, made_of=hashlib.sha256(f"{self.made_of}|{told}".encode()).hexdigest())


@dataclass
class State:
    """What stands in the folders of counties.

    Attributes
    ----------
    release
        What all of them were made of; empty until every one is made.
    made_of
        What the part of each county was made of, by its code.
    """

    release: str = ""
    made_of: dict[str, str] = field(default_factory=dict)


def counties_of(database: Path) -> list[str]:
    """Return the codes of the counties that a release holds.

    Parameters
    ----------
    database
        Its `marts.duckdb`.
    """
    with duckdb.connect(str(database), read_only=True, config=OFFLINE) as con:
        found = con.execute(
            "select division_code from main.dim_division where level = 'county' order by division_code"
        ).fetchall()
    return [code for (code,) in found]


def parts(database: Path, release: Release) -> list[CountyPart]:
    """Return each county's part of a release; none where it holds one county only.

    Parameters
    ----------
    database
        The release's `marts.duckdb`; every row is read once.
    release
        What its manifest says.
    """
    codes = counties_of(database)
    if len(codes) < 2:
        return []
    with duckdb.connect(str(database), read_only=True, config=OFFLINE) as con:
        shared = hashlib.sha256(release.code_version.encode())
        digests = {code: hashlib.sha256() for code in codes}
        for table, info in catalog.tables(con, database.stem, "main").items():
            if "county_code" in info.columns:
                for code, told in _digests(con, table).items():
                    if code in digests:
                        digests[code].update(f"{table}|{told}|".encode())
            elif "division_code" not in info.columns and table != _CALENDAR:
                shared.update(f"{table}|{release.tables[table].sha256}|".encode())
        files = _files(con)
    common = shared.digest()
    return [
        CountyPart(code, hashlib.sha256(common + digests[code].digest()).hexdigest(), files.get(code, frozenset()))
        for code in codes
    ]


def remove_gone(published: Path, state: State, found: Iterable[CountyPart]) -> None:
    """Take away the folders of counties that the release no longer holds."""
    for code in state.made_of.keys() - {part.code for part in found}:
        shutil.rmtree(published / code, ignore_errors=True)
        del state.made_of[code]


def publish_county(published: Path, part: CountyPart, run: Run, *, kept: int = 7) -> Release:
    """Make a county's part of the current release the current release of the county's folder.

    Raises
    ------
    flows.publish.build.PublishError
        Nothing was published; the county's last release stands as it was.
    """
    return publish(published / DATABASE, published / part.code, run, kept=kept, county=part.code)


def read_state(published: Path) -> State:
    """Return what each county's part was made of when it was published; of nothing where nobody knows."""
    try:
        said = json.loads((published / STATE).read_text("utf-8"))
        return State(said["release"], dict(said["counties"]))
    except (OSError, ValueError, KeyError, TypeError):
        return State()


def write_state(published: Path, state: State) -> None:
    """Note what each county's part was made of."""
    said = {"release": state.release, "counties": dict(sorted(state.made_of.items()))}
    write_whole(published / STATE, json.dumps(said, indent=1))


def _digests(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """County → what its rows in a table come to, in any order."""
    found = con.execute(f"select county_code, {DIGEST} from main.{name(table)} as told group by county_code").fetchall()
    return dict(found)


def _files(con: duckdb.DuckDBPyConnection) -> dict[str, frozenset[str]]:
    """County → the files that speak of it alone."""
    found = con.execute(
        """
        select county_code, list(file)
        from (
            select file, any_value(county_code) as county_code
            from main.fct_submission
            group by file
            having count(distinct county_code) = 1 and count(county_code) = count(*)
        )
        group by county_code
        """
    ).fetchall()
    return {code: frozenset(files) for code, files in found}
