"""The `gongshui` command: parses, calls, prints. Human text goes to stderr, results to stdout."""

import argparse
import datetime as dt
import io
import json
import logging
import os
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from flows.settings import BadSetting, Lang, Settings, read_settings, spoken

if TYPE_CHECKING:
    from flows.check import CheckedFile

DONE, NEEDS_A_PERSON, COULD_NOT_RUN, INTERRUPTED = 0, 1, 2, 130

# argparse speaks English only; these are its sentences that a user can meet here.
_REFUSALS = (
    (r"the following arguments are required: (.*)", r"缺少参数：\1"),
    (r"unrecognized arguments: (.*)", r"不认识的参数：\1"),
    (r"argument (\S+): expected one argument", r"\1 后面缺少内容"),
    (r"argument (\S+): invalid choice: (\S+) \(.*choose from (.*)\)", r"\1 不能是 \2，可选：\3"),
    (r"argument (\S+): invalid (?:\S+) value: (.*)", r"\1 的内容不对：\2"),
)


class _Parser(argparse.ArgumentParser):
    """An argument parser that speaks the user's language."""

    lang: Lang = "zh"

    def __init__(self, *, title: str, **options: object) -> None:
        super().__init__(add_help=False, description=title, allow_abbrev=False, **options)  # type: ignore[arg-type]
        self.general = self.add_argument_group(self.say("选项", "options"))
        self.general.add_argument("-h", "--help", action="help", help=self.say("显示本说明", "show this help"))
        self.general.add_argument(
            "--lang",
            choices=("zh", "en"),
            default=argparse.SUPPRESS,  # else a command's own would hide one given before the command
            help=self.say("提示的语言，默认中文", "language of messages; Chinese by default"),
        )

    @classmethod
    def say(cls, chinese: str, english: str) -> str:
        return chinese if cls.lang == "zh" else english

    def format_usage(self) -> str:
        return super().format_usage().replace("usage:", self.say("用法：", "usage:"), 1)

    def format_help(self) -> str:
        return super().format_help().replace("usage:", self.say("用法：", "usage:"), 1)

    def error(self, message: str) -> NoReturn:
        if self.lang == "zh":
            for english, chinese in _REFUSALS:
                message = re.sub(f"^{english}$", chinese, message)
        self.exit(COULD_NOT_RUN, f"{self.say('命令有误：', 'error: ')}{message}\n{self.format_usage()}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 done; 1 done, and something needs a person; 2 could not run."""
    arguments = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that has no Chinese is no reason to fail
    if os.name == "nt" and isinstance(sys.stdout, io.TextIOWrapper) and not sys.stdout.isatty():
        sys.stdout.reconfigure(encoding="utf-8")  # else a file or a pipe gets the machine's code page
    _Parser.lang = lang = spoken(_flag_of(arguments))
    say = _Parser.say
    try:
        given = _parser().parse_args(arguments)
        settings = read_settings(raw=getattr(given, "raw", None), data=given.data, lang=getattr(given, "lang", None))
        return {"run": _run, "check": _check, "template": _template, "sql": _sql}[given.command](settings, given)
    except BadSetting as error:
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


def _parser() -> _Parser:
    say = _Parser.say
    parser = _Parser(
        prog="gongshui",
        title=say(
            "农村供水全覆盖：从乡镇报表到公布的数据。", "Rural water supply: from the towns' workbooks to facts."
        ),
    )
    parser.general.add_argument("--version", action=_Version, nargs=0, help=say("显示版本", "show the version"))
    commands = parser.add_subparsers(
        dest="command",
        required=True,
        metavar=say("命令", "command"),
        title=say("命令", "commands"),
        parser_class=_Parser,
    )
    data_help = say("数据文件夹，默认 ./data", "folder of all that a run writes; ./data by default")

    title = say(
        "运行一次夜间任务：读取收件箱，计算，发布", "the nightly job, once, now: read the inbox, compute, publish"
    )
    run = commands.add_parser("run", help=title, title=title)
    run.general.add_argument(
        "--raw", metavar="DIR", help=say("收件箱文件夹，默认 ./raw", "the inbox; ./raw by default")
    )
    run.general.add_argument("--data", metavar="DIR", help=data_help)
    run.general.add_argument(
        "--as-of",
        metavar="DATE",
        type=dt.date.fromisoformat,
        help=say("按这一天已知的数据计算（如 2021-08-20）", "compute as of that day (2021-08-20)"),
    )
    run.general.add_argument("--reread", action="store_true", help=say("重新读取全部文件", "read every file again"))

    title = say(
        "核对报表：指出问题所在的单元格，不入库", "read workbooks and say what is wrong with which cell; loads nothing"
    )
    check = commands.add_parser("check", help=title, title=title)
    check.add_argument(
        "files", metavar="FILE", nargs="+", help=say("报表文件，或装有报表的文件夹", "workbooks, or folders of them")
    )
    check.general.add_argument(
        "--return",
        dest="return_to",
        metavar="DIR",
        help=say("把批注副本（问题标在单元格上）写入这个文件夹", "write annotated copies into this folder"),
    )
    check.general.add_argument(
        "--json",
        action="store_true",
        help=say("输出读到的全部内容，每个文件一行JSON", "all that was read, as JSON lines"),
    )
    check.general.add_argument("--data", metavar="DIR", help=data_help)

    title = say(
        "生成空白报表，可带上该镇上一期的数据", "a blank workbook for a form, with a town's last rows where it has any"
    )
    template = commands.add_parser("template", help=title, title=title)
    template.add_argument(
        "form",
        metavar="FORM",
        help=say("报表名称或代码，如 攻坚进度表", "the form's code or Chinese name, such as village_progress"),
    )
    template.general.add_argument(
        "--town", metavar="TOWN", help=say("镇名，填上该镇上一期的数据", "fill in this town's last accepted rows")
    )
    template.general.add_argument(
        "--date",
        metavar="DATE",
        type=dt.date.fromisoformat,
        help=say("截至日期（如 2021-08-31），不写则留空待填", "the as-of date to print (2021-08-31), else left blank"),
    )
    template.general.add_argument(
        "--output",
        metavar="FILE",
        help=say("保存为，默认 ./镇名报表名.xlsx", "where to; ./<town><form>.xlsx by default"),
    )
    template.general.add_argument("--data", metavar="DIR", help=data_help)

    title = say("查询公布的数据（只读）", "query the published marts, read-only")
    sql = commands.add_parser("sql", help=title, title=title)
    sql.add_argument(
        "sql", metavar="SQL", help=say("查询语句；- 表示从标准输入读取", "the statement; - reads it from stdin")
    )
    sql.general.add_argument(
        "--format",
        choices=("table", "csv", "json"),
        default="table",
        help=say("输出格式，默认 table", "table by default"),
    )
    sql.general.add_argument("--data", metavar="DIR", help=data_help)
    return parser


class _Version(argparse.Action):
    """Print the version; the package's metadata is read only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"gongshui {version('gongshui')}")
        parser.exit()


def _run(settings: Settings, given: argparse.Namespace) -> int:
    from flows.local_server import LocalServer

    if not settings.raw.is_dir():
        raise BadSetting(f"收件箱文件夹不存在：{settings.raw}。", f"There is no such inbox: {settings.raw}.")
    started = time.perf_counter()
    with LocalServer(settings.data / "prefect") as server:
        # Prefect and dbt take seconds to import, the server as long to start.
        from flows import nightly, terminal

        try:
            server.wait()
            result = nightly.run_night(settings, given.as_of, given.reread)
            terminal.print_summary(
                result, settings, time.perf_counter() - started
            )  # before the server stops, which takes a second
        except Exception as error:
            said = terminal.explain(error, settings)
            if said is None:
                raise
            print(said, file=sys.stderr)
            return COULD_NOT_RUN
        finally:
            nightly.drain()
    return NEEDS_A_PERSON if result.needs_a_person else DONE


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
        _Parser.say(f"没有这个文件，或文件夹中没有文件：{path}", f"No such file, or nothing in it: {path}")
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

    say, is_written = _Parser.say, True
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

    say = _Parser.say
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


def _sql(settings: Settings, given: argparse.Namespace) -> int:
    from flows.publish.query import NoRelease, QueryError, query

    sql = _decoded(sys.stdin.buffer.read()) if given.sql == "-" else given.sql
    try:
        for piece in query(settings.marts, sql, given.format):
            sys.stdout.write(piece)
        sys.stdout.flush()
    except BrokenPipeError:  # `gongshui sql … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more at its end
    except NoRelease:
        chinese = f"还没有发布过数据（{settings.marts}），请先运行 gongshui run。"
        print(
            _Parser.say(chinese, f"Nothing is published yet ({settings.marts}); run gongshui run first."),
            file=sys.stderr,
        )
        return COULD_NOT_RUN
    except QueryError as error:
        print(f"{_Parser.say('查询未能执行：', 'The query failed: ')}{error}", file=sys.stderr)
        return COULD_NOT_RUN
    return DONE


def _decoded(text: bytes) -> str:
    """Read text as UTF-8, else as the code page of a Chinese Windows."""
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError:
        return text.decode("gb18030", "replace")


if __name__ == "__main__":
    sys.exit(main())
