"""The tasks, as one literal table: a new task is a new row, not a new code path."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Task:
    """What a model is for.

    name         as in the configuration
    description  one line
    source       how the source is read
    target       how the target is read
    family       which family of model serves it
    metrics      what its outputs are measured by, the first one first
    preset       where its configuration starts from when none is named
    """

    name: str
    description: str
    source: Literal["text", "audio", "nothing"]
    target: Literal["text", "label"]
    family: Literal["seq2seq", "language_model", "classifier", "speech"]
    metrics: tuple[str, ...]
    preset: str


TASKS = (
    Task(
        name="translation",
        description="One line of text to its translation.",
        source="text",
        target="text",
        family="seq2seq",
        metrics=("bleu", "chrf"),
        preset="translation-gru",
    ),
    Task(
        name="transcription",
        description="A recording of speech to its words.",
        source="audio",
        target="text",
        family="speech",
        metrics=("wer", "cer"),
        preset="transcription-lstm",
    ),
)


def task_named(name: str) -> Task:
    """The row of a task whose name the configuration has checked."""
    return next(task for task in TASKS if task.name == name)
