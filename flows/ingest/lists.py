"""The master lists of the counties as they lie in landing: which of them judges a table, and what it says.

A county's list is made of all files received by a day that hold lines of it; before the first of them came, of those
that came first. The names of counties and towns stay in memory; villages are fetched of the towns asked for.
"""

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

import duckdb
import pyarrow as pa

from flows.ingest.inbox import day_of
from flows.ingest.judged import Rows
from flows.ingest.master import Master, Towns, Village

# (code of a county, sha256 of the files that make its list, in the order received)
CountyList = tuple[str, tuple[str, ...]]


class Lists:
    """The lists in the files that are landed by now.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Of a warehouse with schema `landing`.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        # County → (received on, sha256) of the files that hold lines of it, in order.
        self._files: dict[str, list[tuple[dt.date, str]]] = defaultdict(list)
        # Name of a county → the codes of those that bear it; code → the folders that its list lay in.
        self._named: dict[str, set[str]] = defaultdict(set)
        self._folders: dict[str, set[str]] = defaultdict(set)
        self._find_files()
        self._applying: dict[tuple[frozenset[str], dt.date], tuple[CountyList, ...]] = {}
        self._towns: dict[CountyList, list[tuple[str, str]]] = {}
        # The lists as one, and of which each is made.
        self._masters: dict[tuple[CountyList, ...], Master] = {}
        self._made_of: dict[Master, dict[str, tuple[str, ...]]] = {}

    def __bool__(self) -> bool:
        return bool(self._files)

    def _find_files(self) -> None:
        """Gather the files of each county's list; a sheet that names one county and lists one says its name."""
        found = self._connection.execute(
            """
            with given as (
                select distinct file_sha256, sheet, county_code
                from landing.division
            ),
            told as (
                select file_sha256, sheet, min(county) as county
                from landing.sheet
                where form = 'division'
                group by all
                having count(distinct county) = 1
            )
            select
                file.received_on, file.file_sha256, file.folder, given.county_code,
                if(count(*) over (partition by file.path, given.sheet) = 1, told.county, null) as county
            from given
            inner join landing.file on file.file_sha256 = given.file_sha256 and file.status = 'read'
            left join told on told.file_sha256 = given.file_sha256 and told.sheet = given.sheet
            order by all
            """
        ).fetchall()
        for received_on, digest, folder, code, county in found:
            if (received_on, digest) not in self._files[code][-1:]:
                self._files[code].append((received_on, digest))
            self._folders[code] |= _places(folder.split("/"))
            if county:
                self._named[county].add(code)

    # --- which list applies -------------------------------------------------------------------------------------------

    def of_table(
        self, county: str | None, counties: Sequence[str], folders: Sequence[str], received_on: dt.date
    ) -> Master:
        """The list that judges a table; its towns are known, its villages when they have been fetched.

        Parameters
        ----------
        county : str or None
            The name that the table says.
        counties : sequence of str
            What the tables of its file say, "" for one that says none. Theirs apply where the table's own is not
            there; where none of them is, the lists of all counties.
        folders : sequence of str
            The file's, the top one first; they may name a county too.
        received_on : datetime.date
            When the file was received.
        """
        codes = self._meant(county or "", folders) or self._meant_by_any(counties, folders)
        applying = self._find_applying(codes, received_on)
        if applying not in self._masters:
            self._masters[applying] = master = Master((), Towns(self._towns_of(applying)))
            self._made_of[master] = dict(applying)
        return self._masters[applying]

    def version(self, counties: Sequence[str], folders: Sequence[str], received_on: dt.date) -> str:
        """What a file is judged again for when it changes: a digest of the lists that judge its tables."""
        meant = [sorted(self._meant(county, folders)) for county in counties]
        applying = self._find_applying(self._meant_by_any(counties, folders), received_on)
        return hashlib.sha256(repr((meant, applying)).encode()).hexdigest()[:16]

    def _meant(self, county: str, folders: Sequence[str]) -> frozenset[str]:
        """The counties of the nearest name that a list says; of several those whose list lay in such a folder."""
        name = next((name for name in (county, *reversed(folders)) if name in self._named), None)
        if name is None:
            return frozenset()
        codes, beside = self._named[name], _places(folders) - {name}
        return frozenset({code for code in codes if self._folders[code] & beside} or codes)

    def _meant_by_any(self, counties: Iterable[str], folders: Sequence[str]) -> frozenset[str]:
        meant = frozenset[str]().union(*(self._meant(county, folders) for county in counties))
        return meant or frozenset(self._files)

    def _find_applying(self, codes: frozenset[str], day: dt.date) -> tuple[CountyList, ...]:
        if (codes, day) not in self._applying:
            lists = tuple((code, _received_by(self._files[code], day)) for code in sorted(codes))
            self._applying[codes, day] = lists
        return self._applying[codes, day]

    # --- what it says -------------------------------------------------------------------------------------------------

    def _towns_of(self, applying: Sequence[CountyList]) -> Iterator[tuple[str, str]]:
        """(name, code) of every town of some lists."""
        if missing := [one for one in applying if one not in self._towns]:
            self._towns |= {one: [] for one in missing}
            asked = [
                (number, code, digest, place)
                for number, (code, digests) in enumerate(missing)
                for place, digest in enumerate(digests)
            ]
            # Of a village listed twice for the same time, the later line counts.
            found = self._ask(
                """
                with line as (
                    select asked.number, division.town_code, division.town
                    from asked
                    inner join landing.division
                        on division.file_sha256 = asked.digest and division.county_code = asked.code
                    qualify
                        row_number() over (
                            partition by asked.number, village_code, valid_from
                            order by asked.place desc, report_date desc, seq desc
                        ) = 1
                )
                select distinct number, town_code, town
                from line
                order by all
                """,
                asked,
            )
            for number, code, town in found:
                self._towns[missing[number]].append((town, code))
        return chain.from_iterable(self._towns[one] for one in applying)

    def fetch_villages(self, tables: Iterable[Rows]) -> None:
        """Fetch the villages of all towns that tables name; each gets its list with them, for as long as it lives."""
        by_master: dict[Master, list[Rows]] = defaultdict(list)
        for rows in tables:
            by_master[rows.master].append(rows)
        asked = []
        for number, (master, some) in enumerate(by_master.items()):
            codes = map(master.towns.code, {town for rows in some for town in rows.towns()})
            asked += [
                (number, code, digest, place)
                for code in set(codes)
                if code
                for place, digest in enumerate(self._made_of[master][code[:6]])
            ]
        found = self._ask(
            """
            select
                asked.number, village_code, town, village_committee, natural_village, registered_population,
                valid_from, valid_to, alias
            from asked
            inner join landing.division on division.file_sha256 = asked.digest and division.town_code = asked.code
            order by asked.number, asked.place, report_date, seq
            """,
            asked,
        )
        villages = {
            number: [Village(*line[1:]) for line in lines] for number, lines in groupby(found, key=itemgetter(0))
        }
        for number, (master, some) in enumerate(by_master.items()):
            fetched = Master(villages.get(number, ()), master.towns)
            for rows in some:
                rows.master = fetched

    def _ask(self, sql: str, asked: Sequence[tuple[int, str, str, int]]) -> list[Any]:
        """What the query finds for (number, code, sha256, place of the file in its list)."""
        columns = [*zip(*asked, strict=True)] or [()] * 4
        names = {"number": pa.int64(), "code": pa.string(), "digest": pa.string(), "place": pa.int64()}
        self._connection.register("asked", pa.table([*map(pa.array, columns, names.values())], names=[*names]))
        found = self._connection.execute(sql).fetchall()
        self._connection.unregister("asked")
        return found


def _received_by(files: Sequence[tuple[dt.date, str]], day: dt.date) -> tuple[str, ...]:
    """The files of a list received by a day; where there are none, those received first."""
    last = max(day, files[0][0])
    return tuple(digest for received_on, digest in files if received_on <= last)


def _places(folders: Iterable[str]) -> set[str]:
    """Folders that are named by something else than the day of receipt."""
    return {folder for folder in folders if folder and not day_of(folder)}
