"""`seqloom classify`: the label of each line; of each token, for a tagger."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqloom.base.errors import UsageError
from seqloom.cli.label_lines import label_of, line_of, lines_of_blocks, whole_sentences
from seqloom.cli.many import (
    Beside,
    Field,
    Output,
    Overwrite,
    check_beside,
    check_read,
    jobs_asked,
    names_many,
    opened,
    run_jobs,
)
from seqloom.cli.places import Others, Run
from seqloom.cli.records import check_into, reads_records, records_alone, refuse_for_records
from seqloom.cli.reporting import Report, check_files, reporting

if TYPE_CHECKING:
    from seqloom.cli.asking import Piece
    from seqloom.pipeline import Classifier, Labelled, Tagged, Tagger
    from seqloom.training.label_batches import LabelKind

EXAMPLES = """
\b
Examples:
  echo "a warm and funny film" | seqloom classify runs/reviews
      From stdin to stdout: the label of each line as it comes.
  seqloom classify runs/reviews new.jsonl --field text --output done.jsonl
      Each line of new.jsonl with one field more, "label".

\b
Lines end at \\n only; text is UTF-8; an empty line gives an empty line.
--probabilities  LABEL, then a tab and NAME=PROBABILITY for every label
--json           one object a line: text, label, labels, probability,
                 probabilities
--beside, --output FOLDER   results that are there stay, so that the same
                 command goes on where it was stopped
A tagger reads tokens with white space between them and writes their labels
with blanks between; --probabilities makes each LABEL=PROBABILITY.
--blocks         for a tagger: a token a line, an empty line between
                 sentences; out come TOKEN, a tab, LABEL
"""
FIELD = "label"  # of JSON lines that gets what is said
PIECE = 1_024  # lines that are sorted by length together


@dataclass(frozen=True)
class Asked:
    """What a person typed, but for the run and where results go."""

    files: list[Path]
    overwrite: bool
    field: str | None
    into: str | None
    probabilities: bool
    json: bool
    threshold: float | None
    blocks: bool


def classify(
    run: Run,
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE",
            help='Text to classify, folders, or quoted patterns as "texts/*.txt"; stdin if none, or for "-".',
            show_default=False,
        ),
    ] = [],  # noqa: B006 - typer copies it
    output: Output = None,
    beside: Beside = None,
    overwrite: Overwrite = False,
    field: Field = None,
    into: Annotated[
        str | None,
        typer.Option(metavar="NAME", help=f"With JSON lines: the field to write; {FIELD} if not said."),
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
    asked = Asked(files, overwrite, field, into, probabilities, json, threshold, blocks)
    check_beside(files, output, beside)
    records = reads_records(field, files)
    check_read(
        files,
        output,
        beside,
        overwrite=overwrite,
        fields=(field, into),
        records=records or any(map(names_many, files)),
    )
    _check_options(asked)
    jobs = jobs_asked(files, output, beside, overwrite=overwrite)
    if jobs is None:
        check_files(files, output)
    elif not jobs:
        return
    from seqloom.pipeline import Classifier, Tagger, load_as

    model = load_as((Classifier, Tagger), [run, *ensemble], "classify")
    _check_kind(model.kind, run, threshold=threshold, blocks=blocks)
    if not files and sys.stdin.isatty():
        print("Type a line and press Enter; Ctrl-D ends.", file=sys.stderr)
    paths = files if jobs is None else [job.source for job in jobs]
    with reporting("Classifying", paths, shown=jobs is not None or output is not None) as report:
        writer = _Writer(model, asked, report)
        if jobs is None:
            writer.write(files, output)
            return
        run_jobs(jobs, lambda job: writer.write([job.source], job.target), report.say)


def _check_options(asked: Asked) -> None:
    """Refuse options that don't go together."""
    if asked.json and (asked.probabilities or asked.blocks):
        other = "--probabilities" if asked.probabilities else "--blocks"
        raise UsageError(f"--json has all that there is to say, a line a text. Leave out {other}.")
    if asked.threshold is not None and not 0 < asked.threshold < 1:
        raise UsageError(
            f"--threshold {asked.threshold} is no probability; expected a number between 0 and 1."
        )
    records = reads_records(asked.field, asked.files)
    check_into(asked.into, records=records or any(map(Path.is_dir, asked.files)))
    if records:
        _check_records(asked)


def _check_records(asked: Asked) -> None:
    """Refuse what doesn't go with JSON lines."""
    refuse_for_records(probabilities=asked.probabilities, json=asked.json, blocks=asked.blocks)


def _check_kind(kind: "LabelKind", run: Path, *, threshold: float | None, blocks: bool) -> None:
    """Refuse options that a model of that kind has no use for."""
    if blocks and not kind.tokens:
        raise UsageError(f"--blocks is for a tagger, but {run} gives a whole line one label. Leave it out.")
    if threshold is not None and not kind.several:
        raise UsageError(
            f"--threshold is for texts that may have several labels, but {run} gives each one. Leave it out."
        )


class _Writer:
    """Takes files to a model and what it says to where that goes."""

    def __init__(self, model: "Classifier | Tagger", asked: Asked, report: Report) -> None:
        self.model, self.asked, self.report = model, asked, report

    def write(self, paths: Sequence[Path], output: Path | None) -> None:
        """All of some files, or of stdin for none, into one place."""
        with opened(output) as stream:
            for count, text in self._blocks(paths) if self.asked.blocks else self._texts(paths):
                stream.write(text.encode("utf-8", errors="replace"))
                stream.flush()
                self.report.went_on(count, count)

    def _texts(self, paths: Sequence[Path]) -> Iterator[tuple[int, str]]:
        """So many lines, and what is written for them."""
        from seqloom.cli.arriving import in_pieces

        for pieces in in_pieces(self._pieces(paths), PIECE):
            written = []
            for piece, result in zip(pieces, self._ask([piece.sources[0] for piece in pieces]), strict=True):
                if result.notice:
                    self.report.say(f"seqloom: {piece.where}: {result.notice}")
                written.append(piece.write([result]))
            yield len(pieces), "".join(written)

    def _ask(self, texts: Sequence[str]) -> "Sequence[Labelled | Tagged]":
        from seqloom.pipeline import Classifier

        if isinstance(self.model, Classifier):
            return self.model.classify(texts, threshold=self.asked.threshold or 0.5)
        return self.model.tag([text.split() for text in texts])

    def _pieces(self, paths: Sequence[Path]) -> "Iterator[Piece[Labelled | Tagged]]":
        from seqloom.cli import asking
        from seqloom.cli.arriving import read_inputs

        asked, lines = self.asked, read_inputs(paths)
        if asked.field is not None or records_alone(paths):
            _check_records(asked)
            read = asking.fields_of(self.model.config.data, asked.field)
            fields = asking.Fields(read, asked.into or FIELD, asked.overwrite)
            return asking.each_record(lines, fields, asking.as_a_whole(label_of))
        return asking.each_line(lines, self._cut)

    def _cut(self, text: str) -> "tuple[Sequence[str], Callable[[Sequence[Labelled | Tagged]], str]]":
        asked = self.asked
        how = partial(line_of, text, probabilities=asked.probabilities, json=asked.json)
        return [text], lambda results: how(results[0])

    def _blocks(self, paths: Sequence[Path]) -> Iterator[tuple[int, str]]:
        """So many lines of tokens, and what is written for them."""
        from seqloom.cli.arriving import in_pieces, read_inputs
        from seqloom.pipeline import Tagger

        if not isinstance(self.model, Tagger):
            raise TypeError(f"{type(self.model).__name__} has no labels of tokens")
        for lines in whole_sentences(in_pieces(read_inputs(paths), PIECE)):
            written = lines_of_blocks(self.model, lines, probabilities=self.asked.probabilities)
            yield len(lines), "".join(f"{line}\n" for line in written)
