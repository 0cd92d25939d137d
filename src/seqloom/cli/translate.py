"""`seqloom translate`: one line out for each line in."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from seqloom.cli.places import Others, Run
from seqloom.cli.texts import one_line, typed

if TYPE_CHECKING:
    from seqloom.base.progress import Progress
    from seqloom.pipeline import Result

EXAMPLES = """
\b
Examples:
  echo "How are you?" | seqloom translate runs/mine
      From stdin to stdout: an answer to each line as it comes.
  seqloom translate runs/mine new.en --output new.de --beam 10
      A file, in big batches; line n of new.de belongs to line n of new.en.

\b
Lines end at \\n only; text is UTF-8; an empty line gives an empty line.
--scores   SCORE, a tab, TEXT
--json     one object a line: source, text, score, log_probability, and with
           --n-best alternatives
"""
PIECE = 16  # batches that are sorted by length together


def translate(
    run: Run,
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE", help='Text to translate; stdin if none, or for "-".', show_default=False
        ),
    ] = [],  # noqa: B006 - typer copies it
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write there instead of to stdout.")
    ] = None,
    beam: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Hypotheses kept at each step; 1 is greedy."),
    ] = None,
    n_best: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Outputs for each line; needs --json if more than 1."),
    ] = None,
    prefix: Annotated[str, typer.Option(metavar="TEXT", help="What every output starts with.")] = "",
    sample: Annotated[
        bool, typer.Option("--sample", help="Draw an output for each line instead of searching for the best.")
    ] = False,
    temperature: Annotated[
        float, typer.Option(metavar="X", help="With --sample: below 1 bolder on the likely, above 1 on all.")
    ] = 1.0,
    top_k: Annotated[
        int, typer.Option(min=0, metavar="K", help="With --sample: from the K likeliest symbols; 0 is all.")
    ] = 0,
    top_p: Annotated[
        float,
        typer.Option(metavar="P", help="With --sample: from the likeliest that hold this probability."),
    ] = 1.0,
    seed: Annotated[int, typer.Option(metavar="N", help="With --sample: fixes what is drawn.")] = 0,
    scores: Annotated[bool, typer.Option("--scores", help="The score and a tab before each output.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    ensemble: Others = [],  # noqa: B006 - typer copies it
) -> None:
    """Translate text, line by line, as it comes."""
    from seqloom.base.errors import UsageError
    from seqloom.cli.arriving import in_pieces, read_inputs

    if n_best and n_best > 1 and not json:
        raise UsageError(
            f"--n-best {n_best} gives several outputs for a line; add --json, which has room for them."
        )
    if n_best and beam and n_best > beam:
        raise UsageError(
            f"--n-best {n_best} asks for more outputs than --beam {beam} keeps. Give --beam {n_best}, or more."
        )
    if sample and (beam or (n_best and n_best > 1)):
        raise UsageError("--sample draws one output and keeps no beam. Leave out --beam and --n-best.")
    if not sample and (temperature, top_k, top_p, seed) != (1.0, 0, 1.0, 0):
        raise UsageError(
            "--temperature, --top-k, --top-p and --seed are for --sample. Add it, or leave them out."
        )
    if scores and json:
        raise UsageError("--json has the scores already. Leave out --scores.")
    begun = typed(prefix, "--prefix")
    _check_files(files, output)
    from seqloom.pipeline import Model, load_kind
    from seqloom.search.options import SearchOptions
    from seqloom.training.searching import sampling_options, search_options

    model = load_kind(Model, [run, *ensemble])
    options = (
        sampling_options(model.config.search, temperature=temperature, top_k=top_k, top_p=top_p, seed=seed)
        if sample
        else search_options(model.config.search, beam=beam, n_best=n_best if json else 1)
    )
    several = isinstance(options, SearchOptions) and options.n_best > 1
    if not files and sys.stdin.isatty():
        print("Type a sentence and press Enter; Ctrl-D ends.", file=sys.stderr)
    size = PIECE * model.config.search.batch_sentences
    done = 0
    with opened(output, "translated") as stream, _reporting(files, output) as report:
        for piece in in_pieces(read_inputs(files), size):
            prefixes = [begun] * len(piece) if begun else None
            results = model.translate([line.text for line in piece], options, prefixes, first=done)
            done += len(piece)
            for line, result in zip(piece, results, strict=True):
                if result.notice:
                    report.say(f"seqloom: {line.where}: {result.notice}")
                stream.write(_written(result, scores=scores, json=json, several=several))
            stream.flush()
            report.went_on(len(piece), sum(len(result.tokens) for result in results))


def _check_files(files: list[Path], output: Path | None) -> None:
    """Refuse, before a model is loaded, what can't be read, and to write over what is being read."""
    from seqloom.base.errors import UsageError
    from seqloom.cli.arriving import STDIN
    from seqloom.data.readers import read_lines

    for path in files:
        if str(path) == STDIN:
            continue
        if not path.exists():
            next(read_lines(path))  # says so, and suggests a near name
        if output and output.exists() and output.samefile(path):
            raise UsageError(f"--output {output} is a file that is being read. Name another one.")


@contextmanager
def opened(output: Path | None, done: str) -> Iterator[BinaryIO]:
    """A file to write to, or stdout; a file gets its name when all of it is there.

    done  what was done with what is in an unfinished file, for whoever finds it
    """
    if output is None:
        yield sys.stdout.buffer
        return
    from seqloom.base.files import explain_os_errors, make_folder

    make_folder(output.parent)
    unfinished = output.with_name(f"{output.name}.part")
    try:
        with explain_os_errors("write", output):
            with unfinished.open("wb") as stream:
                yield stream
            unfinished.replace(output)
    except BaseException:
        if unfinished.is_file() and unfinished.stat().st_size:
            print(f"seqloom: {output} is as it was; what was {done} is in {unfinished}", file=sys.stderr)
        else:
            unfinished.unlink(missing_ok=True)
        raise


class _Report:
    """What a person is told meanwhile, on stderr: notices, and how far it is where there is something to fill."""

    def __init__(self, bar: "Progress | None") -> None:
        self.bar = bar
        self.lines = self.tokens = 0
        self.started = monotonic()

    def say(self, line: str) -> None:
        if self.bar:
            self.bar.say(line)
        else:
            print(line, file=sys.stderr)

    def went_on(self, lines: int, tokens: int) -> None:
        """So many lines and target tokens more."""
        self.lines, self.tokens = self.lines + lines, self.tokens + tokens
        if self.bar:
            rate = self.tokens / max(monotonic() - self.started, 1e-9)
            self.bar.update(self.lines, f"{self.lines:,} lines  {rate:,.0f} tokens/s")


@contextmanager
def _reporting(files: list[Path], output: Path | None) -> Iterator[_Report]:
    """With progress where the outputs go to a file and nobody sees them come."""
    if output is None:
        yield _Report(None)
        return
    from seqloom.base.progress import progress

    total = None
    if files and all(path.is_file() for path in files):  # a pipe can be read but once
        total = sum(_count_lines(path) for path in files)
    with progress("Translating", total) as bar:
        yield _Report(bar)


def _count_lines(path: Path) -> int:
    with path.open("rb") as stream:
        return sum(1 for _ in stream)


def _written(result: "Result", *, scores: bool, json: bool, several: bool) -> bytes:
    """One line, whatever the model wrote: ends of line within an output become blanks."""
    if json:
        from json import dumps

        record = {"source": result.source, **_record(result)}
        if several:
            record["alternatives"] = [_record(other) for other in result.alternatives]
        if result.notice:
            record["notice"] = result.notice
        line = dumps(record, ensure_ascii=False)
    else:
        line = one_line(result.text)
        if scores:
            line = f"{result.score:.4f}\t{line}"
    return (line + "\n").encode("utf-8", errors="replace")


def _record(result: "Result") -> dict[str, Any]:
    return {"text": result.text, "score": result.score, "log_probability": result.log_probability}
