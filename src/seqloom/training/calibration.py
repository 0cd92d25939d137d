"""Temperature scaling: one number, fitted on validation data, that makes a model's probabilities mean what they say.

RUN/calibration.json keeps it beside the weights that it was fitted for, by their hash; for others it says nothing.
Source: Guo et al. 2017, section 4.2. It changes no decision between labels that exclude each other.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from seqloom.base.errors import DamagedModelError
from seqloom.base.files import read_json, sha256_of, write_json
from seqloom.training.checkpoint import MODEL

FILE = "calibration.json"
LEAST, MOST = 0.05, 20.0  # temperatures looked among; a model that is always right would want 0
STEPS = 60  # halvings of that range
ENOUGH = 100_000  # predictions to fit one number by


@dataclass(frozen=True)
class Calibration:
    """temperature     what logits are divided by
    error_before    expected calibration error on the data it was fitted on, without it
    error_after     and with it
    predictions     texts, tokens, or pairs of a text and a label that it was fitted on
    weights         SHA-256 of the weights that it belongs to
    """

    temperature: float
    error_before: float
    error_after: float
    predictions: int
    weights: str


def fit_temperature(logits: Tensor, targets: Tensor) -> float:
    """The temperature under which the targets are likeliest.

    logits   (M, L), targets (M,) int64; or both (M, L), targets 1 and 0, where labels are decided one by one

    The likelihood is concave in one over the temperature, so its slope is followed to 0 by halving.
    """
    logits, targets = logits[:ENOUGH].double(), targets[:ENOUGH]

    def slope(sharpness: float) -> float:
        if targets.ndim == 2:
            return float(((targets - (sharpness * logits).sigmoid()) * logits).sum())
        expected = ((sharpness * logits).softmax(dim=-1) * logits).sum(dim=-1)
        return float((logits.gather(1, targets[:, None])[:, 0] - expected).sum())

    low, high = 1 / MOST, 1 / LEAST
    for _ in range(STEPS):
        middle = (low * high) ** 0.5
        if slope(middle) > 0:
            low = middle
        else:
            high = middle
    return 1 / low


def weights_of(checkpoint: Path) -> str:
    """A name for the weights of a checkpoint's folder."""
    return sha256_of(checkpoint / MODEL)


def save_calibration(run: Path, calibration: Calibration) -> None:
    """Write RUN/calibration.json."""
    write_json(run / FILE, asdict(calibration))


def read_calibration(run: Path, weights: str) -> Calibration | None:
    """That of a run with those weights; None where there is none, or one of other weights. Raises DamagedModelError."""
    path = run / FILE
    if not path.is_file():
        return None
    found: Any = read_json(path)
    numbers = ("temperature", "error_before", "error_after")
    if (
        not isinstance(found, dict)
        or found.keys() != set(Calibration.__dataclass_fields__)
        or not all(isinstance(found[name], int | float) for name in (*numbers, "predictions"))
        or not LEAST / 2 < found["temperature"] < MOST * 2
    ):
        raise DamagedModelError(
            f"{path} is no calibration; remove it, and the probabilities are the model's own."
        )
    return Calibration(**found) if found["weights"] == weights else None
