"""`seqloom evaluate`: how good a model is on data that it didn't learn from, by the metrics of its task."""

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqloom.cli.places import CONFIG, Others, Run, nearby, shown
from seqloom.cli.texts import one_line

if TYPE_CHECKING:
    from seqloom.config.schema import Config
    from seqloom.data.readers import PairFiles
    from seqloom.data.text_stream import TextFiles
    from seqloom.pipeline import Classifier, Model, Tagger, TextGenerator

EXAMPLES = """
\b
Examples:
  seqloom evaluate runs/mine
      The test pairs of its configuration, or else the validation pairs.
  seqloom evaluate runs/mine other.en other.de --output other.out --beam 10
      Two files of yours; the outputs are kept.

JSON lines may hold several references: --reference subject --reference other.
For a language model FILE is plain text, and what is said is how likely it is.
"""
PARTS = ("test", "valid")


def evaluate(
    run: Run,
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE",
            help="Two files in step, or one .tsv or .jsonl file; plain text for a language model.",
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

    BLEU, chrF or ROUGE; perplexity and bits a character; accuracy, F1 and what was taken for what.
    """
    from seqloom.base.errors import UsageError

    if files and part:
        raise UsageError("Name either files or --part, not both.")
    if part not in (None, *PARTS):
        raise UsageError(f'--part "{part}" is neither "test" nor "valid".')
    from seqloom.pipeline import Model, TextGenerator, load

    model = load([run, *ensemble])
    if isinstance(model, TextGenerator):
        if beam or output:
            raise UsageError(
                f"{run} is a language model, whose text is scored and not translated. Leave out --beam and --output."
            )
        _evaluate_text(model, run, files, part, json=json)
        return
    asked = _pairs_of(model.config, run, files, part)
    if not isinstance(model, Model):
        _evaluate_labels(
            model, [run, *ensemble], asked, beam=beam, output=output, picture=confusion, json=json
        )
        return
    if confusion:
        raise UsageError("--confusion is for classifiers and taggers; this model writes text. Leave it out.")
    if reference:
        asked = replace(asked, reference_fields=tuple(reference))
    _evaluate_outputs(model, [run, *ensemble], asked, beam=beam, output=output, json=json)


def _fields_for(config: "Config", files: list[Path]) -> tuple[str, ...]:
    """The configuration's reference fields, where the files have fields."""
    from seqloom.data.readers import pair_format

    return config.data.reference_fields if pair_format(files) == "jsonl" else ()


def _evaluate_text(
    model: "TextGenerator", run: Path, files: list[Path], part: str | None, *, json: bool
) -> None:
    """How likely a text is, each file read from its beginning."""
    from seqloom.base.errors import DataError
    from seqloom.base.progress import progress
    from seqloom.cli.score import describe, figures
    from seqloom.pipeline import Likelihood

    asked = _texts_of(model.config, run, files, part)
    names = " and ".join(str(nearby(path)) for path in asked.paths)
    whole, lines = Likelihood(), 0
    begun = time.monotonic()
    with progress("Reading") as bar:
        for found in model.score_lines(asked.lines()):
            whole, lines = whole + found, lines + 1
            bar.update(lines, f"of {names}")
    seconds = time.monotonic() - begun
    if not lines:
        raise DataError(f"{names}: no line; a score needs at least one.")
    share = "" if (asked.start, asked.stop) == (0.0, 1.0) else f", its last {1 - asked.start:.3g}"
    if json:
        from json import dumps

        said = {
            "run": str(run),
            "files": [str(path) for path in asked.paths],
            "part": [asked.start, asked.stop],
            "lines": lines,
            **figures(whole),
            "context": model.context,
            "seconds": round(seconds, 3),
        }
        print(dumps(said, ensure_ascii=False))
        return
    print(f"{run} on {names}{share}")
    print(describe(whole, lines, model))
    print(f"  {seconds:.1f} s, {whole.tokens / seconds:,.0f} tokens a second")


def _texts_of(config: "Config", run: Path, files: list[Path], part: str | None) -> "TextFiles":
    """The text that is asked for: files, or a part of the configuration, the test text if it has any."""
    from seqloom.base.errors import UsageError
    from seqloom.data.text_stream import TextFiles
    from seqloom.training.vocabularies import text_files

    if files:
        return TextFiles(tuple(files))
    for name in [part] if part else PARTS:
        if getattr(config.data, name) or (name == "valid" and config.data.held_out):
            return text_files(config, name)
    missing = f"no data.{part}" if part else "neither data.test nor data.valid, and holds nothing out"
    raise UsageError(f"{run / CONFIG} names {missing}. Name the text: seqloom evaluate {shown(run)} FILE")


def _pairs_of(config: "Config", run: Path, files: list[Path], part: str | None) -> "PairFiles":
    """The files that are asked for: named, or a part of the configuration, the test pairs if it has any."""
    from seqloom.base.errors import UsageError
    from seqloom.training.vocabularies import pair_files

    if files:
        data = {
            "test": tuple(map(str, files)),
            "format": "auto",
            "reference_fields": _fields_for(config, files),
        }
        named = config.data.model_copy(update=data)
        return pair_files(config.model_copy(update={"data": named}), "test")
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
    asked: "PairFiles",
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


def _evaluate_outputs(
    model: "Model", runs: list[Path], asked: "PairFiles", *, beam: int | None, output: Path | None, json: bool
) -> None:
    """What a model writes for the sources of the files, compared with what it should be."""
    from seqloom.base.errors import DataError
    from seqloom.base.files import atomic_write, make_folder
    from seqloom.base.progress import progress
    from seqloom.metrics.measure import TITLES
    from seqloom.training.searching import search_options

    pairs = list(asked.read_judged())
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
        "run": str(runs[0]),
        "ensemble": [str(other) for other in runs[1:]],
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
    print(f"{' + '.join(map(str, runs))} on {len(pairs):,} pairs of {names}")
    width = max(len(TITLES.get(score.name, score.name)) for score in scores)
    for score in scores:
        print(f"  {TITLES.get(score.name, score.name):{width}} {score.value:6.2f}   {score.signature}")
    print(f"  {seconds:.1f} s, {len(pairs) / seconds:,.0f} sentences a second, beam {options.beam}")
    if output:
        print(f"The outputs: {output}")
