"""The attention map as one self-contained HTML page, and as a small table for a notebook.

The page asks nothing of the network, reads without a script (the table is there), prints, and follows the reader's
light or dark setting. With its script it goes word by word, as the model did.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from seqloom.base.files import atomic_write, make_folder
from seqloom.inspection.attention import AttentionMap
from seqloom.inspection.colours import LIGHT_TEXT, heat_colours, scale_top
from seqloom.inspection.lettering import direction, visible
from seqloom.inspection.moments import marks
from seqloom.inspection.page import (
    embed_json,
    escape,
    indexed_png,
    page,
    text_line,
    way,
    word,
)

DENSE = 13  # columns from which cells carry no figures and their heads stand upright
LARGEST = 10_000  # cells of moments by moments; more of them are a picture, which no pointer can ask


def write_attention_page(
    maps: Sequence[AttentionMap], path: Path, *, title: str = "Where the model looked"
) -> None:
    """Write the page of one or several sentences, atomically. Raises ResourceError when it can't be written."""
    make_folder(path.parent)
    atomic_write(path, attention_page(maps, title=title))


def attention_page(maps: Sequence[AttentionMap], *, title: str = "Where the model looked") -> str:
    """The whole HTML page: each sentence with its words, its slider and its map, in the order given."""
    return page(
        "attention_page.html",
        title=title,
        scripts=True,
        contents=_contents(maps),
        sentences="\n".join(_article(item, n) for n, item in enumerate(maps, start=1)),
        light=str(LIGHT_TEXT),
        data=embed_json([None if _is_drawn(item) else _for_script(item) for item in maps]),
    )


def heatmap_fragment(attention: AttentionMap) -> str:
    """The map as one HTML table without script or style sheet, for a notebook's cell."""
    if not attention.weights.size:
        return "<p>An empty attention map: no symbol was read or written.</p>"
    dense = len(attention.source) >= DENSE or bool(attention.source_seconds)
    room = (
        "padding:0;width:1.5em;min-width:1.5em;height:1.5em"
        if dense
        else "padding:0.2em 0.45em;min-width:1.4em"
    )
    cell = f"text-align:center;{room};border:1px solid rgba(128,128,128,.25)"
    upright = "overflow:hidden;max-width:9em"
    if dense:
        upright = "overflow:hidden;writing-mode:vertical-rl;transform:rotate(180deg);max-height:9em"
    plain = "font-weight:400;white-space:nowrap"
    if attention.source_seconds:
        room = "padding:0;width:.5em;min-width:.5em;height:1.5em"
        cell = f"text-align:center;{room}"
        upright = "width:0;overflow:visible"
    heads = "".join(
        f'<th scope="col" style="{plain};text-align:center;vertical-align:bottom;padding:0.2em">'
        f'<span style="display:inline-block;{upright}">{name}</span></th>'
        for name in _named(attention.source, attention.source_seconds, 8)
    )
    top = scale_top(attention.weights)
    rows = []
    beside = _named(attention.target, attention.target_seconds, 8)
    for symbol, name, weights in zip(attention.target, beside, attention.weights, strict=True):
        cells = []
        for read, weight in zip(attention.source, weights, strict=True):
            share = float(weight) / top
            ink = ";color:#fff" if share > LIGHT_TEXT else ""
            hint = escape(f"{visible(symbol)} looked at {visible(read)}: {weight:.1%}")
            figure = f"{weight:.2f}" if not dense and weight >= 0.005 else ""
            cells.append(
                f'<td title="{hint}" style="{cell};background:rgba(8,58,145,{share:.3f}){ink}">{figure}</td>'
            )
        side = f'<th scope="row" style="{plain};text-align:end;padding:0 0.5em">{name}</th>'
        rows.append(f"<tr>{side}{''.join(cells)}</tr>")
    label = (
        f'<caption style="text-align:start">{escape(attention.label)}</caption>' if attention.label else ""
    )
    return (
        f'<div style="overflow-x:auto"><table {way(attention.source)} style="border-collapse:collapse;width:auto">'
        f"{label}<thead><tr><td></td>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _for_script(attention: AttentionMap) -> dict[str, object]:
    """What the page's script needs of a map; weights to four places, which is more than the eye sees."""
    return {
        "source": [visible(symbol) for symbol in attention.source],
        "target": [visible(symbol) for symbol in attention.target],
        "weights": [[round(float(weight), 4) for weight in row] for row in attention.weights],
        "probabilities": attention.probabilities and [round(p, 4) for p in attention.probabilities],
        "top": scale_top(attention.weights),
        "unit": "moment" if attention.source_seconds else "word",
        "each": "Moment" if attention.target_seconds else "Word",
    }


def _is_drawn(attention: AttentionMap) -> bool:
    """Whether a map has so many moments on both sides that it is a picture instead of a table."""
    return bool(attention.target_seconds) and attention.weights.size > LARGEST


def _contents(maps: Sequence[AttentionMap]) -> str:
    if len(maps) < 2:
        return ""
    alike = len({item.source_text for item in maps}) == 1
    lines = "".join(
        f'<li><a href="#sentence-{n}">{text_line(item.label if alike and item.label else _heading(item, n))}</a></li>'
        for n, item in enumerate(maps, start=1)
    )
    return f'<nav class="screen-only" aria-label="Sentences"><ol>{lines}</ol></nav>'


def _heading(attention: AttentionMap, number: int) -> str:
    text = attention.source_text or f"Sentence {number}"
    return f"{text} ({attention.label})" if attention.label else text


def _article(attention: AttentionMap, number: int) -> str:
    heading = f'<h2 id="head-{number}">{text_line(_heading(attention, number))}</h2>'
    translation = f"<p>{text_line(attention.target_text)}</p>" if attention.target_text else ""
    if not attention.weights.size:
        body = '<p class="note">Nothing to show: no symbol was read or written.</p>'
    elif _is_drawn(attention):
        body = f'<div class="chart">{_drawing(attention)}{_legend(attention)}</div>'
    else:
        chart = f'<div class="chart">{_table(attention)}{_legend(attention)}</div>'
        body = f'<div class="body">{_story(attention)}{chart}</div>'
    return (
        f'<article class="sentence" id="sentence-{number}" aria-labelledby="head-{number}">'
        f"{heading}{translation}{body}</article>"
    )


def _story(attention: AttentionMap) -> str:
    """The words as chips, and what steps through them; all of it is for the script, so hidden without one."""
    heard, spoken = bool(attention.source_seconds), bool(attention.target_seconds)
    read = "".join(
        f'<li class="word heat"{_hint(symbol, heard)}>{"" if heard else word(symbol)}<small dir="ltr"></small></li>'
        for symbol in attention.source
    )
    written = "".join(
        f'<li><button type="button" class="word"{_hint(symbol, spoken)}>{"" if spoken else word(symbol)}</button></li>'
        for symbol in attention.target
    )
    moments = " moments" if heard else "", " moments" if spoken else ""
    how_long = f", {_length(attention)}" if heard else ""
    way_on = direction(attention.target)
    back, on = ("▶", "◀") if way_on == "rtl" else ("◀", "▶")
    return (
        '<section class="story screen-only" data-script hidden aria-label="Word by word">'
        f'<p class="caption">{"Heard" if heard else "Read"}{how_long}</p>'
        f'<ol class="words read{moments[0]}" {way(attention.source)}>{read}</ol>'
        f'<p class="caption">{"Moment by moment" if spoken else "Written, word by word"}</p>'
        f'<ol class="words written{moments[1]}" {way(attention.target)}>{written}</ol>'
        f'<div class="controls" dir="{way_on}">'
        f'<button type="button" data-do="back" aria-label="The word before">{back}</button>'
        f'<input type="range" dir="{way_on}" min="0" max="{len(attention.target) - 1}" value="0" step="1" '
        'aria-label="Written word">'
        f'<button type="button" data-do="next" aria-label="The next word">{on}</button>'
        '<button type="button" data-do="play">Play</button></div>'
        '<p class="readout" aria-live="polite"></p></section>'
    )


def _hint(symbol: str, moment: bool) -> str:
    """A title attribute for what has no room to be named."""
    return f' title="{escape(symbol)}"' if moment else ""


def _length(attention: AttentionMap) -> str:
    return f"{len(attention.source) * (attention.source_seconds or 0.0):.2f} s"


def _named(symbols: Sequence[str], seconds: float | None, most: int) -> list[str]:
    """What stands beside each row or column: its symbol, or of moments a round time here and there."""
    if seconds is None:
        return [word(symbol) for symbol in symbols]
    named = [""] * len(symbols)
    for mark in marks(len(symbols), seconds, most):
        if mark.place < 0.95 * len(symbols):
            named[int(mark.place + 1e-6)] = f"{mark.text} s" if mark.place == 0 else mark.text
    return named


def _drawing(attention: AttentionMap) -> str:
    """A map of moments as a picture, a pixel a cell, and how long it is."""
    shares = np.rint(attention.weights / scale_top(attention.weights) * 255).clip(0, 255).astype(np.uint8)
    return (
        f'<img class="drawing" alt="Attention map of {shares.shape[0]} by {shares.shape[1]} moments" '
        f'src="{indexed_png(shares, heat_colours())}">'
        f'<p class="caption">{_length(attention)}, from left to right what was looked at, from top to bottom '
        "what looked</p>"
    )


def _table(attention: AttentionMap) -> str:
    dense = len(attention.source) >= DENSE
    heard, spoken = attention.source_seconds, attention.target_seconds
    steep = heard is None and (dense or sum(len(symbol) for symbol in attention.source) > 60)
    kind = ' class="steep"' if steep else ""
    named = _named(attention.source, heard, 6)
    heads = "".join(f'<th scope="col"{kind} data-s><span>{name}</span></th>' for name in named)
    top = scale_top(attention.weights)
    rows = []
    beside = _named(attention.target, spoken, 10)
    for place, (name, weights) in enumerate(zip(beside, attention.weights, strict=True)):
        cells = "".join(_cell(float(weight), float(weight) / top) for weight in weights)
        sure = ""
        if attention.probabilities is not None:
            sure = f'<td class="sure">{attention.probabilities[place]:.0%}</td>'
        rows.append(f'<tr><th scope="row">{name}</th>{cells}{sure}</tr>')
    probability = ""
    if attention.probabilities is not None:
        probability = f'<th scope="col" class="sure{" steep" if kind else ""}"><span>probability</span></th>'
    return (
        f'<div class="scroll" {way(attention.source)} tabindex="0" role="region" aria-label="Attention map">'
        f'<table class="map{" dense" if dense or heard else ""}{_sizes(attention)}>'
        f"<thead><tr><td></td>{heads}{probability}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _sizes(attention: AttentionMap) -> str:
    """The end of a table's class, and how large its cells are where they are moments."""
    if not attention.source_seconds:
        return '"'
    small = max(3.0, min(14.0, 640 / len(attention.source)))
    spoken = " spoken" if attention.target_seconds else ""
    return f' heard{spoken}" style="--cell:{small:.1f}px"'


def _cell(weight: float, share: float) -> str:
    strong = " strong" if share > LIGHT_TEXT else ""
    figure = f"{weight:.2f}" if weight >= 0.005 else ""
    return f'<td class="heat{strong}" style="--w:{share:.3f}">{figure}</td>'


def _legend(attention: AttentionMap) -> str:
    return (
        f'<p class="legend" dir="ltr"><span>0</span><i></i><span>{scale_top(attention.weights):.1f}</span>'
        "<span>share of a written word's attention</span></p>"
    )
