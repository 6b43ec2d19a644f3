import datetime as dt
from decimal import Decimal

import pytest

from flows.ingest.formulas import MAX_DEPTH, Evaluator, evaluate, moved
from flows.ingest.grid import CellError, Grid, Uncached


def sheet(formula: str) -> Grid:
    return Grid(
        "进度",
        rows=[
            [1, 2.5, "文字", None, CellError("#REF!")],
            [10, 0.1, " 12 ", True, dt.date(2021, 8, 20)],
            [Uncached("A1+A2"), Uncached("SUM(A1:A3)"), Uncached("C3"), Uncached("VLOOKUP(A1,A:B,2,0)")],
            [Uncached(formula)],
        ],
    )


def value(formula: str) -> Decimal | None:
    return evaluate(sheet(formula), 3, 0)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("A1+A2*2-B1/2", "19.75"),
        ("=(A1+A2)*-2", "-22"),
        ("--A1", "1"),
        ("A2*50%", "5"),
        ("50%%", "0.005"),
        ("B2+0.2", "0.3"),
        (".5+1.5e1", "15.5"),
        ("$A$1+a2", "11"),
        ("D1+1", "1"),
        ("C2+1", "13"),
        ("D2+1", "2"),
        ("A3+1", "12"),
        ("B3", "22"),
        ("SUM(A1:B2)", "13.6"),
        ("SUM(B2:A1)", "13.6"),
        ("SUM(A1:C2)", "13.6"),
        ("SUM(A1,A2 , 3, A1+A2)", "25"),
        ("sum(A1:A2)/SUM(A1)", "11"),
        ("SUM(C1)", "0"),
        ("SUM(A1:A1048576)-A4", None),
        ("SUM(Z90:Z99)", "0"),
        ("进度!A1+'进度'!A2", "11"),
        ("10/4", "2.5"),
    ],
)
def test_plain_arithmetic_and_sums(formula, expected):
    assert value(formula) == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize(
    "formula",
    [
        "A4",
        "A1/0",
        "C1+1",
        "E1+1",
        "SUM(E1:E2)",
        "E2+1",
        "C3",
        "D3",
        "AVERAGE(A1:A2)",
        "SUMIF(A1:A2,1)",
        "IF(A1>0,1,2)",
        'A1&"x"',
        "A1:A2",
        "A1 A2",
        "2^3",
        "名录!A1",
        "[1]Sheet1!A1",
        "(A1",
        "A1)",
        "SUM(A1",
        "SUM()",
        "1+",
        "",
        "A:A",
        "总户数",
        "1e999999999*1e999999999",
        "__import__('os')",
        "(" * 5000 + "1" + ")" * 5000,
        "-" * 100_000 + "A9x",
    ],
)
def test_anything_else_has_no_value(formula):
    assert value(formula) is None


def test_a_cell_without_a_formula_has_no_value():
    assert evaluate(sheet("1"), 0, 0) is None
    assert evaluate(sheet("1"), 99, 99) is None


def test_a_stored_value_does_not_hide_the_formula():
    grid = Grid("S", rows=[[1, 2, 0]], formulas={(0, 2): "A1+B1"})
    assert evaluate(grid, 0, 2) == 3


def test_a_circle_has_no_value_and_spoils_nothing_else():
    grid = Grid("S", rows=[[Uncached("B1+1"), Uncached("A1+1"), Uncached("1+1")]])
    evaluator = Evaluator(grid)
    assert [evaluator.value(0, column) for column in range(3)] == [None, None, 2]


def test_a_long_chain_is_bounded_from_its_end_and_free_from_its_start():
    grid = Grid("S", rows=[[1], *([Uncached(f"A{n}+1")] for n in range(1, 500))])
    assert evaluate(grid, MAX_DEPTH - 5, 0) == MAX_DEPTH - 4
    assert evaluate(grid, 499, 0) is None
    evaluator = Evaluator(grid)
    assert [evaluator.value(n, 0) for n in range(1, 500)] == list(range(2, 501))


def test_a_formula_that_doubles_at_each_step_takes_no_longer():
    grid = Grid("S", rows=[[1], *([Uncached(f"A{n}+A{n}")] for n in range(1, 50))])
    assert evaluate(grid, 49, 0) == 2**49


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A1+$B$2", "B3+$B$2"),
        ("SUM(A$1:$C3)", "SUM(B$1:$C5)"),
        ('IF(A1="A1",LOG10(A1),表A1!Z9)', 'IF(B3="A1",LOG10(B3),表A1!AA11)'),
        ("'A1 表'!A1", "'A1 表'!B3"),
    ],
)
def test_moving_a_formula(text, expected):
    assert moved(text, 2, 1) == expected


def test_moving_beyond_the_edge_is_an_error():
    assert moved("A1+B2", -1, 0) == "#REF!+B1"
