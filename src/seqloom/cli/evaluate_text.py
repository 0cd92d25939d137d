"""What `seqloom evaluate` says of a language model."""

import time
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from seqloom.cli.measured import Measured
from seqloom.cli.places import nearby

if TYPE_CHECKING:
    from seqloom.data.text_stream import TextFiles
    from seqloom.pipeline import TextGenerator


def measure_text(model: "TextGenerator", run: Path, asked: "TextFiles") -> Measured:
    """How likely a text is, each file read from its beginning. Raises DataError where there is none."""
    from seqloom.base.errors import DataError
    from seqloom.base.progress import progress
    from seqloom.cli.score import describe, figures
    from seqloom.pipeline import Likelihood

    names = " and ".join(str(nearby(path)) for path in asked.paths)
    whole, lines = Likelihood(), 0
    begun = time.monotonic()
    with progress("Reading") as bar:
        for found in chain.from_iterable(map(model.score_lines, asked.texts())):
            whole, lines = whole + found, lines + 1
            bar.update(lines, f"of {names}")
    seconds = time.monotonic() - begun
    if not lines:
        raise DataError(f"{names}: no line; a score needs at least one.")
    share = "" if (asked.start, asked.stop) == (0.0, 1.0) else f", its last {1 - asked.start:.3g}"
    return Measured(
        title=f"{run} on {names}{share}",
        text=f"{describe(whole, lines, model)}\n  {seconds:.1f} s, {whole.tokens / seconds:,.0f} tokens a second",
        scores={"bits_per_character": whole.bits_per_character, "perplexity": whole.perplexity},
        record={
            "run": str(run),
            "files": [str(path) for path in asked.paths],
            "part": [asked.start, asked.stop],
            "lines": lines,
            **figures(whole),
            "context": model.context,
            "seconds": round(seconds, 3),
        },
    )
