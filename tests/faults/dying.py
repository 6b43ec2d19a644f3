"""`gongshui run` in a process that kills itself, with all that it started, at a named moment.

    python -m tests.faults.dying [--plain] [--at MOMENT] [--count FILE] -- run --raw … --data …

A moment is `move:N` (before the Nth file is put in its place), `node:N` (after dbt's Nth node) or
`<module>:<function>:N` (before its Nth call). With `--plain` the flow runs without Prefect, which takes most of the
time of a small night. With `--count`, how often files were put in place and nodes built is written there at the end.
"""

import argparse
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any


class Moments:
    """What happens, counted; at the moment named the process group dies as in a power cut."""

    def __init__(self, at: str | None) -> None:
        self.kind, _, number = (at or "").rpartition(":")
        self.number = int(number or 0)
        self.happened: Counter[str] = Counter()

    def reach(self, kind: str) -> None:
        self.happened[kind] += 1
        if kind == self.kind and self.happened[kind] == self.number:
            os.killpg(os.getpgrp(), signal.SIGKILL)

    def before(self, kind: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, whose calls are moments."""

        def reached(*arguments: Any, **named: Any) -> Any:
            self.reach(kind)
            return function(*arguments, **named)

        return reached

    def watch(self) -> None:
        """Make moments of what the night does."""
        os.replace = self.before("move", os.replace)
        os.rename = self.before("move", os.rename)
        module, colon, path = self.kind.partition(":")
        if colon:
            *owners, name = path.split(".")
            owner: Any = import_module(module)
            for step in owners:
                owner = getattr(owner, step)
            setattr(owner, name, self.before(self.kind, getattr(owner, name)))
        self._watch_dbt()

    def _watch_dbt(self) -> None:
        from dbt.cli import main as dbt

        runner = dbt.dbtRunner

        def tell(event: Any) -> None:
            if event.info.name == "NodeFinished":
                self.reach("node")

        dbt.dbtRunner = lambda: runner(callbacks=[tell])  # type: ignore[misc, assignment]


class Plain:
    """A step of the night without Prefect: the function, and what became of it as a state."""

    def __init__(self, step: Any) -> None:
        self.step, self.name = step.fn, step.name

    def with_options(self, **_: object) -> "Plain":
        return self

    def __call__(self, *arguments: Any, return_state: bool) -> Any:
        from prefect.states import Completed, Failed

        assert return_state
        try:
            return Completed(data=self.step(*arguments))
        except Exception as error:  # noqa: BLE001  the flow asks what it was
            return Failed(data=error)


def without_prefect() -> None:
    """Run the flow and its tasks as the plain functions that they wrap."""
    from prefect.tasks import Task

    from flows import local_server, nightly

    def no_server(*_: Any, **__: Any) -> AbstractContextManager[Any]:
        return nullcontext(SimpleNamespace(wait=lambda: None))

    def run(settings: Any, as_of: Any, reread: bool) -> Any:
        return nightly.nightly.fn(str(settings.raw), str(settings.data), settings.lang, as_of, reread)

    for name, value in list(vars(nightly).items()):
        if isinstance(value, Task):
            setattr(nightly, name, Plain(value))
    local_server.LocalServer = no_server  # type: ignore[assignment, misc]
    nightly.run_night = run
    nightly.drain = lambda: None
    nightly._leave_artifacts = lambda *_: None


def main() -> int:
    """Run the command line."""
    before = argparse.ArgumentParser()
    before.add_argument("--plain", action="store_true")
    before.add_argument("--at")
    before.add_argument("--count", type=Path)
    before.add_argument("command", nargs="+")
    given = before.parse_args()
    from flows import cli

    if given.plain:
        without_prefect()
    moments = Moments(given.at)
    if given.at or given.count:
        moments.watch()
    code = cli.main(given.command)
    if given.count:
        given.count.write_text(json.dumps(moments.happened))
    return code


if __name__ == "__main__":
    sys.exit(main())
