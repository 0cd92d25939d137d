"""`seqloom average`: the mean of a run's newest checkpoints as its best model."""

from typing import Annotated

import typer

from seqloom.cli.places import Run, shown

EXAMPLES = """
\b
Examples:
  seqloom average runs/mine
      The mean of the newest five checkpoints becomes runs/mine/best.
  seqloom average runs/mine --last 3 && seqloom evaluate runs/mine
      Of the newest three; and whether it was worth it.
"""


def average(
    run: Run,
    last: Annotated[
        int, typer.Option(min=1, metavar="N", help="How many checkpoints, the newest first.")
    ] = 5,
) -> None:
    """Average the newest checkpoints.

    The mean of their weights (Vaswani et al. 2017) becomes the run's best model; often it is half a point better.
    Training on replaces it as soon as a validation is better than any before.
    """
    from seqloom import pipeline

    used = pipeline.average(run, last)
    count = "1 checkpoint" if len(used) == 1 else f"{len(used)} checkpoints"
    print(f"{run / 'best'} is now the mean of {count}: {', '.join(folder.name for folder in used)}")
    print(f"\nNext: seqloom evaluate {shown(run)}")
