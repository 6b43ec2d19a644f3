"""Which difficulties a layout has."""

import random
from dataclasses import dataclass
from typing import Any

from schemas import forms
from schemas.info import FormInfo

# Every choice of every difficulty, the plainest first: shrinking goes there.
CHOICES: dict[str, tuple[Any, ...]] = {
    "form": tuple(forms()),
    "rows": (2, 1, 3, 5, 8),
    "file": (
        *("xlsx", "xlsx_1904", "xls", "xls_1904", "ods", "spreadsheetml", "html"),
        *("csv", "csv_bom", "csv_gb", "tsv_gb"),
    ),
    # One row of headings; groups of one's own invention; 受益 over 户数, 人口; both; those over one more group.
    "header": ("flat", "own", "split", "both", "deep"),
    # Singles merged down to the last header row; unmerged, at the top; unmerged, at the bottom.
    "singles": ("merged", "top", "bottom"),
    "groups": ("merged", "unmerged"),
    "blanks": ("none", "breaks", "spaces"),
    "order": ("usual", "shuffled"),
    "ordinal": ("none", "first"),
    "extra": (0, 1, 2),
    # Where a unit other than the canonical one is said.
    "units": ("canonical", "heading", "row", "corner", "title", "cell"),
    "steps": ("none", "(1)", "甲", "1", "①"),
    "town": ("title", "line", "column", "section", "sheet", "file", "folder"),
    "date": ("line", "title", "bracket", "filled", "footer", "file", "folder"),
    "year": ("printed", "missing"),
    "mode": ("column", "section", "sheet", "title", "ticks"),
    "section": ("numbered", "bracketed", "merged", "beside"),
    "section_totals": ("none", "figures", "subtotal"),
    "codes": ("column", "ticks"),
    "fill": ("repeated", "once", "merged"),
    "totals": ("none", "last", "first", "nested_last", "nested_first"),
    "top": (0, 1, 3),
    "left": (0, 2),
    "gaps": ("none", "above", "between"),
    "page_breaks": ("none", "header", "header_and_steps", "titles"),
    "notes": ("none", "note", "footer", "both"),
    "hidden": ("none", "row", "column", "helper", "sheet", "filter"),
    "beside": ("none", "instructions", "empty"),
    # Formulas with their values, and without.
    "numbers": ("plain", "text", "mixed", "formulas", "uncached"),
    # What some cells print in place of a figure or a day.
    "unreadable": ("none", "errors", "words"),
    "dates": ("excel", "text", "mixed", "parts"),
    "rates": ("fraction", "hundred", "text", "format"),
    "nulls": ("blank", "marks"),
    "pairs": ("apart", "slash"),
    "committee": ("apart", "with_village"),
    # Forms whose rows repeat a closed list: a row each, or groups of columns.
    # Parts: a row for each beneath the row of their sums, 其中：专项债券资金.
    "spread": ("long", "over", "under", "joined", "parts"),
    "spread_total": ("none", "first", "last"),
    # A row of limits over the results of water tests.
    "limits": (False, True),
    # Another form on the sheet or in the workbook; halves: the other rows of the same table.
    "two": (
        *("none", "sheets", "stacked", "stacked_one_title", "beside", "beside_one_title"),
        *("sheet_halves", "beside_halves"),
    ),
    "transposed": (False, True),
    "towns_known": (True, False),
}


WORKBOOKS = ("xlsx", "xlsx_1904", "xls", "xls_1904", "ods", "spreadsheetml")
WITH_MERGES = (*WORKBOOKS, "html")
WITH_FORMULAS = ("xlsx", "xlsx_1904", "ods", "spreadsheetml")


@dataclass(frozen=True)
class Plan:
    """Which form is rendered with which difficulties; see :data:`CHOICES`."""

    seed: int = 0
    choices: tuple[tuple[str, Any], ...] = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in CHOICES:
            raise AttributeError(name)
        return dict(self.choices).get(name, CHOICES[name][0])

    def but(self, **changed: Any) -> "Plan":
        """The same plan with other choices; a plain choice is left out, so that equal plans are equal."""
        merged = dict(self.choices) | changed
        return Plan(self.seed, tuple((k, merged[k]) for k in CHOICES if merged.get(k, CHOICES[k][0]) != CHOICES[k][0]))

    def stream(self, *purpose: object) -> random.Random:
        """The random stream of one purpose."""
        return random.Random(f"{self.seed}/{'/'.join(map(str, purpose))}")

    def __repr__(self) -> str:
        return f"plan({', '.join([f'seed={self.seed}', *(f'{k}={v!r}' for k, v in self.choices)])})"


def plan(seed: int = 0, **choices: Any) -> Plan:
    """A plan with these difficulties and no others."""
    return Plan(seed).but(**choices)


def possible(wish: Plan) -> Plan:
    """A plan without the choices that contradict each other or that the form or the format cannot show."""
    info = forms()[wish.form]
    change: dict[str, Any] = {}

    def never(*names: str) -> None:
        change.update({name: CHOICES[name][0] for name in names})

    if wish.file not in WORKBOOKS:
        if wish.two in ("sheets", "sheet_halves"):
            never("two")
        never("beside")
        if wish.town == "sheet":
            change["town"] = "title"
        if wish.mode == "sheet":
            change["mode"] = "title"
        if wish.hidden != "row" or wish.file != "html":
            never("hidden")
    if wish.file not in WITH_MERGES:
        change.update(singles="top" if wish.singles == "merged" else wish.singles, groups="unmerged")
        if wish.fill == "merged":
            change["fill"] = "once"
        if wish.section == "merged":
            change["section"] = "numbered"
    if change.get("groups", wish.groups) == "unmerged" and change.get("singles", wish.singles) == "bottom":
        change["singles"] = "top"  # a heading under nothing, right of a group: nobody could tell
    if change.get("units", wish.units) in ("corner", "title"):
        never("pairs")  # 86/412 under a corner of 万人
    if wish.hidden == "filter" and wish.file not in WITH_FORMULAS:
        never("hidden")
    if wish.numbers in ("formulas", "uncached") and wish.file not in WITH_FORMULAS:
        never("numbers")
    if "supply_mode" not in info.fields or (
        info.spread == "supply_mode" and (wish.spread != "long" or wish.mode != "section")
    ):
        never("mode")
    if wish.two.endswith("one_title") and info.spread == "parameter" and wish.units in ("corner", "title"):
        never("units")  # a water table names no units in its corner, and the table beneath has no corner of its own
    if not info.spread:
        never("spread", "spread_total")
    elif wish.spread in ("long", "parts") or len(info.measures) == 1:
        never("spread_total")
    if info.spread and len(info.measures) == 1 and wish.spread in ("under", "joined"):
        change["spread"] = "over"
    if wish.spread == "parts" and not (info.spread and "project_name" in info.fields and len(info.measures) > 1):
        change["spread"] = "over" if info.spread else "long"
    if info.spread != "parameter" or wish.spread == "long" or wish.two != "none" or wish.transposed:
        never("limits")
    if change.get("spread", wish.spread) == "parts":
        change["fill"] = "repeated"
    if wish.two.endswith("halves") and (wish.rows < 2 or wish.transposed):
        never("two")
    if "town" not in info.fields or town_is_subject(info):
        change["town"] = "column"
    if change.get("town", wish.town) == change.get("mode", wish.mode) == "section":
        change["section"] = "numbered"  # over （一）
        never("section_totals")
    if wish.two != "none" or wish.transposed:
        never("page_breaks", "hidden")
        for name, words in (("town", ("section", "sheet")), ("mode", ("section", "sheet"))):
            if change.get(name, getattr(wish, name)) in words:
                change[name] = "title" if name == "town" else "column"
        never("section_totals")
    if wish.two != "none" and change.get("mode", wish.mode) == "title":
        change["mode"] = "column"  # the mode of one table is not the other's
    if wish.two.startswith("beside"):
        # Under one header block: both tables have their headings in one row and need no more.
        never("header", "totals", "steps", "codes", "transposed", "notes", "gaps")
        change["dates"] = wish.dates if wish.dates != "parts" else "mixed"
        change["units"] = wish.units if wish.units in ("heading", "cell") else "canonical"
        change["mode"] = "column"
        change["spread"] = "long"
        never("spread_total")
    if wish.transposed:
        if info.name == "supervision":
            never("transposed")
        else:
            never("steps", "totals", "gaps", "extra", "ordinal", "two", "singles", "groups")
            change["fill"] = "repeated"
            change["header"] = wish.header if wish.header in ("flat", "own") else "flat"
            change["units"] = wish.units if wish.units in ("heading", "corner", "cell") else "canonical"
            if info.spread:
                change["spread"] = "over"
            if wish.numbers == "uncached":
                never("numbers")  # a turned sheet has other addresses than its formulas
            if wish.file not in WITH_MERGES:
                change["header"] = "flat"
            if info.spread and (len(info.measures) > 1 or change["header"] != "flat"):
                change["file"] = wish.file if wish.file in WITH_MERGES else "xlsx"
    if wish.date in ("file", "folder"):
        change["year"] = "printed" if wish.date == "folder" else wish.year
    if not {"village_committee", "natural_village"} <= info.fields.keys() or wish.fill != "repeated":
        never("committee")
    if change.get("committee", wish.committee) == "with_village" and wish.totals.startswith("nested"):
        never("totals")
    result = wish.but(**change)
    return result


def town_is_subject(info: FormInfo) -> bool:
    """Whether a form has a row a town: the town is then a column."""
    return info.grain[0] == "town" and "natural_village" not in info.fields and info.level == "county"
