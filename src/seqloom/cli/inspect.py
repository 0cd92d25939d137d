"""`seqloom inspect`: what happens inside a model while it reads, and writes or decides for a label."""

from pathlib import Path
from typing import Annotated

import typer

from seqloom.cli.places import Run, shown
from seqloom.cli.texts import typed
from seqloom.cli.views import VIEWS, Asked, Shown

EXAMPLES = """
\b
Examples:
  seqloom inspect runs/mine "How are you?" --html map.html --png map.png
      Translates, and shows where it looked: here, on a page, in a picture.
  seqloom inspect runs/mine "I am happy." --target "Je suis content." --pieces
      Where it looks when it has to write this, subword by subword.

\b
--show attention  where it looked for each word (the default)
       gates      how far each gate of a recurrent layer was open
       gradients  how far back gradients reach, trained and fresh
       words      what else it might have written at each step
       beam       the tree of the search, and what was pruned
       cost       parameters, bytes and operations, computed and measured
--head 2.3 is layer 2's head 3 of what looks at the source; encoder.2.3 is one
that reads it, decoder.2.3 one that looks back at what is written.
Of a classifier, attention is which words spoke for its label, or for
--target LABEL, by gradient times input, and what its pooling weighed; of a
tagger, which tokens spoke for each one's label. Of a language model TEXT is
the prompt, and --target what follows it ("" for nothing); of a transcriber a
recording, as in: seqloom inspect runs/digits seven.wav --show gates
"""


def inspect(
    run: Run,
    text: Annotated[
        str,
        typer.Argument(metavar="TEXT", help="What the model reads; a recording's file for a transcriber."),
    ],
    show: Annotated[
        str, typer.Option("--show", metavar="WHAT", help=f"One of: {', '.join(VIEWS)}.")
    ] = "attention",
    target: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="What it is made to write, or the label to explain; its own output if not said.",
        ),
    ] = None,
    words: Annotated[
        bool | None,
        typer.Option(
            "--words/--pieces",
            help="Whole words, the default of attention, or symbols that the model knows, that of --show words.",
            show_default=False,
        ),
    ] = None,
    heads: Annotated[
        bool, typer.Option("--heads", help="Attention of every layer and head, each by itself.")
    ] = False,
    head: Annotated[
        str,
        typer.Option(
            metavar="HEAD",
            help="Attention of LAYER.HEAD, of LAYER in the mean, or of the sharpest head; mean is the model's own.",
        ),
    ] = "mean",
    sort: Annotated[
        str, typer.Option(metavar="ORDER", help="Of the units in a picture of gates: mean, change or index.")
    ] = "mean",
    png: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it as a picture.")] = None,
    svg: Annotated[Path | None, typer.Option(metavar="FILE", help="The same as vector graphics.")] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page to look around in.")] = None,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the numbers themselves.")] = None,
) -> None:
    """Show what happens inside a model: attention, gates, gradients, choices, search; or what carried a decision."""
    from seqloom.base.errors import UsageError

    text = typed(text, "TEXT")
    target = target if target is None else typed(target, "--target")
    if not text.strip():
        raise UsageError("There is nothing to look at in an empty text.")
    files = {"png": png, "svg": svg, "html": html, "json": json}
    asked = {kind: path for kind, path in files.items() if path}
    _check(show, asked, heads=heads, head=head, sort=sort)
    if words is not None and show not in ("attention", "words"):
        raise UsageError(
            f"--{'words' if words else 'pieces'} is for --show attention or words. Leave it out."
        )
    from seqloom.inspection.head_choice import read_choice
    from seqloom.pipeline import load
    from seqloom.pipeline.passage import notice_of

    model = load(run)
    seen = VIEWS[show].look(model, Asked(text, target, words, sort, heads, head))
    if notice := notice_of(model, text):
        typer.echo(f"seqloom: TEXT: {notice}", err=True)
    print(seen.summary)
    _write_files(seen, asked)
    if asked:
        print("\nWrote " + ", ".join(map(str, asked.values())))
    else:
        option = "" if show == "attention" else f" --show {show}"
        option += f" --head {head}" if read_choice(head) else ""
        kinds = [kind for kind in ("html", "png", "json") if kind in VIEWS[show].kinds]
        ways = " ".join(f"--{kind} {show}.{kind}" for kind in kinds)
        print(f"\nIn files: seqloom inspect {shown(run)} TEXT{option} {ways}")


def _check(show: str, asked: dict[str, Path], *, heads: bool, head: str, sort: str) -> None:
    """Refuse, before a model is loaded, what can't be shown, and files that it can't be written as."""
    from seqloom.base.errors import UsageError
    from seqloom.config.suggest import did_you_mean
    from seqloom.inspection.head_choice import read_choice

    if show not in VIEWS:
        near = did_you_mean(show, VIEWS)
        raise UsageError(f'--show "{show}" is none of {", ".join(VIEWS)}. {near}'.rstrip())
    if sort != "mean":
        from seqloom.inspection.gates_picture import ORDERS

        if sort not in ORDERS:
            raise UsageError(f'--sort "{sort}" is none of {", ".join(ORDERS)}.')
        if show != "gates":
            raise UsageError("--sort is for --show gates. Leave it out.")
    if heads and (show != "attention" or asked.keys() & {"png", "svg"}):
        raise UsageError(
            "--heads is for --show attention, by --html or --json. Leave the others out; --head draws one."
        )
    if read_choice(head) and (show != "attention" or heads):
        raise UsageError("--head is for --show attention without --heads. Leave it out.")
    for kind, path in asked.items():
        if kind in ("png", "svg") and path.suffix.lower() != f".{kind}":
            raise UsageError(f"--{kind} {path}: its name must end in .{kind}.")
        if kind not in VIEWS[show].kinds:
            ways = ", ".join(f"--{each}" for each in VIEWS[show].kinds)
            raise UsageError(f"--show {show} has no --{kind}; it can be written by {ways}.")


def _write_files(seen: Shown, asked: dict[str, Path]) -> None:
    from seqloom.base.files import make_folder

    for kind, path in asked.items():
        make_folder(path.parent)
        notice = seen.files[kind](path)
        if notice:
            typer.echo(f"seqloom: {notice}", err=True)
