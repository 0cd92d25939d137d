"""A sentence word by word as one self-contained HTML page: each word's rivals, surprise, and where the model looked."""

import math
from collections.abc import Sequence
from pathlib import Path

from seqloom.base.files import atomic_write, make_folder
from seqloom.inspection.colours import LIGHT_TEXT
from seqloom.inspection.lettering import visible
from seqloom.inspection.moments import marks
from seqloom.inspection.page import escape, page, text_line, way, word
from seqloom.inspection.word_by_word import Step, WordByWord

MOST = 8.0  # bits of surprise that have the strongest colour


def write_steps_page(written: WordByWord, path: Path, *, title: str = "Word by word") -> None:
    """Write the page, atomically. Raises ResourceError when it can't be written."""
    make_folder(path.parent)
    atomic_write(path, steps_page(written, title=title))


def steps_page(written: WordByWord, *, title: str = "Word by word") -> str:
    """The whole page; it needs no script, for each word opens what belongs to it."""
    return page(
        "word_by_word_page.html",
        title=title,
        texts="".join(
            f"<p>{text_line(text)}</p>" for text in (written.source_text, written.target_text) if text
        ),
        total=f"{written.surprise:.1f}" if math.isfinite(written.surprise) else "∞",
        mean=f"{written.surprise / max(len(written.steps), 1):.2f}"
        if math.isfinite(written.surprise)
        else "∞",
        words=_words(written),
        way=way(step.symbol for step in written.steps),
        steps="\n".join(_step(step, written, number) for number, step in enumerate(written.steps)),
    )


def _words(written: WordByWord) -> str:
    """The surprise of each word, where words are asked for."""
    chips = []
    for each in written.words:
        bits = written.surprise_of(each)
        share = min(bits / MOST, 1.0)
        strong = " strong" if share > LIGHT_TEXT else ""
        chips.append(
            f'<li class="heat{strong}" style="--w:{share:.3f}">{word(each.text)}'
            f'<small dir="ltr">{_bits(bits)}</small></li>'
        )
    if not chips:
        return ""
    return (
        '<section><p class="caption">Bits of surprise of each word, its symbols\' together</p>'
        f'<ol class="read" {way(each.text for each in written.words)}>{"".join(chips)}</ol></section>'
    )


def _bits(surprise: float) -> str:
    return f"{surprise:.2f}" if math.isfinite(surprise) else "∞"


def _step(step: Step, written: WordByWord, number: int) -> str:
    share = min(step.surprise / MOST, 1.0)
    strong = " strong" if share > LIGHT_TEXT else ""
    opened = " open" if number == (written.given if written.given < len(written.steps) else 0) else ""
    heading = ""
    if written.given and number in (0, written.given):
        heading = f"<h2>{'What it goes on with' if number else 'What it is given'}</h2>"
    return (
        f"{heading}"
        f'<details name="step" class="step"{opened}>'
        f'<summary class="heat{strong}" style="--w:{share:.3f}">{word(step.symbol)}'
        f"<small>{percent(step.probability)}</small></summary>"
        f'<div class="what" dir="ltr"><p>{_say(step)}</p>{_rivals(step)}{_looked(step, written)}</div></details>'
    )


def percent(probability: float) -> str:
    """To the whole where that says enough: 92 %, 0.1 %."""
    return f"{probability:.0%}" if probability >= 0.0095 else f"{probability:.1%}"


def _say(step: Step) -> str:
    place = "its first choice" if step.rank == 1 else f"its choice number {step.rank:,}"
    return (
        f"{word(step.symbol)} was {place}: probability {step.probability:.1%}, surprise {_bits(step.surprise)} bits; "
        f"the choice had an entropy of {step.entropy:.2f} bits."
    )


def _rivals(step: Step) -> str:
    rows = []
    for other in step.best:
        chosen = ' class="chosen"' if other.symbol == step.symbol else ""
        rows.append(
            f'<tr{chosen}><th scope="row">{word(other.symbol)}</th>'
            f'<td class="bar"><i style="width:{100 * other.probability:.1f}%"></i></td>'
            f"<td>{other.probability:.1%}</td></tr>"
        )
    return f'<table class="rivals"><caption>The likeliest here</caption>{"".join(rows)}</table>'


def _looked(step: Step, written: WordByWord) -> str:
    if step.looked is None:
        return ""
    top = max([0.1, *step.looked])
    if written.seconds:
        return _listened(step.looked, written, top)
    chips = []
    for symbol, weight in zip(written.read, step.looked, strict=True):
        strong = " strong" if weight / top > LIGHT_TEXT else ""
        figure = f'<small dir="ltr">{weight:.0%}</small>' if weight >= 0.005 else "<small></small>"
        hint = escape(f"{visible(symbol)}: {weight:.1%}")
        chips.append(
            f'<li class="heat{strong}" style="--w:{weight / top:.3f}" title="{hint}">{word(symbol)}{figure}</li>'
        )
    read = f'<ol class="read" {way(written.read)}>{"".join(chips)}</ol>'
    return f'<div><p class="caption">Where it looked</p>{read}</div>'


def _listened(looked: Sequence[float], written: WordByWord, top: float) -> str:
    """The moments of a recording as one strip, with round times below."""
    seconds, count = written.seconds or 0.0, len(looked)
    strip = "".join(
        f'<i class="heat" style="--w:{weight / top:.3f}" title="{escape(moment)}: {weight:.1%}"></i>'
        for moment, weight in zip(written.read, looked, strict=True)
    )
    times = "".join(
        f'<span style="inset-inline-start:{100 * mark.place / count:.1f}%">'
        f"{mark.text}{'' if mark.place else ' s'}</span>"
        for mark in marks(count, seconds, 6)
        if mark.place < 0.95 * count
    )
    most = max(range(count), key=looked.__getitem__)
    return (
        f'<div><p class="caption">Where it listened: most at {escape(written.read[most])}, {looked[most]:.0%}</p>'
        f'<div class="strip" dir="ltr">{strip}</div><div class="times" dir="ltr">{times}</div></div>'
    )
