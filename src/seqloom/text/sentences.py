"""From a text to its sentences and back, with everything between them kept as it stands.

The boundaries are sentencex's (docs/decisions/0014-sentences-by-sentencex.md); no sentence reaches beyond its line.
"""

import re
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

DEFAULT_LANGUAGE = "en"
SPACE = re.compile(r"\s")
PANIC = "PanicException"  # what a fault of Rust code is raised as; no Exception, and not to be imported


class Sentences(NamedTuple):
    """A text in pieces: before[0] texts[0] before[1] texts[1] ... after.

    before  what stands before each sentence and belongs to none: white space, ends of line, and pieces without a
            letter, such as rules and bare numbers, which there is nothing to translate in
    texts   the sentences, without white space around them
    after   what is left behind the last
    """

    before: tuple[str, ...]
    texts: tuple[str, ...]
    after: str

    def joined(self, texts: Sequence[str]) -> str:
        """The text with other sentences in the place of these; their own give the text itself."""
        pairs = zip(self.before, texts, strict=True)
        return "".join(piece for pair in pairs for piece in pair) + self.after


def split_sentences(text: str, language: str = DEFAULT_LANGUAGE) -> Sentences:
    """Split a text of any number of lines; linear time.

    language  its code, as "en" or "pt"; abbreviations, quotes and marks of that language are known. For a code that
              sentencex has no rules for it uses general ones.
    """
    before, texts, gap = [], [], ""
    for number, line in enumerate(text.split("\n")):
        gap += "\n" if number else ""
        for piece in _pieces(line, language):
            left, sentence, right = _parted(piece)
            gap += left
            if any(map(str.isalpha, sentence)):
                before.append(gap)
                texts.append(sentence)
                gap = right
            else:
                gap += sentence + right
    return Sentences(tuple(before), tuple(texts), gap)


def _pieces(line: str, language: str) -> list[str]:
    """The sentences of one line, white space included; together they are the line."""
    if not line.strip():
        return [line]
    plain = SPACE.sub(" ", line)  # sentencex panics at "C<no-break space>." and the like
    sizes = [len(piece) for piece in _boundaries(plain, language)]
    if sum(sizes) != len(line):
        return [line]  # rather one long sentence than one character lost
    return [line[start:end] for start, end in pairwise(accumulate(sizes, initial=0))]


def _boundaries(line: str, language: str) -> list[str]:
    """The sentences that sentencex finds; the whole line where it fails."""
    from sentencex import get_sentence_boundaries

    try:
        return [str(found["text"]) for found in get_sentence_boundaries(language, line)]
    except BaseException as error:
        if type(error).__name__ != PANIC:
            raise
        return [line]


def _parted(piece: str) -> tuple[str, str, str]:
    """White space before, what is not, white space behind."""
    sentence = piece.strip()
    start = piece.find(sentence)
    return piece[:start], sentence, piece[start + len(sentence) :]
