"""What `seqloom evaluate` says of a classifier or a tagger."""

from collections.abc import Sequence
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING

from seqloom.cli.measured import Measured, Notices
from seqloom.cli.places import nearby
from seqloom.cli.texts import counted, one_line

if TYPE_CHECKING:
    from seqloom.data.pairs import PairSource
    from seqloom.pipeline import Classifier, Tagger


def measure_labels(
    model: "Classifier | Tagger",
    runs: Sequence[Path],
    asked: "PairSource",
    notices: Notices,
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
    pairs = list(asked.read())
    kept = [bool(pair.source.strip() and (several or pair.target.strip())) for pair in pairs]
    if not any(kept):
        raise DataError(f"{title}: no text with a label; a score needs at least one.")
    report, said = model.evaluate(list(compress(pairs, kept)))
    rest = iter(said)
    outputs = [next(rest) if whole else "" for whole in kept]
    if not all(kept):
        left_out = kept.count(False)
        verb = "has" if left_out == 1 else "have"
        notices.tell(f"{left_out:,} of {len(kept):,} pairs {verb} no text or no label and count for nothing")
    if output:
        make_folder(output.parent)
        atomic_write(output, "".join(f"{one_line(text)}\n" for text in outputs))
    notice = write_confusion_picture(report, picture, title=title) if picture else None
    if notice:
        notices.tell(notice)
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
        title=f"{title}: {counted(len(said), 'text')}",
        text="\n".join(lines),
        scores={score.name: score.value for score in report.scores},
        record={
            "run": str(runs[0]),
            "ensemble": [str(other) for other in runs[1:]],
            "files": [str(path) for path in asked.paths],
            **report.to_record(),
        },
    )
