"""What `seqloom evaluate` says of a classifier or a tagger."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqloom.cli.texts import one_line

if TYPE_CHECKING:
    from seqloom.data.pairs import PairSource
    from seqloom.pipeline import Classifier, Tagger


def evaluate_labels(
    model: "Classifier | Tagger",
    title: str,
    asked: "PairSource",
    *,
    output: Path | None,
    picture: Path | None,
    json: bool,
    figures: dict[str, Any],
) -> None:
    """Classify or tag the files, and print scores, each label's figures and what was taken for what.

    title    the run and the files, for people
    figures  what the JSON object begins with
    Raises   DataError for a label that the model doesn't know, with its place, and for empty files
    """
    from seqloom.base.errors import DataError
    from seqloom.base.files import atomic_write, make_folder
    from seqloom.data.labelled import check_labels
    from seqloom.inspection.confusion_picture import write_confusion_picture
    from seqloom.metrics.label_report import report_text
    from seqloom.metrics.measure import TITLES

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
    if json:
        from json import dumps

        print(dumps({**figures, **report.to_record()}, ensure_ascii=False))
        return
    print(f"{title}: {len(pairs):,} texts")
    for score in report.scores:
        print(f"  {TITLES.get(score.name, score.name):14} {score.value:6.2f}   {score.signature}")
    print(f"  {'calibration':14} {100 * report.error:6.2f}   expected calibration error, points")
    print(f"\n{report_text(report)}")
    for path, what in ((output, "What it said"), (picture, "The picture")):
        if path:
            print(f"\n{what}: {path}")
    if notice:
        import sys

        print(f"seqloom: {notice}", file=sys.stderr)
