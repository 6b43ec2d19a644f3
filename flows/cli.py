"""The `gongshui` command: parses, calls, prints. Human text goes to stderr, results to stdout."""

import argparse
import datetime as dt
import io
import logging
import os
import re
import sys
import time
from collections.abc import Sequence
from typing import NoReturn

from flows.settings import BadSetting, Lang, Settings, read_settings, spoken

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
        return _run(settings, given) if given.command == "run" else _sql(settings, given)
    except BadSetting as error:
        print(error.sentence(lang), file=sys.stderr)
        return COULD_NOT_RUN
    except KeyboardInterrupt:
        print(say("已中断。", "Interrupted."), file=sys.stderr)
        return INTERRUPTED
    except Exception:
        logging.getLogger("gongshui").exception(say("运行失败。", "It failed."))
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
