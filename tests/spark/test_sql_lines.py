"""How much of the SQL is Spark's own: `uv run pytest -n 0 -s tests/spark/test_sql_lines.py` prints it."""

import re

from flows.transform import PROJECT

_VARIANT = re.compile(r"{%-? macro spark__.*?endmacro -?%}", re.DOTALL)
# What lets SQL tell one engine from the other.
_TELLING = re.compile(r"\badapter\.(dispatch|type)\b|\btarget\.(type|name)\b|\bspark__|\bduckdb__")


def test_only_macros_differ_and_less_than_a_hundredth_of_the_sql():
    sql = {
        path.relative_to(PROJECT): path.read_text("utf-8")
        for folder in ("models", "macros", "tests")
        for path in (PROJECT / folder).rglob("*.sql")
    }
    telling = {str(path) for path, text in sql.items() if path.parts[0] != "macros" and _TELLING.search(text)}
    assert telling == set()
    every = sum(_lines(text) for text in sql.values())
    of_spark = sum(_lines(variant) for text in sql.values() for variant in _VARIANT.findall(text))
    print(f"\n{of_spark} of {every:,} lines of SQL are a Spark variant of something ({of_spark / every:.1%})")
    assert 0 < of_spark < every / 100


def _lines(text: str) -> int:
    return sum(bool(line.strip()) for line in text.splitlines())
