"""Memory span: the longest distance over which a model still says what it was to remember, at least nine times in ten.

A model is trained on a task at distances up to one, and asked at those and at longer ones, which it never saw. It is
trained at several learning rates, and the best network is asked: what suits one cell spoils another, and a network that
was spoilt in training says nothing of what its kind can remember.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from seqloom.base.errors import UsageError
from seqloom.base.files import atomic_write, make_folder
from seqloom.base.randomness import derive
from seqloom.config.model import ModelConfig
from seqloom.config.training import TrainingConfig
from seqloom.data.memory_tasks import MemoryTask
from seqloom.data.synthetic import IdPair
from seqloom.inspection.memory_pupils import PairPupil, Pupil, TextPupil
from seqloom.models.build import build_language_model, build_model
from seqloom.training.events import StepEvent
from seqloom.training.loop import Trainer
from seqloom.training.machine import Machine

FORMAT, VERSION = "seqloom-memory-span", 1
CHOOSING = 200  # questions by which a learning rate is chosen
HOLDS = 0.9  # the share of right answers up to which a model remembers
ASKED = (1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 28, 32, 40, 48, 64)
FARTHEST = 2.5  # times the longest distance in training: so far memory is asked for
TOLD = 10  # updates from one word of progress to the next


@dataclass(frozen=True)
class SpanPlan:
    """How long a model is trained and what it is asked.

    seen      the longest distance in training; all from 1 on occur
    asked     distances at which it is measured, rising
    updates   of `rows` pairs each, at a learning rate that falls to 0
    learning_rates  those tried
    questions pairs asked at each distance
    """

    seen: int = 20
    asked: tuple[int, ...] = ASKED
    updates: int = 800
    rows: int = 64
    learning_rates: tuple[float, ...] = (3e-3, 1e-3)
    questions: int = 100

    @classmethod
    def reaching(cls, seen: int, updates: int) -> "SpanPlan":
        """Asked at distances up to the longest of its training, and at some up to FARTHEST times as long."""
        asked = {*(far for far in ASKED if far <= FARTHEST * seen), seen}
        return cls(seen=seen, asked=tuple(sorted(asked)), updates=updates)

    @property
    def total(self) -> int:
        """Updates of all trainings of a task."""
        return self.updates * len(self.learning_rates)

    def training(self, learning_rate: float) -> TrainingConfig:
        """As the training loop has it."""
        return TrainingConfig(
            max_updates=self.updates,
            learning_rate=learning_rate,
            schedule="cosine",
            warmup_updates=min(50, self.updates),
            optimiser="adam",
            weight_decay=0.0,
            clip_norm=1.0,
            label_smoothing=0.0,
            best_by="loss",
            log_every=TOLD,
        )


@dataclass(frozen=True)
class MemorySpan:
    """One model on one task.

    accuracy  by distance, the share of answers that were right to the last symbol
    seen      the longest distance of its training
    learning_rate  the best of those tried
    """

    label: str
    task: str
    seed: int
    seen: int
    accuracy: dict[int, float]
    learning_rate: float

    def span(self, *, seen_only: bool = False) -> int:
        """The longest distance up to which, at every one that was asked, HOLDS of the answers are right; 0 for none.

        seen_only  counts distances that occurred in training alone
        """
        longest = 0
        for distance, share in sorted(self.accuracy.items()):
            if share < HOLDS or (seen_only and distance > self.seen):
                break
            longest = distance
        return longest

    def to_record(self) -> dict[str, Any]:
        """As plain values for JSON."""
        accuracy = [{"distance": distance, "accuracy": share} for distance, share in self.accuracy.items()]
        return {
            "label": self.label,
            "task": self.task,
            "seed": self.seed,
            "seen": self.seen,
            "learning_rate": self.learning_rate,
            "span": self.span(),
            "span_seen": self.span(seen_only=True),
            "by_distance": accuracy,
        }


def write_spans(spans: Sequence[MemorySpan], path: Path) -> None:
    """Write them as JSON, atomically."""
    make_folder(path.parent)
    content = {
        "format": FORMAT,
        "version": VERSION,
        "holds": HOLDS,
        "spans": [span.to_record() for span in spans],
    }
    atomic_write(path, json.dumps(content, ensure_ascii=False) + "\n")


@dataclass(frozen=True)
class _Drawn:
    """A task's batches, drawn anew for each update: one endless epoch."""

    task: MemoryTask
    plan: SpanPlan
    pupil: Pupil
    seed: int

    def batches(self, epoch: int, start: int) -> Iterator[Any]:  # noqa: ARG002 - there is only one
        for number in range(start, self.plan.updates):
            seed = derive(self.seed, "memory task", number)
            pairs = self.task.pairs(self.plan.rows, seed=seed, shortest=1, longest=self.plan.seen)
            yield self.pupil.batch(pairs)

    def count(self, epoch: int) -> int:  # noqa: ARG002
        return self.plan.updates


def measure_span(
    task: MemoryTask,
    config: ModelConfig,
    plan: SpanPlan,
    machine: Machine,
    *,
    label: str,
    seed: int = 1,
    window: int | None = None,
    on_update: Callable[[int], None] = lambda _: None,
) -> MemorySpan:
    """Train models of that shape on the task from nothing, and ask the best; a function of the arguments.

    Which learning rate is the best is told by other questions, of the distances in training.

    window     symbols that a language model sees at once, if it is one; None for an encoder-decoder
    on_update  told now and then how many updates are done, of `plan.total`
    Raises     DivergedError when the loss stays non-finite
    """
    best: tuple[float, float, Pupil] | None = None
    for number, learning_rate in enumerate(plan.learning_rates):

        def on_own_update(update: int, before: int = number * plan.updates) -> None:
            on_update(before + update)

        pupil = _trained(task, config, plan, machine, learning_rate, seed, window, on_own_update)
        right = _right(pupil, task.pairs(CHOOSING, seed=1, shortest=1, longest=plan.seen), machine)
        if best is None or right > best[0]:
            best = right, learning_rate, pupil
    if best is None:
        raise UsageError("A memory span needs a learning rate to train at; SpanPlan.learning_rates is empty.")
    _, learning_rate, pupil = best
    return MemorySpan(label, task.name, seed, plan.seen, ask(pupil, task, plan, machine), learning_rate)


def _trained(
    task: MemoryTask,
    config: ModelConfig,
    plan: SpanPlan,
    machine: Machine,
    learning_rate: float,
    seed: int,
    window: int | None,
    on_update: Callable[[int], None],
) -> Pupil:
    torch.manual_seed(derive(seed, "memory span"))
    pupil = pupil_of(config, task, window)
    drawn = _Drawn(task, plan, pupil, seed)
    training = plan.training(learning_rate)
    trainer = Trainer(pupil.network, drawn, training, pupil.objective, seed=seed, machine=machine)
    for event in trainer.events():
        if isinstance(event, StepEvent):
            on_update(event.update)
    pupil.network.eval()
    return pupil


def pupil_of(config: ModelConfig, task: MemoryTask, window: int | None) -> Pupil:
    """A fresh network of that shape over the task's symbols, drawn from torch's default generator."""
    if window is None:
        return PairPupil(build_model(config, task.symbols, task.symbols))
    return TextPupil(build_language_model(config, task.symbols, window))


def ask(pupil: Pupil, task: MemoryTask, plan: SpanPlan, machine: Machine) -> dict[int, float]:
    """The share of right answers by distance; the questions are the same for all models."""
    return {
        distance: _right(
            pupil, task.pairs(plan.questions, seed=0, shortest=distance, longest=distance), machine
        )
        for distance in plan.asked
    }


def _right(pupil: Pupil, pairs: Sequence[IdPair], machine: Machine) -> float:
    """The share of right answers."""
    answers = pupil.answers(pairs, machine.device)
    right = [answer == pair.target for answer, pair in zip(answers, pairs, strict=True)]
    return sum(right) / len(right)
