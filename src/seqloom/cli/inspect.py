"""`seqloom inspect`: what happens inside a model while it reads, and writes or decides for a label."""

from pathlib import Path
from typing import Annotated

import typer

from seqloom.cli.completion import complete_run
from seqloom.cli.places import Run, shown
from seqloom.cli.texts import typed
from seqloom.cli.views import VIEWS, Asked, MemoryAsked, Shown

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
       gradients  how far back gradients reach, trained and fresh; --with RUN
                  sets another run beside it
       words      what else it might have written at each step
       beam       the tree of the search, and what was pruned
       cost       parameters, operations and memory, computed and measured
       memory     how far back its architecture remembers, on tasks with known
                  answers that a fresh network learns meanwhile; of no TEXT
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
        str | None,
        typer.Argument(
            metavar="TEXT",
            help="What the model reads; a recording's file for a transcriber. None for --show memory.",
            show_default=False,
        ),
    ] = None,
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
    beside: Annotated[
        list[Path],
        typer.Option(
            "--with",
            metavar="RUN",
            help="A further run, whose gradients are shown side by side; several may follow.",
            show_default=False,
            autocompletion=complete_run,
        ),
    ] = [],  # noqa: B006 - read only
    tasks: Annotated[
        list[str],
        typer.Option(
            "--task",
            metavar="TASK",
            help="Of --show memory: copy, reverse, first-token, associative-recall, adding or bracket-depth; several "
            "may follow, or stand in one with commas. Copy and first-token if not said.",
            show_default=False,
        ),
    ] = [],  # noqa: B006 - read only
    distance: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Of --show memory: the longest in training; 20.", show_default=False
        ),
    ] = None,
    updates: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Of --show memory: of each task's training; 800.", show_default=False
        ),
    ] = None,
    png: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it as a picture.")] = None,
    svg: Annotated[Path | None, typer.Option(metavar="FILE", help="The same as vector graphics.")] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page to look around in.")] = None,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the numbers themselves.")] = None,
) -> None:
    """Show what happens inside a model: attention, gates, gradients, choices, search; or what carried a decision."""
    from seqloom.base.errors import UsageError

    text = text if text is None else typed(text, "TEXT")
    target = target if target is None else typed(target, "--target")
    memory = MemoryAsked(tuple(name for task in tasks for name in task.split(",")), distance, updates)
    files = {"png": png, "svg": svg, "html": html, "json": json}
    asked = {kind: path for kind, path in files.items() if path}
    _check(show, asked, heads=heads, head=head, sort=sort)
    _check_text(show, text, target, memory)
    if beside and show != "gradients":
        raise UsageError("--with is for --show gradients. Leave it out.")
    if words is not None and show not in ("attention", "words"):
        raise UsageError(
            f"--{'words' if words else 'pieces'} is for --show attention or words. Leave it out."
        )
    from seqloom.inspection.head_choice import read_choice
    from seqloom.pipeline import load
    from seqloom.pipeline.passage import notice_of

    model = load(run)
    name, *names = _names([run, *beside])
    others = {each: load(path) for each, path in zip(names, beside, strict=True)}
    wanted = Asked(text or "", target, words, sort, heads, head, name, others, memory)
    seen = VIEWS[show].look(model, wanted)
    if text is not None and (notice := notice_of(model, text)):
        typer.echo(f"seqloom: TEXT: {notice}", err=True)
    print(seen.summary)
    _write_files(seen, asked)
    if asked:
        print("\nWrote " + ", ".join(map(str, asked.values())))
    else:
        option = "" if show == "attention" else f" --show {show}"
        option += f" --head {head}" if read_choice(head) else ""
        option += "".join(f" --with {shown(path)}" for path in beside)
        kinds = [kind for kind in ("html", "png", "json") if kind in VIEWS[show].kinds]
        ways = " ".join(f"--{kind} {show}.{kind}" for kind in kinds)
        again = f"{shown(run)} TEXT" if VIEWS[show].of_text else shown(run)
        print(f"\nIn files: seqloom inspect {again}{option} {ways}")


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


def _names(runs: list[Path]) -> list[str]:
    """What runs are called: their folders, or their paths where two are alike. Raises UsageError for one twice."""
    from seqloom.base.errors import UsageError

    places = [run.resolve() for run in runs]
    if len(set(places)) < len(places):
        twice = next(run for run, place in zip(runs, places, strict=True) if places.count(place) > 1)
        raise UsageError(f"--with {twice}: that run stands there already. Name others.")
    short = [place.name for place in places]
    return short if len(set(short)) == len(short) else [str(run) for run in runs]


def _check_text(show: str, text: str | None, target: str | None, memory: MemoryAsked) -> None:
    """Refuse a view of a text without one, and one of none with a text; and what is for memory alone."""
    from seqloom.base.errors import UsageError

    if VIEWS[show].of_text:
        for option, value in (
            ("task", memory.tasks),
            ("distance", memory.distance),
            ("updates", memory.updates),
        ):
            if value:
                raise UsageError(f"--{option} is for --show memory. Leave it out.")
        if text is None:
            raise UsageError(f"--show {show} looks at one text. Name it: seqloom inspect RUN TEXT")
        if not text.strip():
            raise UsageError("There is nothing to look at in an empty text.")
    elif text is not None or target is not None:
        name = "TEXT" if text is not None else "--target"
        raise UsageError(f"--show {show} asks a fresh network its own questions. Leave out {name}.")


def _write_files(seen: Shown, asked: dict[str, Path]) -> None:
    from seqloom.base.files import make_folder

    for kind, path in asked.items():
        make_folder(path.parent)
        notice = seen.files[kind](path)
        if notice:
            typer.echo(f"seqloom: {notice}", err=True)
