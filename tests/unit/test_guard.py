import io
import json
import pickle
import random
import struct
import zipfile
from pathlib import Path

import pytest

from flows.ingest.archive import Archive
from flows.ingest.grid import read_workbook
from flows.ingest.guard import REASONS, Damaged, Kind, Limits, Refused, sniff
from tests.unit.workbooks import worksheet, xlsx, zipped

MESSY = Path(__file__).parent.parent / "data" / "messy"
HOSTILE = sorted(MESSY.glob("hostile_*.json"))
CODES = {
    "billion_laughs": "entities",
    "empty": "empty",
    "encrypted": "encrypted",
    "nul": "nul",
    "path_traversal": "unsafe_name",
    "png": "not_workbook",
    "truncated": "damaged",
    "xxe": "entities",
    "zip_bomb": "bomb",
}
ONE = worksheet('<row r="1"><c r="A1"><v>1</v></c></row>')


def refusal(data: bytes, limits: Limits | None = None) -> Refused:
    with pytest.raises(Refused) as caught:
        read_workbook(data, "x.xlsx", limits)
    return caught.value


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: case.stem)
def test_hostile_cases_are_refused_with_their_reason_or_read(case):
    truth = json.loads(case.read_text("utf-8"))
    data = (MESSY / truth["file"]).read_bytes()
    if truth["expect"] == "refused":
        assert refusal(data).code == CODES[case.stem.removeprefix("hostile_")]
    else:
        assert any(grid.rows for grid in read_workbook(data, truth["file"]))


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("as_xlsx.xlsx", Kind.XLSX),
        ("hostile_xlsx_named_xls.xls", Kind.XLSX),
        ("vp_xls.xls", Kind.XLS),
        ("hostile_xls_named_xlsx.xlsx", Kind.XLS),
        ("vp_ods.ods", Kind.ODS),
        ("vp_html.xls", Kind.HTML),
        ("sv_html_utf8.xls", Kind.HTML),
        ("vp_csv_gb.csv", Kind.TEXT),
        ("vp_tsv_gb.tsv", Kind.TEXT),
    ],
)
def test_content_decides_the_kind(file, kind):
    assert sniff((MESSY / file).read_bytes(), "any.name") is kind


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"%PDF-1.7 ...", "not_workbook"),
        (zipped({"word/document.xml": "<a/>", "[Content_Types].xml": "<a/>"}), "not_workbook"),
        (zipped({"readme.txt": "hello"}), "not_workbook"),
        (zipped({"[Content_Types].xml": "<a/>", "xl/workbook.bin": "x"}), "xlsb"),
        (random.Random(1).randbytes(5000), "not_workbook"),
        (b"\x05user " + b" " * 159, "not_workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(505), "not_workbook"),
        (b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", "entities"),
        (b"PK\x03\x04", "damaged"),
        (b"caf\xe9 cr\xe8me \xff\xfe", "not_workbook"),
    ],
)
def test_what_is_no_workbook_is_refused(data, code):
    assert refusal(data).code == code


@pytest.mark.parametrize(
    ("sheet", "limits"),
    [
        (worksheet("<row>" + "<c><v>1</v></c>" * 101 + "</row>"), Limits(cells=100)),
        (worksheet('<row><c r="ZZ1"><v>1</v></c></row>'), Limits(columns=700)),
        (worksheet('<row r="1001"><c><v>1</v></c></row>'), Limits(rows=1000)),
        (worksheet("".join(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(1, 9))), Limits(area=9999)),
        (worksheet("<row><c><v>1</v></c></row>", after='<mergeCell ref="A1:A2"/>' * 11), Limits(merges=10)),
        (worksheet("".join(f'<row r="{n}"><c r="C{n}"><v>1</v></c></row>' for n in (1, 2, 3)),
                   after='<mergeCell ref="A1:C3"/>' * 5), Limits()),
    ],
    ids=["cells", "columns", "rows", "area", "merges", "overlapping merges"],
)  # fmt: skip
def test_too_many_of_anything_is_refused(sheet, limits):
    assert refusal(xlsx(sheet), limits).code == "too_many"


def test_other_limits():
    assert refusal(xlsx(ONE, ONE, ONE), Limits(sheets=2)).code == "too_many"
    assert refusal(xlsx(ONE), Limits(file_bytes=100)).code == "too_large"
    assert refusal(xlsx(ONE), Limits(entries=3)).code == "too_many"
    assert refusal(xlsx(ONE, strings=f"<si><t>{'长' * 101}</t></si>"), Limits(string=100)).code == "too_many"
    assert refusal(f"a,{'b' * 1000}\n".encode(), Limits(string=100)).code == "damaged"
    assert refusal(xlsx(ONE, extra={"xl/media/photo.jpg": b"x" * 10_000}), Limits(unzipped_bytes=9_000)).code == "bomb"


def test_an_entry_that_lies_about_its_size_is_not_unpacked():
    data = bytearray(zipped({"a.xml": b"0" * 1_000_000}))
    for signature, offset in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        struct.pack_into("<L", data, data.find(signature) + offset, 1000)
    with pytest.raises(Refused) as caught:
        Archive(bytes(data), Limits()).read("a.xml")
    assert caught.value.code == "bomb"


def test_a_flipped_byte_is_noticed():
    good = xlsx(ONE)
    start = zipfile.ZipFile(io.BytesIO(good)).getinfo("xl/worksheets/sheet1.xml").header_offset
    data = bytearray(good)
    data[start + 70] ^= 0xFF
    assert refusal(bytes(data)).code == "damaged"


def test_links_to_other_files_are_not_followed():
    grids = read_workbook((MESSY / "hostile_external_links.xlsx").read_bytes(), "x")
    assert grids[0].rows[2][4] == 47


@pytest.mark.parametrize("file", ["as_xlsx.xlsx", "vp_xls.xls", "vp_ods.ods", "vp_html.xls", "vp_csv_gb.csv"])
def test_broken_bytes_are_refused_or_read_and_never_crash(file):
    whole, chance = (MESSY / file).read_bytes(), random.Random(file)
    for _ in range(150):
        data = bytearray(whole)
        if chance.random() < 0.3:
            del data[chance.randrange(len(data)) :]
        for _ in range(chance.randrange(1, 20)):
            if data:
                data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            read_workbook(bytes(data), file)
        except Refused as refused:
            assert refused.reason_zh


@pytest.mark.parametrize("refused", [Refused.because("empty"), Damaged.at("Sheet1")])
def test_a_refusal_crosses_between_processes(refused):
    copy = pickle.loads(pickle.dumps(refused))
    assert (type(copy), copy.code, copy.reason_zh) == (type(refused), refused.code, refused.reason_zh)


def test_every_reason_is_in_both_languages():
    for chinese, english in REASONS.values():
        assert chinese.endswith(("。", "）。"))
        assert english.isascii()
