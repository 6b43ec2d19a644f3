"""What can be said on the command line: commands, flags and their help, in the user's language."""

import argparse
import datetime as dt
import re
from typing import NoReturn, TypeAlias

from flows.commands import COULD_NOT_RUN, NOW, as_of
from flows.said import Lang

# argparse speaks English only; these are its sentences that a user can meet here.
_REFUSALS = (
    (r"the following arguments are required: (.*)", r"缺少参数：\1"),
    (r"unrecognized arguments: (.*)", r"不认识的参数：\1"),
    (r"argument (\S+): expected one argument", r"\1 后面缺少内容"),
    (r"argument (\S+): invalid choice: (\S+) \(.*choose from (.*)\)", r"\1 不能是 \2，可选：\3"),
    (r"argument (\S+): ignored explicit argument (.*)", r"\1 后面不应有内容：\2"),
    (r"argument (\S+): invalid (?:\S+) value: (.*)", r"\1 的内容不对：\2"),
)


class Parser(argparse.ArgumentParser):
    """An argument parser that speaks the user's language."""

    lang: Lang = "zh"

    def __init__(self, *, title: str, **options: object) -> None:
        super().__init__(add_help=False, description=title, allow_abbrev=False, **options)  # type: ignore[arg-type]
        self._positionals.title = self.say("参数", "arguments")
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
        """The sentence in the user's language."""
        return chinese if cls.lang == "zh" else english

    def format_usage(self) -> str:  # noqa: D102
        return super().format_usage().replace("usage:", self.say("用法：", "usage:"), 1)

    def format_help(self) -> str:  # noqa: D102
        return super().format_help().replace("usage:", self.say("用法：", "usage:"), 1)

    def error(self, message: str) -> NoReturn:  # noqa: D102
        if self.lang == "zh":
            for english, chinese in _REFUSALS:
                message = re.sub(f"^{english}$", chinese, message)
        self.exit(COULD_NOT_RUN, f"{self.say('命令有误：', 'error: ')}{message}\n{self.format_usage()}")


_Commands: TypeAlias = "argparse._SubParsersAction[Parser]"


def parser() -> Parser:
    """Build the command's parser, in the language that `Parser.lang` says."""
    say = Parser.say
    whole = Parser(
        prog="gongshui",
        title=say(
            "农村供水全覆盖：从乡镇报表到公布的数据。", "Rural water supply: from the towns' workbooks to facts."
        ),
    )
    whole.general.add_argument("--version", action=_Version, nargs=0, help=say("显示版本", "show the version"))
    commands = whole.add_subparsers(
        dest="command",
        required=True,
        metavar=say("命令", "command"),
        title=say("命令", "commands"),
        parser_class=Parser,
    )
    for add in (
        _add_run,
        _add_serve,
        _add_status,
        _add_check,
        _add_template,
        _add_sql,
        _add_trace,
        _add_report,
        _add_publish,
    ):
        add(commands)
    return whole


def _add_run(commands: _Commands) -> None:
    say = Parser.say
    command = _command(
        commands,
        "run",
        "运行一次夜间任务：读取收件箱，计算，发布",
        "the nightly job, once, now: read the inbox, compute, publish",
    )
    _add_raw(command)
    command.general.add_argument(
        "--as-of",
        metavar="DATE",
        type=dt.date.fromisoformat,
        help=say("按这一天已知的数据计算（如 2021-08-20）", "compute as of that day (2021-08-20)"),
    )
    command.general.add_argument("--reread", action="store_true", help=say("重新读取全部文件", "read every file again"))
    command.general.add_argument(
        "--engine",
        choices=("duckdb", "spark"),
        help=say(
            "在本机（duckdb，默认）还是用 Spark 计算", "compute on this machine (duckdb, the default) or on Spark"
        ),
    )
    command.general.add_argument(
        "--master",
        metavar="URL",
        help=say(
            "Spark 主节点，如 spark://主机:7077，默认 local[*]",
            "the Spark master (spark://host:7077); local[*] by default",
        ),
    )
    _add_wait(command)


def _add_status(commands: _Commands) -> None:
    command = _command(
        commands,
        "status",
        "当前状况：上次运行、各镇报送、待处理事项、磁盘",
        "how things stand: the last run, what towns reported, what needs a person, disk",
    )
    command.general.add_argument(
        "--json", action="store_true", help=Parser.say("输出JSON，供程序读取", "as JSON, for programs")
    )


def _add_serve(commands: _Commands) -> None:
    say = Parser.say
    command = _command(
        commands,
        "serve",
        "常驻，每夜运行一次；带 Prefect 页面",
        "stay up and run nightly, with Prefect's pages to look at",
    )
    _add_raw(command)
    command.general.add_argument(
        "--cron", metavar="CRON", help=say('时间表，默认 "0 2 * * *"', 'the schedule; "0 2 * * *" by default')
    )
    command.general.add_argument(
        "--port",
        metavar="PORT",
        help=say("Prefect 页面的端口，默认 4200", "the port of Prefect's pages; 4200 by default"),
    )
    command.general.add_argument(
        "--pool",
        metavar="POOL",
        help=say(
            "只登记到 PREFECT_API_URL 所指服务的工作池，由 worker 运行",
            "only register with a work pool of the server at PREFECT_API_URL, for its workers to run",
        ),
    )


def _add_check(commands: _Commands) -> None:
    say = Parser.say
    command = _command(
        commands,
        "check",
        "核对报表：指出问题所在的单元格，不入库",
        "read workbooks and say what is wrong with which cell; loads nothing",
    )
    command.add_argument(
        "files", metavar="FILE", nargs="+", help=say("报表文件，或装有报表的文件夹", "workbooks, or folders of them")
    )
    command.general.add_argument(
        "--return",
        dest="return_to",
        metavar="DIR",
        help=say("把批注副本（问题标在单元格上）写入这个文件夹", "write annotated copies into this folder"),
    )
    command.general.add_argument(
        "--json",
        action="store_true",
        help=say("输出读到的全部内容，每个文件一行JSON", "all that was read, as JSON lines"),
    )


def _add_template(commands: _Commands) -> None:
    say = Parser.say
    command = _command(
        commands,
        "template",
        "生成空白报表，可带上该镇上一期的数据",
        "a blank workbook for a form, with a town's last rows where it has any",
    )
    command.add_argument(
        "form",
        metavar="FORM",
        help=say("报表名称或代码，如 攻坚进度表", "the form's code or Chinese name, such as village_progress"),
    )
    command.general.add_argument(
        "--town", metavar="TOWN", help=say("镇名，填上该镇上一期的数据", "fill in this town's last accepted rows")
    )
    command.general.add_argument(
        "--date",
        metavar="DATE",
        type=dt.date.fromisoformat,
        help=say("截至日期（如 2021-08-31），不写则留空待填", "the as-of date to print (2021-08-31), else left blank"),
    )
    _add_output(command, "./镇名报表名.xlsx", "./<town><form>.xlsx")


def _add_sql(commands: _Commands) -> None:
    command = _command(commands, "sql", "查询公布的数据（只读）", "query the published marts, read-only")
    command.add_argument(
        "sql",
        metavar="SQL",
        nargs="?",
        help=Parser.say("查询语句；- 表示从标准输入读取", "the statement; - reads it from stdin"),
    )
    command.general.add_argument(
        "--list",
        action="store_true",
        help=Parser.say("列出各表：名称、行数、说明", "the tables: labels, rows, meaning"),
    )
    command.general.add_argument(
        "--describe",
        metavar=Parser.say("表名", "TABLE"),
        help=Parser.say("列出一个表的各列：名称、类型、含义", "a table's columns: labels, types, meaning"),
    )
    command.general.add_argument(
        "--file", metavar="FILE", help=Parser.say("从文件读取查询语句", "a file that holds the statement")
    )
    command.general.add_argument(
        "--output",
        metavar="FILE",
        help=Parser.say(
            "保存为 Excel、WPS 直接打开的 CSV：公式作文本，长编码不变形；供程序读取的用 --format csv，原样输出",
            "save as CSV for Excel and WPS: formulas neutralised, long codes kept; for programs --format csv, which "
            "prints texts as they are",
        ),
    )
    _add_format(command)


def _add_trace(commands: _Commands) -> None:
    say = Parser.say
    command = _command(commands, "trace", "公布的数字出自哪些单元格", "the cells that a published figure came from")
    command.add_argument(
        "metric",
        metavar="METRIC",
        help=say(
            "指标的中英文名称，或文件中的编号（S012）", "a metric, Chinese or English, or the number of a figure (S012)"
        ),
    )
    for name, zh, en in (
        ("town", "镇名或代码，默认全县", "a town's name or code; the county by default"),
        ("mode", "供水方式", "supply mode"),
        ("source", "资金来源", "funding source"),
    ):
        command.general.add_argument(f"--{name}", metavar=name.upper(), help=say(zh, en))
    _add_report_date(command)
    _add_format(command)
    command.general.add_argument(
        "--json", dest="format", action="store_const", const="json", help=say("同 --format json", "as --format json")
    )


def _add_report(commands: _Commands) -> None:
    command = _command(commands, "report", "重新生成一个报告日的文件", "the documents of a date, again")
    _add_report_date(command)
    command.general.add_argument(
        "--as-of",
        metavar="DATE",
        type=as_of,
        default=NOW,
        help=Parser.say(
            "按哪一天已知的数据：日期、known-then（报送截止时）或 now（默认）",
            "as known on a day, on the day it was due (known-then) or now, by default",
        ),
    )
    _add_wait(command)


def _add_publish(commands: _Commands) -> None:
    say = Parser.say
    command = _command(
        commands,
        "publish",
        "把成果送到别处：PostgreSQL，Superset 导入包，或 Excel、WPS 可直接打开的 CSV",
        "push the marts elsewhere: PostgreSQL, a bundle for Superset, or CSV files for Excel and WPS",
    )
    command.add_argument(
        "target", metavar=say("去处", "TARGET"), choices=("postgres", "superset", "csv"), help="postgres, superset, csv"
    )
    command.general.add_argument(
        "--url",
        metavar="URL",
        help=say(
            "数据库地址，如 postgresql://用户@主机/库；口令不写在这里",
            "the database, such as postgresql://user@host/database; no password here",
        ),
    )
    command.general.add_argument(
        "--table",
        metavar=say("表名", "TABLE"),
        action="append",
        help=say("csv：只写这个表，可写多次；默认各表都写", "csv: this table only, may be repeated; all by default"),
    )
    _add_output(command, "superset.zip，csv 为文件夹 ./csv", "superset.zip, for csv the folder ./csv")
    _add_wait(command)


def _command(commands: _Commands, name: str, zh: str, en: str) -> Parser:
    """A command with its title, and the flag that all have."""
    title = Parser.say(zh, en)
    command = commands.add_parser(name, help=title, title=title)
    command.general.add_argument(
        "--data",
        metavar="DIR",
        help=Parser.say("数据文件夹，默认 ./data", "folder of all that a run writes; ./data by default"),
    )
    return command


def _add_wait(command: Parser) -> None:
    command.general.add_argument(
        "--wait",
        metavar=Parser.say("秒", "SECONDS"),
        type=float,
        default=0,
        help=Parser.say(
            "另一任务正在写入数据文件夹时等候的秒数，默认不等",
            "how long to wait for another command that writes to the data folder; not at all by default",
        ),
    )


def _add_raw(command: Parser) -> None:
    command.general.add_argument(
        "--raw", metavar="DIR", help=Parser.say("收件箱文件夹，默认 ./raw", "the inbox; ./raw by default")
    )


def _add_report_date(command: Parser) -> None:
    command.general.add_argument(
        "--date",
        metavar="DATE",
        type=dt.date.fromisoformat,
        help=Parser.say("报告日，默认最近一期", "report date; the latest by default"),
    )


def _add_format(command: Parser) -> None:
    command.general.add_argument(
        "--format",
        choices=("table", "csv", "json"),
        default="table",
        help=Parser.say("输出格式，默认 table", "table by default"),
    )


def _add_output(command: Parser, default_zh: str, default_en: str) -> None:
    command.general.add_argument(
        "--output",
        metavar="FILE",
        help=Parser.say(f"保存为，默认 {default_zh}", f"where to; {default_en} by default"),
    )


class _Version(argparse.Action):
    """Print the version; the package's metadata is read only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"gongshui {version('gongshui')}")
        parser.exit()
