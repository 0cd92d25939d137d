"""`seqloom compare`: several models, one corpus, one report."""

from pathlib import Path
from typing import Annotated, Any

import typer

EXAMPLES = """
\b
Examples:
  seqloom compare textbook/compare.toml
      Trains and measures every model; the report goes to runs/textbook.
  seqloom compare compare.toml --folder runs/cells --check
      Says how large each model becomes and what is to be done, no more.

Stopped with Ctrl-C, the same command goes on; nothing is trained twice.
"""


def compare(
    plan: Annotated[
        Path, typer.Argument(metavar="PLAN", help="A compare.toml, or the folder that it lies in.")
    ],
    overrides: Annotated[
        list[str],
        typer.Argument(
            metavar="KEY=VALUE",
            help="Options over those of the shared tables, as comparison.seeds=[1].",
            show_default=False,
        ),
    ] = [],  # noqa: B006 - typer copies it
    folder: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Where everything goes; runs/NAME for NAME/compare.toml and for NAME.toml if not said.",
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only read the plan, scale the models and say what is to be done.")
    ] = False,
) -> None:
    """Compare several models on one corpus, fairly, in one report.

    Trains each model of the plan with each seed, or reuses what is trained, and measures quality, speed, memory, memory
    span, gradients and attention.
    """
    from seqloom.comparison.plan import read_plan
    from seqloom.pipeline.comparing import compare as run
    from seqloom.pipeline.comparing import default_folder, foresee, read_comparison

    path = plan / "compare.toml" if plan.is_dir() else plan
    asked = read_plan(path, overrides)
    place = folder or default_folder(path)
    if check:
        for line in foresee(asked, place):
            print(line)
        return
    report = run(asked, place)
    record = read_comparison(place)
    print(_summary(record))
    print(f"\n  {report}    the report; open it in a browser")
    print(f"  {place / 'comparison.json'}    every figure of it")


def _summary(record: dict[str, Any]) -> str:
    """The quality of each model, and what came of each claim."""
    from seqloom.comparison.quoting import quote_interval, tell

    names = [model["name"] for model in record["models"]]
    widest = max(map(len, names))
    lines = [
        f"{record['metric_name']} on the {record['part']} part, its mean over seeds and the interval of that"
    ]
    for number, name in enumerate(names):
        quality = tell(record, quote_interval(record, f"/models/{number}/summary/quality", "one"))
        lines.append(f"  {name.ljust(widest)}  {quality}")
    lines.append("")
    lines += [f"{claim['verdict']}: {claim['statement']}" for claim in record["claims"]]
    return "\n".join(lines)
