import errno
import os
import stat

import duckdb
import pytest

from flows.causes import cause
from flows.durable import move, sync_all, write_whole
from flows.publish.build import PublishError
from flows.transform import TransformError


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path):
    (tmp_path / "manifest.json").write_text("old", "utf-8")
    write_whole(tmp_path / "manifest.json", "新")
    assert (tmp_path / "manifest.json").read_text("utf-8") == "新"
    assert list(tmp_path.iterdir()) == [tmp_path / "manifest.json"]


def test_a_file_that_cannot_be_replaced_stands_and_no_half_is_left(tmp_path, monkeypatch):
    def full(_descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "manifest.json").write_text("old", "utf-8")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(tmp_path / "manifest.json", "new")
    assert (tmp_path / "manifest.json").read_text("utf-8") == "old"
    assert list(tmp_path.iterdir()) == [tmp_path / "manifest.json"]


def test_content_is_on_the_disk_before_its_name_and_the_name_before_anything_else(tmp_path, monkeypatch):
    happened, fsync, rename = [], os.fsync, os.replace

    def synced(descriptor):
        happened.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def renamed(*names):
        happened.append("rename")
        rename(*names)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", renamed)
    (tmp_path / "a").write_text("a", "utf-8")
    move(tmp_path / "a", tmp_path / "b")
    assert happened == (["file", "rename"] if os.name == "nt" else ["file", "rename", "folder"])


def test_all_of_a_folder_is_brought_to_the_disk(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr("flows.durable.sync", lambda path: synced.append(path.name))
    (tmp_path / "parquet").mkdir()
    for name in ("marts.duckdb", "parquet/fct.parquet"):
        (tmp_path / name).touch()
    sync_all(tmp_path)
    assert sorted(synced) == ["fct.parquet", "marts.duckdb"]


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        duckdb.IOException('IO Error: Could not write file "marts.duckdb": No space left on device'),
        TransformError("model fct_coverage: IO Error: Could not write file: No space left on device"),
        PublishError("[Errno 28] No space left on device: 'dim_date.parquet'"),
    ],
)
def test_a_full_disk_is_told_as_such_whoever_met_it(error):
    why = cause(error)
    assert why is not None
    assert why.what == ("磁盘已满", "The disk is full")


@pytest.mark.parametrize(
    "error", [PermissionError(errno.EACCES, "Permission denied"), duckdb.IOException("Could not read")]
)
def test_another_fault_of_the_disk_is_not(error):
    why = cause(error)
    assert why is not None
    assert why.what.zh == "文件无法读写"
