import os
import signal
import sys
import time
from pathlib import Path

import pytest

from flows.ingest import workers
from flows.ingest.guard import Refused
from flows.ingest.workers import run_isolated

LIMITS = {"processes": 2, "seconds": 10.0, "memory_bytes": 300_000_000}


def behave(how: object) -> object:
    """What a worker is asked to do, by name."""
    if how == "die":
        os._exit(3)
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "hang":
        time.sleep(60)
    if how == "eat":
        return len(bytearray(2_000_000_000))
    if how == "eat slowly":
        return len([bytes(1_000_000) + b"x" for _ in range(2000)])
    if how == "dawdle":
        time.sleep(0.5)
    if how == "refuse":
        raise Refused.because("empty")
    if how == "fail":
        raise KeyError("a bug")
    if how == "print":
        print("noise on standard output", flush=True)
    if how == "large":
        return "x" * 3_000_000
    if how == "unpicklable":
        return lambda: None
    if isinstance(how, bytes):
        return len(how)
    return how, os.getpid()


def outcomes(items: list[object], **limits: float) -> dict[object, object]:
    return dict(run_isolated(behave, items, **{**LIMITS, **limits}))  # type: ignore[arg-type]


def test_every_item_has_one_result_from_another_process():
    found = outcomes(list(range(200)))
    assert sorted(found) == list(range(200))
    pids = {pid for _, pid in found.values()}
    assert len(pids) <= 2
    assert os.getpid() not in pids


def test_one_process_is_isolated_too():
    ((_, (_, pid)),) = run_isolated(behave, [1], processes=1, seconds=5, memory_bytes=10**9)
    assert pid != os.getpid()


def test_no_items_start_no_process():
    assert outcomes([]) == {}


@pytest.mark.parametrize("processes", [1, 2])
def test_a_dying_worker_takes_one_item_with_it(processes):
    found = outcomes([1, 2, "die", 3, 4, 5, "fail", 6], processes=processes)
    assert found["die"].code == "crashed"
    assert "exit code 3" in found["die"].reason_zh
    assert found["fail"].code == "crashed"
    assert "KeyError" in found["fail"].reason_en
    assert all(found[n][0] == n for n in range(1, 7))


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_killed_worker_is_named_by_its_signal():
    assert "SIGKILL" in outcomes(["kill"])["kill"].reason_zh


def test_a_hanging_worker_is_stopped_in_time():
    started = time.monotonic()
    found = outcomes(["hang", 1, 2, 3, 4], seconds=0.5)
    assert found["hang"].code == "timeout"
    assert all(found[n][0] == n for n in range(1, 5))
    assert time.monotonic() - started < 8


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits memory")
@pytest.mark.parametrize("how", ["eat", "eat slowly"])
def test_a_worker_that_eats_memory_is_stopped(how):
    found = outcomes([how, 1])
    assert found[how].code == "memory"
    assert found[1][0] == 1


def test_a_refusal_of_the_function_is_its_result():
    assert outcomes(["refuse"])["refuse"].code == "empty"


def test_what_cannot_be_returned_is_a_failure_of_that_item():
    found = outcomes(["unpicklable", 1])
    assert found["unpicklable"].code == "crashed"
    assert found[1][0] == 1


def test_printing_large_items_and_large_results_disturb_nothing():
    items = ["print", "large", b"x" * 1_000_000, b"y" * 2_000_000, 1, "print"]
    found = list(run_isolated(behave, items, **LIMITS))
    assert len(found) == 6
    assert {len(result) for item, result in found if item == "large"} == {3_000_000}


def test_results_come_in_the_order_of_the_items():
    items = ["dawdle", *range(50), "die", "dawdle", *range(50, 60)]
    assert [item for item, _ in run_isolated(behave, items, **LIMITS)] == items


def test_workers_run_ahead_of_the_caller_but_only_so_far(tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "_RUN_AHEAD", 64)
    marks = [tmp_path / str(n) for n in range(300)]
    results = run_isolated(Path.touch, marks, **LIMITS)
    next(results)
    most = 2 * workers._RUN_AHEAD
    deadline = time.monotonic() + 20
    while len(list(tmp_path.iterdir())) < most and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.2)
    assert len(list(tmp_path.iterdir())) == most
    assert len(list(results)) == 299


def test_a_caller_that_leaves_early_leaves_no_process():
    results = run_isolated(behave, range(1000), **LIMITS)
    _, (_, pid) = next(results)
    results.close()
    if sys.platform != "win32":
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_function_that_workers_cannot_import_is_an_error():
    behave.__module__ = "no_such_module"
    try:
        sys.modules["no_such_module"] = sys.modules[__name__]
        with pytest.raises(RuntimeError, match="no_such_module"):
            list(run_isolated(behave, [1], **LIMITS))
    finally:
        del sys.modules["no_such_module"]
        behave.__module__ = __name__


def test_an_item_costs_less_than_a_millisecond():
    list(run_isolated(abs, [1], **LIMITS))
    started = time.perf_counter()
    assert len(list(run_isolated(abs, range(3000), **LIMITS))) == 3000
    # Two thirds of the allowance are for starting the processes on a busy machine.
    assert time.perf_counter() - started < 9
