"""What `seqloom inspect` says of a classifier: which words carried its decision."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from seqloom.cli.places import shown

if TYPE_CHECKING:
    from seqloom.inspection.explanation import Explanation
    from seqloom.pipeline import Classifier


def inspect_label(
    model: "Classifier",
    run: Path,
    text: str,
    label: str | None,
    *,
    words: bool,
    png: Path | None,
    svg: Path | None,
    html: Path | None,
    json: Path | None,
) -> None:
    """Print what spoke for a label, its own where none is named, and write the files that are asked for."""
    from seqloom.base.files import make_folder
    from seqloom.inspection.explanation import write_explanation
    from seqloom.inspection.explanation_page import write_explanation_page
    from seqloom.inspection.explanation_picture import write_explanation_picture

    explanation = model.explain(text, label, words=words)
    print(f"{text}\n{explanation.label}  {explanation.probabilities[explanation.label]:.1%}\n")
    print(summary(explanation))
    asked = [path for path in (png, svg, html, json) if path]
    for path in asked:
        make_folder(path.parent)
    for picture in (png, svg):
        notice = write_explanation_picture(explanation, picture) if picture else None
        if notice:
            typer.echo(f"seqloom: {notice}", err=True)
    if html:
        write_explanation_page(explanation, html)
    if json:
        write_explanation(explanation, json)
    if asked:
        print("\nWrote " + ", ".join(map(str, asked)))
    else:
        print(f"\nAs a page: seqloom inspect {shown(run)} TEXT --html why.html; as a picture: --png why.png")


def summary(explanation: "Explanation") -> str:
    """For each symbol what it spoke for the label, below 0 against it, and what the pooling weighed."""
    from seqloom.inspection.lettering import visible
    from seqloom.metrics.label_report import in_columns

    weights = explanation.weights
    rows = [("read", "for it", *(() if weights is None else ("weight",)))]
    for place, symbol in enumerate(explanation.symbols):
        weight = () if weights is None else (f"{weights[place]:.2f}",)
        rows.append((visible(symbol), f"{explanation.contributions[place]:+.2f}", *weight))
    return in_columns(rows)
