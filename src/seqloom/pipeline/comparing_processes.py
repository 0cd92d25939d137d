"""The steps of a comparison in processes of their own: one after the other, or several side by side."""

import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from seqloom.base import errors
from seqloom.base.errors import Interrupted, SeqloomError
from seqloom.base.files import read_json, write_json

Job = Mapping[str, Any]
Tell = Callable[[str], None]
POLL = 0.2  # seconds between two looks at whether to stop


def run_job(job: Job, folder: Path, stopped: Callable[[], bool]) -> None:
    """Do a step in a process that shows its own progress, and wait for it; as run_together."""
    run_together([lambda: StepProcess(job, folder / "job.json", None)], folder, stopped, 1)


def run_side_by_side(
    jobs: Sequence[tuple[str, Job]],
    folder: Path,
    stopped: Callable[[], bool],
    *,
    at_once: int,
    starting: Tell,
    tell: Tell,
) -> None:
    """Do steps, each with its title, `at_once` of them at any time, in their order; as run_together.

    starting   is told each step's title before it begins
    tell       gets every line that a step writes, with its title before it
    """

    def starter(number: int, title: str, job: Job) -> Callable[[], StepProcess]:
        def start() -> StepProcess:
            starting(title)
            return StepProcess(job, folder / f"job-{number}.json", lambda line: tell(f"{title}: {line}"))

        return start

    starts = [starter(number, title, job) for number, (title, job) in enumerate(jobs, start=1)]
    run_together(starts, folder, stopped, at_once)


def run_together(
    starts: "Sequence[Callable[[], StepProcess]]", folder: Path, stopped: Callable[[], bool], at_once: int
) -> None:
    """Start processes, so many at once, and wait for all; what the first one failed by is raised here.

    Raises   Interrupted once `stopped` says so. Then, and where one failed, those at work save what they have first.
    """
    waiting, running = deque(starts), list[StepProcess]()
    failed: StepProcess | None = None
    ending = False
    try:
        while True:
            if (stopped() or failed) and not ending:
                ending = True
                for each in running:
                    each.process.terminate()
            while waiting and len(running) < at_once and not ending:
                running.append(waiting.popleft()())
            if not running:
                break
            running[0].wait(POLL)
            ended = [each for each in running if each.process.poll() is not None]
            running = [each for each in running if each not in ended]
            for each in ended:
                each.close()
                if each.process.returncode and not failed:
                    failed = each
    finally:
        for each in running:
            each.process.kill()
            each.process.wait()
            each.close()
    if stopped():
        raise Interrupted(f"Stopped; all that was done is in {folder}. The same command goes on from here.")
    if failed:
        raise failure(failed.failure, failed.process.returncode)


class StepProcess:
    """A step at work. path: of its job · tell: gets the lines that it writes; None leaves it the terminal"""

    def __init__(self, job: Job, path: Path, tell: Tell | None) -> None:
        self.path, self.failure = path, failure_of(path)
        self.failure.unlink(missing_ok=True)
        write_json(path, dict(job))
        home = str(Path(__file__).parents[2])
        paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "seqloom.pipeline.comparing_job", str(path)],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE if tell else None,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )
        self.listener = threading.Thread(target=self._listen, args=[tell], daemon=True) if tell else None
        if self.listener:
            self.listener.start()

    def _listen(self, tell: Tell) -> None:
        assert self.process.stderr is not None  # it was asked for
        for line in self.process.stderr:
            tell(line.decode("utf-8", "replace").strip())

    def wait(self, seconds: float) -> None:
        """Wait until it ends, at most so long."""
        begun = time.monotonic()
        while self.process.poll() is None and time.monotonic() - begun < seconds:
            time.sleep(seconds / 10)

    def close(self) -> None:
        """Put away what a process that ended leaves; the job of one that failed stays, to be looked at."""
        if self.listener:
            self.listener.join()
        for stream in (self.process.stdin, self.process.stderr):
            if stream:
                stream.close()
        if not self.process.returncode:
            self.path.unlink(missing_ok=True)


def failure_of(job: Path) -> Path:
    """Where a step leaves what it failed by."""
    return job.with_suffix(".failure.json")


def failure(path: Path, code: int) -> Exception:
    """What a step left behind when it failed, as the exception that it was."""
    if not path.is_file():
        return errors.ResourceError(
            f"A step of the comparison ended with code {code} and without a word; it may have run out of memory."
        )
    said = read_json(path)
    path.unlink()
    kind = getattr(errors, said["kind"], None)
    if isinstance(kind, type) and issubclass(kind, SeqloomError):
        return kind(said["sentence"])
    if said["kind"] in ("MemoryError", "OutOfMemoryError"):
        return MemoryError(said["sentence"])
    return RuntimeError(f"{said['kind']}: {said['sentence']}")
