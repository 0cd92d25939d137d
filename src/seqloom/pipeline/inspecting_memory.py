"""Memory span of a model's architecture: trained anew on tasks with known answers, and asked ever farther back."""

import sys
from collections.abc import Sequence
from typing import TextIO

from seqloom.base.errors import UsageError
from seqloom.base.progress import progress
from seqloom.config.suggest import did_you_mean
from seqloom.data.memory_tasks import MEMORY_TASKS
from seqloom.inspection.memory_span import MemorySpan, SpanPlan, measure_span
from seqloom.inspection.memory_span_page import span_fragment
from seqloom.inspection.notebook import Gallery
from seqloom.models.ensemble import Ensemble
from seqloom.pipeline.classifier import Classifier
from seqloom.pipeline.language_model import TextGenerator
from seqloom.pipeline.passage import Inspected
from seqloom.pipeline.tagger import Tagger
from seqloom.pipeline.text_model import Model
from seqloom.pipeline.transcriber import Transcriber

QUICK = ("copy", "first token")
"""The tasks that are asked if none is named."""
DISTANCE, UPDATES = 20, 800
"""The longest distance in training, and its updates, if not said."""


def memory_span(
    model: Inspected,
    tasks: Sequence[str] = QUICK,
    *,
    distance: int = DISTANCE,
    updates: int = UPDATES,
    label: str = "",
    stream: TextIO | None = None,
) -> list[MemorySpan]:
    """How far back an architecture remembers: the longest distance at which nine answers in ten are right.

    A fresh network of the model's shape, over a small vocabulary, is trained on each task at distances up to one and
    asked at those and at longer ones; the same model gives the same spans. A notebook draws them.

    >>> seqloom.memory_span(model, ["first token", "associative recall"])

    tasks     of: copy, reverse, first token, associative recall, adding, bracket depth
    distance  the longest in training, in symbols · updates: of each of its two trainings, at a learning rate each, of
              which the better counts
    label     a name for the model · stream: where progress is shown, stderr if None
    Raises    UsageError for a task that there isn't, and for a model that writes no symbols or is an ensemble
    """
    found = [MEMORY_TASKS[_checked(name)] for name in tasks]
    for name, value in (("distance", distance), ("updates", updates)):
        if value < 1:
            raise UsageError(f"{name} = {value} is out of range; expected 1 or more.")
    if not found:
        raise UsageError("There is no memory span without a task.")
    refuse_others(model)
    plan = SpanPlan.reaching(distance, updates)
    window = model.config.training.chunk if isinstance(model, TextGenerator) else None
    spans = []
    for task in found:
        with progress(f"Learning {task.name}", plan.total, stream=stream or sys.stderr) as shown:
            spans.append(
                measure_span(
                    task,
                    model.config.model,
                    plan,
                    model.machine,
                    label=label,
                    seed=model.config.seed,
                    window=window,
                    on_update=shown.update,
                )
            )
    return Gallery(spans, span_fragment)


def _checked(name: str) -> str:
    """The name of a task, with hyphens or blanks. Raises UsageError for another."""
    spaced = name.strip().replace("-", " ")
    if spaced not in MEMORY_TASKS:
        near = did_you_mean(spaced, MEMORY_TASKS)
        raise UsageError(f'"{name}" is no memory task; there are {", ".join(MEMORY_TASKS)}. {near}'.rstrip())
    return spaced


def refuse_others(model: Inspected) -> None:
    """Raise UsageError, in one sentence, for a model that can't learn to read symbols and write symbols."""
    if isinstance(model, Classifier | Tagger):
        raise UsageError(
            "This model decides for labels and writes no text, so it can't be asked to write what it remembers."
        )
    if isinstance(model, Transcriber):
        raise UsageError(
            "This model hears sound, and the memory tasks are read as symbols, so it has no memory span to measure."
        )
    if isinstance(model, Model) and isinstance(model.network, Ensemble):
        raise UsageError("An ensemble has several networks; look into each run by itself.")
