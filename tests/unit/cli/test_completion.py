"""What Tab offers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from seqloom.cli.completion import complete_override, complete_preset, complete_run


def test_presets_with_their_descriptions() -> None:
    found = dict(complete_preset("translation-t"))
    assert list(found) == [f"translation-transformer-{name}" for name in ("tiny", "ssru", "base")]
    assert "Wu et al. 2021" in found["translation-transformer-tiny"]


def test_options_then_their_words() -> None:
    assert [key for key, _ in complete_override("model.encoder.h")] == [
        "model.encoder.heads=",
        "model.encoder.hidden=",
    ]
    assert ("training.optimiser=sgd", "") in complete_override("training.optimiser=")
    assert complete_override("model.width=") == []


def test_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert complete_run("") == []
    for name in ("one", "two", ".corpora"):
        (tmp_path / "runs" / name).mkdir(parents=True)
    for name in ("one", "two"):
        (tmp_path / "runs" / name / "resolved.json").touch()
    assert complete_run("") == ["runs/one", "runs/two"]
    assert complete_run("runs/t") == ["runs/two"]
    assert complete_run("ru") == ["runs"]


def test_the_shell_gets_them() -> None:
    asked = {
        "_SEQLOOM_COMPLETE": "complete_bash",
        "COMP_WORDS": "seqloom presets translation-h",
        "COMP_CWORD": "2",
    }
    ended = subprocess.run(
        [sys.executable, "-m", "seqloom.cli"],
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.split() == ["translation-hybrid"]
