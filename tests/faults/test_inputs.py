"""Towns write to the inbox while it is read: what cannot be read tonight is told, and read another night."""

import datetime as dt
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.ingest import night
from flows.ingest.guard import Limits, Refused
from flows.ingest.night import Night, Options
from flows.ingest.reading import FileRead
from flows.said import Said
from tests.conftest import RAW
from tests.faults.county import UNPRIVILEGED, environment

WORKBOOK = (RAW / "2021-08-10/白石镇/白石镇项目台账(8.10).xlsx").read_bytes()
CSV = "截至2021年8月20日\n项目名称,资金来源,计划,到位,支付\n甲工程,专项债券,{planned},80,60\n".encode()
LIST = """云塘县行政区划与户籍基数表（截至2021年6月25日）
自然村编码,镇,村委会,自然村,户籍户数,户籍人口
440999101200001,青龙镇,兴隆村委会,大屋村,86,{people}
"""
FILE = "2021-08-20/青龙镇.csv"
# What happens to the inbox between a file's listing and its reading.
Happens = Callable[[Path], object]


class Inbox:
    """An inbox, and nights over it that read in this process."""

    def __init__(self, folder: Path) -> None:
        self.raw, self.warehouse, self.nights = folder / "raw", folder / "data" / "warehouse.duckdb", 0
        (self.raw / "2021-08-20").mkdir(parents=True)

    def put(self, path: str, data: bytes = CSV) -> Path:
        file = self.raw / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        return file

    def night(self, settle_seconds: float = 0.0) -> Night:
        """One night, a day after the last."""
        self.nights += 1
        options = Options(Limits(), 1, settle_seconds=settle_seconds)
        now = dt.datetime(2021, 8, 25, 2) + dt.timedelta(days=self.nights)
        return night.ingest(self.raw, self.warehouse, options, now, lambda *_: None)

    def told(self, **options: Any) -> dict[str, tuple[str, str | None]]:
        """What a night tells of each file: its status and why."""
        return {one.path.partition("/")[2]: (one.status, one.reason) for one in self.night(**options).outcomes}

    def landed(self) -> list[tuple[str, str]]:
        with duckdb.connect(str(self.warehouse), read_only=True) as con:
            return con.execute("select path, status from landing.file order by all").fetchall()


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path)


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Happens]]:
    """What happens to files by name, once, after they are listed; all reading is done in this process."""
    happens: dict[str, Happens] = {}

    def read(function: Callable[[Any], FileRead], items: list[Any], **_: Any) -> Iterator[tuple[Any, Any]]:
        for item in items:
            happens.pop(item[0].name, lambda _: None)(item[0].location)
            try:
                yield item, function(item)
            except Refused as refused:
                yield item, refused

    monkeypatch.setattr(night, "run_isolated", read)
    yield happens
    assert not happens  # all of it did happen


def test_a_file_that_vanishes_while_it_is_read_is_told_and_not_landed(
    inbox: Inbox, meanwhile: dict[str, Happens]
) -> None:
    inbox.put(FILE)
    meanwhile["青龙镇.csv"] = Path.unlink
    assert inbox.told() == {FILE: ("unsettled", "列出之后文件被移走或删除，留待下次读取。")}
    assert inbox.landed() == []
    inbox.put(FILE)
    assert inbox.told() == {FILE: ("read", None)}


@pytest.mark.usefixtures("meanwhile")
def test_a_file_that_vanishes_before_it_is_looked_at_stops_no_night(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, _ = inbox.put(FILE), inbox.put("2021-08-20/白石镇.csv", CSV + b"\n")
    scan = os.scandir

    @contextmanager
    def scan_and_remove(folder: Any) -> Iterator[Any]:
        with scan(folder) as entries:
            found = list(entries)
        yield found
        if str(gone) in [entry.path for entry in found]:
            gone.unlink()

    monkeypatch.setattr(os, "scandir", scan_and_remove)
    assert list(inbox.told()) == ["2021-08-20/白石镇.csv"]


def test_a_file_that_grows_or_is_replaced_while_it_is_read_is_left_and_read_whole_the_next_night(
    inbox: Inbox, meanwhile: dict[str, Happens]
) -> None:
    inbox.put("2021-08-20/台账.xlsx", WORKBOOK[:3000])
    inbox.put(FILE, CSV)
    meanwhile["台账.xlsx"] = lambda file: file.write_bytes(WORKBOOK)
    meanwhile["青龙镇.csv"] = lambda file: file.write_bytes(CSV.replace(b"60", b"61"))
    left = ("unsettled", "读取时文件仍在变化，留待下次读取。")
    assert inbox.told() == {"2021-08-20/台账.xlsx": left, FILE: left}
    assert inbox.landed() == []
    assert {status for status, _ in inbox.told().values()} == {"read"}
    assert inbox.told() == {}


@pytest.mark.usefixtures("meanwhile")
def test_half_a_workbook_that_was_just_written_is_left_and_read_when_it_is_whole(inbox: Inbox) -> None:
    file = inbox.put("2021-08-20/台账.xlsx", WORKBOOK[: len(WORKBOOK) // 2])
    ((status, why),) = inbox.told(settle_seconds=60).values()
    assert status == "unsettled"
    assert why and why.startswith("刚刚写入，可能还不完整：文件已损坏或传输不完整") and why.endswith("留待下次读取。")
    assert inbox.landed() == []
    # The rest arrives with the size it had and the time it had: nothing tells that it changed.
    before = file.stat()
    file.write_bytes(WORKBOOK)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert inbox.told(settle_seconds=60) == {"2021-08-20/台账.xlsx": ("read", None)}


@pytest.mark.usefixtures("meanwhile")
def test_half_a_workbook_that_nobody_writes_any_more_is_refused_until_it_changes(inbox: Inbox) -> None:
    file = inbox.put("2021-08-20/台账.xlsx", WORKBOOK[: len(WORKBOOK) // 2])
    os.utime(file, (0, 0))
    done = inbox.night(settle_seconds=60)
    assert [(path, why.zh[:13]) for path, why in done.unread] == [
        ("raw/2021-08-20/台账.xlsx", "文件已损坏或传输不完整，无")
    ]
    file.write_bytes(WORKBOOK)
    done = inbox.night(settle_seconds=60)
    assert (done.count("read"), done.unread) == (1, [])


@pytest.mark.usefixtures("meanwhile")
def test_a_refused_file_that_is_taken_away_needs_nobody_any_more(inbox: Inbox) -> None:
    file = inbox.put(FILE, b"\0\0\0\0")
    assert len(inbox.night().unread) == 1
    file.unlink()
    assert inbox.night().unread == []


def test_a_copy_of_a_file_that_is_left_is_left_with_it(inbox: Inbox, meanwhile: dict[str, Happens]) -> None:
    inbox.put(FILE)
    inbox.put("2021-08-20/青龙镇(1).csv")
    meanwhile["青龙镇.csv"] = lambda file: file.write_bytes(CSV + CSV)
    told = inbox.told()
    assert told["2021-08-20/青龙镇(1).csv"] == (
        "unsettled", "与《raw/2021-08-20/青龙镇.csv》内容相同，而该文件尚未读取，留待下次读取。",
    )  # fmt: skip
    assert {status for status, _ in inbox.told().values()} == {"read"}


def test_a_file_that_is_to_be_judged_again_and_vanishes_ends_the_night_all_the_same(
    inbox: Inbox, meanwhile: dict[str, Happens]
) -> None:
    inbox.put("2021-06-25/行政区划与户籍基数表.csv", LIST.format(people=412).encode())
    inbox.put(
        FILE,
        "青龙镇进度表（截至2021年8月20日）\n村委会,自然村,供水方式,户数,人口,进展情况\n兴隆村委会,大屋村,镇级水厂扩网,86,412,在建\n".encode(),
    )
    inbox.night()
    inbox.put("2021-08-01/行政区划与户籍基数表.csv", LIST.format(people=413).encode())
    meanwhile["青龙镇.csv"] = Path.unlink
    assert inbox.night().again == 1
    assert ("raw/2021-08-20/青龙镇.csv", "read") in inbox.landed()  # what it once said stands


def test_a_file_whose_reader_was_killed_is_read_again_the_next_night(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch, meanwhile: dict[str, Happens]
) -> None:
    inbox.put(FILE)

    meanwhile["青龙镇.csv"] = lambda file: None
    read_as_ever = night.run_isolated
    monkeypatch.setattr(
        night,
        "run_isolated",
        lambda _, items, **__: ((item, Refused.because("crashed", detail="SIGKILL")) for item in items),
    )
    assert inbox.told()[FILE][0] == "refused"
    assert inbox.told()[FILE][0] == "refused"
    monkeypatch.setattr(night, "run_isolated", read_as_ever)
    assert inbox.told()[FILE][0] == "read"
    assert inbox.told() == {}


# --- what lies there and is no file -----------------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
@pytest.mark.usefixtures("meanwhile")
def test_links_folders_and_special_files_are_told_every_night_and_the_others_read(inbox: Inbox, tmp_path: Path) -> None:
    day = inbox.raw / "2021-08-20"
    inbox.put(FILE)
    (day / "报表.xlsx").mkdir()  # a folder that is called like a file
    (day / "报表.xlsx" / "白石镇.csv").write_bytes(CSV + b"\n")
    (day / "断.csv").symlink_to(day / "没有.csv")
    (day / "环.csv").symlink_to(day / "环.csv")
    (day / "圈").symlink_to(inbox.raw)
    os.mkfifo(day / "管道.csv")
    (tmp_path / "另存.csv").write_bytes(CSV + b"\n\n")
    (day / "链接.csv").symlink_to(tmp_path / "另存.csv")
    done = inbox.night()
    assert {one.path.partition("/")[2]: one.status for one in done.outcomes if one.status == "read"} == {
        FILE: "read", "2021-08-20/报表.xlsx/白石镇.csv": "read", "2021-08-20/链接.csv": "read",
    }  # fmt: skip
    for _ in range(2):
        assert dict(done.unread) == {
            "raw/2021-08-20/断.csv": Said("链接指向的文件不存在。", "a link that leads nowhere."),
            "raw/2021-08-20/环.csv": Said(
                "文件无法打开：链接循环（Too many levels of symbolic links）。",
                "it cannot be opened: Too many levels of symbolic links.",
            ),
            "raw/2021-08-20/圈": Said(
                "是指向文件夹的链接或特殊文件，未读取。", "a link to a folder, or no regular file."
            ),
            "raw/2021-08-20/管道.csv": Said(
                "是指向文件夹的链接或特殊文件，未读取。", "a link to a folder, or no regular file."
            ),
        }
        done = inbox.night()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
@pytest.mark.usefixtures("meanwhile")
def test_names_of_odd_bytes_and_control_characters_are_told_in_letters(inbox: Inbox) -> None:
    day = os.fsencode(inbox.raw / "2021-08-20")
    for number, name in enumerate(
        ("青龙镇.csv".encode("gb18030"), b"\xff\xfe.csv", "换\n行\x1b[31m\u202e.csv".encode())
    ):
        Path(os.fsdecode(day + b"/" + name)).write_bytes(CSV + b"\n" * number)
    assert inbox.told() == {
        "2021-08-20/青龙镇.csv": ("read", None),
        "2021-08-20/\\xff\\xfe.csv": ("read", None),
        "2021-08-20/换\\u000a行\\u001b[31m\\u202e.csv": ("read", None),
    }
    assert inbox.told() == {}


NIGHT = """
import datetime as dt
from pathlib import Path
from flows.ingest.guard import Limits
from flows.ingest.night import Options, ingest
now = dt.datetime(2021, 8, 25, 2)
done = ingest(Path("raw"), Path("data/warehouse.duckdb"), Options(Limits(), 1), now, lambda *_: None)
print([(path, why.zh) for path, why in done.unread], done.count("read"))
"""


@pytest.mark.skipif(UNPRIVILEGED is None, reason="permissions bind nobody here")
def test_what_may_not_be_read_is_told_every_night_and_read_when_it_may_be(inbox: Inbox) -> None:
    closed, folder = inbox.put(FILE), inbox.put("2021-08-20/白石镇/资金.csv", CSV + b"\n").parent
    inbox.put("2021-08-20/石陂镇.csv", CSV + b"\n\n")

    def said() -> str:
        command = [*(UNPRIVILEGED or ()), sys.executable, "-c", NIGHT]
        done = subprocess.run(
            command, cwd=inbox.raw.parent, env=environment(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    closed.chmod(0)
    folder.chmod(0)
    told = [
        ("raw/2021-08-20/白石镇", "文件夹无法打开：没有读取权限（Permission denied）。"),
        ("raw/2021-08-20/青龙镇.csv", "文件无法打开：没有读取权限（Permission denied）。"),
    ]
    assert said().strip() == f"{told} 1"
    assert said().strip() == f"{told} 0"
    closed.chmod(0o644)
    folder.chmod(0o755)
    assert said().strip() == "[] 2"
