"""`seqloom evaluate`: how good a model is on data that it didn't learn from, by the metrics of its task."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqloom.cli.places import CONFIG, PARTS, Others, Run, nearby, shown

if TYPE_CHECKING:
    from seqloom.config.schema import Config
    from seqloom.data.dialogues import AnyFiles
    from seqloom.pipeline import Classifier, Tagger

EXAMPLES = """
\b
Examples:
  seqloom evaluate runs/mine
      The test pairs of its configuration, or else the validation pairs.
  seqloom evaluate runs/mine other.en other.de --output other.out --beam 10
      Two files of yours; the outputs are kept.

JSON lines may hold several references: --reference subject --reference other.
For a language model FILE is plain text, and what is said is how likely it is.
For a transcriber it is a manifest: a recording, a tab and what is said a line.
"""


def evaluate(
    run: Run,
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE",
            help="Two files in step, or one .tsv or .jsonl file; plain text for a language model; a manifest of "
            "recordings for a transcriber; one file of dialogues.",
            show_default=False,
        ),
    ] = [],  # noqa: B006 - typer copies it
    part: Annotated[
        str | None, typer.Option(metavar="test|valid", help="Which pairs of the configuration.")
    ] = None,
    reference: Annotated[
        list[str],
        typer.Option(
            metavar="FIELD",
            help="A field of JSON lines to compare with, a text or a list of texts; may be repeated.",
            show_default=False,
        ),
    ] = [],  # noqa: B006
    beam: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Hypotheses kept at each step; 1 is greedy.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the model's outputs there.")
    ] = None,
    confusion: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Of a classifier: draw which label was taken for which, as .png or .svg."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="The figures as one JSON object.")] = False,
    ensemble: Others = [],  # noqa: B006 - typer copies it
) -> None:
    """Measure a model on its test data, by the metrics of its task.

    BLEU, chrF or ROUGE; word and character error rates; perplexity and bits a character; accuracy, F1 and what was
    taken for what. A folder of runs that differ in their seed (seqloom train --seeds) is measured run by run, and
    all of them together.
    """
    from seqloom.base.errors import UsageError

    if files and part:
        raise UsageError("Name either files or --part, not both.")
    if part not in (None, *PARTS):
        raise UsageError(f'--part "{part}" is neither "test" nor "valid".')
    from seqloom.pipeline.loading import TOGETHER, task_of
    from seqloom.training.seeds import seed_runs

    members = [] if task_of(run).name in TOGETHER else seed_runs(run)
    if len(members) > 1 and output:
        raise UsageError(
            f"{run} holds {len(members)} runs, which are measured one by one, and --output is one file. Name one run."
        )
    for each in members or [run]:
        _evaluate(
            [each, *ensemble],
            files,
            part,
            reference=reference,
            beam=beam,
            output=output,
            confusion=confusion,
            json=json,
        )


def _evaluate(
    runs: list[Path],
    files: list[Path],
    part: str | None,
    *,
    reference: list[str],
    beam: int | None,
    output: Path | None,
    confusion: Path | None,
    json: bool,
) -> None:
    """Measure the model of a run, or of several together."""
    from seqloom.base.errors import UsageError
    from seqloom.cli.evaluate_outputs import evaluate_outputs
    from seqloom.cli.evaluate_text import evaluate_text
    from seqloom.data.readers import PairFiles
    from seqloom.pipeline import Classifier, Tagger, TextGenerator, Transcriber, load
    from seqloom.training.seeds import seed_runs

    model = load(runs)
    if isinstance(model, TextGenerator):
        if beam or output:
            raise UsageError(
                f"{runs[0]} is a language model, whose text is scored and not translated. Leave out --beam and "
                "--output."
            )
        evaluate_text(model, runs[0], files, part, json=json)
        return
    asked = _pairs_of(model.config, runs[0], files, part)
    if isinstance(model, Classifier | Tagger):
        for member in seed_runs(runs[0]):
            _evaluate([member], files, part, reference=[], beam=beam, output=None, confusion=None, json=json)
        _evaluate_labels(model, runs, asked, beam=beam, output=output, picture=confusion, json=json)
        return
    if confusion:
        raise UsageError("--confusion is for classifiers and taggers; this model writes text. Leave it out.")
    if reference and (isinstance(model, Transcriber) or not isinstance(asked, PairFiles)):
        raise UsageError(
            "--reference is for JSON lines of texts, which this task doesn't read. Leave it out."
        )
    if reference and isinstance(asked, PairFiles):
        asked = replace(asked, reference_fields=tuple(reference))
    evaluate_outputs(model, runs, asked, beam=beam, output=output, json=json)


def _pairs_of(config: "Config", run: Path, files: list[Path], part: str | None) -> "AnyFiles":
    """The files that are asked for: named, or a part of the configuration, the test pairs if it has any."""
    from seqloom.base.errors import UsageError
    from seqloom.data.readers import FORMAT_OF_SUFFIX, PairFiles
    from seqloom.training.vocabularies import files_of, pair_files

    if files:
        told = len(files) > 1 or files[0].suffix.lower() in FORMAT_OF_SUFFIX
        asked = files_of(config, tuple(files), "auto" if told else config.data.format)
        if isinstance(asked, PairFiles) and asked.kind != "jsonl":
            return replace(asked, reference_fields=())  # which are fields
        return asked
    for name in [part] if part else PARTS:
        if getattr(config.data, name):
            return pair_files(config, name)
    missing = f"no data.{part}" if part else "neither data.test nor data.valid"
    raise UsageError(
        f"{run / CONFIG} names {missing}. Name the files: seqloom evaluate {shown(run)} SOURCE TARGET"
    )


def _evaluate_labels(
    model: "Classifier | Tagger",
    runs: list[Path],
    asked: "AnyFiles",
    *,
    beam: int | None,
    output: Path | None,
    picture: Path | None,
    json: bool,
) -> None:
    """What a classifier or a tagger makes of the files."""
    from seqloom.base.errors import UsageError
    from seqloom.cli.evaluate_labels import evaluate_labels

    if beam:
        raise UsageError("--beam is for models that write text; this one tells labels apart. Leave it out.")
    title = f"{' + '.join(map(str, runs))} on {' and '.join(map(str, map(nearby, asked.paths)))}"
    found = {
        "run": str(runs[0]),
        "ensemble": [str(other) for other in runs[1:]],
        "files": [str(path) for path in asked.paths],
    }
    evaluate_labels(model, title, asked, output=output, picture=picture, json=json, figures=found)
