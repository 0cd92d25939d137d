"""The mixture of writing and copying is the paper's, whatever attention is mixed in."""

import numpy as np
import torch
from torch import Tensor

from agreement import arrays, assert_close, assert_gradients, random_tensor, randomise
from equations import mixture as mixture_by_hand
from equations import softmax
from seqloom.layers.copying import Switch, mixture

N, T, V, SYMBOLS = 2, 3, 6, 9
COPIED = torch.tensor([[4, 7, 4, 3, 0], [8, 5, 7, 7, 3]])  # one word twice, words beyond the vocabulary
VISIBLE = torch.tensor([[1, 1, 1, 1, 0], [1, 1, 1, 1, 1]])


def parts() -> tuple[Tensor, Tensor, Tensor]:
    """logits, switch and scores of the alignment, leaves of a gradient."""
    return random_tensor(N, T, V, seed=0), random_tensor(N, T, seed=1), random_tensor(N, T, 5, seed=2)


def aligned(scores: Tensor) -> Tensor:
    return scores.masked_fill(VISIBLE[:, None] == 0, -torch.inf).softmax(-1)


def test_it_is_the_paper_s_equation() -> None:
    logits, switch, scores = parts()
    alignment = aligned(scores)
    found = mixture(logits, switch, alignment, COPIED[:, None], SYMBOLS)
    assert found.shape == (N, T, SYMBOLS)
    for row in range(N):
        for at in range(T):
            expected = mixture_by_hand(
                softmax(list(logits[row, at].detach().numpy())),
                1 / (1 + np.exp(-switch[row, at].item())),
                alignment[row, at].detach().numpy(),
                COPIED[row].tolist(),
                SYMBOLS,
            )
            np.testing.assert_allclose(found[row, at].detach().exp().numpy(), expected, rtol=1e-12)
    assert_close(found.exp().sum(-1), torch.ones(N, T, dtype=torch.float64), 1e-12)
    assert (found[0, :, [6, 8]] == -torch.inf).all()  # words of the other sentence


def test_the_switch_is_the_paper_s_equation() -> None:
    switch = randomise(Switch(4, 3, 3))
    context, features, inputs = (
        random_tensor(N, T, size, seed=seed) for seed, size in enumerate((4, 3, 3), start=5)
    )
    found = switch(context, features, inputs)
    weights = arrays(switch)
    for row in range(N):
        for at in range(T):
            read = np.concatenate([part[row, at].detach().numpy() for part in (context, features, inputs)])
            expected = weights["layer.weight"][0] @ read + weights["layer.bias"][0]
            np.testing.assert_allclose(found[row, at].item(), expected, rtol=1e-12)


def test_gradients() -> None:
    logits, switch, scores = parts()
    possible = mixture(logits, switch, aligned(scores), COPIED[:, None], SYMBOLS) > -torch.inf
    assert 0 < (~possible).sum() < possible.sum()

    def probable() -> Tensor:
        return mixture(logits, switch, aligned(scores), COPIED[:, None], SYMBOLS)[possible]

    assert_gradients(probable, (logits, switch, scores))


def test_what_is_impossible_gives_no_gradient_that_is_not_a_number() -> None:
    logits, switch, scores = parts()
    found = mixture(logits, switch, aligned(scores), COPIED[:, None], SYMBOLS)
    found.clamp(min=-100).sum().backward()  # type: ignore[no-untyped-call]
    for leaf in (logits, switch, scores):
        assert leaf.grad is not None
        assert leaf.grad.isfinite().all()


def test_what_stands_at_padding_is_never_copied() -> None:
    logits, switch, scores = parts()
    dirty = torch.where(VISIBLE == 1, COPIED, 8)
    one, other = (
        mixture(logits, switch, aligned(scores), copied[:, None], SYMBOLS) for copied in (COPIED, dirty)
    )
    assert_close(one, other, 0.0)


def test_rows_of_an_alignment_that_sum_to_less_are_normalised() -> None:
    logits, switch, scores = parts()
    whole, part = (
        mixture(logits, switch, share * aligned(scores), COPIED[:, None], SYMBOLS) for share in (1.0, 0.3)
    )
    assert_close(part, whole, 1e-12)


def test_half_precision_is_mixed_in_single() -> None:
    logits, switch, scores = (part.detach() for part in parts())
    found = mixture(logits.bfloat16(), switch.float(), aligned(scores).float(), COPIED[:, None], SYMBOLS)
    assert found.dtype == torch.float32
    assert_close(found.exp().sum(-1), torch.ones(N, T), 1e-6)
