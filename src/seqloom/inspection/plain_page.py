"""Pages and pieces for notebooks that are pictures with tables below them, without a script."""

from collections.abc import Sequence

from seqloom.inspection.page import escape, page


def plain_page(title: str, lead: Sequence[str], body: Sequence[str]) -> str:
    """A whole page.

    lead   sentences that stand below the title, as text
    body   HTML
    """
    told = "".join(f'<p class="lead">{escape(sentence)}</p>' for sentence in lead)
    return page("plain_page.html", title=title, lead=told, body="\n".join(body))


def figure(svg: str) -> str:
    """A picture, as large as the page lets it be."""
    return f"<figure>{svg}</figure>"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, apart: int | None = None) -> str:
    """A table whose first column names the row and whose other columns hold numbers.

    apart   the row above which a rule stands, if any
    """
    top = "".join(_cell("th", text, place, ' scope="col"') for place, text in enumerate(head))
    body = []
    for number, row in enumerate(rows):
        kind = ' class="apart"' if number == apart else ""
        cells = "".join(_cell("td" if place else "th", text, place) for place, text in enumerate(row))
        body.append(f"<tr{kind}>{cells}</tr>")
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'


def _cell(kind: str, text: str, place: int, more: str = "") -> str:
    """What stands in a column; numbers at its end, in a notebook too, which has no style of ours."""
    style = ' class="number" style="text-align:end"' if place else ""
    return f"<{kind}{more}{style}>{escape(text)}</{kind}>"
