"""The joint loss: its parts in their shares, over all of a batch as over its rows; gradients reach both heads."""

from typing import Any

import pytest
import torch

from agreement import randomise
from seqloom.config.model import ModelConfig
from seqloom.data.batch import Batch, collate_frames
from seqloom.models.build import build_speech_model
from seqloom.models.ctc_prefixes import CTCPrefixes
from seqloom.models.speech import SpeechModel
from seqloom.search.forced import force
from seqloom.search.options import SearchOptions
from seqloom.training.ctc_objective import SpeechObjective, ctc_loss
from seqloom.training.objective import Objective, batch_loss
from tiny import CPU

TARGETS = [[4, 5], [6], [4, 4, 7]]


def model_of(weight: float, **options: Any) -> SpeechModel:
    config = ModelConfig.model_validate({
        "width": 8, "dropout": 0.0, "ctc_weight": weight, "front_end": {"convolutions": 1, "channels": 3},
        "encoder": {"kind": "recurrent", "layers": 1, "hidden": 5},
        "decoder": {"kind": "recurrent", "hidden": 6}, **options,
    })  # fmt: skip
    return randomise(build_speech_model(config, 5, 9), dtype=torch.float32)


def heard() -> Batch:
    generator = torch.Generator().manual_seed(1)
    return collate_frames([torch.randn(n, 5, generator=generator).numpy() for n in (21, 9, 16)], TARGETS)


def test_ctc_s_loss_is_what_stepping_through_the_text_gives() -> None:
    model, batch = model_of(1.0), heard()
    memory = model.encode(batch)
    searched = CTCPrefixes(model.ctc)
    scored = force(
        searched, searched.start(memory), batch.source_lengths, TARGETS, SearchOptions(length_penalty=0.0)
    )
    assert ctc_loss(model, memory, batch).item() == pytest.approx(
        -sum(one.log_probability for one in scored), abs=1e-3
    )
    loss, likelihood, carried = SpeechObjective(Objective(), 1.0).loss(model, batch, CPU)
    assert loss.item() == likelihood.item() == ctc_loss(model, memory, batch).item()
    assert carried == {}


@pytest.mark.parametrize("r_drop", [0.0, 2.0])
def test_the_loss_is_made_of_both_in_their_shares(r_drop: float) -> None:
    model, batch = model_of(0.3), heard()
    decoder = Objective(smoothing=0.1, r_drop=r_drop)
    alone, likelihood = batch_loss(model, batch, CPU, decoder)
    found = SpeechObjective(decoder, 0.3).loss(model, batch, CPU)
    expected = 0.7 * alone + 0.3 * ctc_loss(model, model.encode(batch), batch)
    assert found.loss.item() == pytest.approx(expected.item(), rel=1e-5)
    assert found.likelihood.item() == pytest.approx(likelihood.item(), rel=1e-6)


def test_gradients_reach_every_parameter_of_both() -> None:
    model = model_of(0.3).train()
    SpeechObjective(Objective(), 0.3).loss(model, heard(), CPU).loss.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert bool(parameter.grad.isfinite().all()), name
        assert bool((parameter.grad != 0).any()), name


def test_a_text_longer_than_its_sound_has_no_loss_and_no_broken_gradient() -> None:
    model = model_of(1.0).train()
    frames = torch.randn(4, 5, generator=torch.Generator().manual_seed(1)).numpy()
    loss = ctc_loss(model, model.encode(collate_frames([frames])), collate_frames([frames], [[4, 4, 4, 4]]))
    assert loss.item() == 0.0
    loss.backward()
    assert all(bool(parameter.grad.isfinite().all()) for parameter in model.parameters())


def test_the_decoder_s_part_follows_the_run() -> None:
    objective = SpeechObjective(Objective(own_share_at_end=0.4), 0.3).at(0.5)
    assert objective.decoder.own_share == 0.2
