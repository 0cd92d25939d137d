"""Plain text looked at before it costs time: how much there is, what is unknown, what validation text was learnt from.

Memory grows with the validation and test text only, a digest for each of their longer lines.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from seqloom.base.errors import DataError
from seqloom.data.text_stream import TextFiles, encode_lines
from seqloom.text.tokenizer import Tokenizer
from seqloom.text.vocabulary import UNK

TRAIN = "train"
LONG_LINE = 30  # characters; shorter lines, such as "All:", occur again without having been copied


@dataclass(frozen=True)
class TextPart:
    """What one part holds. Characters and symbols count each line's end; longest is the longest line's characters.

    learnt  of the long lines, how many stand in the training text too; None for that itself
    """

    name: str
    lines: int
    empty: int
    characters: int
    longest: int
    symbols: int
    unknown: int
    long_lines: int
    learnt: int | None


def check_text(
    parts: Mapping[str, TextFiles],
    tokenizer: Tokenizer,
    on_progress: Callable[[str, int], None] = lambda _part, _lines: None,
) -> list[TextPart]:
    """Read every part to its end.

    Raises   DataError, EncodingFault for what training would refuse, by file and line
    """
    held = {name: _digests(files) for name, files in parts.items() if name != TRAIN}
    learnt: dict[str, set[bytes]] = {name: set() for name in held}
    if TRAIN in parts:
        for line in parts[TRAIN].lines():
            digest = _digest(line) if len(line) >= LONG_LINE else b""
            for name, digests in held.items():
                if digest in digests:
                    learnt[name].add(digest)
    found = []
    for name, files in parts.items():
        lines = empty = characters = longest = symbols = unknown = 0
        for encoded in encode_lines(tokenizer, files.lines()):
            lines += len(encoded.rows)
            empty += sum(len(row) == 1 for row in encoded.rows)
            characters += sum(encoded.characters)
            longest = max(longest, *encoded.characters)
            symbols += sum(map(len, encoded.rows))
            unknown += sum(row.count(UNK) for row in encoded.rows)
            on_progress(name, lines)
        if symbols == lines:
            names = " and ".join(map(str, files.paths))
            raise DataError(f"{names}: no text for data.{name}, only {lines:,} empty lines.")
        digests = held.get(name, {})
        again = sum(digests[digest] for digest in learnt[name]) if name in learnt else None
        found.append(
            TextPart(name, lines, empty, characters, longest, symbols, unknown, sum(digests.values()), again)
        )
    return found


def render_text_parts(parts: list[TextPart], vocabulary: int, batch_symbols: int) -> str:
    """A table for people, and what of it should be mended.

    batch_symbols  of one update
    """
    head = ("", *(part.name for part in parts))
    rows = [
        head,
        *(
            (label, *(f"{getattr(part, name):,}" for part in parts))
            for label, name in (
                ("lines", "lines"),
                ("of them empty", "empty"),
                ("longest line, characters", "longest"),
                ("characters", "characters"),
                ("symbols", "symbols"),
                ("of them unknown", "unknown"),
            )
        ),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = [
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(cell.rjust(size) for cell, size in zip(row[1:], widths[1:], strict=True)),
            ]
        )
        for row in rows
    ]
    lines += [
        "",
        f"The vocabulary has {vocabulary:,} symbols; an update reads {batch_symbols:,} of the text.",
    ]
    for part in parts:
        if part.unknown:
            lines.append(
                f"note: {part.name}: {part.unknown:,} symbols are unknown and count as <unk>, which makes its "
                "perplexity look better than it is; a larger text.vocabulary_size would know more."
            )
        if part.learnt:
            lines.append(
                f"warning: {part.name}: {part.learnt:,} of its {part.long_lines:,} lines of {LONG_LINE} characters and "
                "more stand in the training text too, so what is measured on it is partly remembered."
            )
        if part.name == TRAIN and part.symbols < batch_symbols:
            lines.append(
                f"warning: {part.name}: the text is shorter than one update; give more, or smaller batches."
            )
    return "\n".join(lines) + "\n"


def _digests(files: TextFiles) -> dict[bytes, int]:
    """How often each long line occurs, by its digest."""
    found: dict[bytes, int] = {}
    for line in files.lines():
        if len(line) >= LONG_LINE:
            digest = _digest(line)
            found[digest] = found.get(digest, 0) + 1
    return found


def _digest(line: str) -> bytes:
    return hashlib.blake2b(line.strip().encode("utf-8", "surrogatepass"), digest_size=12).digest()
