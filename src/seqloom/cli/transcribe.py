"""`seqloom transcribe`: a line for each recording, or for each utterance of a stream."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqloom.base.errors import DataError, ResourceError, UsageError
from seqloom.cli import many
from seqloom.cli.asking import Fields, fields_of
from seqloom.cli.places import Run
from seqloom.cli.recordings import what_is_said
from seqloom.cli.records import FIELD_FILES, check_into, records_alone, refuse_for_records
from seqloom.cli.reporting import Report, check_files, keep_inputs, reporting
from seqloom.cli.transcribe_records import FIELD, RecordWriter
from seqloom.cli.transcribe_stream import Stream, transcribe_stream
from seqloom.cli.transcript_lines import Lines, put, say_notice
from seqloom.cli.writing_options import check_beams

if TYPE_CHECKING:
    from seqloom.pipeline import Transcriber, Transcript
    from seqloom.search.options import SearchOptions

    Results = Iterator[Transcript | DataError | ResourceError]

EXAMPLES = """
\b
Examples:
  seqloom transcribe runs/mine a.wav b.flac recordings/ 'more/*.wav'
      PATH, a tab and what is said there, a line a file, in the order named.
  seqloom transcribe runs/mine recordings --beside txt
      Every recording of a folder: what is said in a.wav goes to a.wav.txt.

\b
--stdin    raw samples, a line whenever somebody has finished speaking:
           arecord -f S16_LE -r 16000 -t raw |
           seqloom transcribe runs/mine --stdin --rate 16000
--times    PATH, then for each word a tab and START END WORD, in seconds
--json     one object a line: source, text, score, log_probability, seconds,
           with --times words, with --n-best alternatives, with --stdin start
--beside, --output FOLDER   a file for each, for folders and patterns always;
           results that are there stay, so that the same command goes on
           where it was stopped
JSON lines (.jsonl, or --field) are written as they were, with one field more.
A file that can't be used gives an empty line and a sentence on stderr; the
others go on, and the exit code is then 3.
"""


def transcribe(
    run: Run,
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE", help="Sound files, folders of them, and patterns as '*.wav'.", show_default=False
        ),
    ] = [],  # noqa: B006 - typer copies it
    stdin: Annotated[
        bool, typer.Option("--stdin", help="Raw samples of one channel from stdin, as they come.")
    ] = False,
    rate: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="With --stdin: samples a second.")
    ] = None,
    format: Annotated[  # noqa: A002 - the word that a user types
        str | None,
        typer.Option(metavar="s16le|s32le|f32le", help="With --stdin: what a sample is; s16le if not said."),
    ] = None,
    silence: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS", help="With --stdin: the pause that ends an utterance; 0.6 if not said."
        ),
    ] = None,
    output: many.Output = None,
    beside: many.Beside = None,
    overwrite: many.Overwrite = False,
    field: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Read JSON lines, of which this field is the path of a recording."),
    ] = None,
    into: Annotated[
        str | None,
        typer.Option(metavar="NAME", help=f"With JSON lines: the field to write; {FIELD} if not said."),
    ] = None,
    beam: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Hypotheses kept at each step; 1 is greedy."),
    ] = None,
    n_best: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Outputs for each recording; needs --json if more than 1."),
    ] = None,
    times: Annotated[bool, typer.Option("--times", help="When each word is said.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    language_model: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="A language model over the same vocabulary, to be asked too."),
    ] = None,
    language_model_weight: Annotated[
        float | None,
        typer.Option(min=0.0, metavar="X", help="What it counts, in place of search.language_model_weight."),
    ] = None,
) -> None:
    """Write down what is said in recordings."""
    records = field is not None or records_alone(files)
    _check_source(files, stdin=stdin, records=records, of_stdin=(rate, format, silence))
    check_into(into, records=records)
    if records:
        refuse_for_records(times=times, json=json)
    check_beams(beam, n_best, json=json, unit="recording")
    many.check_beside(files, output, beside)
    many.check_read(files, output, beside, overwrite=overwrite, fields=(field, into), records=records)
    if records:
        _transcribe_records(
            files,
            output,
            beside,
            Fields((field,) if field else (), into or FIELD, overwrite),
            lambda: _load(run, language_model, language_model_weight, beam, 1),
        )
        return
    jobs = _jobs(run, files, output, beside, overwrite=overwrite, json=json)
    stream = Stream.asked(rate, format, silence) if stdin else None
    if jobs == []:
        return
    paths = _paths(run, files, output) if jobs is None else [job.source for job in jobs]
    model, options = _load(run, language_model, language_model_weight, beam, n_best if json else 1)
    lines = Lines(times=times, json=json, several=options.n_best > 1, named=not stdin and jobs is None)
    with reporting(
        "Transcribing", paths, shown=bool(paths) and (jobs is not None or output is not None), unit="files"
    ) as report:
        if stream is not None:
            with many.opened(output) as place:
                transcribe_stream(model, options, lines, stream, place, report)
            return
        results = what_is_said(model, options, paths, times=times)
        if jobs is None:
            _all_to_one(results, lines, paths, report, output)
        else:
            _each_to_its_own(results, lines, jobs, report)


def _check_source(
    files: Sequence[Path], *, stdin: bool, records: bool, of_stdin: Sequence[object | None]
) -> None:
    """Refuse to read from nowhere, or from two places.

    of_stdin   what only goes with --stdin, None where it is not said
    """
    if stdin and files:
        raise UsageError("Name either files or --stdin, not both.")
    if not stdin and not files:
        raise UsageError("Name sound files, or --stdin for raw samples from a pipe.")
    if not stdin and any(option is not None for option in of_stdin):
        raise UsageError("--rate, --format and --silence are for --stdin. Add it, or leave them out.")
    if records and stdin:
        raise UsageError(
            "--field is for JSON lines, but --stdin brings raw samples. Leave out one of the two."
        )
    if any(str(path) == many.STDIN for path in files):
        raise UsageError('"-" is stdin, which brings raw samples here: give --stdin and --rate in its place.')


def _load(
    run: Path, language_model: Path | None, weight: float | None, beam: int | None, n_best: int | None
) -> "tuple[Transcriber, SearchOptions]":
    from seqloom.pipeline import Transcriber, load_as
    from seqloom.pipeline.transcriber import with_language_model
    from seqloom.training.searching import search_options

    model = with_language_model(load_as(Transcriber, run, "transcribe"), language_model, weight)
    return model, search_options(model.config.search, beam=beam, n_best=n_best)


def _transcribe_records(
    files: Sequence[Path],
    output: Path | None,
    beside: str | None,
    fields: Fields,
    load: "Callable[[], tuple[Transcriber, SearchOptions]]",
) -> None:
    """What is said in the recordings that JSON lines name.

    fields   what is read, the run's own field if none, and what is written
    """
    jobs = many.jobs_asked(files, output, beside, overwrite=fields.overwrite, endings=FIELD_FILES)
    if jobs is None:
        check_files(files, output)
    elif not jobs:
        return
    model, options = load()
    fields = fields._replace(read=fields.read or fields_of(model.config.data, None))
    paths = files if jobs is None else [job.source for job in jobs]
    with reporting("Transcribing", paths, shown=jobs is not None or output is not None) as report:
        writer = RecordWriter(model, options, fields, report)
        if jobs is None:
            writer.write(files, output)
            return
        many.run_jobs(jobs, lambda job: writer.write([job.source], job.target), report.say)


def _jobs(
    run: Path, files: Sequence[Path], output: Path | None, beside: str | None, *, overwrite: bool, json: bool
) -> list[many.Job] | None:
    """A job for each recording whose result isn't there yet; None where all goes to one place, as to stdout."""
    if output is None and beside is None:
        return None
    endings, kind = _endings(run, files), ".json" if json else ".txt"
    return many.jobs_asked(files, output, beside, overwrite=overwrite, endings=endings, kind=kind)


def _paths(run: Path, files: Sequence[Path], output: Path | None) -> list[Path]:
    """The recordings that are meant, whose lines go to one place. Raises UsageError for a place that is one of them."""
    paths = [found.path for found in many.find_files(files, _endings(run, files))]
    keep_inputs(paths, output=output)
    return paths


def _endings(run: Path, files: Sequence[Path]) -> tuple[str, ...]:
    """Of what the run's model reads, if there is a folder, which stands for the files that end so."""
    if not any(map(Path.is_dir, files)):
        return ()
    from seqloom.pipeline import Transcriber
    from seqloom.pipeline.loading import check_kind
    from seqloom.pipeline.transcriber import endings_read

    check_kind(Transcriber, run, "transcribe")
    return endings_read(run)


def _each_to_its_own(results: "Results", lines: "Lines", jobs: Sequence[many.Job], report: Report) -> None:
    """A file for each recording. Raises as run_jobs does."""

    def work(job: many.Job) -> None:
        found = _usable(next(results))
        say_notice(found, report)
        with many.opened(job.target) as place:
            put(place, lines.of(found))
        report.went_on(1, len(found.text.split()))

    many.run_jobs(jobs, work, report.say)


def _all_to_one(
    results: "Results", lines: "Lines", paths: Sequence[Path], report: Report, output: Path | None
) -> None:
    """A line for each recording, in order, an empty one for those that can't be used.

    Raises   as run_jobs does, once all of it is there
    """
    with many.opened(output) as place:

        def work(path: Path) -> None:
            try:
                found = _usable(next(results))
            except (DataError, ResourceError):
                put(place, lines.nothing(path))
                raise
            say_notice(found, report)
            put(place, lines.of(found))
            report.went_on(1, len(found.text.split()))

        failed = many.try_each(paths, work, report.say)
    many.raise_failed(failed, len(paths))


def _usable(found: "Transcript | DataError | ResourceError") -> "Transcript":
    if isinstance(found, DataError | ResourceError):
        raise found
    return found
