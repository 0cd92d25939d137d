"""Recordings in pictures and on pages: moments are named by their time, and axes have round marks that don't touch."""

import base64
import io
import json
import re
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from seqloom.base.errors import DataError
from seqloom.inspection.attention import AttentionMap, maps_to_json
from seqloom.inspection.attention_page import LARGEST, attention_page
from seqloom.inspection.attention_picture import attention_figure
from seqloom.inspection.colours import heat_colours
from seqloom.inspection.gates import GateTrace
from seqloom.inspection.gates_page import gates_page
from seqloom.inspection.gates_picture import gates_figure
from seqloom.inspection.gradient_flow import GradientFlow
from seqloom.inspection.gradient_flow_page import flow_fragment
from seqloom.inspection.gradient_flow_picture import say_flow
from seqloom.inspection.moments import Timeline, marks, moments
from seqloom.inspection.page import indexed_png
from seqloom.inspection.word_by_word import Continuation, Step, WordByWord, summary
from seqloom.inspection.word_by_word_page import steps_page


def heard(rows: int, columns: int, seconds: float = 0.04, *, itself: bool = False) -> AttentionMap:
    weights = np.random.default_rng(5).dirichlet(np.ones(columns), size=rows)
    times = moments(columns, seconds)
    return AttentionMap(
        times,
        moments(rows, seconds) if itself else tuple(f"w{row}" for row in range(rows)),
        weights,
        source_text="seven.wav",
        source_seconds=seconds,
        target_seconds=seconds if itself else None,
    )


def test_moments_are_named_by_when_they_begin() -> None:
    assert moments(3, 0.04) == ("0.00 s", "0.04 s", "0.08 s")
    assert moments(2, 0.0125) == ("0.000 s", "0.013 s")


@pytest.mark.parametrize("positions", [1, 2, 23, 100, 1_500, 90_000])
@pytest.mark.parametrize("seconds", [0.01, 0.0125, 0.08])
def test_marks_are_round_and_few(positions: int, seconds: float) -> None:
    found = marks(positions, seconds, 8)
    assert found[0].place == 0
    assert 1 <= len(found) <= 9
    assert all(mark.place <= positions + 1e-6 for mark in found)
    assert [float(mark.text) for mark in found] == pytest.approx(
        [mark.place * seconds for mark in found], abs=0.01
    )
    assert len({mark.text for mark in found}) == len(found)


def test_each_layer_has_the_time_of_its_positions() -> None:
    line = Timeline(93, 0.01)
    steps = [line.step(positions) for positions in (93, 47, 24, 12)]
    assert steps == pytest.approx([0.01, 0.02, 0.04, 0.08])
    assert line.names(12)[1] == "0.08 s"


def test_a_map_keeps_its_seconds_in_json() -> None:
    again = AttentionMap.from_record(json.loads(json.dumps(heard(2, 3, itself=True).to_record())))
    assert (again.source_seconds, again.target_seconds) == (0.04, 0.04)
    assert heard(2, 3).merged().source_seconds == 0.04
    assert "seconds" not in maps_to_json([AttentionMap(("a",), ("b",), [[1.0]])])
    with pytest.raises(DataError, match="expected seconds above 0, found -1"):
        AttentionMap.from_record(heard(2, 3).to_record() | {"source_seconds": -1})


@pytest.mark.parametrize("columns", [1, 12, 93, 700])
def test_labels_of_a_picture_over_time_do_not_touch(columns: int) -> None:
    figure, _ = attention_figure(heard(4, columns))
    axes = figure.axes[0]
    figure.canvas.draw()
    labels = [label for label in axes.get_xticklabels() if label.get_text()]
    boxes = [label.get_window_extent() for label in labels]
    assert labels[0].get_text().endswith(" s")
    assert all(one.x1 < other.x0 for one, other in pairwise(boxes))
    assert figure.get_size_inches()[0] <= 40


def test_a_map_of_moments_by_moments_has_time_on_both_sides() -> None:
    figure, _ = attention_figure(heard(60, 60, itself=True))
    axes = figure.axes[0]
    texts = [
        [label.get_text() for label in labels] for labels in (axes.get_xticklabels(), axes.get_yticklabels())
    ]
    assert texts[0][0].endswith(" s")
    assert texts[1][0].endswith(" s")


def test_a_page_names_round_times_and_every_moment_where_one_points() -> None:
    page = attention_page([heard(2, 93)])
    heads = re.findall(r"<th scope=\"col\" data-s><span>(.*?)</span></th>", page)
    assert len(heads) == 93
    assert [head for head in heads if head] == ["0 s", "1", "2", "3"]
    assert 'title="0.04 s"' in page
    assert "Heard, 3.72 s" in page
    assert "Moment by moment" in attention_page([heard(5, 5, itself=True)])


def test_many_moments_by_many_are_a_picture() -> None:
    size = int(LARGEST**0.5) + 1
    page = attention_page([heard(size, size, itself=True)])
    assert "data:image/png;base64," in page
    assert "<table" not in page
    assert "img-src data:" in page


def test_a_picture_on_a_page_has_the_colours_of_its_shares() -> None:
    shares = np.array([[0, 255, 128], [5, 6, 7]], np.uint8)
    address = indexed_png(shares, heat_colours())
    image = Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))).convert("RGB")
    colours = np.rint(255 * heat_colours()).astype(np.uint8)
    np.testing.assert_array_equal(np.asarray(image), colours[shares])


def trace(label: str, symbols: int, seconds: float | None = None) -> GateTrace:
    values = np.random.default_rng(2).random((symbols, 6))
    names = moments(symbols, seconds) if seconds else tuple(f"word{number}" for number in range(symbols))
    gates = dict.fromkeys(("input", "forget", "output"), values)
    return GateTrace(label, names, gates, values - 0.5, seconds)


@pytest.mark.parametrize(("symbols", "seconds"), [(1, None), (5, None), (80, None), (300, None), (120, 0.04)])
def test_nothing_touches_in_a_picture_of_gates(symbols: int, seconds: float | None) -> None:
    figure, _ = gates_figure([trace("encoder", symbols, seconds)])
    figure.canvas.draw()
    titles = [axes._left_title.get_window_extent() for axes in figure.axes]
    assert all(one.x1 < other.x0 for one, other in pairwise(titles))
    assert figure.get_size_inches()[0] <= 40
    places = figure.axes[0].get_xticks()
    inches = figure.axes[0].get_position().width * figure.get_size_inches()[0]
    assert all(np.diff(places) * inches / symbols >= 0.1)


def test_gates_over_time_have_marks_on_their_page() -> None:
    page = gates_page([trace("encoder", 50, 0.04), trace("decoder", 3)])
    assert '"marks":[[0.0,"0.0"],' in page
    assert '"marks":null' in page


def step(symbol: str, looked: tuple[float, ...] | None = None) -> Step:
    return Step(symbol, 0.5, 1, 1.0, (Continuation(symbol, 0.5), Continuation("z", 0.5)), looked)


def test_steps_say_where_a_prompt_ends() -> None:
    written = WordByWord((), (step("a"), step("b"), step("c")), "ab", "c", given=2)
    lines = summary(written).splitlines()
    assert [line.split()[0] for line in lines] == ["read", "a", "b", "and", "c"]
    page = steps_page(written)
    assert page.index("What it is given") < page.index("What it goes on with")
    assert re.findall(r"<details[^>]* open>", page) == ['<details name="step" class="step" open>']
    assert page.index(" open>") > page.index("What it goes on with")
    assert written.to_record()["given"] == 2


def test_where_it_listened_is_a_strip() -> None:
    written = WordByWord(moments(3, 0.04), (step("a", (0.1, 0.7, 0.2)),), seconds=0.04)
    page = steps_page(written)
    assert "Where it listened: most at 0.04 s, 70%" in page
    assert page.count('<i class="heat"') == 3
    assert written.to_record()["seconds"] == 0.04


@pytest.mark.parametrize(
    ("means", "said"),
    [
        ((), "arrives nowhere"),
        ((0.5,), "arrives one symbol back"),
        ((0.0, 0.0), "arrives nowhere"),
        ((0.5, 0.25), "halves in 1.0 symbols"),
    ],
)
def test_what_becomes_of_a_gradient_is_said(means: tuple[float, ...], said: str) -> None:
    size = len(means) + 1
    norms = np.full((size, size), np.nan)
    for distance, mean in enumerate(means, start=1):
        norms[np.arange(distance, size), np.arange(size - distance)] = mean
    flow = GradientFlow("trained", norms)
    assert say_flow(flow).startswith(said)
    assert flow_fragment([flow]).startswith("<div" if means else "<p>A gradient that flows back needs two")
