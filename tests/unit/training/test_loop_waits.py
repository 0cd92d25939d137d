"""What an update waits for: nothing, where its numbers are read late, and the run is the same then."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from agreement import draw_always
from kinds import model_of
from seqloom.base.errors import DivergedError
from seqloom.data.batch import Batch
from seqloom.data.text_batch import TextBatch, text_batch
from seqloom.layers import further_attention, reading
from seqloom.models.seq2seq import Seq2Seq
from seqloom.training import objective
from seqloom.training.events import Event, SkipEvent, StepEvent
from seqloom.training.language_model import TextObjective
from seqloom.training.loop import Trainer
from seqloom.training.machine import Machine
from seqloom.training.objective import Objective
from seqloom.training.optimiser import optimiser_tensors
from text_models import language_model
from tiny import Shelf, batches, copied, make_trainer, same_bits, tiny_model, weights

READS = {"_local_scalar_dense", "nonzero", "is_nonzero", "equal", "masked_select", "unique_consecutive"}


class Waited(AssertionError):
    """An operation whose result, or its shape, the host reads."""


class NoWaiting(TorchDispatchMode):
    """Refuses what would wait for a GPU, here on a CPU."""

    def __torch_dispatch__(
        self,
        func: Any,
        types: object,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        name = func.overloadpacket.__name__
        by_mask = name.startswith("index") and any(
            isinstance(each, Tensor) and each.dtype == torch.bool
            for each in (args[1] if len(args) > 1 and isinstance(args[1], list | tuple) else ())
        )
        if name in READS or by_mask:
            raise Waited(name)
        return func(*args, **(kwargs or {}))


@dataclass(frozen=True)
class HostBatch:
    """A batch before it moves: the host may count its symbols."""

    batch: Batch | TextBatch
    target_tokens: int

    def to(self, device: torch.device | str) -> Batch | TextBatch:
        return self.batch.to(device)


def host_batches() -> list[Any]:
    return [HostBatch(batch, batch.target_tokens) for batch in batches()]


@pytest.fixture
def _as_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a CPU alone does: look whether there is something to see, and draw seeds, which never lie on a GPU."""
    for module in (reading, further_attention):
        monkeypatch.setattr(module, "check_visible", lambda _: None)
    draw_always(7, monkeypatch)


def late(**training: Any) -> Trainer:
    trainer = make_trainer(**{"optimiser": "adamw", **training})
    trainer.late = True
    return trainer


@pytest.mark.usefixtures("_as_on_a_gpu")
@pytest.mark.parametrize(
    ("encoder", "decoder", "asked"),
    [
        ("gru-bi-1", "gru-between-additive", Objective(0.1)),
        ("gru-bi-1", "gru-between-additive", Objective(0.1, own_share=0.3)),
        ("gru-bi-3-regularised", "gru-before-general-regularised", Objective(0.1, r_drop=1.0)),
        ("gru-bi-1", "lstm-feeding-general", Objective(0.1, coverage=0.5)),
        ("gru-bi-1", "gru-between-multi_head-copying", Objective(0.1)),
        ("gru-bi-1", "gru-between-multi_head-copying", Objective(0.1, own_share=0.3)),
        ("transformer-pre-sinusoidal", "transformer-pre-sinusoidal", Objective(0.1)),
        ("transformer-pre-sinusoidal", "transformer-pre-ssru", Objective(0.1)),
    ],
)
def test_an_update_waits_for_nothing(encoder: str, decoder: str, asked: Objective) -> None:
    model = model_of(encoder, decoder, torch.float32, dropout=0.4)
    trainer = late(model=model, log_every=1000, clip_norm=1.0)
    trainer.objective = asked
    group = host_batches()
    before = weights(trainer)
    with NoWaiting():
        trainer._update(group)
        trainer._update(group)
    assert len(trainer.unread) == 2
    assert not same_bits(weights(trainer), before)


@pytest.mark.usefixtures("_as_on_a_gpu")
@pytest.mark.parametrize("kind", ["lstm", "gru", "ssru", "transformer-pre-sinusoidal"])
def test_an_update_of_a_language_model_waits_for_nothing(kind: str) -> None:
    trainer = late(model=language_model(kind, torch.float32, dropout=0.4), log_every=1000)
    trainer.objective = TextObjective(0.1)
    texts = text_batch([np.array([4, 5, 6, 7]), np.array([8, 9])])
    group = [HostBatch(replace(texts, fresh=fresh).to("cpu"), texts.target_tokens) for fresh in (True, False)]
    with NoWaiting():
        trainer._update(group)
        trainer._update(group)
    assert len(trainer.unread) == 2
    assert bool(trainer.carried) is (kind != "transformer-pre-sinusoidal")


def test_what_waits_is_noticed() -> None:
    values = torch.arange(3.0)
    for waiting in (
        lambda: values[values > 1],
        lambda: float(values.sum()),
        (values > 1).nonzero,
        lambda: bool(values[0]),
    ):
        with NoWaiting(), pytest.raises(Waited):
            waiting()
    trainer = make_trainer(optimiser="adamw")
    with NoWaiting(), pytest.raises(Waited):
        trainer._update(host_batches())


# Read late, the run is the same


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> Callable[[Sequence[int]], None]:
    """Make no numbers of the loss of some batches, counted from 1."""

    healthy = objective.batch_loss

    def spoil(which: Sequence[int]) -> None:
        count = 0

        def spoiled(*arguments: Any) -> tuple[Tensor, Tensor]:
            nonlocal count
            count += 1
            loss, likelihood = healthy(*arguments)
            return (loss * torch.nan if count in which else loss), likelihood

        monkeypatch.setattr(objective, "batch_loss", spoiled)

    return spoil


def everything(trainer: Trainer) -> dict[str, Tensor]:
    return weights(trainer) | copied(optimiser_tensors(trainer.optimiser, trainer.model))


def of_kind(events: Sequence[Event], kind: type) -> list[Event]:
    return [event for event in events if isinstance(event, kind)]


@pytest.mark.parametrize("optimiser", ["adam", "adamw"])
@pytest.mark.parametrize("spoiled", [[], [2], [1, 2, 5, 7]], ids=str)
def test_the_weights_are_those_of_reading_at_once(
    optimiser: str, spoiled: list[int], poison: Callable[[Sequence[int]], None]
) -> None:
    ends, told = [], []
    for trainer in (
        make_trainer(optimiser=optimiser, max_updates=7, log_every=3, clip_norm=0.5),
        late(optimiser=optimiser, max_updates=7, log_every=3, clip_norm=0.5),
    ):
        poison(spoiled)
        told.append(list(trainer.events()))
        ends.append((trainer, everything(trainer)))
    (one, held), (other, held_late) = ends
    assert same_bits(held, held_late)
    assert (one.state.skipped, one.state.bad_in_a_row) == (other.state.skipped, other.state.bad_in_a_row)
    assert of_kind(told[0], SkipEvent) == of_kind(told[1], SkipEvent)
    for first, second in zip(*(of_kind(events, StepEvent) for events in told), strict=True):
        assert isinstance(first, StepEvent)
        assert isinstance(second, StepEvent)
        assert (first.loss, first.likelihood, first.gradient_norm) == (
            second.loss,
            second.likelihood,
            second.gradient_norm,
        )
        assert (first.update, first.skipped, first.tokens) == (second.update, second.skipped, second.tokens)


def test_what_is_told_late_is_told_before_anything_is_kept(poison: Callable[[Sequence[int]], None]) -> None:
    poison([3])
    shelf = Shelf()
    events = list(late(max_updates=6, log_every=50, checkpoint_every=4, keeper=shelf).events())
    names = [(type(event).__name__, event.update) for event in events]
    assert names == [
        ("SkipEvent", 3),
        ("CheckpointEvent", 4),
        ("StepEvent", 6),
        ("CheckpointEvent", 6),
        ("StopEvent", 6),
    ]
    assert shelf.saved[4].state["skipped"] == 1


def test_a_run_resumed_ends_with_the_same_bits(poison: Callable[[Sequence[int]], None]) -> None:
    poison([2])
    shelf = Shelf()
    whole = late(max_updates=6, log_every=50, checkpoint_every=2, keeper=shelf)
    events = list(whole.events())
    assert [event.update for event in of_kind(events, SkipEvent)] == [2]
    assert 2 not in shelf.saved  # nothing is kept of a run that may be going wrong
    resumed = late(model=tiny_model(), max_updates=6, log_every=50)
    resumed.resume(shelf.saved[4])
    poison([])
    list(resumed.events())
    assert same_bits(everything(resumed), everything(whole))
    assert resumed.state.skipped == 1


def test_several_in_a_row_end_the_run_with_the_next_step_event_at_the_latest(
    poison: Callable[[Sequence[int]], None],
) -> None:
    poison(range(2, 100))
    seen: list[Event] = []
    trainer = late(max_updates=50, log_every=8, max_bad_updates=3)
    with pytest.raises(DivergedError, match="3 updates in a row, the last at update 4;"):
        seen.extend(trainer.events())
    assert [event.update for event in of_kind(seen, SkipEvent)] == [2, 3, 4]
    assert trainer.state.update == 8


def test_what_a_spoiled_update_carries_is_forgotten() -> None:
    trainer = late()
    trainer._update(batches())
    trainer.carried = {"state": torch.tensor([1.0, torch.nan])}
    trainer._step(torch.tensor(True))
    assert trainer.carried["state"][0] == 1
    trainer._step(torch.tensor(False))
    assert torch.equal(trainer.carried["state"], torch.zeros(2))


@pytest.mark.parametrize(
    ("training", "expected"),
    [
        ({"optimiser": "adamw"}, True),
        ({"optimiser": "adamw", "ema": 0.9}, False),
        ({"optimiser": "sgd"}, False),
    ],
    ids=str,
)
def test_only_what_can_be_told_on_the_device_is_read_late(
    training: dict[str, Any], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not make_trainer(**training).late  # on a CPU there is nothing to wait for
    monkeypatch.setattr(Seq2Seq, "to", lambda self, _: self)
    gpu = Machine(torch.device("cuda"), 1, bfloat16=False)
    assert make_trainer(machine=gpu, **training).late is expected
