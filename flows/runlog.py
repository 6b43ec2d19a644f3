"""What a night did, line by line: `data/logs/<run id>.jsonl`, one JSON object a line.

A line has `at`, `run_id` and `event`: `start`; `file`, for each file that was read; `step`; and `end`, with how it
ended. A log without `end` is that of a run that was killed, or still runs. No line is made of what a cell says. A log
that cannot be written, on a full disk say, is told on stderr and fails nothing.
"""

import datetime as dt
import json
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from flows.said import Lang, Said, SaidError
from schemas.personal import without_numbers

Outcome = Literal["done", "needs_a_person", "failed", "interrupted"]

SUFFIX = ".jsonl"
_log = logging.getLogger("gongshui.run")
_log.setLevel(logging.INFO)
_log.propagate = False  # these lines are for programs, not for the terminal
_log.addHandler(logging.NullHandler())


def note(event: str, **said: Any) -> None:
    """Write a line into the log of the run that is going on; without one, do nothing."""
    _log.info(event, extra={"said": said})


@dataclass
class End:
    """How a run ends: what the last line of its log will say."""

    outcome: Outcome = "done"
    said: dict[str, Any] = field(default_factory=dict)


@contextmanager
def written(folder: Path, run_id: str, lang: Lang, *, kept: int, **said: Any) -> Iterator[End]:
    """Write the log of a run: its start, what is noted within, and its end, with the trace where it fails.

    Parameters
    ----------
    folder
        The folder of logs; made where there is none.
    run_id
        Names the log.
    lang
        The language in which it is said why it failed, and that the log cannot be written.
    kept
        How many logs stay, this one among them.
    **said
        What its first line says.

    Yields
    ------
    End
        To be filled in before it ends.
    """
    handler, started, end = _handler(folder, run_id, lang), time.perf_counter(), End()
    _log.addHandler(handler)
    try:
        note("start", **said)
        yield end
    except BaseException as error:
        end.outcome = "failed" if isinstance(error, Exception) else "interrupted"  # Ctrl-C, or its service stopped
        if isinstance(error, SaidError):
            end.said |= {"reason": error.sentence(lang)}
        elif isinstance(error, Exception):
            end.said |= {"reason": f"{type(error).__name__}: {error}"}
        raise
    finally:
        trace = sys.exc_info()[0] is not None
        seconds = round(time.perf_counter() - started, 1)
        _log.info("end", exc_info=trace, extra={"said": {"outcome": end.outcome, "seconds": seconds} | end.said})
        _log.removeHandler(handler)
        handler.close()
        for old in sorted(folder.glob(f"*{SUFFIX}"))[:-kept]:
            with suppress(OSError):  # somebody reads it on Windows: it goes another night
                old.unlink()


def read(file: Path) -> list[dict[str, Any]]:
    """Return the lines of a log; one that was cut off when its run was killed is left out."""
    lines = []
    with suppress(OSError):
        for text in file.read_text("utf-8", errors="replace").splitlines():
            with suppress(ValueError):
                lines.append(json.loads(text))
    return [line for line in lines if isinstance(line, dict)]


def _handler(folder: Path, run_id: str, lang: Lang) -> logging.Handler:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = _File(folder / f"{run_id}{SUFFIX}", lang)
    except OSError as error:
        _tell(folder, error, lang)
        return logging.NullHandler()
    handler.setFormatter(_Lines(run_id))
    return handler


class _Lines(logging.Formatter):
    """A record as a line of JSON."""

    def __init__(self, run_id: str) -> None:
        super().__init__()
        self.run_id = run_id

    def format(self, record: logging.LogRecord) -> str:
        at = dt.datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds")
        line = {"at": at, "run_id": self.run_id, "event": record.getMessage(), **getattr(record, "said", {})}
        if record.exc_info and record.exc_info[0]:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(_masked(line), ensure_ascii=False, default=str)


def _masked(value: object) -> object:
    """A value without the numbers of persons, should a file's name or an error quote one; hashes keep all digits."""
    match value:
        case dict():
            return {name: one if name == "sha256" else _masked(one) for name, one in value.items()}
        case list():
            return [_masked(one) for one in value]
        case str():
            return without_numbers(value)
    return value


class _File(logging.FileHandler):
    """A log's file; that it cannot be written is told once."""

    def __init__(self, path: Path, lang: Lang) -> None:
        super().__init__(path, encoding="utf-8", errors="backslashreplace")
        self.path, self.lang, self.has_failed = path, lang, False

    def handleError(self, record: logging.LogRecord) -> None:
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
        elif not self.has_failed:
            self.has_failed = True
            _tell(self.path, error, self.lang)

    def close(self) -> None:
        try:
            super().close()
        except OSError as error:
            if not self.has_failed:
                _tell(self.path, error, self.lang)


def _tell(path: Path, error: OSError, lang: Lang) -> None:
    said = Said(
        f"运行日志未能写全，夜间任务照常进行：{path}：{error.strerror}",
        f"The log of this run could not be written, the run goes on: {path}: {error.strerror}",
    )
    print(said.told(lang), file=sys.stderr)
