"""Who listens to the training loop: files that outlast the run, and lines or a bar for whoever is watching."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from seqloom.base.files import explain_os_errors
from seqloom.base.progress import Progress, duration
from seqloom.training.events import (
    CheckpointEvent,
    Event,
    SkipEvent,
    StepEvent,
    StopEvent,
    ValidationEvent,
)

Listener = Callable[[Event], None]
SHOWN_SAMPLES = 3
PLACES = {"bits_per_character": 3}
"""Digits behind the point, where a score isn't one of 0 to 100."""


def rounded(value: float) -> float | None:
    """Six significant digits: enough for any plot. None for what is no number, which JSON can't say."""
    return float(f"{value:.6g}") if math.isfinite(value) else None


class MetricsWriter:
    """Appends a line of metrics.jsonl for each step, validation, skip and stop, and samples to samples.jsonl."""

    def __init__(self, metrics: Path, samples: Path) -> None:
        self.metrics = metrics
        self.samples = samples

    def __call__(self, event: Event) -> None:
        """Write what the event says."""
        row = metrics_row(event)
        if row:
            append_line(self.metrics, row)
        if isinstance(event, ValidationEvent):
            for sample in event.samples:
                append_line(self.samples, {"update": event.update, **vars(sample)})


def metrics_row(event: Event) -> dict[str, Any] | None:
    """The line of metrics.jsonl for an event; None for events that are not measurements."""
    if isinstance(event, StepEvent):
        names = (
            "loss",
            "likelihood",
            "tokens_per_second",
            "learning_rate",
            "gradient_norm",
            "seconds",
        )
        values = {name: rounded(getattr(event, name)) for name in names}
        return {
            "event": "step",
            "update": event.update,
            "epoch": rounded(event.epoch),
            **values,
            "tokens": event.tokens,
            "skipped": event.skipped,
        }
    if isinstance(event, ValidationEvent):
        return {
            "event": "validation",
            "update": event.update,
            "epoch": rounded(event.epoch),
            "loss": rounded(event.loss),
            "perplexity": rounded(event.perplexity),
            **{name: rounded(value) for name, value in event.scores.items()},
            "seconds": rounded(event.seconds),
            "best": event.best,
            "signatures": event.signatures,
        }
    if isinstance(event, SkipEvent):
        return {"event": "skip", "update": event.update, "in_a_row": event.in_a_row}
    if isinstance(event, StopEvent):
        return {
            "event": "stop",
            "reason": event.reason,
            "update": event.update,
            "seconds": rounded(event.seconds),
        }
    return None


def append_line(path: Path, row: dict[str, Any]) -> None:
    """One JSON line more."""
    with explain_os_errors("write", path), path.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(row, ensure_ascii=False) + "\n")


class ProgressListener:
    """Shows a run to a person: the bar moves at every step event, validations and checkpoints get lines."""

    def __init__(self, shown: Progress) -> None:
        self.shown = shown

    def __call__(self, event: Event) -> None:
        """Show what the event says."""
        if isinstance(event, StepEvent):
            note = (
                f"update {event.update:,}  epoch {event.epoch:.1f}  loss {event.likelihood:.3f}  "
                f"{event.tokens_per_second:,.0f} tokens/s"
            )
            self.shown.update(event.fraction, note, event.seconds_left)
            return
        for line in describe(event):
            self.shown.say(line)


def describe(event: Event) -> list[str]:
    """What a log says of an event, a line each; nothing for steps and ordinary checkpoints."""
    if isinstance(event, ValidationEvent):
        scores = "".join(f"  {name} {value:.{PLACES.get(name, 1)}f}" for name, value in event.scores.items())
        mark = "  (best so far)" if event.best else ""
        head = (
            f"update {event.update:,}  epoch {event.epoch:.1f}  {duration(event.seconds)}:  "
            f"validation loss {event.loss:.3f}  perplexity {event.perplexity:.2f}{scores}{mark}"
        )
        lines = [head]
        for sample in event.samples[:SHOWN_SAMPLES]:
            parts = (("source", sample.source), ("reference", sample.reference), ("output", sample.output))
            lines += [f"    {name:9}  {one_line(text)}" for name, text in parts]
        return lines
    if isinstance(event, SkipEvent):
        return [
            f"update {event.update:,}: skipped, its loss or gradient was not finite ({event.in_a_row} in a row)"
        ]
    if isinstance(event, StopEvent):
        reasons = {
            "finished": "finished",
            "patience": "stopped early: validation no longer improves",
            "interrupted": "stopped by a signal and saved; the same command resumes",
        }
        return [f"update {event.update:,}  {duration(event.seconds)}:  {reasons[event.reason]}"]
    return []


def one_line(text: str) -> str:
    """A text of several lines, as a JSON line may hold, on one."""
    return text.replace("\n", " ")


class LogWriter:
    """Appends to log.txt what a person would have been shown, steps included."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def __call__(self, event: Event) -> None:
        """Write what the event says."""
        if isinstance(event, StepEvent):
            lines = [
                f"update {event.update:,}  epoch {event.epoch:.2f}  loss {event.likelihood:.4f}  "
                f"{event.tokens_per_second:,.0f} tokens/s  learning rate {event.learning_rate:.3g}  "
                f"gradient norm {event.gradient_norm:.3g}"
            ]
        elif isinstance(event, CheckpointEvent):
            lines = [f"update {event.update:,}  checkpoint {event.path}"]
        else:
            lines = describe(event)
        for line in lines:
            print(line, file=self.stream, flush=True)
