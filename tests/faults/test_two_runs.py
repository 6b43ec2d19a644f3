"""Two nights at once: one runs, the other says who does; a holder that was killed keeps nobody waiting."""

import os
import signal
import time
from pathlib import Path

import duckdb
import pytest

from tests.faults.county import Place

pytestmark = [pytest.mark.faults, pytest.mark.skipif(os.name == "nt", reason="process groups are killed")]


def test_of_two_nights_at_once_one_runs_and_the_other_says_who(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.deliver("2021-06-25", "2021-08-10/白石镇")
    nights = [place.start(), place.start()]
    ends = [(night.communicate(timeout=600)[1], night) for night in nights]
    (said,) = [said for said, night in ends if night.returncode == 2]
    ((told, winner),) = [(said, night) for said, night in ends if night.returncode != 2]
    assert winner.returncode == 1, told
    assert f"gongshui run（进程 {winner.pid}，主机 " in said
    assert "正在使用数据文件夹" in said and "请等它结束后再运行" in said
    with duckdb.connect(str(place.published), read_only=True) as con:
        assert con.execute("select count(*) > 0 from main.fct_coverage").fetchall() == [(True,)]


def test_a_killed_holder_keeps_nobody_waiting(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.deliver("2021-06-25")
    holder = place.start()
    note = place.data / ".run.json"
    until = time.monotonic() + 120
    while not note.is_file() and time.monotonic() < until:
        time.sleep(0.05)
    assert note.is_file()
    os.killpg(holder.pid, signal.SIGKILL)
    holder.communicate()
    code, said = place.night()
    assert code == 1, said
    assert "正在使用数据文件夹" not in said
