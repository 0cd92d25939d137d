"""Curves: every number drawn where it belongs, at 0, 1, 3 and thousands of points."""

import math
import struct
from pathlib import Path

import numpy as np
import pytest

from seqloom.base.errors import UsageError
from seqloom.inspection.curves import STRETCHES, curves_figure, panels_svg, stretches, write_curves
from seqloom.inspection.run_log import Row, Series


def run_of(updates: int, validations: int = 0) -> list[Row]:
    rows: list[Row] = []
    for update in range(1, updates + 1):
        rows.append(
            {
                "event": "step",
                "update": update,
                "loss": 9.0,
                "likelihood": 8 / update,
                "tokens_per_second": 5000.0 + update % 7,
                "learning_rate": 1e-3 / math.sqrt(update),
            }
        )
        if validations and update % (updates // validations) == 0:
            rows.append(
                {
                    "event": "validation",
                    "update": update,
                    "loss": 7 / update,
                    "bleu": 20 + update,
                    "chrf": 40.0,
                }
            )
    return rows


def titles(rows: list[Row]) -> list[str]:
    return [axes.get_title(loc="left") for axes in curves_figure(rows).axes]


def test_each_kind_of_value_has_its_panel() -> None:
    assert titles(run_of(3, 1)) == ["Loss", "Quality", "Learning rate", "Speed"]
    assert titles(run_of(3)) == ["Loss", "Learning rate", "Speed"]
    assert titles([{"event": "validation", "update": 5, "bleu": 3.0}]) == ["Quality"]


def test_a_few_points_are_drawn_as_they_are() -> None:
    loss, quality, *_ = curves_figure(run_of(3, 3)).axes
    training, validation = loss.get_lines()
    np.testing.assert_allclose(training.get_xydata(), [[1, 8], [2, 4], [3, 8 / 3]])
    np.testing.assert_allclose(validation.get_xydata(), [[1, 7], [2, 3.5], [3, 7 / 3]])
    assert (training.get_marker(), validation.get_marker()) == ("o", "s")
    assert training.get_linestyle() != validation.get_linestyle()  # apart in greyscale too
    np.testing.assert_allclose(quality.get_lines()[2].get_xydata(), [[3, 23]])
    assert [text.get_text() for text in quality.texts] == ["best 23.0"]


def test_thousands_of_points_are_drawn_as_means_with_their_range() -> None:
    figure = curves_figure(run_of(3000))
    line = figure.axes[0].get_lines()[0]
    assert len(line.get_xdata()) == STRETCHES
    assert len(figure.axes[0].collections) == 1
    assert line.get_marker() == "None"


def test_stretches_keep_mean_and_range() -> None:
    points = Series(np.arange(7.0), np.array([1.0, 3, 2, 2, 9, 0, 5]))
    updates, means, lows, highs = stretches(points, 3)
    np.testing.assert_allclose(updates, [0.5, 2.5, 5])
    np.testing.assert_allclose(means, [2, 2, 14 / 3])
    np.testing.assert_allclose(lows, [1, 2, 0])
    np.testing.assert_allclose(highs, [3, 2, 9])


@pytest.mark.parametrize("rows", [[], [{"event": "stop", "update": 0, "reason": "x"}]])
def test_a_run_without_updates_says_so(rows: list[Row]) -> None:
    figure = curves_figure(rows)
    assert [text.get_text() for text in figure.texts] == ["No update has been logged yet."]
    assert panels_svg(rows) == []


def test_pictures_are_written(tmp_path: Path) -> None:
    write_curves(run_of(1, 1), tmp_path / "curves.png", title="runs/$x$")
    width, height = struct.unpack(">II", (tmp_path / "curves.png").read_bytes()[16:24])
    assert width > 1300
    assert height > 800
    with pytest.raises(UsageError, match=r"ending in .png or .svg"):
        write_curves([], tmp_path / "curves.txt")


def test_panels_for_a_page_say_what_they_show() -> None:
    pictures = panels_svg(run_of(4, 1))
    assert len(pictures) == 4
    assert (
        'aria-label="Loss over the updates: training from 8 to 2, validation from 1.75 to 1.75."'
        in pictures[0]
    )
    assert all('id="curves-' in picture for picture in pictures)
