"""Memory span: the longest distance over which a model still says what it was to remember, at least nine times in ten.

A model is trained on a task at distances up to one, and asked at those and at longer ones, which it never saw.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from seqloom.base.files import atomic_write, make_folder
from seqloom.base.randomness import derive
from seqloom.config.model import ModelConfig
from seqloom.config.training import TrainingConfig
from seqloom.data.memory_tasks import MemoryTask
from seqloom.inspection.memory_pupils import PairPupil, Pupil, TextPupil
from seqloom.models.build import build_language_model, build_model
from seqloom.training.events import StepEvent
from seqloom.training.loop import Trainer
from seqloom.training.machine import Machine

FORMAT, VERSION = "seqloom-memory-span", 1
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
    questions pairs asked at each distance
    """

    seen: int = 20
    asked: tuple[int, ...] = ASKED
    updates: int = 800
    rows: int = 64
    learning_rate: float = 3e-3
    questions: int = 100

    @classmethod
    def reaching(cls, seen: int, updates: int) -> "SpanPlan":
        """Asked at distances up to the longest of its training, and at some up to FARTHEST times as long."""
        asked = {*(far for far in ASKED if far <= FARTHEST * seen), seen}
        return cls(seen=seen, asked=tuple(sorted(asked)), updates=updates)

    def training(self) -> TrainingConfig:
        """As the training loop has it."""
        return TrainingConfig(
            max_updates=self.updates,
            learning_rate=self.learning_rate,
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
    """

    label: str
    task: str
    seed: int
    seen: int
    accuracy: dict[int, float]

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
    """Train a model of that shape on the task from nothing, and ask it; a function of the arguments.

    window     symbols that a language model sees at once, if it is one; None for an encoder-decoder
    on_update  told now and then how many updates are done
    Raises     DivergedError when its loss stays non-finite
    """
    torch.manual_seed(derive(seed, "memory span"))
    pupil = pupil_of(config, task, window)
    drawn = _Drawn(task, plan, pupil, seed)
    trainer = Trainer(pupil.network, drawn, plan.training(), pupil.objective, seed=seed, machine=machine)
    for event in trainer.events():
        if isinstance(event, StepEvent):
            on_update(event.update)
    pupil.network.eval()
    return MemorySpan(label, task.name, seed, plan.seen, ask(pupil, task, plan, machine))


def pupil_of(config: ModelConfig, task: MemoryTask, window: int | None) -> Pupil:
    """A fresh network of that shape over the task's symbols, drawn from torch's default generator."""
    if window is None:
        return PairPupil(build_model(config, task.symbols, task.symbols))
    return TextPupil(build_language_model(config, task.symbols, window))


def ask(pupil: Pupil, task: MemoryTask, plan: SpanPlan, machine: Machine) -> dict[int, float]:
    """The share of right answers by distance; the questions are the same for all models."""
    found = {}
    for distance in plan.asked:
        pairs = task.pairs(plan.questions, seed=0, shortest=distance, longest=distance)
        answers = pupil.answers(pairs, machine.device)
        right = [answer == pair.target for answer, pair in zip(answers, pairs, strict=True)]
        found[distance] = sum(right) / len(right)
    return found
