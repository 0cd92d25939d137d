"""Temperature scaling: the temperature is found again, and kept with the weights that it is for."""

import json
from pathlib import Path

import pytest
import torch

from seqloom.base.errors import DamagedModelError
from seqloom.training.calibration import (
    LEAST,
    Calibration,
    fit_temperature,
    read_calibration,
    save_calibration,
)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_that_the_labels_were_drawn_with_is_found(temperature: float):
    generator = torch.Generator().manual_seed(1)
    logits = 2 * torch.randn(20_000, 4, generator=generator)
    drawn = torch.multinomial((logits / temperature).softmax(-1), 1, generator=generator)[:, 0]
    assert fit_temperature(logits, drawn) == pytest.approx(temperature, rel=0.05)
    marks = (torch.rand(logits.shape, generator=generator) < (logits / temperature).sigmoid()).float()
    assert fit_temperature(logits, marks) == pytest.approx(temperature, rel=0.05)


def test_it_is_where_the_likelihood_is_highest():
    generator = torch.Generator().manual_seed(2)
    logits, targets = torch.randn(50, 3, generator=generator), torch.arange(50) % 3
    found = fit_temperature(logits, targets)

    def likelihood(temperature: float) -> float:
        return -float(torch.nn.functional.cross_entropy(logits.double() / temperature, targets))

    assert likelihood(found) >= max(likelihood(found * 1.01), likelihood(found / 1.01))


def test_a_model_that_is_always_right_stays_within_bounds():
    assert fit_temperature(torch.eye(3), torch.arange(3)) == pytest.approx(LEAST)


def test_it_is_kept_for_its_weights_alone(tmp_path: Path):
    assert read_calibration(tmp_path, "abc") is None
    calibration = Calibration(1.5, 0.1, 0.02, 40, "abc")
    save_calibration(tmp_path, calibration)
    assert read_calibration(tmp_path, "abc") == calibration
    assert read_calibration(tmp_path, "other") is None


@pytest.mark.parametrize("change", [{"temperature": "hot"}, {"temperature": 0}, {"more": 1}])
def test_what_was_altered_is_refused(tmp_path: Path, change: dict[str, object]):
    save_calibration(tmp_path, Calibration(1.5, 0.1, 0.02, 40, "abc"))
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(DamagedModelError, match=r"calibration\.json is no calibration; remove it"):
        read_calibration(tmp_path, "abc")
