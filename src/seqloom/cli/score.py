"""`seqloom score`: how likely a language model finds text, line by line and as a whole."""

import sys
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqloom.cli.places import Run
from seqloom.cli.texts import counted, one_line

if TYPE_CHECKING:
    from seqloom.cli.arriving import Line
    from seqloom.pipeline import Likelihood, TextGenerator

ARRIVED = 256  # lines of stdin that are read together, at most

EXAMPLES = """
\b
Examples:
  seqloom score runs/plays new.txt > scores.tsv
      NATS A TOKEN, BITS A CHARACTER, PERPLEXITY and TEXT, tabs between; the
      figures of the whole follow on stderr.
  cat a.txt b.txt | seqloom score runs/plays --separate --json
      Each line on its own; one object a line, and one of the whole.

\b
Each line's end counts as a symbol and as a character. A file is one text:
its lines are read in order, each after those before it, unless --separate.
Models with a state carry it from the first symbol to the last; Transformers
see windows that slide by half their size. No figure depends on how many
lines are read together.
"""


def score(
    run: Run,
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE", help='Text to score; stdin if none, or for "-".', show_default=False),
    ] = [],  # noqa: B006 - typer copies it
    separate: Annotated[
        bool, typer.Option("--separate", help="Score each line as if nothing were before it.")
    ] = False,
    total: Annotated[bool, typer.Option("--total", help="Only the figures of the whole, on stdout.")] = False,
    json: Annotated[bool, typer.Option("--json", help="JSON objects, a line each.")] = False,
) -> None:
    """Score text: nats a token, bits a character, perplexity.

    For models of task = "generation"; an output line for each line of text, and the whole.
    """
    from seqloom.cli.arriving import STDIN
    from seqloom.data.lines import read_lines

    for path in files:
        if str(path) != STDIN:
            next(read_lines(path), None)  # refused before a model is loaded
    from seqloom.base.errors import DataError
    from seqloom.pipeline import Likelihood, TextGenerator, load_as

    model = load_as(TextGenerator, run, "score")
    if not files and sys.stdin.isatty():
        print("Type a line and press Enter; Ctrl-D ends.", file=sys.stderr)
    whole = Likelihood()
    lines = 0
    for path in files or [Path(STDIN)]:
        for text, found in scored(model, path, separate=separate):
            whole, lines = whole + found, lines + 1
            if not total:
                print(_json(found, text) if json else _columns(found, text), flush=str(path) == STDIN)
    if not lines:
        raise DataError("There is no line to be scored. Give text that isn't empty.")
    sys.stdout.flush()
    if json:
        print(_json(whole, None, lines))
    else:
        print(describe(whole, lines, model, separate=separate), file=sys.stdout if total else sys.stderr)


def scored(model: "TextGenerator", path: Path, *, separate: bool) -> Iterator[tuple[str, "Likelihood"]]:
    """The lines of a file with their figures; of stdin those that have arrived, without waiting for more."""
    from seqloom.cli.arriving import STDIN, in_pieces, read_inputs

    held: deque[str] = deque()

    def noted(lines: Iterable["Line"]) -> Iterator[str]:
        for line in lines:
            held.append(line.text)
            yield line.text

    lines = read_inputs([path])
    pieces = in_pieces(lines, ARRIVED) if str(path) == STDIN else [lines]
    for found in model.score_pieces(map(noted, pieces), separate=separate):
        yield held.popleft(), found


def describe(whole: "Likelihood", lines: int, model: "TextGenerator", *, separate: bool = False) -> str:
    """The figures of a whole text, and what they were computed from."""
    context = "each line on its own" if separate else model.context
    rows = [
        f"  nats a token      {whole.nats_per_token:9.4f}",
        f"  bits a character  {whole.bits_per_character:9.4f}",
        f"  perplexity        {whole.perplexity:9.3f}",
        f"  {counted(lines, 'line')}, {counted(whole.tokens, 'token')}, {counted(whole.characters, 'character')}; "
        f"{context}",
    ]
    if whole.unknown:
        verbs = (
            "is outside the vocabulary and counts"
            if whole.unknown == 1
            else "are outside the vocabulary and count"
        )
        rows.append(f"  {counted(whole.unknown, 'token')} {verbs} as <unk>")
    return "\n".join(rows)


def figures(found: "Likelihood") -> dict[str, Any]:
    """As JSON has them."""
    return {
        "nats_per_token": found.nats_per_token,
        "bits_per_character": found.bits_per_character,
        "perplexity": found.perplexity,
        "nats": found.nats,
        "tokens": found.tokens,
        "characters": found.characters,
        "unknown": found.unknown,
    }


def _columns(found: "Likelihood", text: str) -> str:
    return f"{found.nats_per_token:.4f}\t{found.bits_per_character:.4f}\t{found.perplexity:.3f}\t{one_line(text)}"


def _json(found: "Likelihood", text: str | None, lines: int | None = None) -> str:
    from json import dumps

    named = {"text": text} if lines is None else {"total": True, "lines": lines}
    return dumps({**named, **figures(found)}, ensure_ascii=False)
