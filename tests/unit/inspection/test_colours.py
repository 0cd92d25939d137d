"""The heat colours are even steps to the eye, in colour and in greyscale."""

import numpy as np
import pytest

from seqloom.inspection.colours import COLD, HOT, LIGHT_TEXT, heat_colours, hexadecimal, scale_top


def luminance(colours: np.ndarray) -> np.ndarray:
    """Relative luminance of sRGB colours (WCAG 2), (N, 3) -> (N,)."""
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def test_more_weight_is_darker_by_even_steps() -> None:
    lightness = 116 * np.cbrt(luminance(heat_colours(11))) - 16  # CIE L*, not the space they were made in
    steps = -np.diff(lightness)
    assert lightness[0] > 97
    assert lightness[-1] < 30
    assert steps.min() > 0.8 * steps.mean()
    assert steps.max() < 1.2 * steps.mean()


def test_no_colour_was_clipped_at_the_edge_of_what_screens_show() -> None:
    inner = heat_colours(50)[:-1]
    assert (inner > 0).all()
    assert (inner < 1).all()
    assert COLD[0] > HOT[0]


def test_figures_on_cells_can_be_read() -> None:
    share = np.linspace(0, 1, 101)
    cells = luminance(heat_colours(101))
    ink = luminance(np.array([[0x1C, 0x25, 0x30]]) / 255)[0]
    contrast = np.where(share > LIGHT_TEXT, 1.05 / (cells + 0.05), (cells + 0.05) / (ink + 0.05))
    assert contrast.min() > 3.5


@pytest.mark.parametrize(
    ("weights", "top"), [([[0.3]], 0.3), ([[0.31]], 0.4), ([[1.0]], 1.0), ([[0.0]], 0.1), ([], 0.1)]
)
def test_the_scale_ends_at_the_next_tenth(weights: list[list[float]], top: float) -> None:
    assert scale_top(np.array(weights)) == pytest.approx(top)


def test_colours_in_hexadecimal() -> None:
    assert hexadecimal(np.array([0.0, 0.5, 1.0])) == "#0080ff"
