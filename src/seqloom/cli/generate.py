"""`seqloom generate`: text that goes on from a beginning, shown as it is written."""

import sys
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqloom.cli.places import Run
from seqloom.cli.texts import typed

if TYPE_CHECKING:
    from seqloom.pipeline import TextGenerator
    from seqloom.search.options import SamplingOptions

EXAMPLES = """
\b
Examples:
  seqloom generate runs/plays --prompt "ROMEO:" --temperature 0.8
      Goes on from there, 500 symbols, as they are drawn.
  seqloom generate runs/plays --prompt-file a.txt --stop "THE END" > b.txt
      Goes on with a file, until it writes THE END.

\b
The prompt is shown first, unless --no-echo. Lines of several samples follow
a line of dashes. --json  one object a sample: prompt, text, seed, number
"""
BETWEEN = "-" * 20  # samples


def generate(
    run: Run,
    prompt: Annotated[str, typer.Option(metavar="TEXT", help="What the text begins with.")] = "",
    prompt_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help='The same from a file; "-" is stdin.')
    ] = None,
    symbols: Annotated[int, typer.Option(min=1, metavar="N", help="Symbols drawn at most.")] = 500,
    stop: Annotated[
        list[str],
        typer.Option(metavar="TEXT", help="End before this text; may be repeated.", show_default=False),
    ] = [],  # noqa: B006 - typer copies it
    temperature: Annotated[
        float, typer.Option(metavar="X", help="Below 1 bolder on the likely, above 1 on all.")
    ] = 1.0,
    top_k: Annotated[
        int,
        typer.Option(
            min=0, metavar="K", help="Draw from the K likeliest symbols; 0 is all, 1 draws nothing."
        ),
    ] = 0,
    top_p: Annotated[
        float, typer.Option(metavar="P", help="Draw from the likeliest that hold this probability.")
    ] = 1.0,
    repetition_penalty: Annotated[
        float, typer.Option(metavar="X", help="Above 1: symbols written lately become less likely.")
    ] = 1.0,
    repetition_window: Annotated[
        int, typer.Option(min=1, metavar="N", help="Symbols back to which that reaches.")
    ] = 64,
    no_repeat_ngram: Annotated[
        int, typer.Option(min=0, metavar="N", help="Never write the same N symbols in a row twice; 0 is off.")
    ] = 0,
    seed: Annotated[int, typer.Option(metavar="N", help="Fixes what is drawn.")] = 0,
    samples: Annotated[int, typer.Option(min=1, metavar="N", help="Texts from the same beginning.")] = 1,
    echo: Annotated[
        bool, typer.Option("--echo/--no-echo", help="Show the prompt before what follows it.")
    ] = True,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a sample.")] = False,
) -> None:
    """Write text that goes on from a beginning.

    For models of task = "generation"; it is shown as it is drawn.
    """
    from seqloom.base.errors import UsageError
    from seqloom.search.options import SamplingOptions

    if prompt and prompt_file:
        raise UsageError("--prompt and --prompt-file are two beginnings. Leave out one.")
    if not 0 < temperature < inf:
        raise UsageError(
            f"--temperature {temperature:g} is out of range; expected more than 0. For the likeliest symbol each time "
            "give --top-k 1."
        )
    if "" in stop:
        raise UsageError("--stop is empty; expected the text before which to end.")
    if json and not echo:
        raise UsageError("--json has the prompt in a field of its own. Leave out --no-echo.")
    if repetition_window != 64 and repetition_penalty == 1:
        raise UsageError(
            "--repetition-window is for a --repetition-penalty above 1. Add it, or leave both out."
        )
    begun = _from_file(prompt_file) if prompt_file else typed(prompt, "--prompt")
    options = SamplingOptions(
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        seed=seed,
        repetition_penalty=repetition_penalty,
        repetition_window=repetition_window,
        no_repeat_ngram=no_repeat_ngram,
    )
    stops = [typed(text, "--stop") for text in stop]
    from seqloom.pipeline import TextGenerator, load_as

    model = load_as(TextGenerator, run, "generate")
    unknown = model.unknown(begun)
    if unknown:
        count = "a symbol" if unknown == 1 else f"{unknown} symbols"
        print(f"seqloom: the prompt has {count} that the model has never seen", file=sys.stderr)
    for number in range(samples):
        if json:
            _write_json(model, begun, options, symbols, stops, number)
            continue
        if number:
            _write(f"{BETWEEN}\n")
        _show(model, begun, options, symbols, stops, number, echo=echo)


def _show(
    model: "TextGenerator",
    prompt: str,
    options: "SamplingOptions",
    symbols: int,
    stops: list[str],
    number: int,
    *,
    echo: bool,
) -> None:
    """Write a text as it comes, and the end of its last line."""
    last = ""
    if echo and prompt:
        _write(prompt)
        last = prompt
    for piece in model.generate(prompt, options, symbols=symbols, stop=stops, number=number):
        _write(piece)
        last = piece or last
    if not last.endswith("\n"):
        _write("\n")


def _write(text: str) -> None:
    """At once; on a terminal nothing in the text is obeyed."""
    from seqloom.cli.texts import CONTROLS

    sys.stdout.write(CONTROLS.sub("\ufffd", text) if sys.stdout.isatty() else text)
    sys.stdout.flush()


def _write_json(
    model: "TextGenerator",
    prompt: str,
    options: "SamplingOptions",
    symbols: int,
    stops: list[str],
    number: int,
) -> None:
    from json import dumps

    text = "".join(model.generate(prompt, options, symbols=symbols, stop=stops, number=number))
    record = {"prompt": prompt, "text": text, "seed": options.seed, "number": number}
    _write(dumps(record, ensure_ascii=False) + "\n")


def _from_file(path: Path) -> str:
    """A file's text without the end of its last line, which whoever goes on with it would not want."""
    from seqloom.cli.arriving import read_inputs

    return "\n".join(line.text for line in read_inputs([path]))
