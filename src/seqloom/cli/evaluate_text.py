"""What `seqloom evaluate` says of a language model."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from seqloom.cli.places import CONFIG, PARTS, nearby, shown

if TYPE_CHECKING:
    from seqloom.config.schema import Config
    from seqloom.data.text_stream import TextFiles
    from seqloom.pipeline import TextGenerator


def evaluate_text(
    model: "TextGenerator", run: Path, files: list[Path], part: str | None, *, json: bool
) -> None:
    """How likely a text is, each file read from its beginning."""
    from seqloom.base.errors import DataError
    from seqloom.base.progress import progress
    from seqloom.cli.score import describe, figures
    from seqloom.pipeline import Likelihood

    asked = _texts_of(model.config, run, files, part)
    names = " and ".join(str(nearby(path)) for path in asked.paths)
    whole, lines = Likelihood(), 0
    begun = time.monotonic()
    with progress("Reading") as bar:
        for found in model.score_lines(asked.lines()):
            whole, lines = whole + found, lines + 1
            bar.update(lines, f"of {names}")
    seconds = time.monotonic() - begun
    if not lines:
        raise DataError(f"{names}: no line; a score needs at least one.")
    share = "" if (asked.start, asked.stop) == (0.0, 1.0) else f", its last {1 - asked.start:.3g}"
    if json:
        from json import dumps

        said = {
            "run": str(run),
            "files": [str(path) for path in asked.paths],
            "part": [asked.start, asked.stop],
            "lines": lines,
            **figures(whole),
            "context": model.context,
            "seconds": round(seconds, 3),
        }
        print(dumps(said, ensure_ascii=False))
        return
    print(f"{run} on {names}{share}")
    print(describe(whole, lines, model))
    print(f"  {seconds:.1f} s, {whole.tokens / seconds:,.0f} tokens a second")


def _texts_of(config: "Config", run: Path, files: list[Path], part: str | None) -> "TextFiles":
    """The text that is asked for: files, or a part of the configuration, the test text if it has any."""
    from seqloom.base.errors import UsageError
    from seqloom.data.text_stream import TextFiles
    from seqloom.training.vocabularies import text_files

    if files:
        return TextFiles(tuple(files))
    for name in [part] if part else PARTS:
        if getattr(config.data, name) or (name == "valid" and config.data.held_out):
            return text_files(config, name)
    missing = f"no data.{part}" if part else "neither data.test nor data.valid, and holds nothing out"
    raise UsageError(f"{run / CONFIG} names {missing}. Name the text: seqloom evaluate {shown(run)} FILE")
