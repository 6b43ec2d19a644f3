"""What `gongshui sql`, `trace`, `report`, `publish` and `status` do; the command line itself is flows/cli.py."""

import argparse
import datetime as dt
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from flows.said import SaidError
from flows.settings import Settings

if TYPE_CHECKING:
    from flows.publish.query import FailedNight

DONE, NEEDS_A_PERSON, COULD_NOT_RUN = 0, 1, 2

THEN, NOW = "known-then", "now"


def sql(settings: Settings, given: argparse.Namespace) -> int:
    """Print the answer to a question to the published marts, or save it for Excel and WPS."""
    from flows.publish.query import NoRelease, QueryError, columns_of, failed_night, query, tables_of

    if [given.sql is not None, given.file is not None, given.list, given.describe is not None].count(True) != 1:
        zh = "请写一条查询语句，或用 --file 指明查询文件，或用 --list 列出各表，或用 --describe 表名 列出各列。"
        return _refused(zh if settings.lang == "zh" else "Say a statement, or --file, or --list, or --describe TABLE.")
    if given.output and given.format == "json":
        zh = "--output 保存的是给 Excel 和 WPS 打开的 CSV，不能与 --format json 同用。"
        return _refused(
            zh if settings.lang == "zh" else "--output saves CSV for Excel and WPS: not with --format json."
        )
    try:
        if given.list:
            asked = tables_of(settings.lang)
        elif given.describe is not None:
            asked = columns_of(settings.marts, given.describe, settings.lang)
        else:
            asked = _statement(given)
        if night := failed_night(settings.marts):
            print(_stands(settings, night), file=sys.stderr)
        if given.output:
            return _saved(settings, asked, Path(given.output))
        for piece in query(settings.marts, asked, given.format):
            sys.stdout.write(piece)
        sys.stdout.flush()
    except BrokenPipeError:  # `gongshui sql … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more at its end
    except NoRelease:
        return _nothing_published(settings)
    except QueryError as error:
        return _refused(_unanswered(settings, error))
    except OSError as error:
        return _unusable(settings, error)
    return DONE


def _statement(given: argparse.Namespace) -> str:
    """The question, from the command line, a file or standard input."""
    if given.file is not None:
        return _decoded(Path(given.file).read_bytes())
    return _decoded(sys.stdin.buffer.read()) if given.sql == "-" else str(given.sql)


def _saved(settings: Settings, asked: str, file: Path) -> int:
    from flows.publish.spreadsheet import save

    _say_what_is_cut(settings, {file: save(settings.marts, asked, file)})
    print(file)
    return DONE


def trace(settings: Settings, given: argparse.Namespace) -> int:
    """Print the cells that a published figure came from."""
    from flows.ask import Question, Unknown, figure_of
    from flows.publish.query import NoRelease
    from flows.report.proof import Words, as_csv, as_json, as_text
    from flows.trace import Tracer, Untraceable

    question = Question(given.metric, given.town, given.date, given.mode, given.source)
    try:
        with Tracer(settings.marts, settings.warehouse, settings.lang) as tracer:
            figure = figure_of(question, tracer.con, tracer.metrics, settings.documents)
            proof, words = tracer.trace(figure), Words(tracer.con, settings.lang)
            if given.format == "json":
                print(json.dumps(as_json(proof), ensure_ascii=False, indent=1))
            else:
                sys.stdout.writelines((as_csv if given.format == "csv" else as_text)(proof, words))
            sys.stdout.flush()
    except BrokenPipeError:  # `gongshui trace … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more at its end
    except NoRelease:
        return _nothing_published(settings)
    except (Unknown, Untraceable) as error:
        return _refused(error.sentence(settings.lang))
    return DONE


def report(settings: Settings, given: argparse.Namespace) -> int:
    """Write the documents of a date again: as known now, or as known on an earlier day."""
    from flows.ask import Unknown, day_of
    from flows.publish.query import NoRelease, connect
    from flows.rebuild import rebuild
    from flows.report import documents
    from flows.trace import Untraceable

    try:
        with connect(settings.marts) as con:
            day = day_of(given.date, con)
        folder = settings.documents
        with writing(settings, given):
            if given.as_of == NOW:
                written = documents.write(settings.marts, settings.warehouse, folder, day)
            else:
                # A report is due the day after its date.
                known_on = day + dt.timedelta(days=1) if given.as_of == THEN else given.as_of
                folder = settings.rebuilt / known_on.isoformat()
                written = rebuild(settings, day, known_on, folder)
    except NoRelease:
        return _nothing_published(settings)
    except (Unknown, Untraceable) as error:
        return _refused(error.sentence(settings.lang))
    except OSError as error:
        return _unusable(settings, error)
    for sentence in written.failed:
        print(sentence.told(settings.lang), file=sys.stderr)
    print(folder / day.isoformat())
    return NEEDS_A_PERSON if written.failed else DONE


def publish(settings: Settings, given: argparse.Namespace) -> int:
    """Push the published marts to PostgreSQL, or write the bundle that Superset imports, or files for Excel and WPS."""
    from flows.publish.query import NoRelease

    if not settings.marts.is_file():
        return _nothing_published(settings)
    try:
        return {"postgres": _to_postgres, "superset": _for_superset, "csv": _as_csv}[given.target](settings, given)
    except NoRelease:
        return _nothing_published(settings)


def _to_postgres(settings: Settings, given: argparse.Namespace) -> int:
    from flows.publish.postgres import PostgresError, publish_release, secrets_of

    is_chinese = settings.lang == "zh"
    url = given.url or (settings.postgres and settings.postgres.get_secret_value())
    if not url:
        zh = "没有数据库地址：用 --url 或设置 postgres（环境变量 GONGSHUI_POSTGRES）指明。"
        return _refused(zh if is_chinese else "Which database? Say --url, or set postgres (GONGSHUI_POSTGRES).")
    if given.url and secrets_of(given.url):
        zh = "--url 中不要写口令，别人在进程列表中看得到。请写入 ~/.pgpass 或环境变量 PGPASSWORD。"
        en = "No password in --url: others see it in the list of processes. Use ~/.pgpass or PGPASSWORD."
        return _refused(zh if is_chinese else en)
    try:
        with writing(settings, given):  # of one release, not of two
            done = publish_release(settings.published, url)
    except PostgresError as error:
        said = f"未能发布到 PostgreSQL，原有数据未改动。{error.zh}"
        return _refused(said if is_chinese else f"Not published to PostgreSQL; what was there stands. {error.en}")
    rows, tables, same = sum(done.filled.values()), len(done.filled), len(done.unchanged)
    zh = f"已发布到 PostgreSQL：更新 {tables} 张表共 {rows:,} 行，未变 {same} 张。"
    en = f"Published to PostgreSQL: {tables} tables of {rows:,} rows, {same} had not changed."
    print(zh if is_chinese else en, file=sys.stderr)
    return DONE


def _for_superset(settings: Settings, given: argparse.Namespace) -> int:
    from flows.publish.query import connect
    from flows.publish.superset.bundle import BundleError, write_bundle

    target, uri = Path(given.output or "superset.zip"), given.url or f"duckdb:///{settings.marts.as_posix()}"
    try:
        with connect(settings.marts) as con:
            write_bundle(con, target, uri)
    except BundleError as error:
        return _refused(error.sentence(settings.lang))
    except OSError as error:
        return _unusable(settings, error)
    print(target)
    return DONE


def _as_csv(settings: Settings, given: argparse.Namespace) -> int:
    from flows.publish.query import QueryError
    from flows.publish.spreadsheet import save_tables

    try:
        written = save_tables(settings.marts, Path(given.output or "csv"), given.table or [], settings.lang)
    except QueryError as error:
        return _refused(_unanswered(settings, error))
    except OSError as error:
        return _unusable(settings, error)
    _say_what_is_cut(settings, written)
    for file in written:
        print(file)
    return DONE


def status(settings: Settings, given: argparse.Namespace) -> int:
    """Print how things stand."""
    from flows.status import stands
    from flows.status_told import as_json, as_text

    try:
        now = stands(settings, dt.datetime.now().astimezone())
    except OSError as error:  # a folder of another account's
        return _unusable(settings, error)
    sys.stdout.write(as_json(now) if given.json else as_text(now, settings.lang))
    return NEEDS_A_PERSON if now.needs_a_person else DONE


@contextmanager
def writing(settings: Settings, given: argparse.Namespace) -> Iterator[None]:
    """Be the only one to write to the data folder, which is made where there is none.

    Raises
    ------
    flows.lock.Held, flows.lock.CannotLock
    """
    from flows.lock import hold

    what = [given.command, given.target] if given.command == "publish" else [given.command]
    with hold(settings.data, " ".join(["gongshui", *what]), wait=given.wait):
        yield


def as_of(text: str) -> dt.date | str:
    """Read what --as-of may be: a day, `known-then` or `now`."""
    return text if text in (THEN, NOW) else dt.date.fromisoformat(text)


# --- words ------------------------------------------------------------------------------------------------------------


def _refused(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return COULD_NOT_RUN


def _unanswered(settings: Settings, error: SaidError) -> str:
    return f"{'查询未能执行。' if settings.lang == 'zh' else 'The query failed; '}{error.sentence(settings.lang)}"


def _stands(settings: Settings, night: "FailedNight") -> str:
    """That a night failed, and that the release before it stands."""
    at, why = night.at.strftime("%Y-%m-%d %H:%M"), night.reason.strip().partition("\n")[0][:200]
    zh = f"注意：{at} 的运行失败，以下仍是截至 {night.stands} 的成果。原因：{why}"
    en = f"Note: the run of {at} failed; what follows is the release before it, as of {night.stands}. Why: {why}"
    return zh if settings.lang == "zh" else en


def _say_what_is_cut(settings: Settings, written: Mapping[Path, int]) -> None:
    """Excel opens a longer file without its last rows; that it says so once does not tell which."""
    from flows.publish.spreadsheet import MOST_ROWS

    for file, rows in written.items():
        if rows > MOST_ROWS:
            zh = f"{file} 有 {rows:,} 行，Excel 和 WPS 只能显示前 {MOST_ROWS:,} 行。"
            en = f"{file} has {rows:,} rows; Excel and WPS show the first {MOST_ROWS:,}."
            print(zh if settings.lang == "zh" else en, file=sys.stderr)


def _unusable(settings: Settings, error: OSError) -> int:
    zh, en = f"文件无法读写：{error.filename}：{error.strerror}", f"Cannot use {error.filename}: {error.strerror}"
    return _refused(zh if settings.lang == "zh" else en)


def _nothing_published(settings: Settings) -> int:
    zh = f"还没有发布过数据（{settings.marts}），请先运行 gongshui run。"
    return _refused(
        zh if settings.lang == "zh" else f"Nothing is published yet ({settings.marts}); run gongshui run first."
    )


def _decoded(text: bytes) -> str:
    """Read text as UTF-8, else as the code page of a Chinese Windows."""
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError:
        return text.decode("gb18030", "replace")
