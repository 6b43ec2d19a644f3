"""Findings in the words of the person who can mend them."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property

from flows.ingest.judged import Issue, Row, Rows
from flows.ingest.records import Contradiction
from flows.ingest.values import printed
from schemas.info import FormInfo
from schemas.personal import masked
from schemas.rules import RULES, STAGES


class Speaker:
    """Puts findings into the words of the person who can mend them."""

    def __init__(self, info: FormInfo, tables: Sequence[Rows]) -> None:
        self.info, self.tables = info, tables

    @cached_property
    def _beside(self) -> dict[tuple[str, dt.date, str | None], list[Row]]:
        """The rows about each object of a report."""
        beside: dict[tuple[str, dt.date, str | None], list[Row]] = defaultdict(list)
        for rows in self.tables:
            report = rows.origin.file_sha256, rows.origin.report_date
            for place, about in enumerate(rows.objects):
                beside[*report, about].append(Row(rows, place))
        return beside

    def issue(self, row: Row, rule: str, name: str) -> Issue:
        """One finding about one field of a row."""
        record, origin, said = row.record, row.origin, RULES[rule]
        cell = record.cells.get(name)
        words = self._words(row, rule, name)
        where_zh = f"《{origin.file}》“{origin.sheet}”{cell or f'第{record.row}行'}："
        where_en = f"{origin.file} “{origin.sheet}” {cell or f'row {record.row}'}: "
        return Issue(
            origin.file_sha256, self.info.name, rule, said.severity, origin.sheet, record.row, cell, name, row.object,
            words["printed"], where_zh + said.zh.format(**words), where_en + said.en.format(**words),
            row.county_code, row.town_code, origin.report_date, row.state == "rejected",
        )  # fmt: skip

    def contradiction(self, row: Row, found: Contradiction) -> Issue:
        """A printed total or rate that its own figures contradict."""
        origin, said = row.origin, RULES[found.rule]
        described = self.info.fields.get(found.field.rpartition(".")[2])
        words = {"title": described.title if described else found.field} | found.words
        is_total = found.object is not None
        # A total of the county's own table is no town's.
        town_code = None if is_total and self.info.level == "county" else row.town_code
        return Issue(
            origin.file_sha256, self.info.name, found.rule, said.severity, origin.sheet, _row_in(found.cell),
            found.cell, found.field, found.object or row.object, found.printed,
            f"《{origin.file}》“{origin.sheet}”{found.cell}：" + said.zh.format(**words),
            f"{origin.file} “{origin.sheet}” {found.cell}: " + said.en.format(**words),
            row.county_code, town_code, origin.report_date, row.state == "rejected" and not is_total,
        )  # fmt: skip

    def _words(self, row: Row, rule: str, name: str) -> dict[str, str]:
        shown, described = _printed(row, name), self.info.fields.get(name.rpartition(".")[2])
        if described and described.is_personal:
            shown = masked(shown)
        words = {
            "title": described.title if described else name,
            "printed": shown,
            "printed_zh": f"填为“{shown}”，无法识别" if shown else "为空",
            "printed_en": f"reads “{shown}”, which is unreadable" if shown else "is empty",
            "report_date": str(row.origin.report_date),
            "registered": str(row.registered_population),
            "object_name": row.values.get("natural_village") or row.object or "",
        }
        for other in ("households", "population", "status", "finished_on"):
            words[other] = _printed(row, other) or "—"
        words["whole"] = words["households" if name == "households_connected" else "population"]
        if rule in _LIMITS or rule == "R13":
            limit = _earlier_stage(row, name) if rule == "R13" else _LIMITS[rule][name]
            words["before"] = words["limit_title"] = self.info.fields[limit].title
            words["before_printed"] = words["limit"] = _printed(row, limit)
        for other in ("investment_planned", "pipeline_planned_km"):
            words[other] = _printed(row, other) or "—"
        near = self._near(row, name) if rule == "R06" else []
        words["suggestions_zh"] = f"相近的名称：{'、'.join(near)}。" if near else ""
        words["suggestions_en"] = f"Near names: {', '.join(near)}. " if near else ""
        words["others"] = "、".join(self._others(row, rule)) if rule in ("R08", "R09", "R22") else ""
        return words

    def _near(self, row: Row, name: str) -> list[str]:
        master = row.rows.master
        if name == "town":
            return master.towns.nearest(row.values["town"])
        return master.nearest_villages(
            row.town_code or "", row.values["village_committee"], row.values["natural_village"]
        )

    def _others(self, row: Row, rule: str) -> list[str]:
        """Where else the object of a row stands in the same report."""
        return [
            f"“{other.origin.sheet}”第{other.rows.records.rows[other.place]}行"
            for other in self._beside[row.origin.file_sha256, row.origin.report_date, row.object]
            if other != row and (rule != "R09" or other.seq < row.seq)
        ]


# The figure that another one should not exceed.
_LIMITS = {
    "R16": {"secured": "planned", "spent": "secured"},
    "R21": {"investment_completed": "investment_planned", "pipeline_laid_km": "pipeline_planned_km"},
}


def _earlier_stage(row: Row, name: str) -> str:
    """R13: the latest of the stages before one."""
    before = [stage for stage in STAGES[: STAGES.index(name)] if row.values.get(stage)]
    return max(before, key=lambda stage: row.values[stage])


def _row_in(cell: str) -> int:
    return int(cell.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))


def _printed(row: Row, name: str) -> str:
    """A field as its cell prints it."""
    record = row.record
    value = row.values.get(name)
    shown = printed(format(value.normalize(), "f") if isinstance(value, Decimal) else value)
    return record.unread.get(name) or record.printed.get(name) or shown
