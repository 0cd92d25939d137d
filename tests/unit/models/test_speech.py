"""Models that hear, in every combination: a batch is its rows, stepping is teacher forcing, joint scores are sums."""

from typing import Any

import pytest
import torch

from agreement import randomise
from seqloom.config.model import ModelConfig
from seqloom.data.batch import Batch, collate_frames
from seqloom.models.build import build_speech_model
from seqloom.models.composition import Composition
from seqloom.models.ctc_prefixes import CTCPrefixes
from seqloom.models.speech import CTCModel, SpeechModel, SpeechSeq2Seq
from seqloom.search.forced import force
from seqloom.search.options import SearchOptions

LAS = {"kind": "recurrent", "cell": "lstm", "layers": 3, "hidden": 5, "pyramid": 2}
PLAIN = {"kind": "recurrent", "cell": "gru", "layers": 1, "hidden": 5}
TRANSFORMER = {"kind": "transformer", "layers": 1, "heads": 2, "feed_forward": 8}
KINDS: dict[str, dict[str, Any]] = {
    "las": {"encoder": LAS, "front_end": {"convolutions": 0}},
    "joint": {"encoder": PLAIN, "ctc_weight": 0.3, "front_end": {"convolutions": 1, "channels": 3}},
    "transformer": {"encoder": TRANSFORMER, "decoder": TRANSFORMER, "ctc_weight": 0.3},
    "ctc": {"encoder": PLAIN, "ctc_weight": 1.0, "front_end": {"convolutions": 1, "channels": 3}},
}
TARGETS = [[4, 5], [6], [4, 4, 7]]


def model_of(kind: str, dtype: torch.dtype = torch.float64) -> SpeechModel:
    options = {"width": 8, "decoder": {"kind": "recurrent", "hidden": 6}, **KINDS[kind]}
    return randomise(build_speech_model(ModelConfig.model_validate(options), 5, 9), dtype=dtype)


def heard(dtype: torch.dtype = torch.float64) -> Batch:
    generator = torch.Generator().manual_seed(1)
    frames = [torch.randn(count, 5, generator=generator).numpy() for count in (21, 9, 16)]
    batch = collate_frames(frames, TARGETS)
    return Batch(
        batch.source.to(dtype),
        batch.source_lengths,
        batch.target_input,
        batch.target_output,
        batch.target_lengths,
    )


def row_of(batch: Batch, row: int) -> Batch:
    length, written = int(batch.source_lengths[row]), int(batch.target_lengths[row])
    return Batch(
        batch.source[row : row + 1, :length],
        batch.source_lengths[row : row + 1],
        batch.target_input[row : row + 1, :written],
        batch.target_output[row : row + 1, :written],
        batch.target_lengths[row : row + 1],
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_is_its_rows_and_its_memory_as_long_as_said(kind: str) -> None:
    model, batch = model_of(kind), heard()
    a_position = ModelConfig.model_validate({"width": 8, **KINDS[kind]}).frames_a_position
    memory = model.encode(batch)
    for row in range(3):
        alone = model.encode(row_of(batch, row))
        assert alone.values.shape[1] == -(-int(batch.source_lengths[row]) // a_position)
        assert torch.allclose(memory.values[row, memory.visible[row]], alone.values[0])


@pytest.mark.parametrize("kind", ["las", "joint", "transformer"])
def test_stepping_gives_what_teacher_forcing_gives(kind: str) -> None:
    model, batch = model_of(kind), heard()
    assert isinstance(model, SpeechSeq2Seq)
    logits = model(batch).logits
    state = model.start(model.encode(batch))
    for position in range(batch.target_input.shape[1]):
        step = model.step(batch.target_input[:, position], state)
        state = step.state
        there = batch.target_mask[:, position]
        assert torch.allclose(step.scores[there], logits[there, position])


@pytest.mark.parametrize("kind", ["joint", "transformer"])
def test_the_joint_score_is_the_weighted_sum_of_both(kind: str) -> None:
    model, batch = model_of(kind), heard()
    assert isinstance(model, SpeechSeq2Seq)
    memory, lengths = model.encode(batch), torch.tensor([5, 5, 5])
    plain = SearchOptions(length_penalty=0.0)

    def scores(searched: Any) -> list[float]:
        return [
            one.log_probability for one in force(searched, searched.start(memory), lengths, TARGETS, plain)
        ]

    joint, decoder, ctc = map(scores, (model.scoring(0.3), model, CTCPrefixes(model.ctc)))
    assert joint == pytest.approx(
        [0.7 * one + 0.3 * other for one, other in zip(decoder, ctc, strict=True)], abs=1e-4
    )
    assert isinstance(model.scoring(0.3), Composition)
    assert model.scoring(0.0) is model
    assert isinstance(model.scoring(1.0), CTCPrefixes)


def test_what_a_model_is_made_of_follows_the_weight() -> None:
    assert isinstance(model_of("ctc"), CTCModel)
    assert model_of("las").ctc is None
    with pytest.raises(ValueError, match="a model without CTC has no CTC scores"):
        model_of("las").scoring(0.3)


def test_ctc_says_neither_begin_nor_end() -> None:
    model = model_of("ctc")
    log_probs = model.ctc(model.encode(heard()).values)
    assert (log_probs[:, :, 2:4] < -1e3).all()
    assert torch.allclose(log_probs.exp().sum(-1), torch.ones(log_probs.shape[:2], dtype=log_probs.dtype))
