"""What a notebook shows of several things seen at once, and of a whole page of ours."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from seqloom.inspection.page import escape

Seen = TypeVar("Seen")


class Gallery(list[Seen]):
    """A list that a notebook shows as one picture or page instead of name by name."""

    def __init__(self, seen: Iterable[Seen], show: Callable[[list[Seen]], str]) -> None:
        """show: the HTML of all of them."""
        super().__init__(seen)
        self._show = show

    def _repr_html_(self) -> str:
        """All of them, for a notebook's cell."""
        return self._show(self)


def framed(page: str, height: int = 520) -> str:
    """A whole page, with its style and script, within a cell of a notebook; pixels high."""
    return (
        f'<iframe sandbox="allow-scripts" srcdoc="{escape(page)}" '
        f'style="width:100%;height:{height}px;border:1px solid rgba(128,128,128,.25)"></iframe>'
    )
