"""Why a night could not run, and what to do about it: for the terminal and for those who are told from afar."""

import errno
import os
from typing import NamedTuple

import duckdb

from flows.local_server import ServerDied
from flows.lock import Held
from flows.publish.build import PublishError
from flows.said import Said, SaidError
from flows.transform import TransformError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FULL_WORDS = (*map(os.strerror, _FULL), "database or disk is full")
_TRY_AGAIN = Said("排除后运行 gongshui run。", "Mend it, then run gongshui run.")


class Cause(NamedTuple):
    """What kept a night from running, without the details of the case, and what to do."""

    what: Said
    to_do: Said


def is_locked(error: BaseException) -> bool:
    """Whether another program held the database, as DuckDB says it, or dbt after it."""
    return "Could not set lock" in str(error)


def is_full(error: BaseException) -> bool:
    """Whether there was no room on the disk, as the system says it, or DuckDB, dbt or Prefect's database after it."""
    said = str(error)
    return getattr(error, "errno", None) in _FULL or any(words in said for words in _FULL_WORDS)


def cause(error: BaseException) -> Cause | None:
    """Return why a night could not run; None where it is no fault of those who run it."""
    match error:
        case _ if is_full(error):
            return Cause(
                Said("磁盘已满", "The disk is full"),
                Said("请腾出空间，再运行 gongshui run。", "Make room, then run gongshui run."),
            )
        case _ if is_locked(error):
            return Cause(
                Said("数据库正被另一个程序使用", "Another program holds the database"),
                Said("请等它结束后再运行 gongshui run。", "Wait for it to end, then run gongshui run."),
            )
        case Held():
            return Cause(
                Said("另一个程序正在写入数据文件夹", "Another program is writing to the data folder"),
                Said(
                    "请等它结束；没有完成时再运行 gongshui run。", "Wait for it to end; run gongshui run if it failed."
                ),
            )
        case TransformError():
            return Cause(
                Said("成果未能通过检查，没有发布", "The marts did not pass their checks"),
                Said("请把日志转给维护人员。", "Pass the log on to whoever maintains it."),
            )
        case ServerDied():
            return Cause(
                Said("Prefect 服务没有启动，或没有应答", "Prefect's server did not start, or does not answer"),
                Said("请看它的日志，再运行 gongshui run。", "See its log, then run gongshui run."),
            )
        case SaidError():
            return Cause(Said("设置或输入有误", "A setting or an input is wrong"), _TRY_AGAIN)
        case PublishError():
            return Cause(Said("发布失败", "Publishing failed"), _TRY_AGAIN)
        case TimeoutError():  # Prefect's, of a step; and that of a network folder
            return Cause(
                Said("有一步超过了时限", "A step took too long"),
                Said(
                    "请检查网络文件夹和磁盘；数据确实多时，调大设置 step_hours。",
                    "Look at the network folder and the disk; with very much data, raise the setting step_hours.",
                ),
            )
        case OSError() | duckdb.IOException():
            return Cause(
                Said("文件无法读写", "A file could not be read or written"),
                Said(
                    "请检查磁盘空间、网络文件夹和权限，再运行 gongshui run。",
                    "Look at disk space, network folder and permissions, then run gongshui run.",
                ),
            )
    return None
