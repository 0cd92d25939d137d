"""Pictures and pages of labels: which words carried a decision, and what was taken for what."""

import re
from pathlib import Path

import numpy as np
import pytest

from seqloom.base.errors import ShapeError, UsageError
from seqloom.inspection.confusion_picture import confusion_figure, write_confusion_picture
from seqloom.inspection.explanation import Explanation
from seqloom.inspection.explanation_page import explanation_fragment, explanation_page
from seqloom.inspection.explanation_picture import explanation_figure, write_explanation_picture
from seqloom.metrics.label_report import LabelReport

WORDS = ("a", "<b>film</b>", "فيلم", "</s>")
EXPLANATION = Explanation(
    WORDS,
    np.array([0.1, 2.0, -1.0, 0.0]),
    np.array([0.1, 0.6, 0.2, 0.1]),
    "attention",
    "good",
    {"good": 0.9, "bad": 0.1},
)


def report(count: int, *, several: bool = False) -> LabelReport:
    marks = np.eye(count, dtype=bool)
    said, right = np.arange(count), np.roll(np.arange(count), 1)
    return LabelReport(
        tuple(f"label {n}" for n in range(count)), marks[said], marks[right], (), 0.0, several, "texts"
    )


def test_bars_have_the_values_and_signs_of_the_words():
    figure, notice = explanation_figure(EXPLANATION)
    weights, contributions = figure.axes
    assert [bar.get_width() for bar in weights.patches] == pytest.approx([0.1, 0.6, 0.2, 0.1])
    assert [bar.get_width() for bar in contributions.patches] == pytest.approx([0.1, 2.0, -1.0, 0.0])
    colours = [bar.get_facecolor() for bar in contributions.patches]
    assert colours[0] == colours[1] != colours[2]
    assert [label.get_text() for label in weights.get_yticklabels()][:2] == ["a", "<b>film</b>"]
    assert notice is None


def test_without_weights_there_is_one_panel(tmp_path: Path):
    plain = Explanation(WORDS, EXPLANATION.contributions, None, "last", "good", {"good": 0.9})
    assert len(explanation_figure(plain)[0].axes) == 1
    write_explanation_picture(plain, tmp_path / "x.png")
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")
    assert "pooling" not in explanation_page(plain)


def test_a_page_asks_nothing_and_executes_nothing():
    page = explanation_page(EXPLANATION)
    assert "<script" not in page
    assert "http" not in re.sub(r"http-equiv", "", page)
    assert "<b>film</b>" not in page
    assert "&lt;b&gt;film&lt;/b&gt;" in page
    assert page.count("<li") == 2 * len(WORDS)
    assert 'class="against"' in page
    assert "<script" not in explanation_fragment(EXPLANATION)
    assert "-1.000" in explanation_fragment(EXPLANATION)


@pytest.mark.parametrize("values", [np.ones(3), np.array([1, 2, np.nan, 3])])
def test_numbers_that_don_t_fit_the_words_are_refused(values: np.ndarray):
    with pytest.raises(ShapeError, match="expected a finite number for each of 4 symbols"):
        Explanation(WORDS, values, None, "last", "good", {})


@pytest.mark.parametrize("count", [2, 40])
def test_a_confusion_has_a_cell_and_two_names_for_each_label(count: int):
    found = report(count)
    assert found.matrix is not None
    figure, _ = confusion_figure(found.matrix, found.names, title="run on test")
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_xticklabels()] == list(found.names)
    texts = [text.get_text() for text in axes.texts]
    assert texts == (["0", "1", "1", "0"] if count == 2 else [])
    assert axes.get_title() == "run on test"


def test_where_several_go_together_there_is_no_picture(tmp_path: Path):
    with pytest.raises(
        UsageError, match="There is no picture of confusions where a text may have several labels"
    ):
        write_confusion_picture(report(2, several=True), tmp_path / "x.png")
    with pytest.raises(UsageError, match=r"expected a name ending in \.png or \.svg"):
        write_confusion_picture(report(2), tmp_path / "x.gif")
