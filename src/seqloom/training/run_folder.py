"""The folder of a run: one trainer at a time, its files where the plan says, checkpoints kept and found again."""

import contextlib
import fcntl
import json
import os
import platform
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

from torch import Tensor

from seqloom.base.errors import DamagedModelError, OtherFormatError, RunLockedError
from seqloom.base.files import (
    atomic_write,
    explain_os_errors,
    finish_replacing,
    make_folder,
    previous,
    read_json,
    write_json,
)
from seqloom.training.checkpoint import (
    Checkpoint,
    checkpoint_folders,
    keep_newest,
    newest_checkpoint,
    read_checkpoint,
    save_checkpoint,
)

RECORDED_PACKAGES = (
    "seqloom",
    "torch",
    "numpy",
    "sentencepiece",
    "safetensors",
    "sacrebleu",
    "jiwer",
    "soundfile",
    "kaldi-native-fbank",
    "pydantic",
)
ATTEMPTS, PAUSE = 3, 0.2  # of reading best/ while it may be replaced; seconds between them


class RunFolder:
    """runs/NAME and what is in it."""

    def __init__(self, path: Path, keep_checkpoints: int = 5) -> None:
        self.path = path
        self.keep_checkpoints = keep_checkpoints
        self.vocabulary = path / "vocabulary"
        self.config = path / "config.toml"
        self.resolved = path / "resolved.json"
        self.metrics = path / "metrics.jsonl"
        self.samples = path / "samples.jsonl"
        self.log = path / "log.txt"
        self.report = path / "report.html"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run's lock. Raises RunLockedError when another process does."""
        make_folder(self.path)
        lock = self.path / "LOCK"
        with explain_os_errors("write", lock):
            stream = lock.open("a+")
        with stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                stream.seek(0)
                owner = stream.read().strip() or "another process"
                raise RunLockedError(
                    f"{self.path} is being trained by {owner}; wait for it, or choose another run folder."
                ) from None
            with explain_os_errors("write", lock):
                stream.truncate(0)
                stream.write(f"process {os.getpid()} on {platform.node()}")
                stream.flush()
            self._remove_unfinished()
            yield
            stream.truncate(0)

    def _remove_unfinished(self) -> None:
        """Drop what a killed trainer was still writing, and put back what it was about to replace.

        Whoever holds the lock knows that none is at work.
        """
        finish_replacing(self.path)
        finish_replacing(self.path / "checkpoints")
        for path in (*self.path.glob(".*.tmp"), *self.path.glob("checkpoints/.*.tmp")):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def save(
        self, update: int, model: dict[str, Tensor], optimiser: dict[str, Tensor], state: dict[str, Any]
    ) -> str:
        """Write checkpoints/step-UPDATE, then move LATEST and drop what is too old."""
        folder = self.path / "checkpoints" / f"step-{update}"
        make_folder(folder.parent)
        save_checkpoint(folder, model=model, optimiser=optimiser, state=state)
        keep_newest(self.path, update, self.keep_checkpoints)
        return str(folder)

    def save_best(self, model: dict[str, Tensor], state: dict[str, Any]) -> None:
        """Write best/."""
        save_checkpoint(self.path / "best", model=model, state=state)

    def newest(self) -> tuple[Checkpoint | None, list[str]]:
        """The newest checkpoint that verifies, and sentences about damaged ones."""
        return newest_checkpoint(self.path)

    def best(self) -> Checkpoint:
        """The weights to use: best/, or the newest checkpoint in a run without validation.

        While a run trains, best/ may be replaced in the middle of being read; damage is believed when it lasts.

        Raises   DamagedModelError when there is none, or when what is there is damaged
        """
        for _ in range(ATTEMPTS - 1):
            with contextlib.suppress(DamagedModelError):
                if found := self._read_best():
                    return found
                break
            time.sleep(PAUSE)
        if found := self._read_best():
            return found
        newest, damaged = self.newest()
        if newest is None:
            why = " ".join(damaged) or "Train it first: `seqloom train`."
            raise DamagedModelError(f"{self.path} holds no checkpoint to load. {why}")
        return replace(newest, model=newest.shipped)

    def _read_best(self) -> Checkpoint | None:
        """What lies in best/, or in the folder that it was about to replace when the run was stopped; or nothing."""
        kept = [folder for folder in (self.path / "best", previous(self.path / "best")) if folder.is_dir()]
        if not kept:
            return None
        try:
            return read_checkpoint(kept[0])
        except OtherFormatError:
            raise
        except DamagedModelError as error:
            if not checkpoint_folders(self.path):
                raise
            raise DamagedModelError(
                f"{error} `seqloom average {self.path} --last 1` puts the newest checkpoint in its place."
            ) from error

    def environment(self) -> dict[str, Any]:
        """What the run was made with so far; {} before it first trained."""
        path = self.path / "environment.json"
        return read_json(path) if path.is_file() else {}

    def write_environment(self, facts: dict[str, Any]) -> None:
        """environment.json: what the run was made with."""
        versions = {}
        for name in RECORDED_PACKAGES:
            with contextlib.suppress(metadata.PackageNotFoundError):
                versions[name] = metadata.version(name)
        write_json(
            self.path / "environment.json",
            {
                "python": sys.version.split()[0],
                "system": platform.platform(),
                "processor": _processor(),
                "packages": versions,
                **facts,
            },
        )

    def forget_after(self, update: int) -> None:
        """Drop the lines of metrics and samples that lie beyond a checkpoint: they are about to be made again."""
        for path in (self.metrics, self.samples):
            if not path.is_file():
                continue
            kept = []
            for line in path.read_bytes().split(b"\n"):  # only there: a sample may hold U+2028
                with contextlib.suppress(ValueError, AttributeError):  # torn: no UTF-8, no JSON or no object
                    row = json.loads(line)
                    if row.get("update", 0) <= update and row.get("event") != "stop":
                        kept.append(line + b"\n")
            atomic_write(path, b"".join(kept))


def _processor() -> str:
    """The processor's name as the system gives it."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
