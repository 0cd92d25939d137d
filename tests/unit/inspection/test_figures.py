"""Figures are saved without global state, the same bytes each time, and inline on a page without clashing."""

import builtins
import re
import xml.etree.ElementTree as ElementTree

import pytest

from seqloom.base.errors import MissingDependencyError, ResourceError, UsageError
from seqloom.inspection.figures import inline_svg, line_style, new_figure, require_matplotlib, save_figure


def drawn():
    figure = new_figure(2, 1)
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="#0072b2", marker="o")
    axes.set_title("A title <i> & -->")
    return figure


def test_each_curve_is_told_by_colour_by_dash_and_by_mark() -> None:
    looks = [line_style(number) for number in range(7)]
    for part in ("color", "linestyle", "marker"):
        assert len({str(look[part]) for look in looks}) == 7


def test_png_and_svg_are_chosen_by_the_ending(tmp_path) -> None:
    save_figure(drawn(), tmp_path / "a.png")
    save_figure(drawn(), tmp_path / "a.SVG")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert ElementTree.parse(tmp_path / "a.SVG").getroot().tag.endswith("svg")


def test_another_ending_is_refused(tmp_path) -> None:
    with pytest.raises(
        UsageError, match=r"kind of picture from 'a.pdf': expected a name ending in .png or .svg"
    ):
        save_figure(drawn(), tmp_path / "a.pdf")


def test_the_same_figure_gives_the_same_bytes(tmp_path) -> None:
    for name in ("a.svg", "b.svg", "a.png", "b.png"):
        save_figure(drawn(), tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_the_folder_is_made_and_one_that_cannot_be_is_named(tmp_path) -> None:
    figure = new_figure(1, 1)
    save_figure(figure, tmp_path / "new" / "a.png")
    assert (tmp_path / "new" / "a.png").is_file()
    with pytest.raises(ResourceError, match=r"a.png.*(a part of the path is a file|in the way)"):
        save_figure(figure, tmp_path / "new" / "a.png" / "b.png")


def test_inline_svgs_stand_side_by_side() -> None:
    first, second = (inline_svg(drawn(), name, 'about "it"') for name in ("one", "two"))
    ids = [re.findall(r'\bid="([^"]+)"', text) for text in (first, second)]
    assert len(ids[0]) > 5
    assert not set(ids[0]) & set(ids[1])
    for text, own in zip((first, second), ids, strict=True):
        asked = re.findall(r'href="#([^"]+)"', text) + re.findall(r"url\(#([^)]+)\)", text)
        assert asked
        assert set(asked) <= set(own)
        assert "http" not in text
        assert "<style" not in text  # a style sheet would reach the whole page
        assert text.startswith("<svg viewBox=")
        assert 'aria-label="about &quot;it&quot;"' in text
        assert "var(--first, #0072b2)" in text
        ElementTree.fromstring(text)


def test_nothing_global_is_touched(tmp_path) -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    backend = matplotlib.get_backend(auto_select=False)
    save_figure(drawn(), tmp_path / "a.png")
    save_figure(drawn(), tmp_path / "a.svg")
    assert dict(matplotlib.rcParams) == before
    assert matplotlib.get_backend(auto_select=False) == backend


def test_a_dark_style_of_the_user_changes_nothing(tmp_path) -> None:
    import matplotlib

    save_figure(new_figure(1, 1), tmp_path / "light.png")
    with matplotlib.rc_context({"figure.facecolor": "black"}):
        save_figure(new_figure(1, 1), tmp_path / "dark.png")
    assert (tmp_path / "light.png").read_bytes() == (tmp_path / "dark.png").read_bytes()


def test_without_matplotlib_the_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *arguments: object, **named: object) -> object:
        if name.partition(".")[0] == "matplotlib":
            raise ImportError(name)
        return real(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(MissingDependencyError, match=r"Install it by: pip install 'seqloom\[train\]'"):
        require_matplotlib()


def test_a_matplotlib_that_cannot_shape_text_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib import ft2font

    monkeypatch.delattr(ft2font, "__libraqm_version__")
    with pytest.raises(MissingDependencyError, match=r"matplotlib 3.11 or newer.*'matplotlib>=3.11'"):
        require_matplotlib()
