"""Entry checks that name the tensor and the axis."""

import re

import numpy as np
import pytest

from seqloom.base import shapes
from seqloom.base.errors import ShapeError
from seqloom.base.shapes import AXES, check_shape


def test_a_fitting_tensor_passes() -> None:
    check_shape(np.zeros((2, 3, 4)), "B S D", "memory", B=2, D=4)
    check_shape(np.zeros(()), "", "loss")


@pytest.mark.parametrize(
    ("shape", "axes", "sizes", "message"),
    [
        ((2, 3), "B S D", {}, "memory has shape (2, 3); expected 3 axes (B S D)."),
        (
            (2, 3, 5),
            "B S D",
            {"B": 2, "D": 4},
            "memory has 5 along D (model width); expected 4 (shape (2, 3, 5); B S D).",
        ),
        (
            (2, 3, 5),
            "B S D",
            {"S": 4},
            "memory has 3 along S (source positions); expected 4 (shape (2, 3, 5); B S D).",
        ),
        ((2,), "X", {"X": 3}, "memory has 2 along X (X); expected 3 (shape (2,); X)."),
        ((2,), "B", {"B": 0}, "memory has 2 along B (batch); expected 0 (shape (2,); B)."),
    ],
    ids=["axes", "width", "positions", "unknown letter", "zero"],
)
def test_a_misfit_says_which_tensor_and_which_axis(
    shape: tuple[int, ...], axes: str, sizes: dict[str, int], message: str
) -> None:
    with pytest.raises(ShapeError, match=f"^{re.escape(message)}$"):
        check_shape(np.zeros(shape), axes, "memory", **sizes)


def test_the_legend_has_every_letter() -> None:
    legend = dict(re.findall(r"([A-Z]) ([a-z ]+?)(?: ·|$| \()", shapes.__doc__ or "", re.MULTILINE))
    assert legend == AXES
