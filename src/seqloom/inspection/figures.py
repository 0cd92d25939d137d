"""The one place that touches matplotlib: figures without pyplot, saved as PNG or SVG, or inlined in a page.

Figures are made as objects and drawn by their own canvas, so neither the backend nor the settings of a
notebook or of another thread are touched. Every colour is given, so that a user's dark style changes nothing.
"""

import html
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqloom.base.errors import MissingDependencyError, UsageError
from seqloom.base.files import atomic_write, make_folder
from seqloom.inspection.colours import BLUE, FAINT, INK, ORANGE, PAPER, RULE, SERIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DOTS_PER_INCH = 150
# Colours that a page may replace, with the style variables that do so (see page_style.html).
_THEMED = {INK: "ink", FAINT: "faint", RULE: "rule", PAPER: "paper", BLUE: "first", ORANGE: "second"}
MARKS = "os^Dv*X"
DASHES = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (2, 1)))
INSTALL = "pip install 'seqloom[train]'"


def require_matplotlib() -> None:
    """Raise MissingDependencyError, with the command that mends it, unless matplotlib 3.11 is there.

    From 3.11 on matplotlib shapes and orders text itself (libraqm); before, it drew Arabic in loose letters from
    left to right, and read only the first face of a font collection (.ttc).
    """
    try:
        import matplotlib
        from matplotlib import ft2font
    except ImportError as error:
        raise MissingDependencyError(
            f"Pictures need matplotlib, which is not installed. Install it by: {INSTALL}"
        ) from error
    if not hasattr(ft2font, "__libraqm_version__"):
        raise MissingDependencyError(
            f"Pictures need matplotlib 3.11 or newer, which draws every script properly; found "
            f"{matplotlib.__version__}. Upgrade by: pip install --upgrade 'matplotlib>=3.11'"
        )


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure of a size in inches, on white, tied to no window and no global state."""
    require_matplotlib()
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=DOTS_PER_INCH, facecolor=PAPER)


def plain_axes(axes: "Axes") -> None:
    """The look all our axes share: thin rules, dark ink, nothing that is not needed."""
    axes.set_facecolor("none")
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(RULE)
    axes.tick_params(colors=INK, labelsize=9, color=RULE)
    axes.xaxis.label.set_color(FAINT)
    axes.yaxis.label.set_color(FAINT)
    axes.title.set_color(INK)


def line_style(number: int) -> dict[str, Any]:
    """Colour, dash and mark of one of several curves: any one of them tells it apart."""
    return {
        "color": SERIES[number % len(SERIES)],
        "linestyle": DASHES[number % len(DASHES)],
        "marker": MARKS[number % len(MARKS)],
        "markersize": 5,
        "linewidth": 1.6,
    }


def legend_below(figure: "Figure", axes: "Axes", columns: int | None = None) -> None:
    """A legend below the axes, where it covers no line; in fewer columns where names are long, if not told."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=columns or (2 if max(map(len, labels), default=0) > 14 else 3),
        frameon=False,
        fontsize=9,
        labelcolor=INK,
        handlelength=3.2,
    )


def save_figure(figure: "Figure", path: Path) -> None:
    """Write a figure as PNG or SVG, by the ending of the path, atomically; its folder is made if it isn't there.

    Raises UsageError for another ending, ResourceError when the file can't be written.
    """
    check_ending(path)
    make_folder(path.parent)
    atomic_write(path, _png(figure) if path.suffix.lower() == ".png" else _svg(figure))


def check_ending(path: Path) -> None:
    """Raise UsageError unless the path ends in .png or .svg."""
    if path.suffix.lower() not in (".png", ".svg"):
        raise UsageError(
            f"Can't tell the kind of picture from {path.name!r}: expected a name ending in .png or .svg."
        )


def inline_svg(figure: "Figure", name: str, description: str) -> str:
    """The figure as an <svg> element for an HTML page.

    It scales with the page, takes the page's ink (so that it works on dark paper), names nothing outside, and its
    ids begin with `name`, so that several stand on one page. The description is what a screen reader says.
    """
    text = _svg(figure)
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, count=1, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->\s*", "", text, flags=re.DOTALL)
    text = re.sub(r"<style type=\"text/css\">.*?</style>", "", text, count=1, flags=re.DOTALL)
    text = re.sub(r"\bid=\"([^\"]+)\"", rf'id="{name}-\1"', text)
    text = re.sub(r"url\(#", f"url(#{name}-", text)
    text = re.sub(r"xlink:href=\"#", f'href="#{name}-', text)
    box = re.search(r"viewBox=\"[^\"]+\"", text)
    head = (
        f'<svg {box[0] if box else ""} role="img" aria-label="{html.escape(description)}" '
        'style="stroke-linejoin:round;stroke-linecap:butt">'
    )
    text = re.sub(r"<svg[^>]*>", lambda _: head, text, count=1)
    return re.sub("|".join(_THEMED), lambda match: f"var(--{_THEMED[match[0]]}, {match[0]})", text)


def _png(figure: "Figure") -> bytes:
    stream = io.BytesIO()
    figure.savefig(
        stream, format="png", bbox_inches="tight", pad_inches=0.12, metadata={"Software": "seqloom"}
    )
    return stream.getvalue()


def _svg(figure: "Figure") -> str:
    """The figure as SVG, letters as outlines (no font needed to look at it), the same bytes each time."""
    stream = io.BytesIO()
    metadata = {"Date": None, "Creator": "seqloom"}
    figure.savefig(stream, format="svg", bbox_inches="tight", pad_inches=0.12, metadata=metadata)
    text = stream.getvalue().decode("utf-8")
    names: dict[str, str] = {}  # matplotlib salts these ids with a random number

    def numbered(match: re.Match[str]) -> str:
        return names.setdefault(match[0], f"{match[1]}{len(names) + 1}")

    return re.sub(r"\b([a-zA-Z])[0-9a-f]{10}\b", numbered, text)
