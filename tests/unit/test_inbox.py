import datetime as dt

import pytest

from flows.ingest.inbox import discover

TODAY = dt.date(2021, 8, 25)


def inbox(folder, *paths):
    for path in paths:
        file = folder / "raw" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"abc")
    return list(discover(folder / "raw", TODAY))


def received_on(folder, path):
    (file,) = inbox(folder, path)
    return file.received_on


def test_every_file_beneath_the_inbox_is_found_in_the_order_of_paths(tmp_path):
    found = inbox(tmp_path, "2021-08-20/青龙镇/进度表 (1).csv", "2021-08-10/b.xlsx", "2021-08-10/a.xlsx", "c.xlsx")
    assert [file.path for file in found] == [
        "raw/2021-08-10/a.xlsx",
        "raw/2021-08-10/b.xlsx",
        "raw/2021-08-20/青龙镇/进度表 (1).csv",
        "raw/c.xlsx",
    ]


def test_a_file_has_its_name_its_folders_and_its_size(tmp_path):
    (file,) = inbox(tmp_path, "2021-08-20/青龙镇/进度表.csv")
    assert (file.name, file.folders, file.size) == ("进度表.csv", ("2021-08-20", "青龙镇"), 3)
    assert file.location.read_bytes() == b"abc"


@pytest.mark.parametrize(
    "folder",
    ["2021-08-20", "20210820", "2021.8.20", "2021_08_20", "2021年8月20日", "2021年8月20日收", "2021-08-20 第二次"],
)
def test_a_dated_folder_says_when_its_files_were_received(tmp_path, folder):
    assert received_on(tmp_path, f"{folder}/a.xlsx") == dt.date(2021, 8, 20)
    assert next(discover(tmp_path / "raw", TODAY)).day == dt.date(2021, 8, 20)


@pytest.mark.parametrize(
    "path", ["a.xlsx", "青龙镇/a.xlsx", "2021-13-40/a.xlsx", "8月20日/a.xlsx", "青龙镇/2021-08-20/a.xlsx"]
)
def test_any_other_file_is_received_on_the_day_it_is_first_seen(tmp_path, path):
    (file,) = inbox(tmp_path, path)
    assert (file.day, file.received_on) == (None, TODAY)


@pytest.mark.parametrize(
    "name",
    [
        "~$进度表.xlsx", ".~lock.进度表.xlsx#", ".DS_Store", "Thumbs.db", "desktop.ini", "进度表.tmp",
        "进度表.xlsx.bak", "进度表.xlsx.part", "进度表.crdownload", "进度表.lnk", "THUMBS.DB",
    ],
)  # fmt: skip
def test_what_programs_leave_lying_about_is_litter(tmp_path, name):
    (file,) = inbox(tmp_path, name)
    assert file.is_litter


@pytest.mark.parametrize("name", ["进度表.xlsx", "进度表.csv", "通知.txt", "~进度表.xlsx", "照片.png", "进度表"])
def test_any_other_file_is_no_litter(tmp_path, name):
    (file,) = inbox(tmp_path, name)
    assert not file.is_litter


def test_an_empty_inbox_holds_nothing(tmp_path):
    (tmp_path / "raw" / "2021-08-20").mkdir(parents=True)
    assert list(discover(tmp_path / "raw", TODAY)) == []


def test_a_missing_inbox_is_said(tmp_path):
    with pytest.raises(FileNotFoundError):
        list(discover(tmp_path / "raw", TODAY))
