"""Gradient flow of several models side by side: in one picture, on one page, told apart without colours."""

from pathlib import Path

import numpy as np
import pytest

from seqloom.base.errors import UsageError
from seqloom.inspection.gradient_flow import GradientFlow
from seqloom.inspection.gradient_flow_page import flow_fragment, flow_page, named, write_flow_page
from seqloom.inspection.gradient_flow_picture import flow_figure


def flow(model: str, label: str, factor: float, length: int = 5) -> GradientFlow:
    norms = np.full((length, length), np.nan)
    for row in range(length):
        norms[row, :row] = factor ** np.arange(row, 0, -1)
    return GradientFlow(label, norms, model)


MODELS = ("Elman", "LSTM", "GRU", "minGRU", "<attention>")
FLOWS = [
    flow(model, label, factor)
    for model, factor in zip(MODELS, (0.5, 0.9, 0.8, 0.7, 1.1), strict=True)
    for label in ("trained", "fresh")
]


def test_several_models_have_a_panel_for_trained_and_one_for_fresh() -> None:
    figure = flow_figure(FLOWS)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["trained", "fresh"]
    trained, fresh = figure.axes
    for axes in (trained, fresh):
        lines = axes.get_lines()
        assert [line.get_label().split(": ")[0] for line in lines] == list(MODELS)
        for looks in zip(
            *((line.get_color(), line.get_linestyle(), line.get_marker()) for line in lines), strict=True
        ):
            assert len(set(looks)) == (4 if "--" in looks else 5)  # the fifth dash is a pattern of its own
        np.testing.assert_allclose(lines[0].get_ydata(), [0.5, 0.25, 0.125, 0.0625])
    assert trained.get_ylim() == fresh.get_ylim()


def test_one_model_has_one_panel_with_a_curve_a_label() -> None:
    (axes,) = flow_figure([flow("", "trained", 0.5), flow("", "fresh", 0.9)]).axes
    assert [line.get_label() for line in axes.get_lines()] == [
        "trained: halves in 1.0 symbols",
        "fresh: halves in 6.6 symbols",
    ]


def test_a_page_has_the_picture_and_the_norms(tmp_path: Path) -> None:
    write_flow_page(FLOWS, tmp_path / "new" / "flow.html")
    page = (tmp_path / "new" / "flow.html").read_text(encoding="utf-8")
    assert page == flow_page(FLOWS)
    assert page.count("<svg") == 1
    assert "&lt;attention&gt;, fresh" in page
    assert "<attention>" not in page
    assert ">0.0625</td>" in page
    assert "doubles in 7.3 symbols" in page
    shorter = [flow("a", "trained", 0.5), flow("b", "trained", 0.5, length=3)]
    assert flow_page(shorter).count("></td>") == 2


def test_a_notebook_has_the_picture_and_a_record_the_model() -> None:
    assert flow_fragment(FLOWS).startswith('<div style="max-width:60em"><svg')
    assert named(FLOWS[0]) == "Elman, trained"
    assert FLOWS[0].to_record()["model"] == "Elman"
    assert "model" not in flow("", "trained", 0.5).to_record()


def test_without_a_second_symbol_nothing_is_drawn(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs two symbols or more"):
        write_flow_page([flow("", "trained", 0.5, length=1)], tmp_path / "flow.html")
