import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqloom.base.errors import UsageError
from seqloom.search.constraints import IMPOSSIBLE, Constraints, ban_repeated_ngrams
from seqloom.search.options import Limits

BOS, EOS, PAD = 2, 3, 0


def constrain(limits: Limits, lengths: list[int], prefixes: list[list[int]] | None = None) -> Constraints:
    return Constraints(limits, lengths, prefixes, bos=BOS, eos=EOS, pad=PAD)


def allowed(
    constraints: Constraints, position: int, history: list[int] | None = None, vocabulary: int = 7
) -> list[int]:
    """The symbols that sentence 0 may write."""
    log_probs = torch.full((1, 1, vocabulary), -1.0)
    past = None if history is None else torch.tensor([history])
    constraints.apply(log_probs, position, np.array([0]), past)
    return torch.nonzero(log_probs[0, 0] > -torch.inf)[:, 0].tolist()


@given(history=st.lists(st.integers(0, 3), max_size=9), n=st.integers(1, 4))
def test_a_symbol_is_banned_if_and_only_if_it_would_repeat_a_run(history: list[int], n: int) -> None:
    log_probs = torch.zeros(1, 5)
    ban_repeated_ngrams(log_probs, torch.tensor([history], dtype=torch.int64), n)
    runs = [tuple(history[start : start + n]) for start in range(len(history) - n + 1)]
    for symbol in range(5):
        new = (*history, symbol)[len(history) + 1 - n :]
        assert (log_probs[0, symbol] == -torch.inf) == (new in runs)


def test_rows_are_banned_by_what_they_wrote_themselves() -> None:
    log_probs = torch.zeros(2, 4)
    ban_repeated_ngrams(log_probs, torch.tensor([[0, 1, 0], [2, 2, 2]]), 2)
    assert torch.isinf(log_probs).tolist() == [[False, True, False, False], [False, False, True, False]]


def test_padding_bos_and_banned_symbols_are_never_written() -> None:
    assert allowed(constrain(Limits(), [5]), 0) == [1, 3, 4, 5, 6]
    assert allowed(constrain(Limits(banned=(1, 5)), [5]), 0) == [3, 4, 6]


def test_eos_waits_for_the_least_length() -> None:
    constraints = constrain(Limits(min_length=2), [5])
    assert [EOS in allowed(constraints, position) for position in range(4)] == [False, False, True, True]


def test_at_the_cap_nothing_but_eos_is_left_for_that_sentence() -> None:
    constraints = constrain(Limits(max_length_factor=1, max_length_extra=0, min_length=9), [2, 3])
    log_probs = torch.full((2, 3, 7), -1.0)
    constraints.apply(log_probs, 2, np.array([0, 1]), None)
    assert torch.nonzero(log_probs[0] > -torch.inf)[:, 1].tolist() == [EOS] * 3
    assert (log_probs[1] > -torch.inf).sum(dim=1).tolist() == [4] * 3


def test_a_prefix_is_the_only_choice_even_if_banned_or_impossible() -> None:
    constraints = constrain(Limits(banned=(5,)), [2, 2], [[], [5, BOS]])
    log_probs = torch.full((1, 2, 7), -1.0)
    log_probs[0, 1, 5] = -torch.inf
    constraints.apply(log_probs, 0, np.array([1]), None)
    assert log_probs[0, :, 5].tolist() == [-1.0, IMPOSSIBLE]
    assert (log_probs[0] > -torch.inf).sum() == 2
    assert allowed(constrain(Limits(), [2], [[5, BOS]]), 1) == [BOS]
    assert allowed(constrain(Limits(), [2], [[5, BOS]]), 2) == [1, 3, 4, 5, 6]


def test_a_prefix_longer_than_the_cap_moves_it() -> None:
    assert constrain(Limits(max_length=2), [9, 9], [[4, 5, 6], [4]]).caps.tolist() == [3, 2]


@pytest.mark.parametrize(
    ("limits", "prefixes", "message"),
    [
        (
            Limits(banned=(EOS,)),
            None,
            "banned holds 3, which is EOS; without it no output could end. Take it out.",
        ),
        (Limits(), [[4]], "There are 1 prefixes for 2 sentences; expected one each."),
        (
            Limits(),
            [[4], [4, 7]],
            "The prefix of sentence 1 (counted from 0) holds symbol 7; expected 0 to 6, and not EOS (3)",
        ),
        (Limits(), [[EOS], []], "The prefix of sentence 0 (counted from 0) holds symbol 3"),
        (Limits(banned=(7,)), None, "Symbol 7 is banned or special, but the model scores 0 to 6."),
    ],
)
def test_what_can_not_be_is_refused(limits: Limits, prefixes: list[list[int]] | None, message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        constrain(limits, [2, 2], prefixes).check_vocabulary(7)


def test_the_vocabulary_is_checked_at_the_first_step() -> None:
    with pytest.raises(UsageError, match="Symbol 7 is banned"):
        allowed(constrain(Limits(banned=(7,)), [2]), 0)
