"""`seqloom inspect`: what happens inside a model while it reads a text and writes another."""

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
"""
ORDERS = ("mean", "change", "index")


def inspect(
    run: Run,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What the model reads.")],
    show: Annotated[
        str, typer.Option("--show", metavar="WHAT", help=f"One of: {', '.join(VIEWS)}.")
    ] = "attention",
    target: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="What it is made to write; its own translation if not said."),
    ] = None,
    words: Annotated[
        bool,
        typer.Option(
            "--words/--pieces", help="Attention to whole words, or to the symbols that the model knows."
        ),
    ] = True,
    heads: Annotated[
        bool, typer.Option("--heads", help="Attention of every layer and head, each by itself.")
    ] = False,
    sort: Annotated[
        str, typer.Option(metavar="ORDER", help=f"Of the units in a picture of gates: {', '.join(ORDERS)}.")
    ] = "mean",
    png: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it as a picture.")] = None,
    svg: Annotated[Path | None, typer.Option(metavar="FILE", help="The same as vector graphics.")] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page to look around in.")] = None,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the numbers themselves.")] = None,
) -> None:
    """Show what happens inside a model: attention, gates, gradients, choices, the search."""
    from seqloom.base.errors import UsageError
    from seqloom.config.suggest import did_you_mean

    text = typed(text, "TEXT")
    target = target if target is None else typed(target, "--target")
    if not text.strip():
        raise UsageError("There is nothing to look at in an empty text.")
    if show not in VIEWS:
        near = did_you_mean(show, VIEWS)
        raise UsageError(f'--show "{show}" is none of {", ".join(VIEWS)}. {near}'.rstrip())
    if sort not in ORDERS:
        raise UsageError(f'--sort "{sort}" is none of {", ".join(ORDERS)}.')
    if sort != "mean" and show != "gates":
        raise UsageError("--sort is for --show gates. Leave it out.")
    if heads and (show != "attention" or png or svg):
        raise UsageError("--heads is for --show attention, by --html or --json. Leave the others out.")
    for path, ending in ((png, ".png"), (svg, ".svg")):
        if path and path.suffix.lower() != ending:
            raise UsageError(f"--{ending[1:]} {path}: its name must end in {ending}.")
    view = VIEWS[show]
    files = {"png": png, "svg": svg, "html": html, "json": json}
    asked = {kind: path for kind, path in files.items() if path}
    for kind in asked:
        if kind not in view.kinds:
            ways = ", ".join(f"--{each}" for each in view.kinds)
            raise UsageError(f"--show {show} has no --{kind}; it can be written by {ways}.")
    from seqloom.pipeline import Model, load_as

    seen = view.look(load_as(Model, run, "inspect"), Asked(text, target, words, sort, heads))
    print(seen.summary)
    _write_files(seen, asked)
    if asked:
        print("\nWrote " + ", ".join(map(str, asked.values())))
    else:
        option = "" if show == "attention" else f" --show {show}"
        kinds = [kind for kind in ("html", "png", "json") if kind in view.kinds]
        ways = " ".join(f"--{kind} {show}.{kind}" for kind in kinds)
        print(f"\nIn files: seqloom inspect {shown(run)} TEXT{option} {ways}")


def _write_files(seen: Shown, asked: dict[str, Path]) -> None:
    from seqloom.base.files import make_folder

    for kind, path in asked.items():
        make_folder(path.parent)
        notice = seen.files[kind](path)
        if notice:
            typer.echo(f"seqloom: {notice}", err=True)
