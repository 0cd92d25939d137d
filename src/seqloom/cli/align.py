"""`seqloom align`: which words of a parallel corpus belong together, by what a translator looks at."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqloom.cli.places import Run
from seqloom.cli.reporting import keep_inputs

if TYPE_CHECKING:
    from seqloom.data.links import Link
    from seqloom.data.pairs import Pair
    from seqloom.pipeline.aligning import Extraction

EXAMPLES = """
\b
Examples:
  seqloom align runs/en-de train.en train.de --output train.align
      A line of links for each pair, as 0-0 1-2: for data.alignments, say.
  seqloom align runs/en-de a.en a.de --reverse runs/de-en --gold a.key
      Both directions, made one; and how right that is.

\b
Words are what white space separates, counted from 0; source first.
--head sharpest is the head of least entropy over the first 1,000 pairs.
"""
COMBINED = "grow-diag-final-and"


def align(
    run: Run,
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE", help="Two files in step, or one .tsv or .jsonl file.", show_default=False
        ),
    ],
    reverse: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN", help="A translator of the other direction, to be combined with this one."
        ),
    ] = None,
    combine: Annotated[
        str | None,
        typer.Option(
            metavar="HOW",
            help=f"With --reverse: intersection, union, grow-diag, grow-diag-final or {COMBINED}, the default.",
        ),
    ] = None,
    least: Annotated[
        float | None,
        typer.Option(
            metavar="WEIGHT", help="Link all pairs with that much attention, not each word's best one alone."
        ),
    ] = None,
    head: Annotated[
        str,
        typer.Option(
            metavar="HEAD",
            help="By LAYER.HEAD, by LAYER for the mean of its heads, or sharpest; mean is as the model looks.",
        ),
    ] = "mean",
    late: Annotated[
        bool,
        typer.Option(
            "--late", help="Look where the model looks once it has read the word, not as it writes it."
        ),
    ] = False,
    gold: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Links by people: say how right those found are.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write the links there, not to stdout."),
    ] = None,
) -> None:
    """Align the words of a parallel corpus."""
    from seqloom.base.errors import DataError, UsageError
    from seqloom.base.files import atomic_write, make_folder
    from seqloom.data.gold_links import read_gold
    from seqloom.data.pairs import Pair
    from seqloom.data.readers import PairFiles
    from seqloom.inspection.alignment import SYMMETRISATIONS, pharaoh, symmetrise, turned
    from seqloom.pipeline.aligning import Extraction

    if combine and not reverse:
        raise UsageError("--combine is of two directions. Name the other one's run: --reverse RUN.")
    if combine and combine not in SYMMETRISATIONS:
        raise UsageError(f'--combine "{combine}" is none of {", ".join(SYMMETRISATIONS)}.')
    how = Extraction(least, late, head)
    keep_inputs([*files, gold], output=output)
    pairs = list(PairFiles(tuple(files)).read())
    if not pairs:
        raise DataError(f"{' and '.join(map(str, files))}: no pairs to align.")
    known = read_gold(gold, pairs) if gold else None
    forwards = _aligned(run, pairs, how, "Aligning")
    found = {"forwards": forwards}
    if reverse:
        exchanged = [Pair(pair.target, pair.source) for pair in pairs]
        backwards = [turned(links) for links in _aligned(reverse, exchanged, how, "Aligning backwards")]
        way = combine or COMBINED
        found |= {
            "backwards": backwards,
            way: [symmetrise(*both, way) for both in zip(forwards, backwards, strict=True)],
        }
    links = list(found.values())[-1]
    text = "".join(f"{pharaoh(each)}\n" for each in links)
    if output:
        make_folder(output.parent)
        atomic_write(output, text)
    elif not known:
        print(text, end="")
    if known:
        from seqloom.metrics.alignment import alignment_score

        print(f"{'':20}  precision  recall     F1    AER")
        for name, each in found.items():
            score = alignment_score(each, known.sure, known.possible if any(known.possible) else None)
            print(
                f"{name:20}  {score.precision:9.3f}  {score.recall:6.3f}  {score.f1:5.3f}  {score.error_rate:5.3f}"
            )
    if output:
        print(f"The links of {len(links):,} pairs: {output}")


def _aligned(run: Path, pairs: "list[Pair]", how: "Extraction", label: str) -> "list[frozenset[Link]]":
    from seqloom.base.progress import progress
    from seqloom.pipeline import Model, load_as
    from seqloom.pipeline.aligning import CHOSEN_FROM, choose_head
    from seqloom.pipeline.aligning import align as align_pairs

    model = load_as(Model, run, "align")
    head = choose_head(model, pairs, how.head)
    if head != how.head:
        first = f"the first {CHOSEN_FROM:,}" if len(pairs) > CHOSEN_FROM else f"the {len(pairs):,}"
        typer.echo(
            f"seqloom: {run}: its sharpest head over {first} pairs is {head}; aligning by it", err=True
        )
    found: list[frozenset[Link]] = []
    too_long: dict[int, str] = {}
    with progress(label, total=len(pairs)) as bar:
        for links in align_pairs(model, pairs, replace(how, head=head), on_notice=too_long.__setitem__):
            found.append(links)
            if len(found) % 256 == 0:
                bar.update(len(found))
    if too_long:
        first_row, told = next(iter(too_long.items()))
        typer.echo(
            f"seqloom: {len(too_long):,} of {len(pairs):,} pairs are longer than {run} reads and get no links; the "
            f"first is pair {first_row + 1:,}: {told}",
            err=True,
        )
    return found
