"""Colours of the pictures: even to the eye, readable in greyscale and to the colour-blind.

The heat colours lie on a straight line in OKLab (Ottosson 2020, "A perceptual color space for image processing"), so
that equal steps of weight are equal steps of lightness; the hue stays blue. The curves take two colours of
Okabe and Ito (2008, "Color universal design"), which all common forms of colour blindness keep apart.
"""

import math

import numpy as np
from numpy.typing import NDArray

INK = "#1c2530"
FAINT = "#667282"
RULE = "#d5dae1"
PAPER = "#ffffff"
BLUE = "#0072b2"
ORANGE = "#d55e00"
SERIES = (
    BLUE,
    ORANGE,
    "#009e73",
    "#cc79a7",
    "#7a5c00",
    "#56b4e9",
    INK,
)  # several curves; their marks differ too

COLD = (0.985, -0.002, -0.004)  # OKLab lightness, a, b of weight 0: nearly white
HOT = (0.335, -0.02, -0.145)  # of the largest weight: a deep blue
WARM = (
    0.5,
    0.115,
    0.105,
)  # of the lowest negative number: a burnt orange, lighter than HOT so that grey tells them

LIGHT_TEXT = (
    0.6  # share of the scale from which light text reads better on a cell than dark (contrast 4 to 1)
)

_TO_LMS = np.array(
    [[1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728], [1, -0.0894841775, -1.2914855480]]
)
_TO_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


def heat_colours(steps: int = 256) -> NDArray[np.float64]:
    """(steps, 3) sRGB colours in 0..1 from weight 0 to the largest, equally far apart to the eye."""
    share = np.linspace(0.0, 1.0, steps)[:, None]
    return _oklab_to_srgb(np.array(COLD) * (1 - share) + np.array(HOT) * share)


def signed_colours(steps: int = 255) -> NDArray[np.float64]:
    """(steps, 3) sRGB colours from the lowest negative number over 0, in the middle, to the highest."""
    half = steps // 2
    share = np.linspace(0.0, 1.0, half + 1)[1:, None]
    below = np.array(COLD) * (1 - share) + np.array(WARM) * share
    above = np.array(COLD) * (1 - share) + np.array(HOT) * share
    return _oklab_to_srgb(np.concatenate([below[::-1], np.array([COLD]), above]))


def scale_top(weights: NDArray[np.float64]) -> float:
    """The weight that gets the darkest colour: the largest one, rounded up to a tenth, at least 0.1."""
    largest = float(weights.max()) if weights.size else 0.0
    return max(0.1, math.ceil(largest * 10 - 1e-6) / 10)


def hexadecimal(colour: NDArray[np.float64]) -> str:
    """An sRGB colour as #rrggbb."""
    return "#" + "".join(f"{round(float(part) * 255):02x}" for part in colour)


def _oklab_to_srgb(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    linear = np.clip((lab @ _TO_LMS.T) ** 3 @ _TO_RGB.T, 0.0, 1.0)
    curved = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(curved, dtype=np.float64)
