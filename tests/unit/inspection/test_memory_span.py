"""The memory span: how far right answers go without a gap, by a training that is the same each time."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from seqloom.config.model import ModelConfig
from seqloom.data.memory_tasks import MEMORY_TASKS
from seqloom.data.synthetic import IdPair
from seqloom.inspection.memory_pupils import PairPupil, TextPupil
from seqloom.inspection.memory_span import MemorySpan, SpanPlan, ask, measure_span, pupil_of, write_spans
from seqloom.text.vocabulary import BOS, EOS, PAD
from seqloom.training.machine import Machine

CPU = Machine(torch.device("cpu"), 1, bfloat16=False)
GRU = {"kind": "recurrent", "cell": "gru", "hidden": 24}
TRANSFORMER = {"kind": "transformer", "heads": 2, "feed_forward": 24}
SMALL = ModelConfig.model_validate(
    {
        "width": 12,
        "dropout": 0.0,
        "encoder": {**GRU, "bidirectional": False},
        "decoder": {**GRU, "layers": 1, "attention": "none"},
    }
)


def span_of(*shares: float, seen: int = 3) -> MemorySpan:
    return MemorySpan("a model", "copy", 1, seen, dict(enumerate(shares, start=1)), 3e-3)


def test_the_span_ends_at_the_first_distance_that_is_not_held() -> None:
    assert span_of(1.0, 0.95, 0.9, 0.89, 1.0).span() == 3
    assert span_of(0.5, 1.0).span() == 0
    assert span_of(1.0, 1.0, 1.0, 1.0, 1.0).span() == 5
    assert span_of(1.0, 1.0, 1.0, 1.0, 1.0).span(seen_only=True) == 3
    assert span_of(1.0, 0.5, 1.0, 1.0).span(seen_only=True) == 1


def test_a_model_learns_to_remember_what_it_saw() -> None:
    plan = SpanPlan(seen=2, asked=(1, 2), updates=150, rows=32, learning_rates=(1e-2,), questions=50)
    found = measure_span(MEMORY_TASKS["first token"], SMALL, plan, CPU, label="GRU")
    assert found.span() == 2
    untrained = SpanPlan(seen=2, asked=(1, 2), updates=1, rows=1, questions=50)
    assert measure_span(MEMORY_TASKS["first token"], SMALL, untrained, CPU, label="GRU").span() == 0


def test_it_is_a_function_of_its_arguments() -> None:
    plan = SpanPlan(seen=3, asked=(1, 3), updates=5, rows=8, questions=20)
    task = MEMORY_TASKS["adding"]
    one, other = (measure_span(task, SMALL, plan, CPU, label="GRU", seed=4) for _ in range(2))
    assert one == other


def test_answers_must_be_right_to_the_last_symbol() -> None:
    task = MEMORY_TASKS["copy"]
    plan = SpanPlan(asked=(2,), questions=4)
    pairs = task.pairs(4, seed=0, shortest=2, longest=2)

    class Scripted(PairPupil):
        def answers(self, asked: Sequence[IdPair], _device: torch.device) -> list[list[int]]:
            assert asked == pairs
            return [pairs[0].target, pairs[1].target[:1], [*pairs[2].target, 4], pairs[3].target]

    pupil = pupil_of(SMALL, task, None)
    assert isinstance(pupil, PairPupil)
    assert ask(Scripted(pupil.network), task, plan, CPU) == {2: 0.5}


@pytest.mark.parametrize("decoder", [GRU, TRANSFORMER], ids=["recurrent", "transformer"])
def test_a_language_model_learns_to_remember_too(decoder: dict[str, object]) -> None:
    shape = ModelConfig.model_validate({"width": 12, "dropout": 0.0, "decoder": {**decoder, "layers": 2}})
    plan = SpanPlan(seen=2, asked=(1, 2), updates=200, rows=32, learning_rates=(1e-2,), questions=50)
    told: list[int] = []
    found = measure_span(
        MEMORY_TASKS["first token"], shape, plan, CPU, label="", window=16, on_update=told.append
    )
    assert found.span() == 2
    assert told == list(range(10, 201, 10))


def test_a_language_model_s_loss_counts_the_answer_alone() -> None:
    task = MEMORY_TASKS["reverse"]
    pupil = pupil_of(ModelConfig.model_validate({"width": 12}), task, 16)
    assert isinstance(pupil, TextPupil)
    batch = pupil.batch([IdPair([5, 6], [6, 5]), IdPair([7], [7])])
    assert batch.inputs.tolist() == [[EOS, 5, 6, BOS, 6, 5], [EOS, 7, BOS, 7, EOS, PAD]]
    assert batch.outputs.tolist() == [[PAD, PAD, PAD, 6, 5, EOS], [PAD, PAD, 7, EOS, PAD, PAD]]
    answers = pupil.answers(task.pairs(3, seed=1, shortest=1, longest=9), CPU.device)
    assert len(answers) == 3


def test_distances_are_asked_in_training_and_beyond() -> None:
    plan = SpanPlan.reaching(7, 100)
    assert plan.asked == (1, 2, 3, 4, 6, 7, 8, 10, 12, 16)
    assert (plan.seen, plan.updates) == (7, 100)


def test_spans_are_written(tmp_path: Path) -> None:
    write_spans([span_of(1.0, 0.5)], tmp_path / "new" / "spans.json")
    (found,) = json.loads((tmp_path / "new" / "spans.json").read_text())["spans"]
    assert found["span"] == found["span_seen"] == 1
    assert found["by_distance"] == [{"distance": 1, "accuracy": 1.0}, {"distance": 2, "accuracy": 0.5}]
