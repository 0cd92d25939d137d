"""Memory span drawn and told: what was seen in training is set apart from what never was."""

from pathlib import Path

import pytest

from seqloom.base.errors import UsageError
from seqloom.inspection.memory_span import MemorySpan
from seqloom.inspection.memory_span_page import columns, said, span_fragment, span_page
from seqloom.inspection.memory_span_picture import span_figure, write_span_picture

SPANS = [
    MemorySpan("a", "copy", 1, 4, {1: 1.0, 2: 0.95, 4: 0.5, 8: 0.1}, 3e-3),
    MemorySpan("a", "first token", 1, 4, {1: 1.0, 2: 1.0, 4: 0.9, 8: 0.92}, 3e-3),
    MemorySpan("a", "adding <b>", 1, 4, {1: 0.3, 2: 0.1, 4: 0.1, 8: 0.1}, 3e-3),
]


def test_the_table_marks_what_training_never_had() -> None:
    head, rows = columns(SPANS)
    assert head == ["distance", "copy", "first token", "adding <b>", ""]
    assert rows[1] == ["2", "95%", "100%", "10%", ""]
    assert rows[3] == ["8", "10%", "92%", "10%", "unseen"]


def test_the_span_is_told_in_words() -> None:
    first, copied, named, added = said(SPANS)
    assert first.startswith("Trained from nothing at distances of 1 to 4 symbols, asked at up to 8.")
    assert copied == "copy: remembered up to a distance of 2."
    assert (
        named
        == "first token: remembered up to a distance of 8, never seen in training; there it saw 4 at most."
    )
    assert added == (
        "adding <b>: not learnt. Only 30% of the answers at a distance of 1 are right, which tells nothing of its "
        "memory."
    )


def test_marks_are_hollow_where_training_never_was() -> None:
    (axes,) = span_figure(SPANS).axes
    lines = [line for line in axes.lines if len(line.get_xdata()) > 0]
    beyond = [line for line in lines if line.get_linestyle() == "None"]
    assert [list(line.get_xdata()) for line in beyond] == [[8]] * 3
    assert {line.get_markerfacecolor() for line in beyond} == {"#ffffff"}
    whole = [line for line in lines if list(line.get_xdata()) == [1, 2, 4, 8]]
    assert [list(line.get_ydata()) for line in whole] == [list(span.accuracy.values()) for span in SPANS]
    assert len({(line.get_color(), line.get_linestyle(), line.get_marker()) for line in whole}) == 3


def test_a_page_and_a_notebook_have_the_picture_and_the_table() -> None:
    page = span_page(SPANS)
    assert page.count("<svg") == 1
    assert "adding &lt;b&gt;" in page
    assert "script-src &#x27;none&#x27;" in page
    assert page.count("unseen</td>") == 1
    fragment = span_fragment(SPANS)
    assert "<svg" in fragment
    assert "<html" not in fragment


def test_no_span_is_no_picture(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no memory span to be drawn"):
        write_span_picture([], tmp_path / "it.png")
    with pytest.raises(UsageError, match=r"expected a name ending in .png or .svg"):
        write_span_picture(SPANS, tmp_path / "it.pdf")
