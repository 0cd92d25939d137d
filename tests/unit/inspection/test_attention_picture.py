"""The attention map as a picture: readable at 5 and at 40 words, in any script, with any symbol."""

import itertools
import struct
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from seqloom.base.errors import UsageError
from seqloom.inspection import fonts
from seqloom.inspection.attention import AttentionMap
from seqloom.inspection.attention_picture import attention_figure, write_attention_picture


def spread(source: list[str], target: list[str], **fields) -> AttentionMap:
    weights = np.random.default_rng(len(source)).dirichlet(np.ones(len(source)) * 0.3, size=len(target))
    return AttentionMap(tuple(source), tuple(target), weights, **fields)


def labels(attention: AttentionMap):
    """The drawn figure, its cells, the labels above and beside them, and the notice."""
    figure, notice = attention_figure(attention)
    FigureCanvasAgg(figure)
    axes = figure.axes[0]
    return figure, axes, axes.get_xticklabels(), axes.get_yticklabels(), notice


def boxes(shown, figure):
    """Where labels lie, in pixels."""
    figure.canvas.draw()
    return [label.get_window_extent() for label in shown]


def size_of(path: Path) -> tuple[int, int]:
    return struct.unpack(">II", path.read_bytes()[16:24])


SHORT = ["I", "am", "very", "happy", "</s>"]
LONG = (
    "the young woman in the red jacket who had been waiting for more than an hour at the small bus stop near "
    "the old railway station finally decided to walk home because nobody had told her that"
).split()


@pytest.mark.parametrize("words", [SHORT, LONG], ids=["5", "38"])
def test_labels_do_not_touch(words: list[str]) -> None:
    figure, axes, columns, rows, _ = labels(spread(words, words))
    assert [label.get_text() for label in columns] == words
    assert [label.get_text() for label in rows] == words
    for above, below in itertools.pairwise(boxes(rows, figure)):
        assert above.ymin >= below.ymax - 1
    if columns[0].get_rotation() == 0:
        for left, right in itertools.pairwise(boxes(columns, figure)):
            assert left.xmax <= right.xmin + 1
    else:  # turned by 50 degrees: the distance between two lines of text is the sine of it
        breadth = axes.get_window_extent().width / len(words)
        assert breadth * np.sin(np.radians(50)) > columns[0].get_fontsize() * figure.dpi / 72


def test_a_few_short_words_lie_flat_and_many_are_turned() -> None:
    assert {label.get_rotation() for label in labels(spread(SHORT, SHORT))[2]} == {0}
    assert {label.get_rotation() for label in labels(spread(LONG, SHORT))[2]} == {50}


def test_the_figure_grows_with_the_sentence(tmp_path: Path) -> None:
    for name, words in (("short", SHORT), ("long", LONG)):
        assert write_attention_picture(spread(words, words), tmp_path / f"{name}.png") is None
    small, large = size_of(tmp_path / "short.png"), size_of(tmp_path / "long.png")
    assert 400 < small[0] < 1000
    assert 1400 < large[0] < 2600
    assert 1400 < large[1] < 2600


def test_very_long_sentences_stay_within_bounds_and_name_every_nth_word() -> None:
    words = [f"w{n}" for n in range(400)]
    figure, _, columns, _, _ = labels(spread(words, ["a", "b"]))
    assert figure.get_figwidth() <= 40.0
    named = [label.get_text() for label in columns]
    assert named[:3] == ["w0", "w2", "w4"]


def test_each_cell_has_its_weight_and_small_maps_say_it() -> None:
    attention = AttentionMap(("a", "b"), ("c", "d", "e"), np.array([[1.0, 0.0], [0.25, 0.75], [0.5, 0.5]]))
    _, axes, _, _, _ = labels(attention)
    np.testing.assert_array_equal(axes.collections[0].get_array(), attention.weights)
    assert [text.get_text() for text in axes.texts] == ["1", ".25", ".75", ".50", ".50"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the first written word is at the top
    assert list(labels(spread(LONG, SHORT))[1].texts) == []


def test_probabilities_stand_at_the_end_of_their_rows() -> None:
    _, axes, *_ = labels(spread(LONG, ["a", "b"], probabilities=(0.5, 0.987)))
    assert [text.get_text() for text in axes.texts] == ["50%", "99%", "probability"]


def test_a_source_from_right_to_left_starts_at_the_right() -> None:
    _, axes, columns, _, _ = labels(spread(["القطة", "السوداء", "تجلس"], ["the", "black", "cat"]))
    assert axes.get_xlim()[0] > axes.get_xlim()[1]
    assert columns[0].get_text() == "القطة"  # logical order: matplotlib shapes and orders the letters
    assert axes.yaxis.get_ticks_position() == "right"
    _, axes, *_ = labels(spread(["the", "cat"], ["القطة"]))
    assert axes.get_xlim()[0] < axes.get_xlim()[1]


def ink(word: str) -> np.ndarray:
    """The pixels of a label, (rows, columns) bool."""
    figure, axes, columns, *_ = labels(AttentionMap((word,), ("",), np.ones((1, 1))))
    figure.set_size_inches(2, 2)
    axes.set_position((0.2, 0.1, 0.6, 0.5))
    (box,) = boxes(columns, figure)
    pixels = np.asarray(figure.canvas.buffer_rgba())[:, :, 0] < 128
    return pixels[
        int(figure.bbox.height - box.ymax) : int(figure.bbox.height - box.ymin),
        int(box.xmin) : int(box.xmax) + 1,
    ]


def test_arabic_letters_are_joined() -> None:
    def pieces(pixels: np.ndarray) -> int:
        """Runs of columns with ink, parted by empty ones: letters that join make one."""
        columns = np.concatenate([[0], pixels.any(axis=0).astype(int)])
        return int((np.diff(columns) == 1).sum())

    assert pieces(ink("بببب")) == 1  # four beh
    assert pieces(ink("ب\u200cب\u200cب\u200cب")) == 4  # kept apart by non-joiners


def test_right_to_left_words_begin_at_the_right() -> None:
    def place_of_ascender(pixels: np.ndarray) -> float:
        """Where, of the word's breadth, its tallest stroke stands: that of lamed, which vav lacks."""
        top = int(pixels.any(axis=1).argmax())
        return float(np.flatnonzero(pixels[top]).mean()) / pixels.shape[1]

    assert place_of_ascender(ink("לווו")) > 0.6
    assert place_of_ascender(ink("ווול")) < 0.4


def test_hostile_symbols_are_drawn_as_they_are(tmp_path: Path) -> None:
    words = [
        "$x^2$",
        "$\\frac{",
        "_a_{b}",
        "<b>&",
        "\n",
        "\x00",
        "",
        "\u202eabc",
        "\ud800",
        "a" * 500,
        "e\u0301\u0323",
    ]
    attention = spread(words, words, label="$\\alpha$ <i>")
    write_attention_picture(attention, tmp_path / "a.svg")
    shown = [label.get_text() for label in labels(attention)[2]]
    assert shown[:9] == ["$x^2$", "$\\frac{", "_a_{b}", "<b>&", "\\n", "\\x00", "∅", "abc", "\\ud800"]
    assert len(shown[9]) < 40


def test_missing_fonts_are_said_and_drawn_as_boxes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    only = [face for face in fonts.installed_faces() if face.family == fonts.BASE]
    monkeypatch.setattr(fonts, "installed_faces", lambda: only)
    monkeypatch.setattr(fonts, "find_new_fonts", lambda: None)
    attention = spread(["我", "爱", "你", "a"], ["I", "love", "you"])
    notice = write_attention_picture(attention, tmp_path / "a.png")
    assert notice is not None
    assert "3 of this picture's characters (chinese: 你 我 爱)" in notice
    assert [label.get_text() for label in labels(attention)[2]] == ["□", "□", "□", "a"]


@pytest.mark.parametrize(
    "attention", [AttentionMap((), (), np.zeros((0, 0))), AttentionMap((), ("a",), np.zeros((1, 0)))]
)
def test_an_empty_map_says_so(attention: AttentionMap, tmp_path: Path) -> None:
    write_attention_picture(attention, tmp_path / "a.png")
    figure, _ = attention_figure(attention)
    assert "Nothing to show" in figure.axes[0].get_title().replace("\n", " ")


def test_the_title_is_the_label_unless_another_is_given() -> None:
    attention = spread(SHORT, SHORT, label="layer 2, head 3")
    titles = [attention_figure(attention, title=title)[0].axes[0].get_title() for title in (None, "Mine", "")]
    assert titles == ["layer 2, head 3", "Mine", ""]


def test_the_ending_is_checked_before_drawing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"ending in .png or .svg"):
        write_attention_picture(spread(SHORT, SHORT), tmp_path / "a.jpg")
