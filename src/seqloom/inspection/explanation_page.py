"""Which words carried a decision, as one self-contained HTML page without a script, and as a piece for a notebook."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqloom.base.files import atomic_write, make_folder
from seqloom.inspection.explanation import Explanation
from seqloom.inspection.page import escape, page, text_line, way, word

TITLE = "What carried the decision"


def write_explanation_page(explanation: Explanation, path: Path) -> None:
    """Write the page, atomically. Raises ResourceError when it can't be written."""
    make_folder(path.parent)
    atomic_write(path, explanation_page(explanation))


def explanation_page(explanation: Explanation) -> str:
    """The whole page: the text with its words coloured, and both measures word by word."""
    parts = [
        "<h2>What spoke for it, and against it: gradient times input</h2>",
        _chips(explanation.symbols, explanation.contributions),
        f'<p class="legend"><b class="for">for {escape(explanation.label)}</b>'
        '<b class="against">against it</b></p>',
    ]
    if explanation.weights is not None:
        parts += [
            f"<h2>What the {escape(explanation.pooling)} pooling weighed</h2>",
            _chips(explanation.symbols, explanation.weights),
        ]
    parts += ["<h2>Word by word</h2>", _table(explanation), "<h2>All labels</h2>", _labels(explanation)]
    return page(
        "explanation_page.html",
        title=TITLE,
        lead=f"{text_line(explanation.text)}: {escape(explanation.label)}, "
        f"{explanation.probabilities.get(explanation.label, 0.0):.1%}",
        body="\n".join(parts),
    )


def explanation_fragment(explanation: Explanation) -> str:
    """The coloured words alone, for a notebook's cell: blue speaks for the label, orange against it."""
    top = float(np.abs(explanation.contributions).max(initial=0.0)) or 1.0
    spans = []
    for symbol, value in zip(explanation.symbols, explanation.contributions, strict=True):
        colour = "0,114,178" if value >= 0 else "213,94,0"
        spans.append(
            f'<span title="{value:+.3f}" style="padding:0 .2em;background:rgba({colour},{abs(value) / top * 0.6:.3f})">'
            f"{word(symbol)}</span>"
        )
    share = explanation.probabilities.get(explanation.label, 0.0)
    return (
        f"<div><b>{escape(explanation.label)}</b> {share:.1%}<br>"
        f"<span {way(explanation.symbols)}>{' '.join(spans)}</span></div>"
    )


def _chips(symbols: Sequence[str], values: NDArray[np.float64]) -> str:
    top = float(np.abs(values).max(initial=0.0)) or 1.0
    chips = "".join(
        f'<li class="{"for" if value >= 0 else "against"}" style="--w:{abs(value) / top:.3f}" title="{value:+.4f}">'
        f"{word(symbol)}</li>"
        for symbol, value in zip(symbols, values, strict=True)
    )
    return f'<ol class="words" {way(symbols)}>{chips}</ol>'


def _table(explanation: Explanation) -> str:
    weights = explanation.weights
    head = '<th scope="col">word</th><th scope="col" class="number">gradient times input</th>'
    if weights is not None:
        head += '<th scope="col" class="number">weight</th>'
    rows = []
    for place, symbol in enumerate(explanation.symbols):
        cells = f'<td>{word(symbol)}</td><td class="number">{explanation.contributions[place]:+.3f}</td>'
        if weights is not None:
            cells += f'<td class="number">{weights[place]:.3f}</td>'
        rows.append(f"<tr>{cells}</tr>")
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def _labels(explanation: Explanation) -> str:
    rows = "".join(
        f'<tr><td>{text_line(name)}</td><td class="number">{share:.1%}</td></tr>'
        for name, share in explanation.probabilities.items()
    )
    return f"<table><tbody>{rows}</tbody></table>"
