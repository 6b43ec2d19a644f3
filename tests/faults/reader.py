"""Reads the published database again and again, as a BI tool does: each time all of it has to be of one release.

The file to read is named in a file of its own, which may be empty for a while. Ends with its standard input, and prints
how often it read, how many releases it saw and what failed, as JSON.
"""

import json
import sys
import threading
import time
from pathlib import Path

import duckdb


def read(database: Path) -> str:
    """Return the run that published the database, having counted every table as it says of itself."""
    with duckdb.connect(str(database), read_only=True) as con:
        ((run,),) = con.execute("select run_id from meta.release").fetchall()
        for table, rows in con.execute('select table_name, "rows" from meta.table_rows').fetchall():
            ((found,),) = con.execute(f'select count(*) from marts_zh."{table}"').fetchall()
            if found != rows:
                raise ValueError(f"{table} has {found} rows, the release says {rows}")
        return str(run)


def main(control: Path) -> None:
    """Read until the standard input ends."""
    is_over = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        is_over.set()

    threading.Thread(target=wait, daemon=True).start()
    reads, runs, failed = 0, set[str](), list[str]()
    while not is_over.is_set():
        if place := control.read_text("utf-8"):
            try:
                runs.add(read(Path(place)))
                reads += 1
            except (duckdb.Error, ValueError, OSError) as error:
                if control.read_text("utf-8") == place:  # not taken away by the test meanwhile
                    failed.append(str(error))
        time.sleep(0.02)
    print(json.dumps({"reads": reads, "releases": len(runs), "failed": failed}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
