"""What Spark's workers and the command do before there is any Spark."""

import datetime as dt
import importlib.util
import pickle
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.ingest.guard import Limits
from flows.ingest.inbox import discover
from flows.ingest.landing import Landing
from flows.ingest.landing_tables import tables
from flows.ingest.reading import nothing
from flows.spark.session import NoSpark, session
from flows.spark.warehouse import OtherEngine, Place, check_engine, show_landing
from flows.spark.workers import WORK, ReadFiles


def test_without_spark_it_says_how_to_install_it(tmp_path: Path):
    if importlib.util.find_spec("pyspark"):
        pytest.skip("Spark is there")
    with pytest.raises(NoSpark, match="--extra spark"), session("local[1]", tmp_path):
        pass


def test_a_data_folder_belongs_to_the_engine_that_made_it(tmp_path: Path):
    place = Place(tmp_path)
    check_engine(place.warehouse, is_spark=True)  # there is none yet
    with Landing(place.warehouse):
        pass
    check_engine(place.warehouse, is_spark=False)
    with pytest.raises(OtherEngine, match="was made with DuckDB"):
        check_engine(place.warehouse, is_spark=True)


def test_what_spark_landed_is_shown_in_the_warehouse(tmp_path: Path):
    place = Place(tmp_path)
    for name, columns in tables().items():
        (place.landing / name).mkdir(parents=True)
        empty = pa.table({column: pa.array([], kind) for column, kind in columns.items()})
        pq.write_table(empty, place.landing / name / "part-0.parquet")
    show_landing(place)
    with duckdb.connect(str(place.warehouse), read_only=True) as con:
        assert con.execute("select count(*) from landing.village_progress").fetchone() == (0,)
    with pytest.raises(OtherEngine, match="was made with Spark"):
        check_engine(place.warehouse, is_spark=False)


def test_a_file_that_is_no_workbook_is_refused_by_the_worker_and_stops_nothing(tmp_path: Path):
    raw = tmp_path / "raw"
    (raw / "2021-08-20").mkdir(parents=True)
    (raw / "2021-08-20" / "表.xlsx").write_bytes(b"\x00\x01\x02")
    (file,) = discover(raw, dt.date(2021, 8, 21))
    work = pa.record_batch([[0], [pickle.dumps((file, "0" * 64, None, (), ""))]], schema=WORK)
    (reading,) = ReadFiles(Limits(), nothing, 0)([work])
    (line,) = reading.to_pylist()
    assert (line["status"], line["gives_list"], line["is_copy"]) == ("refused", False, False)
