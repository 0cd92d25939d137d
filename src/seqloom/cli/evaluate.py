"""`seqloom evaluate`: translate test pairs and compare with what they should be."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqloom.cli.places import CONFIG, Others, Run, nearby, shown
from seqloom.cli.texts import one_line

if TYPE_CHECKING:
    from seqloom.config.schema import Config
    from seqloom.data.readers import PairFiles

EXAMPLES = """
\b
Examples:
  seqloom evaluate runs/mine
      The test pairs of its configuration, or else the validation pairs.
  seqloom evaluate runs/mine other.en other.de --output other.out --beam 10
      Two files of yours; the translations are kept.
"""
PARTS = ("test", "valid")
NAMES = {"bleu": "BLEU", "chrf": "chrF", "wer": "WER", "cer": "CER"}


def evaluate(
    run: Run,
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE",
            help="Two files in step, or one .tsv or .jsonl file; a manifest of recordings.",
            show_default=False,
        ),
    ] = [],  # noqa: B006 - typer copies it
    part: Annotated[
        str | None, typer.Option(metavar="test|valid", help="Which pairs of the configuration.")
    ] = None,
    beam: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Hypotheses kept at each step; 1 is greedy.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the translations there.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="The figures as one JSON object.")] = False,
    ensemble: Others = [],  # noqa: B006 - typer copies it
) -> None:
    """Score a model by the metrics of its task: BLEU and chrF, or word and character error rates."""
    from seqloom.base.errors import DataError, UsageError
    from seqloom.base.files import atomic_write, make_folder
    from seqloom.base.progress import progress

    if files and part:
        raise UsageError("Name either files or --part, not both.")
    if part not in (None, *PARTS):
        raise UsageError(f'--part "{part}" is neither "test" nor "valid".')
    from seqloom.pipeline import load
    from seqloom.training.searching import search_options
    from seqloom.training.vocabularies import examples

    model = load([run, *ensemble])
    asked = _pairs_of(model.config, run, files, part)
    pairs = list(examples(model.config, asked))
    names = " and ".join(str(nearby(path)) for path in asked.paths)
    if not pairs:
        raise DataError(f"{names}: no pairs; a score needs at least one.")
    options = search_options(model.config.search, beam=beam, n_best=1)
    begun = time.monotonic()
    with progress("Evaluating", total=len(pairs)) as bar:
        scores, outputs = model.evaluate(
            pairs, options, bar.update, lambda row, notice: bar.say(f"seqloom: pair {row + 1}: {notice}")
        )
    seconds = time.monotonic() - begun
    if output:
        make_folder(output.parent)
        atomic_write(output, "".join(f"{one_line(text)}\n" for text in outputs))
    figures: dict[str, Any] = {
        "run": str(run),
        "ensemble": [str(other) for other in ensemble],
        "files": [str(path) for path in asked.paths],
        "pairs": len(pairs),
        "beam": options.beam,
        "scores": [
            {"name": score.name, "value": score.value, "signature": score.signature} for score in scores
        ],
        "seconds": round(seconds, 3),
        "sentences_per_second": round(len(pairs) / seconds, 1),
    }
    if json:
        from json import dumps

        print(dumps(figures, ensure_ascii=False))
        return
    print(f"{' + '.join(map(str, [run, *ensemble]))} on {len(pairs):,} pairs of {names}")
    for score in scores:
        print(f"  {NAMES.get(score.name, score.name):5} {score.value:6.2f}   {score.signature}")
    print(f"  {seconds:.1f} s, {len(pairs) / seconds:,.0f} sentences a second, beam {options.beam}")
    if output:
        print(f"The translations: {output}")


def _pairs_of(config: "Config", run: Path, files: list[Path], part: str | None) -> "PairFiles":
    """The files that are asked for: named, or a part of the configuration, the test pairs if it has any."""
    from seqloom.base.errors import UsageError
    from seqloom.data.readers import PairFiles
    from seqloom.training.vocabularies import pair_files

    if files:
        return PairFiles(
            tuple(files), source_field=config.data.source_field, target_field=config.data.target_field
        )
    for name in [part] if part else PARTS:
        if getattr(config.data, name):
            return pair_files(config, name)
    missing = f"no data.{part}" if part else "neither data.test nor data.valid"
    raise UsageError(
        f"{run / CONFIG} names {missing}. Name the files: seqloom evaluate {shown(run)} SOURCE TARGET"
    )
