"""The section `search`: no more outputs than hypotheses."""

import pytest
from pydantic import ValidationError

from seqloom.config.search import SearchConfig


def test_n_best_fits_the_beam():
    with pytest.raises(ValidationError) as caught:
        SearchConfig(n_best=6)
    assert caught.value.errors()[0]["msg"] == (
        "search.n_best = 6 asks for more outputs than search.beam = 5 keeps. Set search.beam = 6 or more."
    )
    assert SearchConfig(n_best=6, beam=6).n_best == 6
