"""How likely a text is: what stepping through it gives, however it is cut and batched."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from seqloom.training import text_likelihood
from seqloom.training.text_likelihood import Reading, separate_nats
from text_models import SYMBOLS, WINDOW, language_model

CPU = torch.device("cpu")
EOS = 3
KINDS = ("lstm", "min_gru", "transformer-pre-rotary", "transformer-post-learned")
every_kind = pytest.mark.parametrize("name", KINDS)


def text(count: int, seed: int = 0) -> NDArray[np.int64]:
    return np.random.default_rng(seed).integers(3, SYMBOLS, count)


@torch.no_grad()
def by_steps(name: str, ids: NDArray[np.int64]) -> NDArray[np.float64]:
    model = language_model(name)
    state, before, found = model.start(1), EOS, []
    for symbol in ids.tolist():
        step = model.step(torch.tensor([before]), state)
        state, before = step.state, symbol
        found.append(-float(step.scores.log_softmax(-1)[0, symbol]))
    return np.array(found)


@every_kind
def test_reading_is_stepping(name: str) -> None:
    ids = text(4 * WINDOW + 3)
    found = Reading(language_model(name), CPU).further(ids)
    np.testing.assert_allclose(found, by_steps(name, ids), atol=1e-5)


@every_kind
def test_it_does_not_depend_on_how_the_text_comes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = text(5 * WINDOW)
    model = language_model(name)
    whole = Reading(model, CPU).further(ids)
    for cuts in ([1], [2, 3], [WINDOW, WINDOW + 1, 3 * WINDOW], list(range(1, len(ids)))):
        reading = Reading(model, CPU)
        pieces = [reading.further(piece) for piece in np.split(ids, cuts)]
        np.testing.assert_allclose(np.concatenate(pieces), whole, atol=1e-6)
        assert len(reading.before) <= WINDOW + 1
    monkeypatch.setattr(text_likelihood, "PIECE", 4)
    monkeypatch.setattr(text_likelihood, "WINDOWS", 2)
    np.testing.assert_allclose(Reading(model, CPU).further(ids), whole, atol=1e-6)


@every_kind
def test_separate_texts_know_nothing_of_each_other(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = language_model(name)
    texts = [text(count, seed) for seed, count in enumerate((5, 1, 0, 3 * WINDOW, 5, WINDOW, 2))]
    alone = [by_steps(name, ids) for ids in texts]
    for side_by_side in (1, 3, 32):
        monkeypatch.setattr(text_likelihood, "WINDOWS", side_by_side)
        for found, expected in zip(separate_nats(model, texts, CPU), alone, strict=True):
            np.testing.assert_allclose(found, expected, atol=1e-5)
