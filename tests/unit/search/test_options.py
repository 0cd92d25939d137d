import re

import pytest

from seqloom.base.errors import UsageError
from seqloom.search.options import Limits, SamplingOptions, SearchOptions


def test_the_cap_grows_with_the_source_until_the_absolute_one() -> None:
    limits = Limits(max_length_factor=1.5, max_length_extra=4, max_length=12)
    assert [limits.cap(length) for length in (0, 1, 3, 5, 6, 100)] == [4, 5, 8, 11, 12, 12]
    assert Limits().cap(7) == 24


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SearchOptions(beam=0), "beam = 0 is out of range; expected a number of 1 or more"),
        (
            lambda: SearchOptions(n_best=6, beam=5),
            "n_best = 6 asks for more hypotheses than beam = 5 keeps; set beam = 6",
        ),
        (lambda: SearchOptions(length_penalty=-0.5), "length_penalty = -0.5 is out of range"),
        (lambda: SearchOptions(length_penalty=11), "length_penalty = 11 is out of range; expected 0 to 10"),
        (lambda: SearchOptions(coverage_penalty=float("nan")), "coverage_penalty = nan is out of range"),
        (lambda: SearchOptions(max_length_factor=float("inf")), "max_length_factor = inf is out of range"),
        (
            lambda: SearchOptions(max_length=0),
            "max_length = 0 is out of range; expected a number of 1 or more",
        ),
        (lambda: SearchOptions(max_length=3, min_length=4), "min_length = 4 is more than max_length = 3"),
        (lambda: SearchOptions(no_repeat_ngram=-1), "no_repeat_ngram = -1 is out of range"),
        (
            lambda: SamplingOptions(temperature=0),
            "temperature = 0 is out of range; expected a finite number above 0. For the likeliest",
        ),
        (lambda: SamplingOptions(top_k=-1), "top_k = -1 is out of range"),
        (lambda: SamplingOptions(top_p=0.0), "top_p = 0.0 is out of range; expected more than 0, at most 1"),
        (lambda: SamplingOptions(top_p=1.1), "top_p = 1.1 is out of range"),
    ],
)
def test_options_out_of_range_are_refused_in_a_sentence(make, message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        make()
