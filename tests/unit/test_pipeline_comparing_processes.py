"""Steps of a comparison in processes: one or several at once, stopped, failing."""

import json
import signal
from pathlib import Path

import pytest

from seqloom.base.errors import DataError, Interrupted, ResourceError
from seqloom.pipeline.comparing_processes import (
    StepProcess,
    failure,
    run_job,
    run_side_by_side,
    run_together,
)


class Running:
    """Stands for the processes of several steps: what each does, and what was seen of them all."""

    def __init__(self, *codes: int | None, looks: int = 3) -> None:
        self.codes = codes  # with which each ends; None for one that has to be told to
        self.looks = looks  # so often each is found at work
        self.at_work: set[int] = set()
        self.most = 0
        self.started: list[int] = []
        self.told: list[int] = []

    def starts(self, folder: Path) -> "list[Start]":
        return [Start(self, number, folder) for number in range(len(self.codes))]


class Start:
    def __init__(self, all_of_them: Running, number: int, folder: Path) -> None:
        self.all, self.number, self.failure = all_of_them, number, folder / f"{number}.json"

    def __call__(self) -> StepProcess:
        self.all.started.append(self.number)
        self.all.at_work.add(self.number)
        self.all.most = max(self.all.most, len(self.all.at_work))
        self.left = self.all.looks + self.number
        self.returncode: int | None = None
        self.process = self
        return self  # type: ignore[return-value]

    def wait(self, seconds: float = 0.0) -> None:
        assert seconds >= 0

    def poll(self) -> int | None:
        self.left -= 1
        if self.left <= 0 and self.returncode is None:
            self.returncode = self.all.codes[self.number]
        return self.returncode

    def terminate(self) -> None:
        self.all.told.append(self.number)
        self.returncode = -signal.SIGTERM

    kill = terminate

    def close(self) -> None:
        self.all.at_work.discard(self.number)


@pytest.mark.parametrize("at_once", [1, 2, 3, 9])
def test_as_many_run_at_once_as_was_asked_for_in_their_order(at_once: int, tmp_path: Path) -> None:
    steps = Running(0, 0, 0, 0, 0)
    run_together(steps.starts(tmp_path), tmp_path, lambda: False, at_once)
    assert steps.started == [0, 1, 2, 3, 4]
    assert steps.most == min(at_once, 5)
    assert (steps.at_work, steps.told) == (set(), [])


def test_where_one_fails_the_others_are_told_to_stop_and_no_more_begin(tmp_path: Path) -> None:
    steps = Running(3, None, 0, looks=2)
    (tmp_path / "0.json").write_text(json.dumps({"kind": "DataError", "sentence": "no such file"}))
    with pytest.raises(DataError, match="no such file"):
        run_together(steps.starts(tmp_path), tmp_path, lambda: False, 2)
    assert (steps.started, steps.told, steps.at_work) == ([0, 1], [1], set())


def test_a_stop_is_told_to_each_once(tmp_path: Path) -> None:
    steps = Running(None, None, None)
    with pytest.raises(Interrupted, match="The same command goes on from here"):
        run_together(steps.starts(tmp_path), tmp_path, lambda: bool(steps.at_work) or bool(steps.told), 2)
    assert (steps.started, steps.told, steps.at_work) == ([0, 1], [0, 1], set())


def test_side_by_side_what_each_writes_carries_its_title(tmp_path: Path) -> None:
    begun, told = list[str](), list[str]()
    with pytest.raises(RuntimeError, match="KeyError: 'no such kind'"):
        run_side_by_side(
            [("one", {"kind": "no such kind"}), ("two", {})],
            tmp_path,
            lambda: False,
            at_once=1,
            starting=begun.append,
            tell=told.append,
        )
    assert begun == ["one"]
    assert told[0] == "one: Traceback (most recent call last):"  # a mistake of ours shows where it is
    assert all(line.startswith("one: ") for line in told)


def test_what_a_process_failed_by_is_said_here(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match="ended with code -9 and without a word"):
        raise failure(tmp_path / "failure.json", -9)
    for kind, expected in (
        ("DataError", DataError),
        ("MemoryError", MemoryError),
        ("KeyError", RuntimeError),
    ):
        (tmp_path / "failure.json").write_text(json.dumps({"kind": kind, "sentence": "so it was"}))
        with pytest.raises(expected, match="so it was"):
            raise failure(tmp_path / "failure.json", 1)


def test_a_process_of_its_own_passes_its_failure_on(tmp_path: Path) -> None:
    job = {"kind": "measurement", "run": str(tmp_path / "nowhere"), "device": "cpu", "threads": 1}
    with pytest.raises(Exception, match=r"nowhere does not exist\. Give the folder"):
        run_job(job, tmp_path, lambda: False)
    with pytest.raises(Interrupted, match="The same command goes on from here"):
        run_job(job, tmp_path, lambda: True)
