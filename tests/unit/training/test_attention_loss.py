"""What attention is trained for, against loops written from the papers, and as part of the objective."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

import kinds
from agreement import assert_close, assert_gradients, random_tensor
from kinds import DECODERS, model_of
from seqloom.base.errors import ShapeError
from seqloom.data.batch import Batch, collate
from seqloom.data.links import Span
from seqloom.layers import kernels
from seqloom.training.attention_loss import coverage_loss, guidance_loss
from seqloom.training.loop import Trainer
from seqloom.training.objective import Objective, batch_loss
from tiny import CPU, SOURCES, TARGETS, Shelf, make_trainer, same_bits, tiny_model, weights

LENGTHS = [4, 2, 1]
COUNTED = torch.arange(4) < torch.tensor(LENGTHS)[:, None]


def alignment() -> Tensor:
    """(3, 4, 5), rows that sum to 1."""
    return random_tensor(3, 4, 5, seed=1).softmax(-1)


def wished(seed: int = 2) -> Tensor:
    """(3, 4, 5), of which some positions have no wish, like those that don't count."""
    shares = random_tensor(3, 4, 5, seed=seed).softmax(-1).detach()
    shares[0, 1] = 0
    return torch.where(COUNTED[:, :, None], shares, 0.0)


def coverage_by_hand(alignment: np.ndarray) -> float:
    """See et al. 2017, equations 10 and 12, of one sentence (T, S)."""
    total, coverage = 0.0, np.zeros(alignment.shape[1])
    for now in alignment:
        total += sum(min(looked, covered) for looked, covered in zip(now, coverage, strict=True))
        coverage = coverage + now
    return total


def test_looking_again_costs_as_in_the_paper() -> None:
    given = alignment()
    expected = sum(
        coverage_by_hand(given[row, :length].detach().numpy()) for row, length in enumerate(LENGTHS)
    )
    assert coverage_loss(given, COUNTED).item() == pytest.approx(expected, rel=1e-12)
    assert coverage_loss(torch.eye(4)[None], torch.ones(1, 4, dtype=torch.bool)).item() == 0
    again = torch.tensor([[[1.0, 0.0], [1.0, 0.0], [0.5, 0.5]]])
    assert coverage_loss(again, torch.ones(1, 3, dtype=torch.bool)).item() == 1.5


def test_the_cross_entropy_with_the_wished_shares() -> None:
    given, shares = alignment(), wished()
    expected = 0.0
    for row, length in enumerate(LENGTHS):
        for place in range(length):
            for source in range(5):
                expected -= shares[row, place, source].item() * np.log(given[row, place, source].item())
    assert guidance_loss(given, shares).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    "loss",
    [lambda given: coverage_loss(given, COUNTED), lambda given: guidance_loss(given, wished())],
    ids=["coverage", "guidance"],
)
def test_gradients(loss: Callable[[Tensor], Tensor]) -> None:
    given = random_tensor(3, 4, 5, seed=1)
    assert_gradients(lambda: loss(given.softmax(-1)), [given])


def test_a_share_of_nothing_costs_much_and_stays_finite() -> None:
    given = torch.tensor([[[0.0, 1.0]]], requires_grad=True)
    loss = guidance_loss(given, torch.tensor([[[0.5, 0.5]]]))
    loss.backward()  # type: ignore[no-untyped-call]
    assert 40 < loss.item() < 50
    assert given.grad is not None
    assert given.grad.isfinite().all()


def test_bfloat16_is_summed_in_float32() -> None:
    given = alignment().bfloat16()
    assert coverage_loss(given, COUNTED).dtype == torch.float32
    assert_close(coverage_loss(given, COUNTED), coverage_loss(given.float(), COUNTED))
    assert guidance_loss(given, wished().float()).dtype == torch.float32


# As part of the objective

SPANS = [[Span(0, 2, 0, 1), Span(3, 4, 1, 2)], [], [Span(1, 2, 0, 1)], [Span(0, 1, 0, 2)], [Span(0, 1, 1, 2)]]
BOTH = Objective(0.1, coverage=0.7, guidance=0.3)


def aligned(start: int = 0, stop: int = 5) -> Batch:
    return collate(SOURCES[start:stop], TARGETS[start:stop], SPANS[start:stop])


LOOKING = [
    "gru-between-additive",
    "gru-before-general",
    "gru-feeding-dot",
    "gru-after-multi_head",
    "gru-between-location",
    "gru-between-local",
    "lstm-between-coverage",
    "lstm-feeding-coverage",
    "transformer-pre-sinusoidal",
    "transformer-post-rotary",
]


@pytest.mark.parametrize("decoder", LOOKING)
def test_both_come_on_top_for_every_decoder_that_looks(decoder: str) -> None:
    model, batch = model_of("gru-bi-1", decoder, torch.float64, dropout=0.0), aligned()
    loss, likelihood = batch_loss(model, batch, CPU, BOTH)
    plain, same = batch_loss(model, batch, CPU, Objective(0.1))
    looked = model(batch, alignment=True).alignment
    assert looked is not None
    assert batch.alignment is not None
    expected = plain + 0.7 * coverage_loss(looked, batch.target_mask)
    expected = expected + 0.3 * guidance_loss(looked, batch.alignment)
    assert likelihood.item() == same.item()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-9)
    assert loss.item() > plain.item() + 0.1


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(
    "decoder", [name for name in LOOKING if not name.endswith(("dot", "location", "local"))]
)
def test_what_the_query_asks_is_trained(decoder: str, compiled: bool) -> None:
    """By the losses of attention alone, with compiled kernels too."""
    if compiled and not kernels.load():
        pytest.skip("kernels need a compiler")
    try:
        model, batch = model_of("gru-bi-1", decoder, dropout=0.0), aligned()
        total = batch_loss(model, batch, CPU, BOTH)[0] - batch_loss(model, batch, CPU, Objective(0.1))[0]
        names, parameters = zip(*model.decoder.named_parameters(), strict=True)  # type: ignore[attr-defined]
        found = dict(zip(names, torch.autograd.grad(total, parameters, allow_unused=True), strict=True))
    finally:
        kernels.unload()
    asked = [
        name for name in names if "attention" in name and ("query" in name or name.endswith("key_weight"))
    ]
    asked = [name for name in asked if not name.startswith("layers.0") and "self_attention" not in name]
    assert asked
    for name in asked:
        gradient = found[name]
        assert gradient is not None, name
        assert gradient.abs().max() > 1e-4, name


def test_gradients_of_the_objective() -> None:
    model, batch = tiny_model(), aligned()
    assert isinstance(model.decoder, torch.nn.Module)
    leaves = list(model.decoder.parameters())
    assert_gradients(lambda: batch_loss(model, batch, CPU, BOTH)[0], leaves)


def test_padding_is_invisible() -> None:
    model, batch = tiny_model(), aligned()
    parts = [batch_loss(model, aligned(row, row + 1), CPU, BOTH)[0].item() for row in range(5)]
    assert batch_loss(model, batch, CPU, BOTH)[0].item() == pytest.approx(sum(parts), rel=1e-9)


def test_without_the_weights_alignments_change_no_bit() -> None:
    model = tiny_model()
    with_links = batch_loss(model, aligned(), CPU, Objective(0.1))
    without = batch_loss(model, collate(SOURCES, TARGETS), CPU, Objective(0.1))
    assert [part.item() for part in with_links] == [part.item() for part in without]


@pytest.mark.parametrize("decoder", [name for name in DECODERS if name.startswith("gru-fixed")])
def test_a_model_that_does_not_look_is_refused(decoder: str) -> None:
    message = r"^The model has no attention, so there is no alignment to be trained\.$"
    for objective in (Objective(coverage=1.0), Objective(guidance=1.0)):
        with pytest.raises(ShapeError, match=message):
            batch_loss(model_of("gru-bi-1", decoder), aligned(), CPU, objective)


def test_guidance_without_alignments_is_refused() -> None:
    message = r"^The batch has no word alignments by which attention could be guided\.$"
    with pytest.raises(ShapeError, match=message):
        batch_loss(tiny_model(), kinds.batch(), CPU, Objective(guidance=1.0))


def test_attention_learns_where_to_look() -> None:
    model, batch = tiny_model(), aligned()
    assert batch.alignment is not None
    linked = batch.alignment.sum(-1) > 0
    optimiser = torch.optim.Adam(model.parameters(), 0.02)

    def share() -> float:
        """How much of the attention goes where it should."""
        looked = model(batch, alignment=True).alignment
        assert looked is not None
        return float(looked.detach()[batch.alignment > 0].sum() / linked.sum())  # type: ignore[operator]

    before = share()
    for _ in range(60):
        optimiser.zero_grad()
        batch_loss(model, batch, CPU, Objective(guidance=1.0))[0].backward()
        optimiser.step()
    assert before < 0.6
    assert share() > 0.95


def test_a_resumed_run_ends_with_the_bits_of_one_that_was_not_stopped() -> None:
    rows = [aligned(0, 2), aligned(2, 4), aligned(4, 5)]
    options = {"max_updates": 5, "checkpoint_every": 2, "optimiser": "adamw", "learning_rate": 0.01}

    def trainer(keeper: Shelf | None = None) -> Trainer:
        made = make_trainer(rows, model=tiny_model(torch.float32, dropout=0.3), keeper=keeper, **options)
        made.objective = BOTH
        return made

    shelf = Shelf()
    whole, resumed, plain = (
        trainer(shelf),
        trainer(),
        make_trainer(rows, model=tiny_model(torch.float32), **options),
    )
    list(whole.events())
    resumed.resume(shelf.saved[2])
    for each in (resumed, plain):
        list(each.events())
    assert resumed.state.update == 5
    assert same_bits(weights(whole), weights(resumed))
    assert not same_bits(weights(whole), weights(plain))
