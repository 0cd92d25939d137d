"""Models really learn: each kind writes short sequences backwards, which none can before training.

Attention alone can do that, by the embeddings and where it looks: what a cell learns is seen without attention, where
all that was read goes through the states; and a cell whose gradient ends at each step does not learn it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from seqloom.config.model import ModelConfig
from seqloom.data.batch import collate
from seqloom.data.synthetic import FIRST, IdPair, reverse_pairs
from seqloom.layers.cells import CellState
from seqloom.layers.family import CELLS
from seqloom.models.build import build_model
from seqloom.models.seq2seq import Seq2Seq
from seqloom.training.loss import fused_smoothed_loss

BOS, EOS = 2, 3
SYMBOLS, SHORTEST, LONGEST = 6, 2, 5  # nearly 10,000 different sequences
UPDATES, SENTENCES, LEARNING_RATE = 250, 64, 8e-3
UPDATES_BY_STATES = 500

TRANSFORMER = {"kind": "transformer", "layers": 2, "heads": 4, "feed_forward": 64}
MODELS = {
    "GRU that attends between its layers": {
        "encoder": {"kind": "recurrent", "cell": "gru", "hidden": 32},
        "decoder": {"kind": "recurrent", "cell": "gru", "layers": 2, "hidden": 32, "placement": "between"},
    },
    "LSTM that attends before its cell": {
        "encoder": {"kind": "recurrent", "cell": "lstm", "hidden": 32},
        "decoder": {"kind": "recurrent", "cell": "lstm", "layers": 1, "hidden": 32, "placement": "before"},
    },
    "Transformer": {"encoder": TRANSFORMER, "decoder": TRANSFORMER},
    "Transformer that looks back by an SSRU": {
        "encoder": TRANSFORMER,
        "decoder": {**TRANSFORMER, "autoregression": "ssru"},
    },
    "Transformer encoder with LSTM decoder": {
        "encoder": {**TRANSFORMER, "layers": 1},
        "decoder": {"kind": "recurrent", "cell": "lstm", "layers": 2, "hidden": 32, "placement": "between"},
    },
}


@pytest.fixture(autouse=True)
def _one_thread_in_full_precision() -> Iterator[None]:
    threads, precision = torch.get_num_threads(), torch.get_float32_matmul_precision()
    torch.set_num_threads(1)
    torch.set_float32_matmul_precision("highest")
    yield
    torch.set_float32_matmul_precision(precision)
    torch.set_num_threads(threads)


def pairs(count: int, seed: int) -> list[IdPair]:
    return reverse_pairs(count, seed=seed, symbols=SYMBOLS, shortest=SHORTEST, longest=LONGEST)


@torch.inference_mode()
def share_right(model: Seq2Seq, asked: Sequence[IdPair]) -> float:
    """How many answers are right to the last symbol, its end included, taking the best symbol at each step."""
    model.eval()
    state = model.start(model.encode(collate([pair.source for pair in asked])))
    tokens = torch.full((len(asked),), BOS)
    written: list[list[int]] = [[] for _ in asked]
    for _ in range(LONGEST + 1):
        step = model.step(tokens, state)
        tokens, state = step.scores.argmax(dim=-1), step.state
        for row, token in zip(written, tokens.tolist(), strict=True):
            row.append(token)
    right = [
        row[: len(pair.target) + 1] == [*pair.target, EOS] for row, pair in zip(written, asked, strict=True)
    ]
    return sum(right) / len(right)


def train(model: Seq2Seq, updates: int = UPDATES) -> None:
    """Adam in a plain loop; the learning rate rises and falls once."""
    optimiser = torch.optim.Adam(model.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=updates)
    model.train()
    for update in range(updates):
        drawn = pairs(SENTENCES, seed=1000 + update)
        batch = collate([pair.source for pair in drawn], [pair.target for pair in drawn])
        assert batch.target_output is not None
        mask = batch.target_mask
        features = model.decode(batch, model.encode(batch)).features[mask]
        output = model.output
        loss, _ = fused_smoothed_loss(features, output.table, output.bias, batch.target_output[mask], 0.0)
        optimiser.zero_grad()
        (loss / batch.target_tokens).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()


def built(parts: Mapping[str, Any]) -> Seq2Seq:
    torch.manual_seed(0)
    config = ModelConfig.model_validate({"width": 32, "dropout": 0.0, **parts})
    return build_model(config, FIRST + SYMBOLS, FIRST + SYMBOLS)


@pytest.mark.parametrize("name", MODELS)
def test_it_learns_to_reverse(name: str) -> None:
    model = built(MODELS[name])
    unseen = pairs(200, seed=1)
    assert share_right(model, unseen) < 0.2
    train(model)
    assert share_right(model, unseen) >= 0.95


def learned_by_states(cell: str) -> float:
    """How much an encoder-decoder of these cells without attention gets right after training."""
    common = {"kind": "recurrent", "cell": cell, "hidden": 32}
    model = built({"encoder": common, "decoder": {**common, "layers": 2, "attention": "none"}})
    unseen = pairs(200, seed=1)
    assert share_right(model, unseen) < 0.2
    train(model, UPDATES_BY_STATES)
    return share_right(model, unseen)


@pytest.mark.parametrize("cell", CELLS)
def test_each_cell_learns_to_carry_what_it_read(cell: str) -> None:
    assert learned_by_states(cell) >= 0.8


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_whose_gradient_ends_at_each_step_does_not(cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = CELLS[cell]
    step = kind.step

    def forgetful(self: Any, inputs: Tensor, state: CellState) -> CellState:
        return step(self, inputs, tuple(tensor.detach() for tensor in state))

    monkeypatch.setattr(kind, "step", forgetful)
    monkeypatch.setattr(kind, "sequence", kind.sequence_by_steps)
    assert learned_by_states(cell) < 0.7
