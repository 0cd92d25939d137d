"""ROUGE by rouge-score (Lin 2004): how many of the references' words and word pairs a summary has.

The score of a corpus is the mean of its summaries' F1, 0 to 100. Against several references a summary counts by the one
that it agrees with best, each of ROUGE-1, 2 and L choosing for itself, as rouge-score and the field have it. Summaries
are compared without regard to case or punctuation.
"""

import functools
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from seqloom.base.errors import DataError, MissingDependencyError
from seqloom.metrics.overlap import Score, check_counts
from seqloom.text.normalise import MARK_PLANES, character_class

NAMES = ("rouge1", "rouge2", "rougeL")
FOREIGN = 0.01
"""Share of the references' letters outside of ASCII from which on rouge-score's own words, which hold no other letters,
would tell little: English text stays far below it, other languages in Latin letters begin above it."""
UNSPACED = {
    "Han": "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff",
    "kana": "\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9f",
    "Thai": "\u0e00-\u0e7f",
    "Lao": "\u0e80-\u0eff",
    "Khmer": "\u1780-\u17ff",
    "Burmese": "\u1000-\u109f",
}
"""Scripts that put no spaces between words, each as the inside of a regular expression's brackets."""
JOINERS = "\u200c\u200d"  # between letters of one word, in Persian and in scripts of India


def rouge(name: str, outputs: Sequence[str], references: Sequence[Sequence[str]]) -> Score:
    """One of "rouge1", "rouge2" (one and two words in a row) and "rougeL" (the longest common subsequence).

    references  one or several of each output; their numbers may differ
    Raises      DataError when the sides differ in length, are empty, or an output has no reference;
                MissingDependencyError without rouge-score

    The signature says how words were cut: by rouge-score with Porter's stemmer, both made for English, as the
    published figures are; or, where the references are in other letters, as runs of letters, their marks and digits,
    unstemmed, and in scripts without spaces between words letter by letter.
    """
    found = rouge_of_each(name, outputs, references)
    return Score(name, 100 * sum(found) / len(found), _signature(references, not _foreign(references)))


def rouge_of_each(name: str, outputs: Sequence[str], references: Sequence[Sequence[str]]) -> list[float]:
    """The F1 of each output, 0 to 1, whose mean is the corpus's score. Raises as `rouge` does."""
    check_counts(outputs, references)
    for row, own in enumerate(references, start=1):
        if isinstance(own, str) or not own:
            raise DataError(f"Output {row:,} has no list of references; expected one reference or several.")
    scorer = _scorer(name, not _foreign(references))
    return [
        float(scorer.score_multi(list(own), output)[name].fmeasure)
        for output, own in zip(outputs, references, strict=True)
    ]


def _foreign(references: Sequence[Sequence[str]]) -> bool:
    """Whether more than a few of the letters are none of English."""
    letters = foreign = 0
    for text in (text for own in references for text in own):
        letters += sum(map(str.isalpha, text))
        foreign += 0 if text.isascii() else sum(not letter.isascii() for letter in text if letter.isalpha())
    return foreign > FOREIGN * letters


def _signature(references: Sequence[Sequence[str]], english: bool) -> str:
    from importlib.metadata import version

    counts = sorted({len(own) for own in references})
    number = str(counts[0]) if len(counts) == 1 else f"{counts[0]}-{counts[-1]}"
    unspaced = [] if english else _unspaced(references)
    parts = {
        "nrefs": number,
        "agg": "mean",
        **({"refs": "best"} if counts[-1] > 1 else {}),
        "tok": "rouge-score" if english else "unicode",
        **({"letters": "+".join(unspaced)} if unspaced else {}),
        "stem": "porter" if english else "no",
        "version": version("rouge-score"),
    }
    return "|".join(f"{key}:{value}" for key, value in parts.items())


def _unspaced(references: Sequence[Sequence[str]]) -> list[str]:
    """The scripts of the references whose letters count one by one."""
    return [
        name
        for name, letters in UNSPACED.items()
        if any(re.search(f"[{letters}]", text) for own in references for text in own)
    ]


class _UnicodeWords:
    """Words of any script, in lower case; the face that rouge-score knows tokenizers by."""

    def tokenize(self, text: str) -> list[str]:
        return _word().findall(unicodedata.normalize("NFC", text.casefold()))


@functools.cache
def _word() -> re.Pattern[str]:
    """A letter of an unspaced script, or letters and digits in a row; each with the marks behind it."""
    points = [point for plane in MARK_PLANES for point in plane]
    marks = character_class([point for point in points if unicodedata.category(chr(point))[0] == "M"])
    unspaced = "".join(UNSPACED.values())
    letter = rf"[^\W_][{marks}{JOINERS}]*"
    return re.compile(f"(?=[{unspaced}]){letter}|(?:(?![{unspaced}]){letter})+")


def require_library() -> None:
    """Raise MissingDependencyError unless rouge-score is installed."""
    try:
        from rouge_score import rouge_scorer  # noqa: F401 - only whether it is there
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "rouge_score":
            raise
        raise MissingDependencyError(
            "ROUGE needs rouge-score, which is not installed. Install it with: pip install 'seqloom[train]'"
        ) from error


@functools.cache
def _scorer(name: str, english: bool) -> Any:
    require_library()
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer([name], use_stemmer=english, tokenizer=None if english else _UnicodeWords())
