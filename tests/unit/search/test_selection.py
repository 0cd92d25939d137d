import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.search.selection import BLOCK, FEW, best, best_continuations, best_plain


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), levels=st.sampled_from([2, 5, 1000]), k=st.integers(1, 7))
def test_best_equals_a_stable_sort_whatever_the_ties(seed: int, levels: int, k: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    values = torch.randint(-levels, levels, (3, 2000), generator=generator).float() / 4
    values[0, :1990] = -torch.inf  # fewer than k may be left
    values[1] = torch.where(
        values[1] > 0, -0.0, values[1].clamp(min=-0.25) + 0.25
    )  # 0, -0 and more: zeros are equal
    assert values.numel() > FEW
    for ours, theirs in zip(best(values, k), best_plain(values, k), strict=True):
        assert torch.equal(ours, theirs)


def test_best_of_few_values_keeps_the_lower_index_first() -> None:
    values, indices = best(torch.tensor([[1.0, 3.0, 3.0, -torch.inf, 3.0]]), 4)
    assert values.tolist() == [[3.0, 3.0, 3.0, 1.0]]
    assert indices.tolist() == [[1, 2, 4, 0]]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("vocabulary", [5, 10 * BLOCK, 10 * BLOCK + 1, 11 * BLOCK - 1])
@pytest.mark.parametrize(("beam", "k"), [(1, 1), (1, 4), (4, 4), (5, 3)])
def test_best_continuations_equal_a_sort_of_all(
    vocabulary: int, beam: int, k: int, dtype: torch.dtype
) -> None:
    generator = torch.Generator().manual_seed(vocabulary)
    levels = torch.randint(-40, 0, (6, beam, vocabulary), generator=generator)
    log_probs = (levels / 8).to(dtype)
    log_probs[:, :, 1] = -torch.inf
    log_probs[1, :, 2:] = -torch.inf  # one symbol is left
    log_probs[2, 0, -1] = 0.0  # the best is the very last
    so_far = torch.randint(-40, 0, (6, beam), generator=generator).to(dtype) / 8
    so_far[3, 1:] = -torch.inf  # one hypothesis is left
    values, indices = best_continuations(log_probs, so_far, k)
    expected, places = best_plain((log_probs + so_far[:, :, None]).flatten(1), k)
    assert torch.equal(values, expected)
    real = expected > -torch.inf  # among what may not be written there is no order
    assert torch.equal(indices[real], places[real])
    assert indices.min() >= 0
    assert indices.max() < beam * vocabulary


def test_best_continuations_leave_the_log_probabilities_as_they_were() -> None:
    log_probs = torch.randn(2, 3, 20 * BLOCK)
    kept = log_probs.clone()
    best_continuations(log_probs, torch.zeros(2, 3), 3)
    assert torch.equal(log_probs, kept)
