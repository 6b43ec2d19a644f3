import json

from flows.ingest.records import Contradiction, Record, Records

FIRST = Record(4, {"town": "青龙镇", "population": 412}, {"town": "A4", "population": "C4"}, {"population": "412人"})
SECOND = Record(5, {"town": "青龙镇", "status": None}, {"town": "A4", "status": "D5"}, unread={"status": "不详"})


def table(rows=(4, 5, 6), **values):
    """Records whose fields stand in the columns A, B, C and so on."""
    found = Records(rows, columns={name: f"{letter}#" for name, letter in zip(values, "ABCDE", strict=False)})
    found.values = {name: list(column) for name, column in values.items()}
    return found


def test_single_rows_come_back_as_they_were_put_together():
    first, second = Records.of([FIRST, SECOND])
    assert first.values == FIRST.values | {"status": None}
    assert second.values == SECOND.values | {"population": None}
    assert (first.row, first.cells, first.printed, first.unread) == (4, FIRST.cells, FIRST.printed, {})
    assert (second.row, second.cells, second.printed, second.unread) == (5, SECOND.cells, {}, SECOND.unread)


def test_a_field_stands_in_its_column_and_single_cells_elsewhere():
    found = table(town="甲乙丙", population=[1, 2, 3])
    found.put_cell(1, "town", "A4")
    assert [found.cell(place, "town") for place in range(3)] == ["A4", "A4", "A6"]
    assert [found.cell(place, "population") for place in range(3)] == ["B4", "B5", "B6"]
    assert found.cell(0, "status") is None


def test_evidence_as_json_is_that_of_each_row():
    found = table(town="甲乙丙", population=[1, None, 3])
    found.put_cell(2, "status", "C6")
    found.put_cell(1, "town", None)
    found.put_printed(0, "population", '一"人\\')
    found.put_printed(1, "population", "不详", is_unread=True)
    assert [json.loads(text) for text in found.cells_json()] == [record.cells for record in found]
    printed = [record.printed | record.unread for record in found]
    assert [json.loads(text) for text in found.printed_json()] == printed
    assert printed == [{"population": '一"人\\'}, {"population": "不详"}, {}]


def test_where_fields_run_down_the_side_a_row_is_called_by_its_letters():
    found = Records([3, 3], ["C", "D"], {"town": "#2"})
    found.values["town"] = ["甲", "乙"]
    assert [record.cells for record in found] == [{"town": "C2"}, {"town": "D2"}]
    assert found.cells_json() == ['{"town": "C2"}', '{"town": "D2"}']


def test_tables_join_whatever_columns_they_have():
    found, other = table(town="甲乙丙"), table((9,), population=[7], town=["丁"])
    other.put_printed(0, "population", "七", is_unread=True)
    other.contradict(0, Contradiction("R14", "population", "A9", "七", {}))
    found.extend(other)
    last = found[3]
    assert [record.values.get("town") for record in found] == ["甲", "乙", "丙", "丁"]
    assert (last.row, last.cells, last.unread) == (9, {"population": "A9", "town": "B9"}, {"population": "七"})
    assert [bool(record.contradictions) for record in found] == [False, False, False, True]
    assert found[0].cells == {"town": "A4"}


def test_rows_are_taken_in_any_order_and_more_than_once():
    found = table(town="甲乙丙")
    found.put_printed(2, "town", "丙镇", is_unread=True)
    taken = found.take([2, 0, 2])
    assert [(record.row, record.values["town"], record.cells["town"]) for record in taken] == [
        (6, "丙", "A6"), (4, "甲", "A4"), (6, "丙", "A6")
    ]  # fmt: skip
    assert [record.unread for record in taken] == [{"town": "丙镇"}, {}, {"town": "丙镇"}]
    assert found.take(range(3)) is found


def test_what_is_forgotten_says_nothing_and_stands_nowhere():
    found = table(town="甲乙丙")
    found.put_printed(1, "town", "乙镇", is_unread=True)
    found.forget(1, "town")
    assert (found[1].values, found[1].cells, found[1].unread) == ({"town": None}, {}, {})
    assert found.blank("town") == [1]
