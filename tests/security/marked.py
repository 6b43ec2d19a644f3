"""Real workbooks of the sample county with personal data, formulas and markup put wherever a town could put them."""

import shutil
from itertools import count, product
from pathlib import Path

from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from tests.conftest import RAW

# In every name of a person and in nothing else; in every piece of markup; in every formula.
RARE, MARKUP, FORMULA = "骉骎", "markedup", "marked.example"
_COUNTY, _DAY = "2021-06-25", "2021-08-20"
_SURNAMES, _GIVEN = "赵钱孙周吴郑冯卫蒋沈", [chr(0x5180 + n) for n in range(100)]


class Marks:
    """Gives names and telephone numbers, each once."""

    def __init__(self) -> None:
        self.phones: list[str] = []
        self._names = (f"{surname}{RARE}{given}" for surname, given in product(_SURNAMES, _GIVEN))
        self._numbers = count(1)

    def name(self) -> str:
        return next(self._names)

    def phone(self) -> str:
        self.phones.append(f"1397{next(self._numbers):07d}")
        return self.phones[-1]

    def text(self) -> str:
        """What a hostile cell of words holds: a formula, markup, the ends of elements that carry data, a number."""
        return (
            f'=HYPERLINK("http://{FORMULA}","x")<img src=x onerror={MARKUP}></script><!--\u2028]]>\'"; drop table x;'
            f"{self.phone()}"
        )


def write_inbox(raw: Path) -> Marks:
    """Write an inbox of the county's own forms and of towns that are careless and hostile in every way at once."""
    marks = Marks()
    shutil.copytree(RAW / _COUNTY, raw / _COUNTY)
    _mark_assignment(next((raw / _COUNTY).rglob("*挂点联系表.xlsx")), marks)
    day = raw / _DAY
    day.mkdir()
    source = next((RAW / _DAY).glob("*青龙镇*.xlsx"))
    mark_workbook(source, day / source.name, marks)
    # The same of another town, whose names of file and sheet hold a number: its copy cannot keep its looks.
    source = next((RAW / _DAY).glob("*龙塘镇*.xlsx"))
    mark_workbook(source, day / f"龙塘镇-{marks.phone()}.xlsx", marks, sheet=marks.phone())
    (day / "石陂镇项目台账.csv").write_text(_ledger("石陂镇", marks, ",", "\n"), "utf-8")
    cells = _ledger("水口镇", marks, "</td><td>", "</td></tr><tr><td>")
    (day / "水口镇项目台账.xls").write_text(f"<html><table><tr><td>{cells}</td></tr></table></html>", "utf-8")
    return marks


def mark_workbook(source: Path, target: Path, marks: Marks, sheet: str | None = None) -> None:
    """Write a workbook with marks in cells, beside them and around them; every table stays a table."""
    book = load_workbook(source)
    for each in book.worksheets:
        for heading in [cell for row in each.iter_rows(max_row=8) for cell in row if cell.value]:
            _mark_column(each, heading.row, heading.column, str(heading.value), marks)
        _mark_around(each, marks)
    _mark_book(book, marks)
    if sheet:
        book.worksheets[-1].title = sheet
    book.save(target)


def _mark_column(sheet: Worksheet, row: int, column: int, heading: str, marks: Marks) -> None:
    """Put marks beneath a heading: persons where persons stand, hostile words where words do, a wrong figure."""
    cells = [sheet.cell(r, column) for r in range(row + 1, sheet.max_row - 1)]
    data = [cell for cell in cells if cell.value is not None and sheet.cell(cell.row, 1).value in range(1, 99)]
    for number, cell in enumerate(data):
        if heading == "责任人":
            cell.value = marks.name()
        elif heading == "联系电话":
            phone = marks.phone()
            cell.value = int(phone) if number % 2 else phone
    if data and heading in ("主题", "存在问题", "责任单位", "备注", "文号", "水源（水厂）", "样品编号"):
        data[-1].value = marks.text() if heading != "样品编号" else f"={FORMULA}<b>{MARKUP}"
        data[-1].data_type = "s"
    if data and heading in ("受益户数", "进展情况", "自然村", "形象进度", "总投资"):
        data[-1].value = f"待核，{marks.name()}" if heading == "受益户数" else f"{data[-1].value}（{marks.phone()}）"
        if heading == "受益户数":  # what no field can read is quoted in messages; a number of a person must not be
            data[-1].value = f"待核{marks.phone()}"


def _mark_around(sheet: Worksheet, marks: Marks) -> None:
    """Signatures in a cell and in cells beside each other, a comment, a header and a footer."""
    last = sheet.max_row + 2
    sheet.cell(last, 1).value = f"填报人：{marks.name()}　审核人： {marks.name()}  联系电话：{marks.phone()}"
    for column, text in enumerate(("填报人：", marks.name(), "联系电话", marks.phone()), start=1):
        sheet.cell(last + 1, column).value = text
    sheet["A1"].comment = Comment(f"{marks.name()}：{marks.phone()}", marks.name())
    sheet.oddHeader.center.text = f"制表：{marks.name()}"
    sheet.oddFooter.left.text = marks.phone()


def _mark_book(book: Workbook, marks: Marks) -> None:
    book.properties.creator, book.properties.lastModifiedBy = marks.name(), marks.name()
    book.properties.title = marks.phone()
    hidden = book.create_sheet("通讯录")
    hidden.sheet_state = "hidden"
    for row in (("姓名", "职务", "手机号码"), *((marks.name(), "站长", marks.phone()) for _ in range(3))):
        hidden.append(row)
    hidden.cell(6, 5).value = f"有事找站长，{marks.phone()}"


def with_lists(source: Path, target: Path, marks: Marks) -> None:
    """A workbook whose list of allowed values and whose names of ranges hold what its cells hold."""
    book = load_workbook(source)
    sheet = book.worksheets[-1]
    name = marks.name()
    sheet.append(["填报人：", name])
    choices = DataValidation("list", formula1=f'"{name},其他"')
    choices.add("Z1")
    sheet.add_data_validation(choices)
    book.defined_names["谁"] = DefinedName("谁", attr_text=f'"{marks.phone()}"')
    book.save(target)


def _mark_assignment(file: Path, marks: Marks) -> None:
    """The county's list of who looks after which town, a name in the place of a post."""
    book = load_workbook(file)
    sheet = book.worksheets[0]
    posts = [cell for row in sheet.iter_rows() for cell in row if cell.value == "副县长"]
    posts[0].value = marks.name()
    sheet.cell(5, 5).value = f"镇党委书记{marks.name()}"
    book.save(file)


def _ledger(town: str, marks: Marks, between: str, after: str) -> str:
    """A ledger of projects with persons, and a mistake, for formats that are text."""
    rows = [
        [f"{town}农村集中供水工程项目台账（截至2021年8月20日）"],
        ["序号", "项目名称", "供水方式", "建设性质", "总投资（万元）", "受益人口", "责任人", "联系电话"],
        *(
            [str(n), f"{town}{n}村农村集中供水工程", "小型集中供水", "新建", "30", "-300", marks.name(), marks.phone()]
            for n in range(1, 4)
        ),
        ["填报人", marks.name(), "电话", marks.phone()],
    ]
    return after.join(between.join(row) for row in rows)
