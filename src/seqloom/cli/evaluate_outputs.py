"""What `seqloom evaluate` says of a model that writes text."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqloom.cli.measured import Measured, Notices
from seqloom.cli.places import nearby
from seqloom.cli.texts import counted, one_line

if TYPE_CHECKING:
    from seqloom.data.pairs import PairSource
    from seqloom.pipeline import Model, Transcriber


def measure_outputs(
    model: "Model | Transcriber",
    runs: Sequence[Path],
    asked: "PairSource",
    notices: Notices,
    *,
    beam: int | None,
    output: Path | None,
) -> Measured:
    """What a model writes for the sources of the files, compared with what it should be.

    runs    the model's
    Raises  DataError for empty files; UsageError for a beam out of range
    """
    from seqloom.base.errors import DataError
    from seqloom.base.files import atomic_write, make_folder
    from seqloom.base.progress import progress
    from seqloom.metrics.measure import TITLES
    from seqloom.training.searching import search_options

    options = search_options(model.config.search, beam=beam, n_best=1)
    pairs, further = _read(model, asked)
    names = " and ".join(str(nearby(path)) for path in asked.paths)
    if not pairs:
        raise DataError(f"{names}: no pairs; a score needs at least one.")
    places = _places(model, pairs)
    begun = time.monotonic()
    with progress("Evaluating", total=len(pairs)) as bar:
        scores, outputs = model.evaluate(
            pairs,
            options,
            bar.update,
            lambda row, notice: notices.tell(f"{places[row]}: {notice}", bar.say),
            **further,
        )
    seconds = time.monotonic() - begun
    if output:
        make_folder(output.parent)
        atomic_write(output, "".join(f"{one_line(text)}\n" for text in outputs))
    width = max(len(TITLES.get(score.name, score.name)) for score in scores)
    lines = [
        f"  {TITLES.get(score.name, score.name):{width}} {score.value:6.2f}   {score.signature}"
        for score in scores
    ]
    lines.append(f"  {seconds:.1f} s, {len(pairs) / seconds:,.0f} sentences a second, beam {options.beam}")
    if output:
        lines.append(f"The outputs: {output}")
    return Measured(
        title=f"{' + '.join(map(str, runs))} on {counted(len(pairs), 'pair')} of {names}",
        text="\n".join(lines),
        scores={score.name: score.value for score in scores},
        record={
            "run": str(runs[0]),
            "ensemble": [str(other) for other in runs[1:]],
            "files": [str(path) for path in asked.paths],
            "pairs": len(pairs),
            "beam": options.beam,
            "scores": [
                {"name": score.name, "value": score.value, "signature": score.signature} for score in scores
            ],
            "seconds": round(seconds, 3),
            "sentences_per_second": round(len(pairs) / seconds, 1),
        },
    )


def _read(model: "Model | Transcriber", asked: "PairSource") -> tuple[list[Any], dict[str, Any]]:
    """The pairs as the model is evaluated on them, and what there is to say of them besides."""
    from seqloom.base.errors import DataError
    from seqloom.data.manifest import read_manifest
    from seqloom.pipeline import Transcriber

    if isinstance(model, Transcriber):
        pairs = list(read_manifest(asked))
        if pairs and not any(pair.target.strip() for pair in pairs):
            raise DataError(
                f"{asked.paths[0]}: no recording has a text; an error rate needs at least one word."
            )
        return pairs, {}
    groups = asked.groups()
    return list(asked.read_judged()), {} if groups is None else {"groups": list(groups)}


def _places(model: "Model | Transcriber", pairs: Sequence[Any]) -> list[str]:
    """What each pair is called where there is something to say about it: its recording, or its number."""
    from seqloom.pipeline import Transcriber

    if isinstance(model, Transcriber):
        return [pair.source for pair in pairs]
    return [f"pair {number}" for number in range(1, len(pairs) + 1)]
