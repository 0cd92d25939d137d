"""Pictures and pages of gates and of gradient flow."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from seqloom.base.errors import UsageError
from seqloom.inspection.colours import heat_colours, signed_colours
from seqloom.inspection.gates import GateTrace
from seqloom.inspection.gates_page import gates_page, write_gates_page
from seqloom.inspection.gates_picture import ORDERS, signed_top, unit_order, write_gates_picture
from seqloom.inspection.gradient_flow import GradientFlow
from seqloom.inspection.gradient_flow_picture import say_half_life, write_flow_picture

KEPT = np.array([[0.2, 0.9, 0.5], [0.8, 0.9, 0.5]])  # two symbols, three units
LSTM = GateTrace("decoder, layer 1", ("<s>", "“é”"), {"input": 1 - KEPT, "forget": KEPT}, KEPT - 0.5)
ELMAN = GateTrace("decoder, layer 1", ("a", "b"), {}, np.array([[0.1, -0.7, 0.3], [0.1, 0.7, 0.3]]))


def flow(*means: float) -> GradientFlow:
    size = len(means) + 1
    norms = np.full((size, size), np.nan)
    for distance, mean in enumerate(means, start=1):
        norms[np.arange(distance, size), np.arange(size - distance)] = mean
    return GradientFlow("a model", norms)


def test_units_are_sorted_by_what_they_keep() -> None:
    assert unit_order(LSTM, "mean").tolist() == [1, 0, 2]  # means 0.5, 0.9, 0.5
    assert unit_order(LSTM, "change").tolist() == [0, 1, 2]
    assert unit_order(LSTM, "index").tolist() == [0, 1, 2]
    assert unit_order(ELMAN, "mean").tolist() == [2, 0, 1]
    with pytest.raises(UsageError, match='sorted by "size"; expected one of: mean, change, index'):
        unit_order(LSTM, "size")


@pytest.mark.parametrize("ending", ["png", "svg"])
@pytest.mark.parametrize("order", ORDERS)
def test_a_picture_has_a_panel_for_each_gate_and_the_state(tmp_path: Path, ending: str, order: str) -> None:
    path = tmp_path / "new" / f"gates.{ending}"
    assert write_gates_picture([LSTM, ELMAN], path, order=order) is None
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG" if ending == "png" else b"<?xml")
    if ending == "svg":
        assert content.count(b"<image") == 4  # three panels of the LSTM, one of the other


def test_without_layers_there_is_nothing_to_draw(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There are no gates to draw"):
        write_gates_picture([], tmp_path / "gates.png")
    with pytest.raises(UsageError, match=r"expected a name ending in \.png or \.svg"):
        write_gates_picture([LSTM], tmp_path / "gates.pdf")


def test_one_large_number_does_not_pale_the_others() -> None:
    values = np.linspace(-1, 1, 1000)
    assert signed_top(np.append(values, 500.0)) < 1
    assert signed_top(np.zeros(3)) > 0


def test_zero_lies_between_the_two_signs() -> None:
    colours = signed_colours(63)
    assert colours.shape == (63, 3)
    np.testing.assert_allclose(colours[31], heat_colours(2)[0])  # as light as a gate that is shut
    np.testing.assert_allclose(colours[-1], heat_colours(2)[1], atol=1e-12)
    lightness = colours @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness[:32]) > 0).all()
    assert (np.diff(lightness[31:]) < 0).all()


def test_a_page_holds_all_numbers_and_asks_for_nothing(tmp_path: Path) -> None:
    page = gates_page([LSTM, ELMAN], texts=["<b>She</b> said"], title="T & T")
    assert "<title>T &amp; T</title>" in page
    assert "&lt;b&gt;She&lt;/b&gt; said" in page
    assert not re.search(r'(src|href)="(?!#)', page)
    assert "default-src &#x27;none&#x27;" in page
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    layers = json.loads(data)["layers"]
    assert [[panel["name"] for panel in layer["panels"]] for layer in layers] == [
        ["input", "forget", "state"],
        ["state"],
    ]
    np.testing.assert_allclose(layers[0]["panels"][1]["values"], KEPT)
    assert layers[0]["panels"][1]["note"] == "0% shut, 0% open"
    assert layers[0]["symbols"] == ["<s>", "“é”"]
    write_gates_page([LSTM], tmp_path / "new" / "gates.html")
    assert (tmp_path / "new" / "gates.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_flows_are_drawn_with_their_half_lives(tmp_path: Path) -> None:
    write_flow_picture([flow(4, 2, 1), flow(1, 2, 4), flow()], tmp_path / "flow.svg", title="Both")
    assert (tmp_path / "flow.svg").read_text(encoding="utf-8").count('id="line2d') > 2
    with pytest.raises(UsageError, match="needs two symbols or more"):
        write_flow_picture([flow()], tmp_path / "flow.png")


def test_half_lives_are_said_in_words() -> None:
    assert say_half_life(flow(4, 2, 1).half_life) == "halves in 1.0 symbols"
    assert say_half_life(flow(1, 4, 16).half_life) == "doubles in 0.5 symbols"
    assert say_half_life(flow(1, 1, 1).half_life) == "stays as it is"
    assert say_half_life(flow(0, 0, 0).half_life) == "nothing arrives"
