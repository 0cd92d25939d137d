"""Symbols without an end: what `sample` draws, one by one, and less of what was written before."""

from itertools import islice

import numpy as np
import pytest
import torch

from seqloom.base.errors import DamagedModelError, UsageError
from seqloom.search.constraints import penalise_repetition
from seqloom.search.options import SamplingOptions
from seqloom.search.sample import sample
from seqloom.search.stream import stream
from text_models import SYMBOLS, language_model

CPU = torch.device("cpu")
EOS = 3
GRU = language_model("gru")


def drawn(count: int, options: SamplingOptions, number: int = 0, history: tuple[int, ...] = ()) -> list[int]:
    model = GRU
    return list(
        islice(stream(model, model.start(1), EOS, CPU, options, number=number, history=history), count)
    )


@pytest.mark.parametrize(
    "options",
    [
        SamplingOptions(seed=5, banned=(2,), max_length_factor=0, max_length_extra=60),
        SamplingOptions(
            seed=1, temperature=0.7, top_k=4, banned=(1, 2, 5), max_length_factor=0, max_length_extra=60
        ),
        SamplingOptions(
            seed=2,
            top_p=0.8,
            repetition_penalty=1.7,
            no_repeat_ngram=4,
            banned=(2,),
            max_length_factor=0,
            max_length_extra=60,
        ),
    ],
)
@pytest.mark.parametrize("number", [0, 3])
def test_it_draws_what_sample_draws_up_to_its_end(options: SamplingOptions, number: int) -> None:
    (whole,) = sample(GRU, GRU.start(1), torch.ones(1, dtype=torch.int64), options, numbers=[number], bos=EOS)
    assert whole.tokens
    assert drawn(len(whole.tokens), options, number) == whole.tokens
    if whole.finished:
        assert drawn(len(whole.tokens) + 1, options, number)[-1] == EOS


def test_it_goes_on_after_an_end_and_writes_no_padding_nor_what_is_banned() -> None:
    found = drawn(300, SamplingOptions(seed=4, temperature=3.0, banned=(1,)))
    assert EOS in found[:-20]
    assert not {0, 1, 2} & set(found)


def test_no_run_of_symbols_comes_twice() -> None:
    options = SamplingOptions(seed=3, temperature=0.2)
    runs = [tuple(run) for run in np.lib.stride_tricks.sliding_window_view(drawn(25, options), 3)]
    assert len(set(runs)) < len(runs)
    free = drawn(25, SamplingOptions(seed=3, temperature=0.2, no_repeat_ngram=3))
    runs = [tuple(run) for run in np.lib.stride_tricks.sliding_window_view(free, 3)]
    assert len(set(runs)) == len(runs)


def test_what_was_read_counts_as_written() -> None:
    once = drawn(1, SamplingOptions(top_k=1))[0]
    other = drawn(1, SamplingOptions(top_k=1, no_repeat_ngram=1), history=(once,))[0]
    assert other != once


def test_where_everything_would_repeat_something_it_writes_on() -> None:
    found = drawn(40, SamplingOptions(seed=1, no_repeat_ngram=1))
    assert len(found) == 40
    assert len(set(found[: SYMBOLS - 2])) == SYMBOLS - 2  # all but padding and BOS come once first


def test_a_penalty_lowers_what_was_written_within_its_window() -> None:
    log_probs = torch.log_softmax(torch.arange(5.0)[None], dim=-1)
    history = torch.tensor([[0, 1, 2, 2]])
    found = penalise_repetition(log_probs, history, 2.0, 3)
    expected = log_probs.clone()
    expected[0, [1, 2]] *= 2
    assert torch.equal(found, expected)
    assert not torch.equal(found, log_probs)


def test_scores_that_are_no_numbers_are_damage() -> None:
    model = language_model("elman")
    with torch.no_grad():
        model.output.bias[4] = torch.nan
    with pytest.raises(DamagedModelError, match="are not numbers"):
        next(stream(model, model.start(1), EOS, CPU))


@pytest.mark.parametrize("option", ["repetition_penalty", "repetition_window"])
def test_penalties_out_of_range(option: str) -> None:
    with pytest.raises(
        UsageError, match=rf"^{option} = 0 is out of range; expected a number of 1 or more\.$"
    ):
        SamplingOptions(**{option: 0})  # type: ignore[arg-type]
