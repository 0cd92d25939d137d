"""What outlasts a run, and what a person sees of it."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from seqloom.base.errors import ResourceError
from seqloom.base.progress import progress
from seqloom.training.events import (
    CheckpointEvent,
    Event,
    Sample,
    SkipEvent,
    StepEvent,
    StopEvent,
    ValidationEvent,
)
from seqloom.training.listeners import LogWriter, MetricsWriter, ProgressListener, describe, rounded

STEP = StepEvent(
    update=1_200,
    epoch=2.3456789,
    loss=3.14159265,
    likelihood=2.71828182,
    tokens_per_second=5_301.2345,
    learning_rate=0.00123456789,
    gradient_norm=0.5,
    seconds=61.23456,
    tokens=54_321,
    skipped=2,
    fraction=0.25,
    seconds_left=185.0,
)
SAMPLES = tuple(Sample(f"source {n}\u2028", f"référence {n}", f"output {n}") for n in range(5))
VALIDATION = ValidationEvent(
    update=1_200,
    epoch=2.3456789,
    loss=1.23456789,
    perplexity=3.4368,
    scores={"bleu": 34.5678912, "chrf": 55.0},
    samples=SAMPLES,
    seconds=125.0,
    best=True,
    signatures={"bleu": "nrefs:1", "chrf": "nc:6"},
)
SKIP = SkipEvent(update=1_201, in_a_row=2)
CHECKPOINT = CheckpointEvent(update=1_200, path="runs/x/checkpoints/step-1200")
STOP = StopEvent(update=1_300, reason="finished", seconds=3_700.0)


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line]


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, Path]:
    writer = MetricsWriter(tmp_path / "metrics.jsonl", tmp_path / "samples.jsonl")
    for event in (STEP, VALIDATION, CHECKPOINT, SKIP, STOP):
        writer(event)
    return writer.metrics, writer.samples


def test_every_measurement_has_its_row(written: tuple[Path, Path]) -> None:
    step, validation, skip, stop = rows(written[0])
    assert step == {
        "event": "step",
        "update": 1_200,
        "epoch": 2.34568,
        "loss": 3.14159,
        "likelihood": 2.71828,
        "tokens_per_second": 5_301.23,
        "learning_rate": 0.00123457,
        "gradient_norm": 0.5,
        "seconds": 61.2346,
        "tokens": 54_321,
        "skipped": 2,
    }
    assert validation == {
        "event": "validation",
        "update": 1_200,
        "epoch": 2.34568,
        "loss": 1.23457,
        "perplexity": 3.4368,
        "bleu": 34.5679,
        "chrf": 55.0,
        "seconds": 125.0,
        "best": True,
        "signatures": {"bleu": "nrefs:1", "chrf": "nc:6"},
    }
    assert skip == {"event": "skip", "update": 1_201, "in_a_row": 2}
    assert stop == {"event": "stop", "reason": "finished", "update": 1_300, "seconds": 3_700.0}


def test_all_samples_of_a_validation_are_written_as_they_are(written: tuple[Path, Path]) -> None:
    found = rows(written[1])
    assert found == [
        {"update": 1_200, "source": s.source, "reference": s.reference, "output": s.output} for s in SAMPLES
    ]
    assert "référence" in written[1].read_text(encoding="utf-8")  # for people to read, not escaped


def test_rows_are_added_to_those_that_are_there(written: tuple[Path, Path]) -> None:
    MetricsWriter(*written)(SKIP)
    assert [row["event"] for row in rows(written[0])] == ["step", "validation", "skip", "stop", "skip"]


@pytest.mark.parametrize(
    ("value", "short"),
    [
        (0.0, 0.0),
        (123456789.0, 123457000.0),
        (1.23456789e-7, 1.23457e-07),
        (float("nan"), None),
        (float("-inf"), None),
    ],
)
def test_numbers_have_six_digits_and_what_is_none_is_null(value: float, short: float | None) -> None:
    assert rounded(value) == short


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_named() -> None:
    writer = MetricsWriter(Path("/dev/full"), Path("/dev/full"))
    with pytest.raises(ResourceError, match="Can't write /dev/full: the disk is full"):
        writer(STEP)


def said(event: Event) -> list[str]:
    stream = io.StringIO()
    LogWriter(stream)(event)
    return stream.getvalue().removesuffix("\n").split("\n")


def test_the_log_has_a_line_for_each_event() -> None:
    assert said(STEP) == [
        "update 1,200  epoch 2.35  loss 2.7183  5,301 tokens/s  learning rate 0.00123  gradient norm 0.5"
    ]
    assert said(CHECKPOINT) == ["update 1,200  checkpoint runs/x/checkpoints/step-1200"]
    assert said(SKIP) == ["update 1,201: skipped, its loss or gradient was not finite (2 in a row)"]
    assert said(VALIDATION) == describe(VALIDATION)


def test_a_validation_shows_three_samples() -> None:
    head, *lines = describe(VALIDATION)
    assert head == (
        "update 1,200  epoch 2.3  2 min 05 s:  validation loss 1.235  perplexity 3.44  bleu 34.6  chrf 55.0  "
        "(best so far)"
    )
    assert len(lines) == 9
    assert lines[:3] == [
        "    source     source 0\u2028",
        "    reference  référence 0",
        "    output     output 0",
    ]


def test_what_is_not_best_and_has_no_scores_says_so_by_saying_nothing() -> None:
    (line,) = describe(ValidationEvent(7, 1.0, 2.0, 7.389, {}, (), 1.0, best=False))
    assert line == "update 7  epoch 1.0  1 s:  validation loss 2.000  perplexity 7.39"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("finished", "finished"),
        ("patience", "stopped early: validation no longer improves"),
        ("interrupted", "stopped by a signal and saved; the same command resumes"),
    ],
)
def test_the_end_says_why(reason: str, words: str) -> None:
    assert describe(StopEvent(1_300, reason, 3_700.0)) == [f"update 1,300  1 h 01 min:  {words}"]


def test_off_a_terminal_progress_is_plain_lines() -> None:
    stream = io.StringIO()
    with progress("Training", total=1.0, stream=stream, interval=0.0) as shown:
        listener = ProgressListener(shown)
        for event in (STEP, CHECKPOINT, SKIP, STOP):
            listener(event)
    assert stream.getvalue().split("\n") == [
        "Training  25 %  update 1,200  epoch 2.3  loss 2.718  5,301 tokens/s  3 min 05 s left",
        "update 1,201: skipped, its loss or gradient was not finite (2 in a row)",
        "update 1,300  1 h 01 min:  finished",
        "",
    ]
    assert "\x1b" not in stream.getvalue()
    assert "\r" not in stream.getvalue()


def test_a_sample_of_several_lines_is_shown_on_one() -> None:
    event = ValidationEvent(1, 0.1, 1.0, 2.7, {}, (Sample("a\nb", "c", "d"),), 1.0, best=False)
    assert describe(event)[1] == "    source     a b"
