"""What `gongshui status` prints: how things stand, for a person or a program."""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import asdict

from flows.lock import Holder
from flows.publish.answers import written
from flows.said import Lang, Said
from flows.status import Disk, LastRun, Stands

_OUTCOMES = {
    "done": Said("完成", "done"),
    "needs_a_person": Said("完成，有需要处理的事项", "done, and something needs a person"),
    "failed": Said("失败", "failed"),
    "interrupted": Said("被停止（Ctrl-C，或停止了服务）", "stopped (Ctrl-C, or the service was)"),
    "killed": Said("中断，没有运行完（断电、被终止或磁盘已满）", "broken off (power, killed, or a full disk)"),
    "running": Said("正在运行", "running"),
}
# Head, key of `Stands.towns`, whether a number.
_COLUMNS = (
    (Said("镇", "town"), "town_name", False),
    (Said("最近一期", "latest report"), "report_date", False),
    (Said("收到日期", "received on"), "received_on", False),
    (Said("距今天数", "days old"), "days_old", True),
    (Said("逾期天数", "days overdue"), "overdue_days", True),
    (Said("退回行数", "rows rejected"), "rows_rejected", True),
)


def as_text(now: Stands, lang: Lang) -> str:
    """Write it for a person, ending with a line's end."""
    lines = [
        *_run(now.last_run, now.holder, lang),
        *_published(now, lang),
        *_next_run(now, lang),
        *_disk(now.disk, lang),
    ]
    text = "\n".join(lines) + "\n"
    if now.towns:
        heads, keys, is_number = zip(*_COLUMNS, strict=True)
        rows = (tuple(town[key] for key in keys) for town in now.towns)
        text += "\n" + "".join(written([head.told(lang) for head in heads], is_number, rows, "table"))
    if now.unread:
        head = Said("需要处理的文件", "files that need a person").told(lang)
        text += "\n".join(["", head, *(f"  {file['path']}：{file[lang]}" for file in now.unread)]) + "\n"
    return text


def as_json(now: Stands) -> str:
    """Write it for a program: one object; times ISO, bytes and days as numbers, null for what is not known."""
    release = now.release
    return (
        json.dumps(
            {
                "at": now.at,
                "needs_a_person": now.needs_a_person,
                "last_run": now.last_run and asdict(now.last_run),
                "holder": now.holder and asdict(now.holder),
                "release": release
                and {
                    "run_id": release.run_id,
                    "as_of": release.as_of,
                    "published_at": release.published_at,
                    "status": release.status,
                    "failure": release.failure,
                },
                "next_run": now.next_run,
                "towns": now.towns,
                "files_unread": now.unread,
                "disk": now.disk and asdict(now.disk),
            },
            ensure_ascii=False,
            indent=1,
            default=lambda value: value.isoformat(),
        )
        + "\n"
    )


def _run(run: LastRun | None, holder: Holder | None, lang: Lang) -> Iterator[str]:
    if run is None:
        yield Said("上次运行  没有记录", "last run   none on record").told(lang)
    else:
        outcome, began = _OUTCOMES[run.outcome], _time(run.began_at)
        took = Said("", "") if run.seconds is None else Said(f"，用时 {run.seconds} 秒", f", {run.seconds} s")
        zh = f"上次运行  {began} 开始，{outcome.zh}{took.zh}（运行编号 {run.run_id}）"
        yield Said(zh, f"last run   {began}, {outcome.en}{took.en} (run {run.run_id})").told(lang)
        if run.reason:
            yield f"{Said('          原因：', '           why: ').told(lang)}{run.reason}"
    if holder:
        zh = f"正在使用  {holder.command}（进程 {holder.pid}，主机 {holder.host}，{_time(holder.since)} 开始）"
        en = f"in use by  {holder.command} (process {holder.pid} on {holder.host}, since {_time(holder.since)})"
        yield Said(zh, en).told(lang)


def _published(now: Stands, lang: Lang) -> Iterator[str]:
    if now.release is None:
        yield Said("当前成果  还没有发布过", "published  nothing yet").told(lang)
        return
    day, at = now.release.as_of, _time(now.release.published_at)
    zh = f"当前成果  截至 {day}，{at} 发布（运行编号 {now.release.run_id}）"
    yield Said(zh, f"published  as of {day}, on {at} (run {now.release.run_id})").told(lang)
    if failure := now.release.failure:
        at = _time(dt.datetime.fromisoformat(failure["at"]))
        zh = f"          {at} 的运行未能更新，以上仍是最近一次成果：{failure['reason']}"
        yield Said(zh, f"           the run of {at} could not replace it: {failure['reason']}").told(lang)


def _next_run(now: Stands, lang: Lang) -> Iterator[str]:
    if now.next_run:
        at = f"{now.next_run:%Y-%m-%d %H:%M %Z}"
        yield Said(f"下次运行  {at}（gongshui serve）", f"next run   {at} (gongshui serve)").told(lang)
    else:
        zh = "下次运行  未知：gongshui serve 没有运行（由 systemd 或计划任务启动的，在那里查看）"
        yield Said(zh, "next run   not known: no gongshui serve is up (ask systemd or the task scheduler)").told(lang)


def _disk(disk: Disk | None, lang: Lang) -> Iterator[str]:
    if disk is None:
        return
    largest = sorted(disk.parts.items(), key=lambda part: -part[1])[:3]
    zh, en = (mark.join(f"{name} {_megabytes(size)}" for name, size in largest) for mark in ("、", ", "))
    grows = Said("", "")
    if disk.growth and disk.growth > 0:
        grows = Said(f"，平均每次运行增加 {_megabytes(disk.growth)}", f", {_megabytes(disk.growth)} more a run")
    data, free = _megabytes(disk.data), _megabytes(disk.free)
    yield Said(
        f"磁盘      数据文件夹 {data}（{zh}）{grows.zh}；剩余 {free}",
        f"disk       {data} of data ({en}){grows.en}; {free} free",
    ).told(lang)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _time(at: dt.datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"
