"""`seqloom evaluate`: how good a model is on data that it didn't learn from, by the metrics of its task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqloom.cli.measured import Measured, Notices, tell_apart, tell_one, tell_together
from seqloom.cli.places import CONFIG, PARTS, Others, Run, shown
from seqloom.cli.reporting import keep_inputs

if TYPE_CHECKING:
    from seqloom.config.schema import Config
    from seqloom.config.tasks import Task
    from seqloom.data.dialogues import AnyFiles
    from seqloom.data.text_stream import TextFiles

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
OUTPUTS = frozenset({"beam", "output"})
TAKEN: Mapping[tuple[str, str], frozenset[str]] = {
    ("seq2seq", "text"): OUTPUTS | {"reference", "ensemble"},
    ("seq2seq", "history"): OUTPUTS | {"ensemble"},
    ("speech", "audio"): OUTPUTS,
    ("classifier", "text"): frozenset({"output", "confusion", "ensemble"}),
    ("language_model", "nothing"): frozenset(),
}
"""The options that a model has a use for, by its family and by what it reads."""
DOES = {
    "seq2seq": "writes text",
    "speech": "writes text",
    "classifier": "tells labels apart",
    "language_model": "is asked how likely a text is",
}
FOR = {
    "reference": "JSON lines of texts, which this task doesn't read",
    "beam": "models that write text; this one {does}",
    "output": "models that write text or labels; this one {does}",
    "confusion": "classifiers and taggers; this model {does}",
    "ensemble": "runs that decide together, which those of this task don't",
}
"""What an option is for, for those whose model has no use for it."""


@dataclass(frozen=True)
class Asked:
    """The options that not every model has a use for; one that is not set is empty, or None."""

    reference: tuple[str, ...]
    beam: int | None
    output: Path | None
    confusion: Path | None
    ensemble: tuple[Path, ...]


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
    from seqloom.config.tasks import task_named
    from seqloom.pipeline.loading import TOGETHER, config_of
    from seqloom.training.seeds import seed_runs

    asked = Asked(tuple(reference), beam, output, confusion, tuple(ensemble))
    config = config_of(run)
    task = task_named(config.task)
    _check_options(task, asked)
    data = _data_of(config, run, files, part, asked.reference)
    keep_inputs(data.paths, output=output, confusion=confusion)
    members, together = seed_runs(run), task.name in TOGETHER
    if len(members) > 1 and output and not together:
        raise UsageError(
            f"{run} holds {len(members)} runs, which are measured one by one, and --output is one file. Name one run."
        )
    if not members or (len(members) == 1 and not together):
        print(tell_one(_measure([*(members or [run]), *ensemble], data, asked, Notices()), json=json))
        return
    notices = Notices()
    alone = replace(asked, output=None, confusion=None)
    each = {member.name: _measure([member], data, alone, notices) for member in members}
    if together:
        print(tell_together(each, _measure([run, *ensemble], data, asked, notices), json=json))
    else:
        print(tell_apart(run, each, json=json))


def _check_options(task: "Task", asked: Asked) -> None:
    """Refuse an option that a model of that task has no use for. Raises UsageError."""
    from seqloom.base.errors import UsageError

    for option, purpose in FOR.items():
        if getattr(asked, option) and option not in TAKEN[task.family, task.source]:
            raise UsageError(f"--{option} is for {purpose.format(does=DOES[task.family])}. Leave it out.")


def _data_of(
    config: "Config", run: Path, files: list[Path], part: str | None, references: tuple[str, ...]
) -> "AnyFiles | TextFiles":
    """What is asked for: the files that are named, or a part of the configuration, the test part if it has one."""
    from seqloom.base.errors import UsageError
    from seqloom.config.tasks import task_named
    from seqloom.data.readers import FORMAT_OF_SUFFIX, PairFiles
    from seqloom.data.text_stream import TextFiles
    from seqloom.training.vocabularies import files_of, pair_files, text_files

    plain = not task_named(config.task).reads_pairs
    if not files:
        name = _part_of(config, run, part)
        asked: AnyFiles | TextFiles = text_files(config, name) if plain else pair_files(config, name)
    elif plain:
        return TextFiles(tuple(files))
    else:
        told = len(files) > 1 or files[0].suffix.lower() in FORMAT_OF_SUFFIX
        asked = files_of(config, tuple(files), "auto" if told else config.data.format)
        if isinstance(asked, PairFiles) and asked.kind != "jsonl":
            asked = replace(asked, reference_fields=())  # which are fields
    if references and isinstance(asked, PairFiles):
        if asked.kind != "jsonl":
            names = " and ".join(map(str, asked.paths))
            raise UsageError(f"--reference names a field of JSON lines; found {names}. Leave it out.")
        return replace(asked, reference_fields=references)
    return asked


def _part_of(config: "Config", run: Path, part: str | None) -> str:
    """The part of a configuration's data that is asked for. Raises UsageError where it names none."""
    from seqloom.base.errors import UsageError
    from seqloom.config.tasks import task_named

    for name in [part] if part else PARTS:
        if getattr(config.data, name) or (name == "valid" and config.data.held_out):
            return name
    task = task_named(config.task)
    rest = "" if task.reads_pairs else ", and holds nothing out"
    missing = f"no data.{part}" if part else f"neither data.test nor data.valid{rest}"
    what = "files" if task.reads_pairs else "text"
    named = "SOURCE TARGET" if (task.source, task.target) == ("text", "text") else "FILE"
    raise UsageError(
        f"{run / CONFIG} names {missing}. Name the {what}: seqloom evaluate {shown(run)} {named}"
    )


def _measure(runs: Sequence[Path], data: "AnyFiles | TextFiles", asked: Asked, notices: Notices) -> Measured:
    """Measure the model of a run, or of several together."""
    from seqloom.cli.evaluate_labels import measure_labels
    from seqloom.cli.evaluate_outputs import measure_outputs
    from seqloom.cli.evaluate_text import measure_text
    from seqloom.data.text_stream import TextFiles
    from seqloom.pipeline import Classifier, Tagger, TextGenerator, load

    model = load(runs)
    if isinstance(model, TextGenerator) or isinstance(data, TextFiles):
        if not (isinstance(model, TextGenerator) and isinstance(data, TextFiles)):
            raise TypeError(f"{type(model).__name__} is not measured on {type(data).__name__}")
        return measure_text(model, runs[0], data)
    if isinstance(model, Classifier | Tagger):
        return measure_labels(model, runs, data, notices, output=asked.output, picture=asked.confusion)
    return measure_outputs(model, runs, data, notices, beam=asked.beam, output=asked.output)
