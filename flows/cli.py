"""The `gongshui` command: parses, calls, prints. Human text goes to stderr, results to stdout."""

import argparse
import datetime as dt
import io
import json
import logging
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from flows.commands import COULD_NOT_RUN, DONE, NEEDS_A_PERSON, publish, report, sql, status, trace, writing
from flows.parser import Parser, parser
from flows.said import Lang, SaidError
from flows.settings import BadSetting, Settings, read_settings, spoken, strange_variables

if TYPE_CHECKING:
    from flows.check import CheckedFile

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 done; 1 done, and something needs a person; 2 could not run."""
    arguments = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that has no Chinese is no reason to fail
    if os.name == "nt" and isinstance(sys.stdout, io.TextIOWrapper) and not sys.stdout.isatty():
        sys.stdout.reconfigure(encoding="utf-8")  # else a file or a pipe gets the machine's code page
    logging.raiseExceptions = False  # a library's log that cannot be written, on a full disk say, fails nothing
    Parser.lang = lang = spoken(_flag_of(arguments))
    say = Parser.say
    try:
        given = parser().parse_args(arguments)
        settings = read_settings(
            **{name: getattr(given, name, None) for name in ("raw", "data", "lang", "cron", "port", "engine", "master")}
        )
        for said in strange_variables():
            print(said.told(settings.lang), file=sys.stderr)
        return _COMMANDS[given.command](settings, given)
    except SaidError as error:
        print(error.sentence(lang), file=sys.stderr)
        return COULD_NOT_RUN
    except KeyboardInterrupt:
        print(say("已中断。", "Interrupted."), file=sys.stderr)
        return INTERRUPTED
    except Exception:
        log = logging.getLogger("gongshui")
        log.addHandler(logging.StreamHandler())  # Prefect, once imported, keeps the console to itself
        log.exception(say("运行失败，请把以下内容转给维护人员。", "It failed; pass this on to whoever maintains it."))
        return COULD_NOT_RUN  # else Python would end with 1, which means done


def _flag_of(arguments: Sequence[str]) -> str | None:
    """The language asked for, needed before the parser can explain itself."""
    before = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    before.add_argument("--lang", nargs="?")
    flag: str | None = before.parse_known_args(arguments)[0].lang
    return flag


def _run(settings: Settings, given: argparse.Namespace) -> int:
    from flows.local_server import LocalServer

    if not settings.raw.is_dir():
        raise BadSetting(f"收件箱文件夹不存在：{settings.raw}。", f"There is no such inbox: {settings.raw}.")
    started = time.perf_counter()
    try:
        with writing(settings, given), LocalServer(settings.data / "prefect") as server:
            # Prefect and dbt take seconds to import, the server as long to start.
            from flows import nightly, terminal

            try:
                server.wait()
                result = nightly.run_night(settings, given.as_of, given.reread)
                terminal.print_summary(
                    result, settings, time.perf_counter() - started
                )  # before the server stops, which takes a second
            finally:
                nightly.drain()
    except Exception as error:
        if not _is_explained(settings, error):
            raise
        return COULD_NOT_RUN
    return NEEDS_A_PERSON if result.needs_a_person else DONE


def _is_explained(settings: Settings, error: Exception) -> bool:
    """Say why a night could not run; False for an error of the program's own."""
    from flows import terminal

    said = terminal.explain(error, settings)
    print(said or "", file=sys.stderr, end="\n" if said else "")
    return said is not None


def _serve(settings: Settings, given: argparse.Namespace) -> int:
    if given.pool:
        return _register(settings, given.pool)
    from flows.local_server import LocalServer
    from flows.lock import SERVING, hold

    server = LocalServer(settings.data / "prefect", settings.port)
    schedule = {"cron": settings.cron, "timezone": settings.time_zone, "server": server.address}
    try:
        with hold(settings.data, "gongshui serve", name=SERVING, said=schedule), server:
            from flows import deploy, nightly

            try:
                server.wait()
                due = f"{deploy.next_night(settings):%Y-%m-%d %H:%M %Z}"
                zh = f"下次运行 {due}；Prefect 页面 {server.page}；按 Ctrl-C 结束。"
                en = f"Next run {due}; Prefect's pages {server.page}; Ctrl-C ends it."
                print(Parser.say(zh, en), file=sys.stderr, flush=True)
                deploy.serve_nights(settings)
            finally:
                nightly.drain()
    except Exception as error:
        if not _is_explained(settings, error):
            raise
        return COULD_NOT_RUN
    print(Parser.say("已停止。", "Stopped."), file=sys.stderr)
    return DONE


def _register(settings: Settings, pool: str) -> int:
    from flows.local_server import LocalServer

    if not os.environ.get("PREFECT_API_URL"):
        zh = "--pool 需要 Prefect 服务：请设置环境变量 PREFECT_API_URL。"
        raise BadSetting(zh, "--pool needs a Prefect server: set the environment variable PREFECT_API_URL.")
    with LocalServer(settings.data / "prefect") as server:
        from flows import deploy

        server.wait()
        deploy.register(settings, pool)
    print(Parser.say(f"已登记到工作池“{pool}”。", f"Registered with the work pool “{pool}”."), file=sys.stderr)
    return DONE


def _check(settings: Settings, given: argparse.Namespace) -> int:
    from flows.check import MasterLists, check, find
    from flows.ingest.corrections import read_corrections
    from flows.report.listing import bad_corrections, summary, without_master_list

    folder = Path(given.return_to) if given.return_to is not None else None
    if folder and folder.exists() and not folder.is_dir():
        raise BadSetting(f"--return 应为文件夹：{folder}。", f"--return must be a folder: {folder}.")
    files, missing = find(map(Path, given.files), dt.date.today())
    lists = MasterLists(settings.warehouse)
    corrections = read_corrections(settings.corrections_file, settings.limits)
    checked = []
    try:
        for file in check(files, lists, corrections, settings):
            print(_told(file, given.json, settings.lang))
            checked.append(file)
        sys.stdout.flush()
    except BrokenPipeError:  # `gongshui check … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    said = summary(checked, settings.lang) if checked and not given.json else []
    said += bad_corrections(corrections.problems, settings.lang)
    if lists.missing and any(file.sheets for file in checked):
        said.append(without_master_list(lists.missing, settings.warehouse, settings.lang))
    said += [
        Parser.say(f"没有这个文件，或文件夹中没有文件：{path}", f"No such file, or nothing in it: {path}")
        for path in missing
    ]
    is_written = folder is None or _return_copies(settings, checked, folder, said)
    print("\n".join(said), file=sys.stderr, end="\n" if said else "")
    if missing or not is_written:
        return COULD_NOT_RUN
    return NEEDS_A_PERSON if corrections.problems or any(file.needs_a_person for file in checked) else DONE


def _told(file: "CheckedFile", as_json: bool, lang: Lang) -> str:
    """What was found in a file, for a person or a program."""
    if as_json:
        from flows.report.as_json import file_json  # imports the forms, which are at hand only now

        return json.dumps(file_json(file, lang), ensure_ascii=False)
    from flows.report.listing import listing

    return f"{listing(file, lang)}\n"


def _return_copies(settings: Settings, checked: Sequence["CheckedFile"], folder: Path, said: list[str]) -> bool:
    """Write the copies and say where; False where one could not be written."""
    from flows.report.copies import jobs_for, write_copies

    say, is_written = Parser.say, True
    jobs = jobs_for([(file.location, file.findings) for file in checked], folder, settings.lang, settings.limits)
    for job, result in write_copies(jobs, settings.limits, settings.processes):
        if isinstance(result, Path):
            said.append(f"{say('批注副本：', 'annotated copy: ')}{result}")
        else:
            is_written = False
            why = result.reason_zh if settings.lang == "zh" else result.reason_en
            said.append(f"{say('批注副本未能生成', 'No copy could be made of')} {job.source}{say('：', ': ')}{why}")
    return is_written


def _template(settings: Settings, given: argparse.Namespace) -> int:
    from flows.report.last_rows import last_rows
    from flows.report.template import Template, find_form, make_template
    from schemas import forms

    say = Parser.say
    form = find_form(given.form)
    if form is None:
        print(
            say(f"没有“{given.form}”这种报表，可选：", f"There is no form “{given.form}”; there are:"), file=sys.stderr
        )
        for info in forms().values():
            print(f"  {info.name}  {info.title}", file=sys.stderr)
        return COULD_NOT_RUN
    rows = last_rows(settings.warehouse, form, given.town) if given.town else []
    template = Template(form, given.town, given.date, rows)
    output = Path(given.output or template.file_name)
    try:
        with output.open("xb") as file:  # what somebody has filled in is never written over
            file.write(make_template(template))
    except FileExistsError:
        print(say(f"文件已存在，未覆盖：{output}", f"There is such a file already: {output}"), file=sys.stderr)
        return COULD_NOT_RUN
    except OSError as error:
        print(say(f"文件无法写入：{output}：", f"Cannot write {output}: ") + str(error.strerror), file=sys.stderr)
        return COULD_NOT_RUN
    print(output)
    if given.town:
        zh = f"已填入{given.town}上一期的 {len(rows)} 行。" if rows else f"没有找到{given.town}的数据，表为空白。"
        en = f"{len(rows)} rows of {given.town}'s last report." if rows else f"No row of {given.town} is known: blank."
        print(say(zh, en), file=sys.stderr)
    return DONE


_COMMANDS = {
    "run": _run,
    "serve": _serve,
    "check": _check,
    "template": _template,
    "status": status,
    "sql": sql,
    "trace": trace,
    "report": report,
    "publish": publish,
}

if __name__ == "__main__":
    sys.exit(main())
