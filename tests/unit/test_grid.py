import datetime as dt
import io
import json
from pathlib import Path

import openpyxl
import pytest

from flows.ingest.grid import CellError, Grid, Merge, Uncached, address, parse_range, read_workbook
from flows.ingest.guard import Limits, Refused
from tests.unit.workbooks import MAIN, PACKAGE, REL, STYLES, worksheet, xlsx, zipped

MESSY = Path(__file__).parent.parent / "data" / "messy"
CASES = sorted(MESSY.glob("*.json"))


def grid(data: bytes) -> Grid:
    (only,) = read_workbook(data, "x")
    return only


def rows(cells: str, **parts: str) -> list[list[object]]:
    return grid(xlsx(worksheet(cells), **parts)).rows


def test_a_workbook_of_openpyxl_reads_as_it_was_written():
    book = openpyxl.Workbook()
    sheet = book.active
    values = [["镇", " 两端空白 ", 12, 0.5, True], [dt.date(2021, 8, 20), dt.datetime(2021, 8, 20, 9, 30), None, -3]]
    for row in values:
        sheet.append(row)
    sheet.merge_cells("A4:B5")
    sheet["A4"], sheet["E4"], sheet["E2"] = "合计", 0.25, 441781101201001
    sheet["E4"].number_format = "0.0%"
    sheet.row_dimensions[2].hidden = True
    sheet.column_dimensions["C"].hidden = True
    book.create_sheet("旧表").sheet_state = "hidden"
    buffer = io.BytesIO()
    book.save(buffer)
    first, second = read_workbook(buffer.getvalue(), "x.xlsx")
    assert first.rows == [values[0], [*values[1], 441781101201001], [], ["合计", None, None, None, 0.25]]
    assert first.merges == [Merge(3, 0, 3, 1)], "the row beneath holds nothing, so the merge ends above it"
    assert (first.hidden_rows, first.hidden_columns, first.percents) == ({1}, {2}, {(3, 4)})
    assert (second.name, second.is_hidden, second.rows) == ("旧表", True, [])


@pytest.mark.parametrize(
    "sheet",
    [
        worksheet('<row r="2"><c r="B2" t="inlineStr"><is><t>甲</t></is></c><c r="D2" s="2"><v>0.5</v></c></row>'),
        worksheet(
            '<row r="2"><c t="inlineStr" r="B2"><is><t>甲</t></is></c><c s="2" r="D2" cm="1"><v>0.5</v></c></row>'
        ),
        worksheet("<row r='2'><c r='B2' t='inlineStr'><is><t>甲</t></is></c><c r='D2' s='2'><v>0.5</v></c></row>"),
        worksheet(
            '<!-- c --><row r="2">\n <c r="B2" t="inlineStr"><is><t><![CDATA[甲]]></t></is></c>\n'
            ' <c\n r="C2"/>\n<c r="D2" s="2" >\n <v>5E-1</v>\n</c></row>\n'
        ),
        f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData><x:row r="2"><x:c r="B2" t="inlineStr"><x:is><x:t>甲</x:t></x:is>'
        '</x:c><x:c r="D2" s="2"><x:v>0.5</x:v></x:c></x:row></x:sheetData></x:worksheet>',
        worksheet('<row/><row><c/><c t="inlineStr"><is><t>甲</t></is></c><c/><c s="2"><v>0.5</v></c></row>'),
        worksheet('<row r="2"><c r="D2" s="2"><v>0.5</v></c><c r="B2" t="str"><v>甲</v></c></row>'),
    ],
    ids=["plain", "other order", "single quotes", "comments and blanks", "prefixed", "no addresses", "out of order"],
)
def test_the_same_sheet_in_any_writers_xml_is_the_same_grid(sheet):
    read = grid(xlsx(sheet))
    assert read.rows == [[], [None, "甲", None, 0.5]]
    assert read.percents == {(1, 3)}


def test_an_xml_part_in_utf_16_is_read():
    sheet = '<?xml version="1.0" encoding="UTF-16"?>' + worksheet('<row r="1"><c r="A1" t="str"><v>镇</v></c></row>')
    assert grid(xlsx(worksheet(""), extra={"xl/worksheets/sheet1.xml": sheet.encode("utf-16")})).rows == [["镇"]]


def test_strings_join_their_runs_and_leave_phonetic_guides_out():
    strings = (
        "<si><t>甲</t></si><si><r><t>村</t></r><r><rPr><strike/></rPr><t xml:space='preserve'> 委会</t></r></si>"
        "<si><t>重庆</t><rPh sb='0' eb='2'><t>チョンチン</t></rPh></si><si><t>a&lt;b&amp;&#x4E2D;_x000D_&#10;c</t></si>"
        "<si><t>　 </t></si><si/>"
    )
    cells = "".join(f'<c t="s"><v>{n}</v></c>' for n in range(6)) + '<c t="inlineStr"><is><r><t>丙</t></r></is></c>'
    assert rows(f"<row>{cells}</row>", strings=strings) == [
        ["甲", "村 委会", "重庆", "a<b&中\r\nc", None, None, "丙"],
    ]


def test_numbers_are_whole_where_they_are_and_codes_keep_their_digits():
    texts = ["441781101201001", "4.41781101201001E14", "12.0", "-3", "0.1", "1E-3", "007"]
    cells = "".join(f"<c><v>{text}</v></c>" for text in texts)
    (row,) = rows(f"<row>{cells}</row>")
    assert row == [441781101201001, 441781101201001, 12, -3, 0.1, 0.001, 7]
    assert [type(value) for value in row] == [int, int, int, int, float, float, int]


@pytest.mark.parametrize(
    ("properties", "first"), [("", dt.date(2021, 8, 20)), ('<workbookPr date1904="1"/>', dt.date(2025, 8, 21))]
)
def test_dates_are_those_of_the_workbooks_date_system(properties, first):
    cells = '<row><c s="1"><v>44428</v></c><c s="3"><v>44428.5</v></c><c><v>44428</v></c><c s="1"><v>0.5</v></c></row>'
    noon = dt.datetime.combine(first, dt.time(12))
    assert rows(cells, properties=properties) == [[first, noon, 44428, 0.5]]


def test_the_same_cell_means_what_its_own_workbook_says():
    cells = '<row r="1"><c r="A1" s="1"><v>44428</v></c><c r="B1" t="s"><v>0</v></c><c r="C1" s="2"><v>1</v></c></row>'
    plain = f'<styleSheet xmlns="{MAIN}"><cellXfs count="3"><xf/><xf/><xf/></cellXfs></styleSheet>'
    day, serial = dt.date(2021, 8, 20), 44428
    for styles, name, first in [(STYLES, "甲", day), (plain, "甲", serial), (STYLES, "乙", day), (plain, "乙", serial)]:
        book = xlsx(worksheet(cells), strings=f"<si><t>{name}</t></si>", extra={"xl/styles.xml": styles})
        read = grid(book)
        assert read.rows == [[first, name, 1]]
        assert read.percents == ({(0, 2)} if styles == STYLES else set())


def test_formulas_rich_texts_and_gaps_in_a_row_leave_its_other_cells_as_they_are():
    cells = (
        '<row r="2" spans="1:9"><c r="B2" s="12"><f>A2+1</f><v>5</v></c>'
        '<c r="C2" t="inlineStr"><is><t>2" 管</t></is></c>'
        '<c r="E2" t="inlineStr"><is><r><t>大</t></r><r><t>屋</t></r></is></c><c r="G2" s="2"><v>0.5</v></c>'
        '<c r="H2" t="inlineStr"><is><t> </t></is></c></row><row r="3"/>'
    )
    read = grid(xlsx(worksheet(cells)))
    assert read.rows == [[], [None, 5, '2" 管', None, "大屋", None, 0.5]]
    assert (read.formulas, read.percents) == ({(1, 1): "A2+1"}, {(1, 6)})


def test_errors_and_formulas_without_a_value_are_told_apart_from_blanks():
    read = grid(
        xlsx(
            worksheet(
                '<row r="1"><c r="A1" t="e"><v>#REF!</v></c><c r="B1"><f>SUM(C1:D1)</f></c><c r="C1"><f>1+1</f>'
                '<v>2</v></c><c r="D1" t="str"><f>IF(A9="","",1)</f><v></v></c><c r="E1" t="b"><v>1</v></c>'
                '<c r="F1"><f>A2</f><v/></c></row>'
            )
        )
    )
    assert read.rows == [["#REF!", "SUM(C1:D1)", 2, None, True, "A2"]]
    assert [type(value) for value in read.rows[0][:2]] == [CellError, Uncached]
    assert read.formulas == {(0, 1): "SUM(C1:D1)", (0, 2): "1+1", (0, 3): 'IF(A9="","",1)', (0, 5): "A2"}


def test_a_shared_formula_is_moved_to_where_it_is_used():
    read = rows(
        '<row r="1"><c r="A1"><f t="shared" ref="A1:A2" si="0">SUM(B1:$C$1)</f></c></row>'
        '<row r="2"><c r="A2"><f t="shared" si="0"/></c></row>'
    )
    assert read == [["SUM(B1:$C$1)"], ["SUM(B2:$C$1)"]]


HIDDEN = "".join(f'<row r="{n}" hidden="1"><c r="A{n}"><v>{n}</v></c></row>' for n in range(2, 6))


def test_rows_hidden_by_hand_are_listed_and_those_of_a_filter_are_not():
    filtered = f'<autoFilter xmlns="{MAIN}" ref="A1:A3"><filterColumn colId="0"><filters/></filterColumn></autoFilter>'
    assert grid(xlsx(worksheet(HIDDEN))).hidden_rows == {1, 2, 3, 4}
    assert grid(xlsx(worksheet(HIDDEN, after=filtered))).hidden_rows == {3, 4}
    table = {
        "xl/worksheets/_rels/sheet1.xml.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="a" '
        f'Type="{REL}/table" Target="../tables/table1.xml"/></Relationships>',
        "xl/tables/table1.xml": f'<table xmlns="{MAIN}" ref="A1:A5">{filtered}</table>',
    }
    after = '<tableParts count="1"><tablePart r:id="a"/></tableParts>'
    assert grid(xlsx(worksheet(HIDDEN, after=after), extra=table)).hidden_rows == {3, 4}


def test_cells_that_show_nothing_do_not_enlarge_the_grid():
    far = '<row r="1048576"><c r="XFC1048576" s="1"/><c r="XFD1048576" t="str"><v> </v></c></row>'
    before = '<dimension ref="A1:XFD1048576"/>'
    assert grid(xlsx(worksheet('<row r="1"><c r="A1"><v>1</v></c></row>' + far, before=before))).rows == [[1]]


def test_a_merge_over_the_whole_sheet_is_as_large_as_what_is_on_it():
    cells = '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><v>2</v></c></row><row r="3"><c r="C3"><v>3</v></c></row>'
    read = grid(xlsx(worksheet(cells, after='<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>')))
    assert read.merges == [Merge(0, 0, 2, 2)]
    assert [value for row in read.rows for value in row if value is not None] == [1]


def test_one_bad_sheet_does_not_lose_the_others():
    good = worksheet('<row r="1"><c r="A1"><v>1</v></c></row>')
    for bad in (good[:-30], worksheet("<row><c><v>x</v></c></row>"), worksheet('<row><c t="s"><v>9</v></c></row>')):
        first, second = read_workbook(xlsx(bad, good), "x")
        assert first.damage is not None
        assert first.damage.code == "damaged"
        assert (first.rows, second.rows, second.damage) == ([], [[1]], None)
        with pytest.raises(Refused, match="damaged"):
            read_workbook(xlsx(bad), "x")


def test_names_and_states_of_sheets():
    sheets = read_workbook(xlsx(*[worksheet("")] * 3, states={2: 'state="veryHidden"', 3: 'state="visible"'}), "x")
    assert [(sheet.name, sheet.is_hidden) for sheet in sheets] == [
        ("Sheet1", False),
        ("Sheet2", True),
        ("Sheet3", False),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_text_tables_of_any_encoding_and_separator(encoding, separator):
    lines = ["青龙镇，进度表、截至8月20日", "村,户数,备注", '甲村,86,"两行\n备注"', "", "乙村,,　"]
    data = "\r\n".join(line.replace(",", separator) for line in lines).encode(encoding)
    expected = [[lines[0]], ["村", "户数", "备注"], ["甲村", "86", "两行\n备注"], [], ["乙村"]]
    assert grid(data).rows == expected


def test_a_thousands_comma_does_not_divide_a_tab_separated_table():
    assert grid("村\t人口\n甲\t1,234\n乙\t2,345\n".encode()).rows[1] == ["甲", "1,234"]


def test_an_html_table_is_spread_as_a_browser_shows_it():
    page = (
        "<html><head><meta charset=gb2312></head><body><table><tr><td colspan=3>标题</td></tr>"
        "<tr><td rowspan=2>镇</td><td>甲&nbsp; 村<br>二组</td><td>&nbsp;</td></tr>"
        "<tr style='display:none'><td> 乙\n村 </td>"
        "<td><b>1</b>2</td></tr></table><table><tr></tr></table><table><tr><th>㙟</table>"
    )
    first, second = read_workbook(page.encode("gb18030"), "x.xls")
    assert first.rows == [["标题"], ["镇", "甲  村\n二组"], [None, "乙 村", "12"]]
    assert first.merges == [Merge(0, 0, 0, 2), Merge(1, 0, 2, 0)]
    assert first.hidden_rows == {2}
    assert (second.name, second.rows) == ("Sheet2", [["㙟"]])


def test_a_table_within_a_cell_is_a_sheet_of_its_own():
    page = b"<table><tr><td>a<table><tr><td>b</td></tr></table></td><td>c</td></tr></table>"
    assert [sheet.rows for sheet in read_workbook(page, "x")] == [[["a", "c"]], [["b"]]]


def test_an_excel_2003_xml_workbook():
    space = "urn:schemas-microsoft-com:office:spreadsheet"
    page = f"""<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>
    <Workbook xmlns="{space}" xmlns:ss="{space}" xmlns:x="urn:schemas-microsoft-com:office:excel">
    <Styles><Style ss:ID="p"><NumberFormat ss:Format="0.0%"/></Style></Styles><Worksheet ss:Name="进度"><Table>
    <Column ss:Index="2" ss:Hidden="1"/>
    <Row><Cell ss:MergeAcross="1"><Data ss:Type="String">标题</Data></Cell>
    <Cell><Data ss:Type="Number">12</Data></Cell></Row>
    <Row ss:Index="3" ss:Hidden="1"><Cell ss:Index="3" ss:StyleID="p"><Data ss:Type="Number">0.5</Data></Cell>
    <Cell><Data ss:Type="DateTime">2021-08-20T00:00:00.000</Data></Cell><Cell><Data ss:Type="Error">#REF!</Data></Cell>
    <Cell ss:Formula="=SUM(R[-2]C[-3],RC[-3])+R1C3"/></Row></Table></Worksheet></Workbook>"""
    read = grid(page.encode())
    assert read.rows == [
        ["标题", None, 12],
        [],
        [None, None, 0.5, dt.date(2021, 8, 20), "#REF!", "SUM(C1,C3)+C1"],
    ]
    assert (read.hidden_rows, read.hidden_columns, read.percents) == ({2}, {1}, {(2, 2)})
    assert read.merges == [Merge(0, 0, 0, 1)]


ODS = """<?xml version="1.0"?><o:document-content xmlns:o="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:t="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"><o:automatic-styles><style:style style:name="ta2"
style:family="table"><style:table-properties table:display="false"/></style:style></o:automatic-styles><o:body>
<o:spreadsheet><table:table table:name="进度"><table:table-column table:number-columns-repeated="2"/>
<table:table-column table:visibility="collapse"/>
<table:table-header-rows><table:table-row><table:table-cell table:number-columns-spanned="3"
table:number-rows-spanned="1"><o:annotation><t:p>批注</t:p></o:annotation>
<t:p>标<t:span>题</t:span><t:s t:c="2"/>一</t:p><t:p>二</t:p></table:table-cell>
<table:covered-table-cell table:number-columns-repeated="2"/><table:table-cell table:number-columns-repeated="16381"/>
</table:table-row></table:table-header-rows>
<table:table-row table:number-rows-repeated="2"><table:table-cell o:value-type="float" o:value="441781101201001"
table:number-columns-repeated="2"/></table:table-row>
<table:table-row table:visibility="collapse"><table:table-cell o:value-type="percentage" o:value="0.5"/>
<table:table-cell o:value-type="date" o:date-value="2021-08-20"/><table:table-cell o:value-type="date"
o:date-value="2021-08-20T09:30:00"/><table:table-cell o:value-type="boolean" o:boolean-value="true"/></table:table-row>
<table:table-row table:visibility="filter"><table:table-cell table:formula="of:=SUM([.A2:.B2];[名录.A1])"/>
<table:table-cell table:formula="of:=[.A1]" o:value-type="string"><t:p>#REF!</t:p></table:table-cell></table:table-row>
<table:table-row table:number-rows-repeated="1048570"><table:table-cell table:number-columns-repeated="16384"/>
</table:table-row></table:table><table:table table:name="旧" table:style-name="ta2"/></o:spreadsheet></o:body>
</o:document-content>"""


@pytest.mark.parametrize(
    "data", [zipped({"content.xml": ODS}), ODS.replace("-content", "").encode()], ids=["ods", "flat"]
)
def test_an_opendocument_sheet(data):
    first, second = read_workbook(data, "x.ods")
    assert first.rows == [
        ["标题  一\n二"],
        [441781101201001] * 2,
        [441781101201001] * 2,
        [0.5, dt.date(2021, 8, 20), dt.datetime(2021, 8, 20, 9, 30), True],
        ["SUM(A2:B2,名录!A1)", "#REF!"],
    ]
    assert [type(value) for value in first.rows[4]] == [Uncached, CellError]
    assert (first.hidden_rows, first.hidden_columns, first.percents) == ({3}, {2}, {(3, 0)})
    assert (second.name, second.is_hidden, second.rows) == ("旧", True, [])


def test_what_an_opendocument_sheet_repeats_without_end_is_refused():
    endless = ODS.replace('number-rows-repeated="2"', 'number-rows-repeated="99999999"')
    with pytest.raises(Refused, match="Too many"):
        read_workbook(endless.replace("-content", "").encode(), "x.ods")


@pytest.mark.parametrize(("is_1904", "day"), [(False, dt.date(2021, 8, 20)), (True, dt.date(2025, 8, 21))])
def test_an_xls_workbook(is_1904, day):
    xlwt = pytest.importorskip("xlwt")
    book = xlwt.Workbook()
    book.dates_1904 = is_1904
    sheet, old = book.add_sheet("进度"), book.add_sheet("旧表")
    old.visibility = 2
    sheet.write_merge(0, 0, 0, 3, "标题")
    for c, (value, shown) in enumerate(
        [(441781101201001, "0"), (44428, 'yyyy"年"m"月"d"日"'), (0.5, "0.0%"), (True, "General")]
    ):
        sheet.write(2, c, value, xlwt.easyxf(num_format_str=shown))
    sheet.write(3, 0, xlwt.Formula("SUM(A3:A4)*2"))
    sheet.write(3, 1, xlwt.Formula('IF(A1="","",1)'))
    sheet.row(2).hidden = True
    sheet.col(1).hidden = True
    buffer = io.BytesIO()
    book.save(buffer)
    first, second = read_workbook(buffer.getvalue(), "x.xls")
    assert first.rows == [["标题"], [], [441781101201001, day, 0.5, True], ["SUM(A3:A4)*2.0"]]
    assert isinstance(first.rows[3][0], Uncached)
    assert first.merges == [Merge(0, 0, 0, 3)]
    assert (first.hidden_rows, first.hidden_columns, first.percents) == ({2}, {1}, {(2, 2)})
    assert (second.name, second.is_hidden) == ("旧表", True)


def test_addresses_and_ranges():
    assert [address(0, 0), address(6, 26), address(1048575, 16383)] == ["A1", "AA7", "XFD1048576"]
    assert parse_range("$B$2:XFD9") == Merge(1, 1, 8, 16383)
    assert parse_range("B2") == Merge(1, 1, 1, 1)
    assert parse_range("名录!B2") is None


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_every_cell_that_a_messy_case_reads_is_in_the_grid(case):
    truth = json.loads(case.read_text("utf-8"))
    if truth["expect"] != "load":
        return
    sheets = {
        sheet.name: sheet for sheet in read_workbook((MESSY / truth["file"]).read_bytes(), truth["file"], Limits())
    }
    for table in [truth, *truth.get("more", [])]:
        for row in table["rows"]:
            for field, place in row.get("_cells", {}).items():
                area = parse_range(place)
                assert area, place
                found = sheets[row["_sheet"]].at(area.top, area.left)
                assert found is not None or row.get(field) in (None, ""), (row["_sheet"], place, field)
