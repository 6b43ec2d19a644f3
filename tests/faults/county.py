"""A small inbox in two deliveries, and nights over it in processes of their own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import RAW

# What the county and one of its towns sent at first; then the town's correction and next report, and an inspection.
FIRST = ("2021-06-25", "2021-08-10/白石镇")
THEN = ("2021-08-13/白石镇", "2021-08-16", "2021-08-20/白石镇")


def _unprivileged() -> list[str] | None:
    """What a command begins with that permissions are to bind, root's too; None where nothing can."""
    if not hasattr(os, "geteuid"):
        return None
    if os.geteuid():
        return []
    powers = "-dac_override,-dac_read_search"
    return ["setpriv", "--bounding-set", powers, "--inh-caps", powers] if shutil.which("setpriv") else None


UNPRIVILEGED = _unprivileged()


@dataclass(frozen=True)
class Place:
    """An inbox and the data folder of its nights, beside each other."""

    folder: Path

    @property
    def raw(self) -> Path:
        return self.folder / "raw"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def published(self) -> Path:
        return self.data / "published" / "marts.duckdb"

    def deliver(self, *folders: str) -> None:
        """Put folders of the sample county into the inbox."""
        for folder in folders:
            shutil.copytree(RAW / folder, self.raw / folder)

    def copy(self, folder: Path) -> "Place":
        """The same inbox and the same data somewhere else."""
        shutil.copytree(self.folder, folder)
        return Place(folder)

    def command(self, *options: str) -> list[str]:
        """The night as a command line."""
        run = ["run", "--raw", str(self.raw), "--data", str(self.data)]
        return [sys.executable, "-m", "tests.faults.dying", *options, "--", *run]

    def start(self, *options: str, before: Sequence[str] = ()) -> "subprocess.Popen[str]":
        """Begin a night, in a process group of its own."""
        return subprocess.Popen(
            [*before, *self.command(*options)],
            cwd=self.folder,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )

    def night(self, *options: str, before: Sequence[str] = ()) -> tuple[int, str]:
        """One night to its end: the exit code and what was said."""
        process = self.start(*options, before=before)
        _, said = process.communicate(timeout=600)
        return process.returncode, said


def environment() -> dict[str, str]:
    """The environment of a night: no setting of whoever runs the tests reaches it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT", "GONGSHUI"))}
    return kept | {"PYTHONPATH": str(RAW.parent)}
