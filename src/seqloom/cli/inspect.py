"""`seqloom inspect`: where a model looked for each word that it wrote."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqloom.cli.places import Run, shown
from seqloom.cli.texts import typed

if TYPE_CHECKING:
    from seqloom.inspection.attention import AttentionMap

EXAMPLES = """
\b
Examples:
  seqloom inspect runs/mine "How are you?" --html map.html --png map.png
      Translates, and shows where it looked: here, on a page, in a picture.
  seqloom inspect runs/mine "I am happy." --target "Je suis content." --pieces
      Where it looks when it has to write this, subword by subword.
"""


def inspect(
    run: Run,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What the model reads.")],
    target: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="What it is made to write; its own translation if not said."),
    ] = None,
    words: Annotated[
        bool, typer.Option("--words/--pieces", help="Whole words, or the symbols that the model knows.")
    ] = True,
    png: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the map as a picture.")] = None,
    svg: Annotated[Path | None, typer.Option(metavar="FILE", help="The same as vector graphics.")] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page that goes word by word.")
    ] = None,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the weights themselves.")] = None,
) -> None:
    """Show where a model looked for each word."""
    from seqloom.base.errors import UsageError

    text = typed(text, "TEXT")
    target = target if target is None else typed(target, "--target")
    if not text.strip():
        raise UsageError("There is nothing to look at in an empty text.")
    for path, ending in ((png, ".png"), (svg, ".svg")):
        if path and path.suffix.lower() != ending:
            raise UsageError(f"--{ending[1:]} {path}: its name must end in {ending}.")
    from seqloom.pipeline import Model, load_kind

    model = load_kind(Model, run)
    written = model(text).tokens if target is None else target
    attention = model.attention(text, written, words=words)
    print(f"{attention.source_text}\n{attention.target_text}\n")
    print(summary(attention))
    files = _write_files(attention, png=png, svg=svg, html=html, json=json)
    if files:
        print("\nWrote " + ", ".join(map(str, files)))
    else:
        print(
            f"\nAs a page: seqloom inspect {shown(run)} TEXT --html attention.html; as a picture: --png attention.png"
        )


def summary(attention: "AttentionMap") -> str:
    """For each written symbol the one it looked at most, the weight of that, and how sure the model was."""
    from rich.cells import cell_len

    from seqloom.inspection.lettering import visible

    rows = [("wrote", "looking at", "weight", "sure")]
    for place, symbol in enumerate(attention.target):
        weights = attention.weights[place]
        best = int(weights.argmax()) if weights.size else -1
        looked = (visible(attention.source[best]), f"{weights[best]:.2f}") if weights.size else ("", "")
        sure = f"{100 * attention.probabilities[place]:.0f} %" if attention.probabilities else ""
        rows.append((visible(symbol), *looked, sure))
    widths = [max(cell_len(row[column]) for row in rows) for column in range(4)]
    lines = []
    for first, second, weight, sure in rows:
        left = (first + " " * (widths[0] - cell_len(first)), second + " " * (widths[1] - cell_len(second)))
        lines.append("  ".join((*left, weight.rjust(widths[2]), sure.rjust(widths[3]))).rstrip())
    return "\n".join(lines)


def _write_files(
    attention: "AttentionMap", *, png: Path | None, svg: Path | None, html: Path | None, json: Path | None
) -> list[Path]:
    """Write what is asked for; gives the paths."""
    from seqloom.base.files import make_folder
    from seqloom.inspection.attention import write_maps
    from seqloom.inspection.attention_page import write_attention_page
    from seqloom.inspection.attention_picture import write_attention_picture

    asked = [path for path in (png, svg, html, json) if path]
    for path in asked:
        make_folder(path.parent)
    for picture in (png, svg):
        notice = write_attention_picture(attention, picture) if picture else None
        if notice:
            typer.echo(f"seqloom: {notice}", err=True)
    if html:
        write_attention_page([attention], html)
    if json:
        write_maps([attention], json)
    return asked
