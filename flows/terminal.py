"""What a night says on the terminal, to stderr: progress while it reads, then a plain summary."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from flows.causes import cause, is_locked
from flows.ingest.arriving import UNREADABLE, UNSETTLED
from flows.report.headline import Headline
from flows.report.numbers import day_zh, half_up, percent
from flows.said import Lang, Said, SaidError
from flows.settings import Settings
from schemas.personal import without_numbers

if TYPE_CHECKING:
    from flows.night_result import NightResult

_STEPS_ZH = {
    "all": "用时  ",
    "ingest": "读取",
    "transform": "计算",
    "publish": "发布",
    "return": "退回",
    "counties": "各县",
    "wall_map": "作战图",
    "postgres": "PostgreSQL",
    "documents": "文件",
}
_STEPS_EN = {
    "all": "time      ",
    "ingest": "ingest",
    "transform": "transform",
    "publish": "publish",
    "return": "return",
    "counties": "counties",
    "wall_map": "wall map",
    "postgres": "PostgreSQL",
    "documents": "documents",
}
_STATUS = {
    "read": ("已读取", "read"),
    "refused": ("无法读取", "refused"),
    "unrecognised": ("不是报表", "no form"),
    "duplicate": ("重复", "duplicate"),
    "ignored": ("系统文件", "ignored"),
    UNREADABLE: ("无法打开", "unreadable"),
    UNSETTLED: ("留待下次", "left for next time"),
}


def status_name(status: str, lang: Lang) -> str:
    """What a file's status is called."""
    return _STATUS[status][lang == "en"]


@contextmanager
def reading(lang: Lang) -> Iterator[Callable[[int, int, int], None]]:
    """Show how far the reading is: files done of files to do, and rows. Without a terminal, a line every hundred files.

    Yields
    ------
    callable
        To be told files done, files to do, rows read so far.
    """
    console = Console(stderr=True)
    words = ("读取文件", "行") if lang == "zh" else ("reading", "rows")
    columns = (TextColumn(words[0]), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rows]:,} " + words[1]))
    with Progress(*columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("", total=None, rows=0)

        def tell(done: int, to_do: int, rows: int) -> None:
            progress.update(bar, completed=done, total=to_do, rows=rows)
            if not console.is_terminal and (done % 100 == 0 or done == to_do):
                print(f"{words[0]} {done}/{to_do}, {rows:,} {words[1]}", file=sys.stderr, flush=True)

        yield tell


def print_summary(result: "NightResult", settings: Settings, seconds: float) -> None:
    """Print what the night did, what it found, what needs a person, where everything lies, and how long it took."""
    lines = _chinese(result, settings) if settings.lang == "zh" else _english(result, settings)
    names = _STEPS_ZH if settings.lang == "zh" else _STEPS_EN
    steps = [f"{names[step]} {taken:.1f}" for step, taken in result.seconds.items()]
    rest = seconds - sum(result.seconds.values())
    lines.append(f"{names['all']}{seconds:.1f} s ({', '.join([*steps, f'Prefect {rest:.1f}'])})")
    # A file's name may hold somebody's telephone number, and what is printed at night goes to logs.
    print(without_numbers("\n".join(lines)), file=sys.stderr, flush=True)


def explain(error: Exception, settings: Settings) -> str | None:
    """Why a night could not run and what to do, to the person at the terminal; None where it is no fault of theirs."""
    why = cause(error)
    if why is None:
        return None
    stands = Said("上次发布的成果未受影响。", "What was published before still stands.").told(settings.lang)
    if isinstance(error, SaidError):
        return f"{without_numbers(error.sentence(settings.lang))}\n{stands}"
    case = _shown(settings.warehouse) if is_locked(error) else without_numbers(str(error))
    colon = "：" if settings.lang == "zh" else ": "
    return f"{why.what.told(settings.lang)}{colon}{case}\n{why.to_do.told(settings.lang)}\n{stands}"


def _chinese(result: "NightResult", settings: Settings) -> list[str]:
    night, issues = result.night, result.issues
    lines = [
        "",
        f"收件  共 {night.found} 个文件：读取 {night.count('read')}，以前已读 {night.known}，"
        f"重复 {night.count('duplicate')}，不是报表 {night.count('unrecognised')}，"
        f"无法读取 {night.count('refused')}，系统文件 {night.count('ignored')}",
        *([f"      因基数表更新重新核对 {night.again} 个文件"] if night.again else []),
        *([f"时钟  {result.clock.zh}"] if result.clock else []),
        f"行    读取 {result.rows_read:,}，入库 {result.rows_accepted:,}，退回 {result.rows_rejected:,}（现行报表）",
        f"问题  错误 {issues.get('error', 0)}，提醒 {issues.get('warn', 0)}，提示 {issues.get('info', 0)}",
        *_headline_lines(result.headline, _CHINESE_HEADLINE),
    ]
    if night.unread:
        lines += ["需要处理的文件", *(f"  {path}：{why.zh}" for path, why in night.unread)]
    lines += [f"留待下次  {one.path}：{one.reason}" for one in night.outcomes if one.status == UNSETTLED]
    if night.failed_corrections:
        lines += ["需要处理的更正", *(f"  {said.zh}" for said in night.failed_corrections)]
    if result.rows_rejected:
        lines.append("退回的行见 fct_data_issue（severity = 'error'），每条写明文件、工作表、单元格和改法。")
    if result.is_unchanged:
        lines.append("收件没有变化，成果与上次发布一致，未重新计算。")
    returned = result.returned
    if returned.failed:
        lines += ["未能生成的批注副本", *(f"  {path}：{why.reason_zh}" for path, why in returned.failed)]
    counties, days, kept = result.counties, len(result.documents.days), result.documents.kept
    return [
        *lines,
        f"结果  {_shown(settings.marts)}",
        f"      {_shown(settings.published / 'parquet')}",
        f"退回  {_shown(settings.returned)}：批注副本 {returned.count} 份"
        f"（新写 {returned.written}，撤下 {returned.removed}）",
        *([f"作战图 {_shown(result.wall_map.file)}"] if result.wall_map.file else []),
        *(f"      {note.zh}" for note in result.wall_map.notes),
        *([f"未能发布到 PostgreSQL，原有数据未改动。{result.postgres.zh}"] if result.postgres else []),
        *([] if counties.count else [f"文件  {_shown(settings.documents)}：{days} 期新写，{kept} 期未变"]),
        *(f"      {failed.zh}" for failed in result.documents.failed),
        *([f"各县  {counties.count} 个县各有成果：新写 {len(counties.written)}"] if counties.count else []),
        *(f"      {failed.zh}" for failed in counties.failed),
    ]


def _english(result: "NightResult", settings: Settings) -> list[str]:
    night, issues = result.night, result.issues
    lines = [
        "",
        f"inbox     {night.found} files: {night.count('read')} read, {night.known} known from before, "
        f"{night.count('duplicate')} duplicate, {night.count('unrecognised')} no form of ours, "
        f"{night.count('refused')} refused, {night.count('ignored')} system files",
        *([f"          {night.again} files judged again by a newer master list"] if night.again else []),
        *([f"clock     {result.clock.en}"] if result.clock else []),
        f"rows      {result.rows_read:,} read, {result.rows_accepted:,} accepted, {result.rows_rejected:,} rejected "
        "(current reports)",
        f"issues    {issues.get('error', 0)} errors, {issues.get('warn', 0)} warnings, {issues.get('info', 0)} notes",
        *_headline_lines(result.headline, _ENGLISH_HEADLINE),
    ]
    if night.unread:
        lines += ["files that need a person", *(f"  {path}: {why.en}" for path, why in night.unread)]
    lines += [f"left for next time  {one.path}: {one.reason_en}" for one in night.outcomes if one.status == UNSETTLED]
    if night.failed_corrections:
        lines += ["corrections that need a person", *(f"  {said.en}" for said in night.failed_corrections)]
    if result.rows_rejected:
        lines.append("Rejected rows: fct_data_issue (severity = 'error') names file, sheet, cell and what to do.")
    if result.is_unchanged:
        lines.append("Nothing in the inbox changed: the marts are those published before, nothing was computed.")
    returned = result.returned
    if returned.failed:
        lines += ["annotated copies that failed", *(f"  {path}: {why.reason_en}" for path, why in returned.failed)]
    counties, days, kept = result.counties, len(result.documents.days), result.documents.kept
    return [
        *lines,
        f"results   {_shown(settings.marts)}",
        f"          {_shown(settings.published / 'parquet')}",
        f"returned  {_shown(settings.returned)}: {returned.count} annotated copies "
        f"({returned.written} written, {returned.removed} taken away)",
        *([f"wall map  {_shown(result.wall_map.file)}"] if result.wall_map.file else []),
        *(f"          {note.en}" for note in result.wall_map.notes),
        *([f"Not published to PostgreSQL; what was there stands. {result.postgres.en}"] if result.postgres else []),
        *([] if counties.count else [f"documents {_shown(settings.documents)}: {days} dates written, {kept} kept"]),
        *(f"          {failed.en}" for failed in result.documents.failed),
        *([f"counties  {counties.count} have a release, {len(counties.written)} written"] if counties.count else []),
        *(f"          {failed.en}" for failed in counties.failed),
    ]


_CHINESE_HEADLINE = (
    "截至{date}",
    "  自然村  计划 {planned:,}，完成 {completed:,}（{rate}），逾期 {late:,}",
    "  人口    计划 {people:,}，完成 {served:,}；集中供水率 {now}，全部完成后 {after}",
    "  资金    计划 {plan}，到位 {secured}，支付 {spent}（万元）",
)
_ENGLISH_HEADLINE = (
    "as of {date}",
    "  villages    {planned:,} planned, {completed:,} completed ({rate}), {late:,} late",
    "  population  {people:,} planned, {served:,} completed; supply rate {now}, after the plan {after}",
    "  funds       {plan} planned, {secured} secured, {spent} spent (10,000 yuan)",
)


def headline_lines(headline: Headline | None) -> list[str]:
    """The headline as a few lines of Chinese; none where there is none."""
    return _headline_lines(headline, _CHINESE_HEADLINE)


def _headline_lines(headline: Headline | None, words: tuple[str, ...]) -> list[str]:
    if headline is None:
        return []
    day, total, funds = headline.report_date, headline.total, headline.funds["all"]
    figures = {
        "date": day if words is _ENGLISH_HEADLINE else day_zh(day),
        "planned": total["villages_planned"] or 0,
        "completed": total["villages_completed"] or 0,
        "rate": _percent(total["village_completion_rate"]),
        "late": total["late_villages"] or 0,
        "people": total["population_planned"] or 0,
        "served": total["population_completed"] or 0,
        "now": _percent(total["supply_rate"]),
        "after": _percent(total["supply_rate_after_plan"]),
        "plan": _wan(funds["planned_yuan"]),
        "secured": _wan(funds["secured_yuan"]),
        "spent": _wan(funds["spent_yuan"]),
    }
    return [line.format(**figures) for line in words]


def _percent(rate: Fraction | None) -> str:
    return "—" if rate is None else f"{percent(rate)}%"


def _wan(yuan: Decimal | None) -> str:
    return "—" if yuan is None else f"{half_up(yuan / 10_000, 2):,}"


def _shown(path: Path) -> str:
    """A path as short as it can be told."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
