"""What `seqloom evaluate` says of a classifier or a tagger."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from seqloom.cli.measured import Measured
from seqloom.cli.places import nearby
from seqloom.cli.texts import one_line

if TYPE_CHECKING:
    from seqloom.data.pairs import PairSource
    from seqloom.pipeline import Classifier, Tagger


def measure_labels(
    model: "Classifier | Tagger",
    runs: Sequence[Path],
    asked: "PairSource",
    *,
    output: Path | None,
    picture: Path | None,
) -> Measured:
    """Classify or tag the files: scores, each label's figures and what was taken for what.

    runs     the model's
    picture  where what was taken for what is drawn, if anywhere
    Raises   DataError for a label that the model doesn't know, with its place, and for empty files
    """
    from seqloom.base.errors import DataError
    from seqloom.base.files import atomic_write, make_folder
    from seqloom.data.labelled import check_labels
    from seqloom.inspection.confusion_picture import write_confusion_picture
    from seqloom.metrics.label_report import report_text
    from seqloom.metrics.measure import TITLES

    title = f"{' + '.join(map(str, runs))} on {' and '.join(map(str, map(nearby, asked.paths)))}"
    check_labels(asked, model.lexicon.labels)
    several = model.kind.several
    pairs = [pair for pair in asked.read() if pair.source.strip() and (several or pair.target.strip())]
    if not pairs:
        raise DataError(f"{title}: no text with a label; a score needs at least one.")
    report, outputs = model.evaluate(pairs)
    if output:
        make_folder(output.parent)
        atomic_write(output, "".join(f"{one_line(text)}\n" for text in outputs))
    notice = write_confusion_picture(report, picture, title=title) if picture else None
    if notice:
        print(f"seqloom: {notice}", file=sys.stderr)
    lines = [
        *(
            f"  {TITLES.get(score.name, score.name):14} {score.value:6.2f}   {score.signature}"
            for score in report.scores
        ),
        f"  {'calibration':14} {100 * report.error:6.2f}   expected calibration error, points",
        f"\n{report_text(report)}",
        *(f"\n{what}: {path}" for path, what in ((output, "What it said"), (picture, "The picture")) if path),
    ]
    return Measured(
        title=f"{title}: {len(pairs):,} texts",
        text="\n".join(lines),
        scores={score.name: score.value for score in report.scores},
        record={
            "run": str(runs[0]),
            "ensemble": [str(other) for other in runs[1:]],
            "files": [str(path) for path in asked.paths],
            **report.to_record(),
        },
    )
