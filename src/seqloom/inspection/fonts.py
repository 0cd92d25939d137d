"""Which installed font draws which script in a picture, and one sentence about what none can draw.

matplotlib brings DejaVu Sans along: Latin, Greek, Cyrillic, Arabic and Hebrew always work. Where it lacks
a character of a script, all of that script goes to one other font, so that joined letters and their marks
never change font within a word. `docs/guides/fonts.md` names the fonts to install.
"""

import logging
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from seqloom.inspection.figures import require_matplotlib

log = logging.getLogger(__name__)

BASE = "DejaVu Sans"
BOX = "□"
HAN = "han"
COMMON = "common"  # Latin, signs and punctuation: what every label may hold

# The fonts asked first, in order. A script that is not listed gets any installed font that covers it.
_CHINESE = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "SimHei",
)
_JAPANESE = (
    "Noto Sans CJK JP",
    "Noto Sans JP",
    "Source Han Sans",
    "Hiragino Sans",
    "Yu Gothic",
    "IPAexGothic",
)
_KOREAN = ("Noto Sans CJK KR", "Noto Sans KR", "Malgun Gothic", "Apple SD Gothic Neo", "NanumGothic")
_ANY_HAN = ("WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Droid Sans Fallback", "Arial Unicode MS")
PREFERRED: dict[str, tuple[str, ...]] = {
    "chinese": (*_CHINESE, *_JAPANESE, *_ANY_HAN),
    "japanese": (*_JAPANESE, *_CHINESE, *_ANY_HAN),
    "korean": (*_KOREAN, *_CHINESE, *_ANY_HAN),
    "arabic": ("Noto Sans Arabic", "Noto Naskh Arabic", "Geeza Pro", "Segoe UI", "Arial Unicode MS"),
    "hebrew": ("Noto Sans Hebrew", "Arial Hebrew", "Segoe UI", "Arial Unicode MS"),
}
_HAN_WORDS = frozenset(
    ("cjk", "ideographic", "hiragana", "katakana", "fullwidth", "halfwidth", "bopomofo", "hangul")
)
ADVICE = {"chinese": "fonts-noto-cjk", "japanese": "fonts-noto-cjk", "korean": "fonts-noto-cjk"}


class Face(NamedTuple):
    """A font that matplotlib can draw with: its family name and where its outlines lie."""

    family: str
    path: str
    number: int


@dataclass(frozen=True)
class Fonts:
    """The fonts of one language's labels.

    by_script  script -> families to ask, in order, for labels that hold that script
    missing    the characters that no installed font has; they are drawn as □
    """

    by_script: dict[str, tuple[str, ...]]
    missing: frozenset[str]

    def families(self, text: str) -> list[str]:
        """The font families for a label, the most fitting first; DejaVu Sans is always among them."""
        scripts = [script for script in scripts_of([text]) if script != COMMON]
        letters = [name for script in scripts for name in self.by_script.get(script, ())]
        return list(dict.fromkeys([*letters, BASE, *self.by_script.get(COMMON, ())]))

    def drawable(self, text: str) -> str:
        """The label with a □ for each character that no font has."""
        return "".join(BOX if character in self.missing else character for character in text)


def choose_fonts(*groups: Iterable[str]) -> tuple[list[Fonts], str | None]:
    """Choose the fonts for a picture's labels, a group for each language in it.

    Returns the fonts of each group, and one sentence for the user when characters can't be drawn, else None; the
    sentence is logged too. Groups matter to Han characters, which Chinese, Japanese and Korean write differently.
    """
    require_matplotlib()
    chosen: list[Fonts] = []
    missing: dict[str, set[str]] = {}
    for texts in groups:
        scripts = scripts_of(texts)
        by_script: dict[str, tuple[str, ...]] = {}
        lacking: set[str] = set()
        for script, characters in scripts.items():
            name = _han_language(characters) if script == HAN else script
            families, left = _cover(name, characters)
            if families:
                by_script[script] = families
            if left:
                lacking |= left
                missing.setdefault(name, set()).update(left)
        chosen.append(Fonts(by_script, frozenset(lacking)))
    notice = _notice(missing) if missing else None
    if notice:
        log.warning(notice)
    return chosen, notice


def scripts_of(texts: Iterable[str]) -> dict[str, frozenset[str]]:
    """The characters of the texts by script, named after the first word of their Unicode names.

    Marks go with the letter before them. Han, kana, hangul and their punctuation are one script, "han".
    """
    found: dict[str, set[str]] = {}
    for text in texts:
        script = COMMON
        for character in text:
            if unicodedata.combining(character) == 0 and not 0xFE00 <= ord(character) <= 0xFE0F:
                script = _script(character)
            found.setdefault(script, set()).add(character)
    return {script: frozenset(characters) for script, characters in found.items()}


def installed_faces() -> list[Face]:
    """The upright, regular faces that matplotlib knows, one a family, fonts of boxes and of bitmaps left out."""
    from matplotlib import font_manager

    faces: dict[str, Face] = {}
    for entry in font_manager.fontManager.ttflist:
        regular = entry.style == "normal" and entry.weight in (400, "normal", "regular", "book")
        if regular and not any(word in entry.name for word in ("Last Resort", "LastResort", "Adobe Blank")):
            faces.setdefault(entry.name, Face(entry.name, entry.fname, entry.index))
    return list(faces.values())


@cache
def find_new_fonts() -> None:
    """Tell matplotlib, once a process, of fonts installed since it listed them (its list lies on disk)."""
    from matplotlib import font_manager

    known = {entry.fname for entry in font_manager.fontManager.ttflist}
    for path in sorted(set(font_manager.findSystemFonts()) - known):
        try:
            font_manager.fontManager.addfont(path)
        except (OSError, RuntimeError, ValueError):  # a broken or bitmap-only font file
            continue


@cache
def covered(path: str, index: int) -> frozenset[int]:
    """The code points a font file has glyphs for; empty when it can't be read."""
    from matplotlib.ft2font import FT2Font

    try:
        return frozenset(FT2Font(path, face_index=index).get_charmap())
    except (OSError, RuntimeError, ValueError):
        return frozenset()


def _cover(script: str, characters: frozenset[str]) -> tuple[tuple[str, ...], set[str]]:
    """The families beside the base font that draw these characters, and the characters left over.

    One font that covers all of them is best; else fonts are added as long as each covers something more.
    """
    needed = {ord(c) for c in characters if unicodedata.category(c) not in ("Cf", "Zs")}
    faces = {face.family: face for face in installed_faces()}
    base = faces.get(BASE)
    if base is not None and needed <= covered(base.path, base.number):
        return (), set()
    chosen, left = _choose(script, needed, faces)
    if left:
        find_new_fonts()
        chosen, left = _choose(script, needed, {face.family: face for face in installed_faces()})
    return chosen, {chr(code) for code in left}


def _choose(script: str, needed: set[int], faces: dict[str, Face]) -> tuple[tuple[str, ...], set[int]]:
    preferred = [faces[name] for name in PREFERRED.get(script, ()) if name in faces]
    others = sorted(faces.values(), key=lambda face: _likeness(face.family, script))
    candidates = [*preferred, *others]
    for face in candidates:
        if needed <= covered(face.path, face.number):
            return (face.family,), set()
    chosen: list[str] = []
    left = set(needed)
    for face in candidates:
        gained = left & covered(face.path, face.number)
        if gained:
            left -= gained
            chosen.append(face.family)
    return tuple(name for name in chosen if name != BASE), left


def _likeness(family: str, script: str) -> tuple[bool, bool, bool, str]:
    """Sorting key: the font made for the script before others, plain sans before serif and mono."""
    odd = any(word in family for word in ("Serif", "Mono", "Looped", "Condensed", "Light", "Display"))
    return script not in family.lower(), not family.startswith(("Noto Sans", BASE)), odd, family


def _script(character: str) -> str:
    """The first word of the Unicode name of a letter or digit beyond Latin, or of a sign of a listed script."""
    if ord(character) < 0x250:
        return COMMON
    word = unicodedata.name(character, COMMON).partition(" ")[0].lower()
    if word in ("latin", "modifier", "mathematical", "superscript", "subscript", "circled", "roman"):
        return COMMON
    if word in _HAN_WORDS:
        return HAN
    letter = unicodedata.category(character)[0] in "LN"
    return word if letter or word in PREFERRED else COMMON


def _han_language(characters: frozenset[str]) -> str:
    """The language that a text in Han characters shows: by its hangul, its kana, or neither."""
    words = {unicodedata.name(character, "").partition(" ")[0] for character in characters}
    if "HANGUL" in words:
        return "korean"
    return "japanese" if words & {"HIRAGANA", "KATAKANA"} else "chinese"


def _notice(missing: dict[str, set[str]]) -> str:
    characters = sorted(set().union(*missing.values()))
    shown = " ".join(characters[:8]) + (" …" if len(characters) > 8 else "")
    kinds = ", ".join("signs" if script == COMMON else script for script in missing)
    packages = " and ".join(sorted({ADVICE.get(script, "fonts-noto-core") for script in missing}))
    return (
        f"No installed font has {len(characters):,} of this picture's characters ({kinds}: {shown}), so they are "
        f"drawn as {BOX}: install {packages} (Debian, Ubuntu) or the Noto font of that script, and draw it again."
    )
