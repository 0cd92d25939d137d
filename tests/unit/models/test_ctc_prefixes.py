"""What CTC thinks of the next symbol: against all paths, written out one by one."""

import itertools

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from seqloom.models.ctc_prefixes import CTCPrefixes
from seqloom.models.state import Memory
from seqloom.search.beam import beam_search
from seqloom.search.options import SearchOptions
from seqloom.text.vocabulary import BOS, EOS, PAD

SYMBOLS, POSITIONS = 7, (4, 2)
SAID = (PAD, 1, 4, 5, 6)  # what CTC gives a probability to


def of_memory() -> Memory:
    """Log-probabilities of two recordings where a memory has values; BOS and EOS are never said."""
    scores = torch.randn(2, 4, SYMBOLS, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    scores[:, :, [BOS, EOS]] = -1e4
    visible = torch.arange(4) < torch.tensor(POSITIONS)[:, None]
    return Memory(scores.log_softmax(-1), visible, scores[:, 0])


def texts(log_probs: Tensor) -> dict[tuple[int, ...], float]:
    """The log-probability of every text, from all paths: log_probs (S, V)."""
    found: dict[tuple[int, ...], float] = {}
    for path in itertools.product(SAID, repeat=len(log_probs)):
        nats = sum(float(log_probs[place, symbol]) for place, symbol in enumerate(path))
        text = tuple(symbol for symbol, _ in itertools.groupby(path) if symbol != PAD)
        found[text] = np.logaddexp(found.get(text, -np.inf), nats)
    return found


def begins_with(found: dict[tuple[int, ...], float], prefix: tuple[int, ...]) -> float:
    return float(
        np.logaddexp.reduce(
            [-np.inf, *(nats for text, nats in found.items() if text[: len(prefix)] == prefix)]
        )
    )


PREFIXES = [(), (4,), (4, 4), (5, 4), (6, 1), (4, 5, 4), (4, 4, 4)]


@pytest.mark.parametrize("row", [0, 1])
@pytest.mark.parametrize("prefix", PREFIXES)
def test_every_next_symbol_has_the_share_of_the_paths_that_go_on_so(
    prefix: tuple[int, ...], row: int
) -> None:
    memory = of_memory()
    found = texts(memory.values[row, : POSITIONS[row]])
    model = CTCPrefixes(nn.Identity())
    state = model.start(memory)
    for symbol in (BOS, *prefix):
        step = model.step(torch.tensor([symbol, symbol]), state)
        state = step.state
    scores, begun = step.scores[row].double(), begins_with(found, prefix)
    if begun == -np.inf:
        assert (scores == -torch.inf).all()
        return
    assert float(scores.logsumexp(0)) == pytest.approx(0.0, abs=1e-5)
    for symbol in SAID[1:]:
        assert float(scores[symbol]) == pytest.approx(begins_with(found, (*prefix, symbol)) - begun, abs=1e-5)
    assert float(scores[EOS]) == pytest.approx(found.get(prefix, -np.inf) - begun, abs=1e-5)
    assert (scores[[PAD, BOS]] == -torch.inf).all()


def test_reordered_rows_go_on_as_they_would_have() -> None:
    model, memory = CTCPrefixes(nn.Identity()), of_memory()
    first = model.step(torch.tensor([BOS, BOS]), model.start(memory))
    rows = torch.tensor([0, 0, 0, 1, 1, 1])
    tokens = torch.tensor([4, 5, 6, 4, 5, 6])
    beside = model.step(tokens, first.state.reorder(rows))
    kept = beside.state.reorder(torch.tensor([2, 4]))
    for token, row, place, chosen in ((6, 0, 2, 0), (5, 1, 4, 1)):
        alone = model.step(
            torch.tensor([token] * 2), model.step(torch.tensor([BOS] * 2), model.start(memory)).state
        )
        assert torch.allclose(alone.scores[row], beside.scores[place])
        assert torch.allclose(
            model.step(torch.tensor([4, 4]), kept).scores[chosen],
            model.step(torch.tensor([4, 4]), alone.state).scores[row],
        )


def test_a_beam_as_wide_as_the_space_finds_the_likeliest_texts() -> None:
    memory, model = of_memory(), CTCPrefixes(nn.Identity())
    options = SearchOptions(beam=700, n_best=5, length_penalty=0.0)
    found = beam_search(model, model.start(memory), torch.tensor(POSITIONS), options)
    for row, hypotheses in enumerate(found):
        expected = sorted(texts(memory.values[row, : POSITIONS[row]]).items(), key=lambda item: -item[1])[:5]
        assert [tuple(one.tokens) for one in hypotheses] == [text for text, _ in expected]
        assert [one.log_probability for one in hypotheses] == pytest.approx(
            [nats for _, nats in expected], abs=1e-4
        )
