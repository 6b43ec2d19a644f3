"""The data dictionary of a release: one HTML file that says what every published figure means, in Chinese and English.

Nothing is written here a second time. Tables and columns speak through their comments, keys, lineage and documents
through schema `meta` (sql/models/meta), metrics through the table `metric`, forms, rules and vocabularies through
`schemas`, questions and glossary through docs/.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from flows.publish import catalog
from flows.publish.query import connect
from flows.publish.quoting import name as _name
from flows.publish.words import (
    GROUPS,
    KINDS,
    METRIC_KINDS,
    SEVERITIES,
    column_unit,
    field_unit,
    metric_unit,
    type_words,
)
from flows.said import Said
from schemas import forms
from schemas.info import FormInfo
from schemas.rules import RULES
from schemas.vocabulary import Vocabulary

FILE = "dictionary.html"
PAGES = Path(__file__).parent / "pages"
DOCS = Path(__file__).parents[2] / "docs"
# What the dbt project says of tables, documents and rules, as far as the release came from it.
_TOLD = ("table_key", "lineage", "document", "report_rule")


@dataclass(frozen=True)
class Column:
    """One column: its comment taken apart, and what the release shows of it."""

    name: str
    label: str
    definition: Said
    type: Said
    unit: Said | None
    is_key: bool
    # Null in so many rows of this release; None where a test keeps the column from being null.
    nulls: int | None


@dataclass(frozen=True)
class Origin:
    """What a table is made of, and what is made of it: names of forms, seeds, tables and documents."""

    forms: list[str]
    # It tells of whatever came in, of every form.
    is_register: bool
    seeds: list[str]
    tables: list[str]
    readers: list[str]
    documents: list[str]


@dataclass(frozen=True)
class Table:
    """One published table."""

    schema: str
    name: str
    label: str
    definition: Said
    rows: int
    columns: list[Column]
    origin: Origin
    # Titles of the questions of docs/queries.md that read it, by their numbers.
    questions: dict[int, Said]

    @property
    def group(self) -> str:
        """The key of GROUPS under which it stands."""
        prefix, has_prefix, _ = self.name.partition("_")
        return next((group for group in (self.schema, prefix) if has_prefix and group in GROUPS), "")


@dataclass(frozen=True)
class Document:
    """What is made of the marts."""

    label: Said
    description: Said


@dataclass(frozen=True)
class Question:
    """One question of docs/queries.md."""

    title: Said
    sql: str


@dataclass(frozen=True)
class Rule:
    """One rule as a reader meets it; figures of the single case are left out of its messages."""

    name: str
    severity: Said
    messages: list[Said]


@dataclass(frozen=True)
class Dictionary:
    """All that the page shows."""

    release: dict[str, Any]
    tables: list[Table]
    metrics: list[dict[str, Any]]
    documents: dict[str, Document]
    kept: list[str]
    forms: Mapping[str, FormInfo]
    rules: list[Rule]
    vocabularies: list[tuple[str, Vocabulary]]
    glossary: list[tuple[str, str, str]]
    questions: list[Question]


def write(published: Path, file: Path) -> None:
    """Write the dictionary of a published database.

    Parameters
    ----------
    published
        The database of a release (`marts.duckdb`).
    file
        Where to write the page. Equal databases, schemas and docs give equal bytes.

    Raises
    ------
    duckdb.Error
        The database is no release.
    """
    file.write_bytes(page(read(published)).encode())


def read(published: Path) -> Dictionary:
    """Collect what a published database, the schemas and docs/ say."""
    with connect(published) as con:
        questions = list(_questions((DOCS / "queries.md").read_text("utf-8")))
        main, meta, history = (catalog.tables(con, "published", schema) for schema in ("main", "meta", "history"))
        told = {table: _rows(con, f"from meta.{_name(table)} order by all") for table in _TOLD if table in meta}
        return Dictionary(
            _rows(con, "select as_of, code_version from meta.release")[0],
            _tables(con, {"main": main, "meta": meta}, told, questions),
            _rows(con, 'from main.metric order by "table", metric') if "metric" in main else [],
            {
                row["document"]: Document(
                    Said(row["label_zh"], row["label_en"]), Said(row["description_zh"], row["description_en"])
                )
                for row in told.get("document", [])
            },
            [name for name in main if name in history],
            forms(),
            _rules(told.get("report_rule", [])),
            _vocabularies(forms()),
            list(_glossary((DOCS / "glossary.md").read_text("utf-8"))),
            questions,
        )


def page(dictionary: Dictionary) -> str:
    """Return the page: one file that asks nothing of any network, and runs no script but its own."""
    style, script = ((PAGES / name).read_text("utf-8") for name in ("dictionary.css", "dictionary.js"))
    return (
        _environment()
        .get_template("dictionary.html")
        .render(
            vars(dictionary),
            style=Markup(style),
            script=Markup(script),
            hashes={"style": _csp_hash(style), "script": _csp_hash(script)},
            labels={table.name: table.label for table in dictionary.tables},
            readers=_readers_of_forms(dictionary.tables),
            documents_read={
                name: [table.name for table in dictionary.tables if name in table.origin.documents]
                for name in dictionary.documents
            },
            metric_names={row["metric"]: row["name_zh"] for row in dictionary.metrics},
        )
    )


@cache
def _environment() -> Environment:
    """What the page is made with: made once, for the dictionaries of a thousand counties."""
    made = Environment(
        loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters |= {"code": _code, "unit": field_unit, "metric_unit": metric_unit, "split_words": _split_words}
    made.globals |= {"GROUPS": GROUPS, "KINDS": KINDS, "METRIC_KINDS": METRIC_KINDS}
    return made


def _rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    found = con.sql(sql)
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def _tables(
    con: duckdb.DuckDBPyConnection,
    published: Mapping[str, Mapping[str, catalog.TableInfo]],
    told: Mapping[str, list[dict[str, Any]]],
    questions: Sequence[Question],
) -> list[Table]:
    """The tables of each schema; `told` is what the dbt project says of them."""
    keys = {(row["table_name"], row["column_name"]): row["is_nullable"] for row in told.get("table_key", [])}
    reads: dict[str, list[tuple[str, str, str]]] = {}
    for edge in told.get("lineage", []):
        reads.setdefault(edge["name"], []).append((edge["layer"], edge["input"], edge["input_layer"]))
    asked = {n: (question, _tables_read(con, question.sql)) for n, question in enumerate(questions, 1)}
    inputs = {name: _inputs(name, reads) for schema in published.values() for name in schema}
    tables = []
    for schema, found in published.items():
        for name, info in found.items():
            label, *definition = _parts(info.comment or name)
            rows, *nulls = _counts(con, f"{_name(schema)}.{_name(name)}", info.columns)
            columns = [
                _column(name, column, info.columns[column], empty, keys)
                for column, empty in zip(info.columns, nulls, strict=True)
            ]
            titles = {n: question.title for n, (question, read) in asked.items() if name in read}
            tables.append(
                Table(schema, name, label, Said(*definition), rows, columns, _origin(name, inputs, reads), titles)
            )
    order = list(GROUPS)
    return sorted(tables, key=lambda table: (order.index(table.group), table.name))


def _tables_read(con: duckdb.DuckDBPyConnection, sql: str) -> set[str]:
    """The names in a statement's from clauses, as DuckDB parses it."""
    parsed = con.execute("select cast(json_serialize_sql(?) as varchar)", [sql]).fetchall()[0][0]
    names, nodes = set(), [json.loads(parsed)]
    while nodes:
        node = nodes.pop()
        if isinstance(node, dict):
            if node.get("type") == "BASE_TABLE":
                names.add(node["table_name"])
            nodes.extend(node.values())
        elif isinstance(node, list):
            nodes.extend(node)
    return names


def _counts(con: duckdb.DuckDBPyConnection, place: str, columns: Mapping[str, object]) -> tuple[int, ...]:
    """How many rows a table has, and in how many each column is null."""
    counts = ", ".join(["count(*)", *(f"count(*) - count({_name(column)})" for column in columns)])
    (found,) = con.execute(f"select {counts} from {place}").fetchall()
    return tuple(found)


def _column(table: str, name: str, said: catalog.Column, empty: int, keys: Mapping[tuple[str, str], bool]) -> Column:
    label, *definition = _parts(said.comment or name)
    nullable = keys.get((table, name))  # None: no part of the key
    return Column(
        name, label, Said(*definition), type_words(said.type), column_unit(name, said.type),
        is_key=nullable is not None, nulls=None if nullable is False else empty,
    )  # fmt: skip


def _parts(comment: str) -> list[str]:
    """A comment's Chinese label, Chinese and English definition."""
    return [*comment.split(" | ", 2), "", ""][:3]


def _inputs(table: str, reads: Mapping[str, list[tuple[str, str, str]]]) -> dict[str, list[str]]:
    """Follow what a table reads down to the nearest forms, seeds and other tables, by their layer."""
    found: dict[str, set[str]] = {"landing": set(), "register": set(), "seed": set(), "marts": set()}
    nodes, seen, known = [table], {table}, forms()
    while nodes:
        inputs = [edge[1:] for edge in reads.get(nodes.pop(), [])]
        landed = {name for name, layer in inputs if layer == "landing" and name in known}
        # The staging model of every form at once is the register of all that came in, not this table's form.
        found["landing" if len(landed) == 1 else "register"] |= landed
        for name, layer in inputs:
            if layer in ("seed", "marts"):
                found[layer].add(name)
            elif name not in seen:
                seen.add(name)
                nodes.append(name)
    return {layer: sorted(names) for layer, names in found.items()}


def _origin(
    table: str, inputs: Mapping[str, dict[str, list[str]]], reads: Mapping[str, list[tuple[str, str, str]]]
) -> Origin:
    readers = sorted(other for other, found in inputs.items() if table in found["marts"])
    documents = sorted(name for name, edges in reads.items() if ("document", table, "marts") in edges)
    found = inputs[table]
    is_register = bool(found["register"]) and not (found["landing"] or found["marts"])
    return Origin(found["landing"], is_register, found["seed"], found["marts"], readers, documents)


def _readers_of_forms(tables: Sequence[Table]) -> dict[str, list[str]]:
    return {form: [table.name for table in tables if form in table.origin.forms] for form in forms()}


def _rules(of_reports: Sequence[Mapping[str, str]]) -> list[Rule]:
    """Those of single rows, which their schema words, and those of several reports, which their models describe."""
    found: dict[str, tuple[str, list[Said]]] = {}
    for name, rule in RULES.items():
        found[name] = rule.severity, [Said(*(re.sub(r"\{\w+\}", "…", text) for text in (rule.zh, rule.en)))]
    for row in of_reports:
        _, messages = found.setdefault(row["rule"], (row["severity"], []))
        messages.append(Said(row["description_zh"], row["description_en"]))
    return [Rule(name, SEVERITIES[severity], said) for name, (severity, said) in sorted(found.items())]


def _vocabularies(described: Mapping[str, FormInfo]) -> list[tuple[str, Vocabulary]]:
    """The closed lists that the forms use, by the title of the field that uses each first."""
    found: dict[str, tuple[str, Vocabulary]] = {}
    for form in described.values():
        for field in form.fields.values():
            if field.vocabulary:
                found.setdefault(field.vocabulary.name, (field.title, field.vocabulary))
    return sorted(found.values(), key=lambda pair: pair[1].name)


def _glossary(text: str) -> Iterator[tuple[str, str, str]]:
    """The rows of the document's table: Chinese, English, names in code."""
    rows = [line.strip().strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    for chinese, english, names in rows[2:]:
        yield chinese.strip(), english.strip(), names.strip()


def _questions(text: str) -> Iterator[Question]:
    """The sections of the document: `## English · 中文`, each with one statement."""
    for section in text.split("\n## ")[1:]:
        heading, _, body = section.partition("\n")
        english, _, chinese = heading.partition(" · ")
        (sql,) = re.findall(r"```sql\n(.*?)```", body, re.S)
        yield Question(Said(chinese or english, english), sql.strip())


def _split_words(text: str) -> Said:
    """A docstring in Chinese and English: 一个镇一行。One town."""
    chinese, stop, english = text.partition("。")
    return Said(chinese + stop, english.strip() or chinese + stop)


def _code(text: str) -> Markup:
    """Text with what stands between backticks as code."""
    pieces = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if n % 2 else piece for n, piece in enumerate(pieces)
    )


def _csp_hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
