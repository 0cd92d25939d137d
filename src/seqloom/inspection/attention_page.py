"""The attention map as one self-contained HTML page, and as a small table for a notebook.

The page asks nothing of the network, reads without a script (the table is there), prints, and follows the reader's
light or dark setting. With its script it goes word by word, as the model did.
"""

from collections.abc import Sequence
from pathlib import Path

from seqloom.base.files import atomic_write, make_folder
from seqloom.inspection.attention import AttentionMap
from seqloom.inspection.colours import LIGHT_TEXT, heat_colours, hexadecimal, scale_top
from seqloom.inspection.lettering import direction, visible
from seqloom.inspection.page import POLICY, embed_json, escape, fill, template, text_line, way, word

DENSE = 13  # columns from which cells carry no figures and their heads stand upright


def write_attention_page(
    maps: Sequence[AttentionMap], path: Path, *, title: str = "Where the model looked"
) -> None:
    """Write the page of one or several sentences, atomically. Raises ResourceError when it can't be written."""
    make_folder(path.parent)
    atomic_write(path, attention_page(maps, title=title))


def attention_page(maps: Sequence[AttentionMap], *, title: str = "Where the model looked") -> str:
    """The whole HTML page: each sentence with its words, its slider and its map, in the order given."""
    return fill(
        template("attention_page.html"),
        policy=escape(POLICY),
        title=escape(title),
        style=fill(template("page_style.html"), hot=hexadecimal(heat_colours(2)[1])),
        contents=_contents(maps),
        sentences="\n".join(_article(item, n) for n, item in enumerate(maps, start=1)),
        light=str(LIGHT_TEXT),
        data=embed_json([_for_script(item) for item in maps]),
    )


def heatmap_fragment(attention: AttentionMap) -> str:
    """The map as one HTML table without script or style sheet, for a notebook's cell."""
    if not attention.weights.size:
        return "<p>An empty attention map: no symbol was read or written.</p>"
    dense = len(attention.source) >= DENSE
    room = (
        "padding:0;width:1.5em;min-width:1.5em;height:1.5em"
        if dense
        else "padding:0.2em 0.45em;min-width:1.4em"
    )
    cell = f"text-align:center;{room};border:1px solid rgba(128,128,128,.25)"
    upright = "writing-mode:vertical-rl;transform:rotate(180deg);max-height" if dense else "max-width"
    plain = "font-weight:400;white-space:nowrap"
    heads = "".join(
        f'<th scope="col" style="{plain};text-align:center;vertical-align:bottom;padding:0.2em">'
        f'<span style="display:inline-block;overflow:hidden;{upright}:9em">{word(symbol)}</span></th>'
        for symbol in attention.source
    )
    top = scale_top(attention.weights)
    rows = []
    for symbol, weights in zip(attention.target, attention.weights, strict=True):
        cells = []
        for read, weight in zip(attention.source, weights, strict=True):
            share = float(weight) / top
            ink = ";color:#fff" if share > LIGHT_TEXT else ""
            hint = escape(f"{visible(symbol)} looked at {visible(read)}: {weight:.1%}")
            figure = f"{weight:.2f}" if not dense and weight >= 0.005 else ""
            cells.append(
                f'<td title="{hint}" style="{cell};background:rgba(8,58,145,{share:.3f}){ink}">{figure}</td>'
            )
        side = f'<th scope="row" style="{plain};text-align:end;padding:0 0.5em">{word(symbol)}</th>'
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
    }


def _contents(maps: Sequence[AttentionMap]) -> str:
    if len(maps) < 2:
        return ""
    lines = "".join(
        f'<li><a href="#sentence-{n}">{text_line(_heading(item, n))}</a></li>'
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
    else:
        chart = f'<div class="chart">{_table(attention)}{_legend(attention)}</div>'
        body = f'<div class="body">{_story(attention)}{chart}</div>'
    return (
        f'<article class="sentence" id="sentence-{number}" aria-labelledby="head-{number}">'
        f"{heading}{translation}{body}</article>"
    )


def _story(attention: AttentionMap) -> str:
    """The words as chips, and what steps through them; all of it is for the script, so hidden without one."""
    read = "".join(
        f'<li class="word heat">{word(symbol)}<small dir="ltr"></small></li>' for symbol in attention.source
    )
    written = "".join(
        f'<li><button type="button" class="word">{word(symbol)}</button></li>' for symbol in attention.target
    )
    way_on = direction(attention.target)
    back, on = ("▶", "◀") if way_on == "rtl" else ("◀", "▶")
    return (
        '<section class="story screen-only" data-script hidden aria-label="Word by word">'
        f'<p class="caption">Read</p><ol class="words read" {way(attention.source)}>{read}</ol>'
        f'<p class="caption">Written, word by word</p><ol class="words written" {way(attention.target)}>{written}</ol>'
        f'<div class="controls" dir="{way_on}">'
        f'<button type="button" data-do="back" aria-label="The word before">{back}</button>'
        f'<input type="range" dir="{way_on}" min="0" max="{len(attention.target) - 1}" value="0" step="1" '
        'aria-label="Written word">'
        f'<button type="button" data-do="next" aria-label="The next word">{on}</button>'
        '<button type="button" data-do="play">Play</button></div>'
        '<p class="readout" aria-live="polite"></p></section>'
    )


def _table(attention: AttentionMap) -> str:
    dense = len(attention.source) >= DENSE
    kind = ' class="steep"' if dense or sum(len(symbol) for symbol in attention.source) > 60 else ""
    heads = "".join(f'<th scope="col"{kind} data-s><span>{word(s)}</span></th>' for s in attention.source)
    top = scale_top(attention.weights)
    rows = []
    for place, (symbol, weights) in enumerate(zip(attention.target, attention.weights, strict=True)):
        cells = "".join(_cell(float(weight), float(weight) / top) for weight in weights)
        sure = ""
        if attention.probabilities is not None:
            sure = f'<td class="sure">{attention.probabilities[place]:.0%}</td>'
        rows.append(f'<tr><th scope="row">{word(symbol)}</th>{cells}{sure}</tr>')
    probability = ""
    if attention.probabilities is not None:
        probability = f'<th scope="col" class="sure{" steep" if kind else ""}"><span>probability</span></th>'
    return (
        f'<div class="scroll" {way(attention.source)} tabindex="0" role="region" aria-label="Attention map">'
        f'<table class="map{" dense" if dense else ""}">'
        f"<thead><tr><td></td>{heads}{probability}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _cell(weight: float, share: float) -> str:
    strong = " strong" if share > LIGHT_TEXT else ""
    figure = f"{weight:.2f}" if weight >= 0.005 else ""
    return f'<td class="heat{strong}" style="--w:{share:.3f}">{figure}</td>'


def _legend(attention: AttentionMap) -> str:
    return (
        f'<p class="legend" dir="ltr"><span>0</span><i></i><span>{scale_top(attention.weights):.1f}</span>'
        "<span>share of a written word's attention</span></p>"
    )
