"""`seqloom classify`: the label of each line; of each token, for a tagger."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqloom.cli.many import opened
from seqloom.cli.places import Others, Run
from seqloom.cli.reporting import Report, check_files, reporting
from seqloom.cli.texts import one_line

if TYPE_CHECKING:
    from seqloom.cli.arriving import Line
    from seqloom.pipeline import Classifier, Labelled, Tagged, Tagger
    from seqloom.training.label_batches import LabelKind

EXAMPLES = """
\b
Examples:
  echo "a warm and funny film" | seqloom classify runs/reviews
      From stdin to stdout: the label of each line as it comes.
  seqloom classify runs/reviews new.txt --probabilities --output new.tsv
      A file, in big batches; line n of new.tsv is about line n of new.txt.

\b
Lines end at \\n only; text is UTF-8; an empty line gives an empty line.
--probabilities  LABEL, then a tab and NAME=PROBABILITY for every label
--json           one object a line: text, label, labels, probability,
                 probabilities
A tagger reads tokens with white space between them and writes their labels
with blanks between; --probabilities makes each LABEL=PROBABILITY.
--blocks         for a tagger: a token a line, an empty line between
                 sentences; out come TOKEN, a tab, LABEL
"""
Writer = Callable[["Sequence[Line]", Report], Iterator[str]]
PIECE = 1_024  # lines that are sorted by length together


def classify(
    run: Run,
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE", help='Text to classify; stdin if none, or for "-".', show_default=False
        ),
    ] = [],  # noqa: B006 - typer copies it
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write there instead of to stdout.")
    ] = None,
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="The probability of each label too.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    threshold: Annotated[
        float | None,
        typer.Option(
            metavar="P", help="Where a text may have several labels: those of at least this probability."
        ),
    ] = None,
    blocks: Annotated[
        bool, typer.Option("--blocks", help="For a tagger: a token a line, an empty line between sentences.")
    ] = False,
    ensemble: Others = [],  # noqa: B006 - typer copies it
) -> None:
    """Say which label each line has, as it comes.

    For runs of task = "classification", and of task = "tagging", whose tokens have a label each.
    """
    from seqloom.base.errors import UsageError
    from seqloom.cli.arriving import in_pieces, read_inputs

    if json and (probabilities or blocks):
        other = "--probabilities" if probabilities else "--blocks"
        raise UsageError(f"--json has all that there is to say, a line a text. Leave out {other}.")
    if threshold is not None and not 0 < threshold < 1:
        raise UsageError(f"--threshold {threshold} is no probability; expected a number between 0 and 1.")
    check_files(files, output)
    from seqloom.pipeline import Classifier, Tagger, load_as

    model = load_as((Classifier, Tagger), [run, *ensemble], "classify")
    _check_kind(model.kind, run, threshold=threshold, blocks=blocks)
    write: Writer
    if isinstance(model, Classifier):
        write = partial(_of_texts, model, threshold=threshold or 0.5, probabilities=probabilities, json=json)
    elif blocks:
        write = partial(_of_blocks, model, probabilities=probabilities)
    else:
        write = partial(_of_sentences, model, probabilities=probabilities, json=json)
    if not files and sys.stdin.isatty():
        print("Type a line and press Enter; Ctrl-D ends.", file=sys.stderr)
    pieces = in_pieces(read_inputs(files), PIECE)
    with opened(output) as stream, reporting("Classifying", files, shown=output is not None) as report:
        for piece in _whole_sentences(pieces) if blocks else pieces:
            for text in write(piece, report):
                stream.write((text + "\n").encode("utf-8", errors="replace"))
            stream.flush()
            report.went_on(len(piece), len(piece))


def _check_kind(kind: "LabelKind", run: Path, *, threshold: float | None, blocks: bool) -> None:
    """Refuse options that a model of that kind has no use for."""
    from seqloom.base.errors import UsageError

    if blocks and not kind.tokens:
        raise UsageError(f"--blocks is for a tagger, but {run} gives a whole line one label. Leave it out.")
    if threshold is not None and not kind.several:
        raise UsageError(
            f"--threshold is for texts that may have several labels, but {run} gives each one. Leave it out."
        )


def _of_texts(
    model: "Classifier",
    piece: "Sequence[Line]",
    report: Report,
    *,
    threshold: float,
    probabilities: bool,
    json: bool,
) -> Iterator[str]:
    """A line for each text."""
    found = model.classify([line.text for line in piece], threshold=threshold)
    for line, result in zip(piece, found, strict=True):
        if result.notice:
            report.say(f"seqloom: {line.where}: {result.notice}")
        yield _of_text(result, probabilities=probabilities, json=json)


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


def _of_sentences(
    model: "Tagger", piece: "Sequence[Line]", report: Report, *, probabilities: bool, json: bool
) -> Iterator[str]:
    """A line for each sentence."""
    del report
    tagged = model.tag([line.text.split() for line in piece])
    for line, result in zip(piece, tagged, strict=True):
        yield _of_tokens(line.text, result, probabilities=probabilities, json=json)


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


def _whole_sentences(pieces: "Iterable[list[Line]]") -> "Iterator[list[Line]]":
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


def _of_blocks(
    model: "Tagger", piece: "Sequence[Line]", report: Report, *, probabilities: bool
) -> Iterator[str]:
    """A line for each: its token, a tab, the label; further columns of the line are left out."""
    del report
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
