"""Equations: TeX in the text, MathML in the page. Browsers draw it themselves: no script, no font, no network."""

import html
import re

from latex2mathml.converter import convert

from seqloom_docs.chapters import ChapterError

# What pymdownx.arithmatex leaves of $...$ and $$...$$ with its option "generic".
INLINE = re.compile(r'<span class="arithmatex">\\\((.+?)\\\)</span>', re.DOTALL)
DISPLAY = re.compile(r'<div class="arithmatex">\s*\\\[(.+?)\\\]\s*</div>', re.DOTALL)


def draw_equations(page: str) -> str:
    """A page's HTML with its TeX as MathML, the TeX kept as an annotation for who copies it."""
    page = DISPLAY.sub(lambda match: f'<div class="equation">{mathml(match[1], display="block")}</div>', page)
    return INLINE.sub(lambda match: mathml(match[1], display="inline"), page)


def mathml(escaped: str, *, display: str) -> str:
    """TeX, escaped as HTML has it -> a <math> element. Raises ChapterError for TeX that isn't understood."""
    tex = html.unescape(escaped).strip()
    try:
        made: str = convert(tex, display=display)
    except Exception as error:  # its errors share no class
        raise ChapterError(f"not understood as TeX: {tex} ({error!r})") from error
    if unknown := re.search(r"<m[ion]>(?:\\|&<)", made):  # what it doesn't know it leaves as it is
        raise ChapterError(f"not understood as TeX: {tex} ({made[unknown.start() : unknown.start() + 40]})")
    annotation = f'<annotation encoding="application/x-tex">{html.escape(tex)}</annotation>'
    body = re.fullmatch(r"(<math[^>]*>)(.*)(</math>)", made, re.DOTALL)
    if body is None:
        raise ChapterError(f"not understood as TeX: {tex}")
    return f"{body[1]}<semantics>{body[2]}{annotation}</semantics>{body[3]}"
