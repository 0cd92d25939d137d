"""How the labels of texts and of tokens are told: in a line, as JSON, in blocks of a token a line."""

from collections.abc import Iterable, Iterator, Sequence
from json import dumps
from typing import TYPE_CHECKING

from seqloom.cli.texts import one_line

if TYPE_CHECKING:
    from seqloom.cli.arriving import Line
    from seqloom.pipeline import Labelled, Tagged, Tagger


def label_of(result: "Labelled | Tagged") -> str:
    """What is said of a text, alone."""
    from seqloom.pipeline import Tagged

    return " ".join(result.labels) if isinstance(result, Tagged) else result.label


def line_of(text: str, result: "Labelled | Tagged", *, probabilities: bool, json: bool) -> str:
    """One line about a text."""
    from seqloom.pipeline import Tagged

    if isinstance(result, Tagged):
        return _of_tokens(text, result, probabilities=probabilities, json=json)
    return _of_text(result, probabilities=probabilities, json=json)


def _of_text(result: "Labelled", *, probabilities: bool, json: bool) -> str:
    """One line about a text."""
    if json:
        record = {
            "text": result.text,
            "label": result.label,
            "labels": list(result.labels),
            "probability": result.probability,
            "probabilities": result.probabilities,
        }
        return dumps(record | ({"notice": result.notice} if result.notice else {}), ensure_ascii=False)
    if probabilities and result.probabilities:
        shares = (f"{one_line(name)}={share:.4f}" for name, share in result.probabilities.items())
        return "\t".join((one_line(result.label), *shares))
    return one_line(result.label)


def _of_tokens(text: str, result: "Tagged", *, probabilities: bool, json: bool) -> str:
    """One line about a sentence."""
    if json:
        record = {
            "text": text,
            "tokens": list(result.tokens),
            "labels": list(result.labels),
            "probabilities": list(result.probabilities),
        }
        return dumps(record, ensure_ascii=False)
    if probabilities:
        pairs = zip(result.labels, result.probabilities, strict=True)
        return " ".join(f"{label}={share:.4f}" for label, share in pairs)
    return " ".join(result.labels)


def whole_sentences(pieces: "Iterable[list[Line]]") -> "Iterator[list[Line]]":
    """The same lines in pieces that end at an empty line, but for the last, so that no sentence is torn."""
    held: list[Line] = []
    for piece in pieces:
        held += piece
        end = max((n for n, line in enumerate(held) if not line.text.strip()), default=-1) + 1
        if end:
            yield held[:end]
            held = held[end:]
    if held:
        yield held


def lines_of_blocks(model: "Tagger", piece: "Sequence[Line]", *, probabilities: bool) -> Iterator[str]:
    """A line for each: its token, a tab, the label; further columns of the line are left out."""
    tokens = [line.text.split("\t")[0].strip() for line in piece]
    sentences: list[list[str]] = [[]]
    for token in tokens:
        if token:
            sentences[-1].append(token)
        elif sentences[-1]:
            sentences.append([])
    tagged = (
        (label, share)
        for result in model.tag([own for own in sentences if own])
        for label, share in zip(result.labels, result.probabilities, strict=True)
    )
    for token in tokens:
        if not token:
            yield ""
            continue
        label, share = next(tagged)
        yield f"{one_line(token)}\t{label}" + (f"\t{share:.4f}" if probabilities else "")
