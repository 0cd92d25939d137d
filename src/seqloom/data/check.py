"""Reading a corpus to report what is in it and what is wrong with it: the work behind `seqloom check`.

Memory does not grow with the text. For each pair 20 bytes are kept (a digest of the source, one of the pair, a length
ratio), and about twice that for a moment while they are sorted: ten million pairs need half a gigabyte, and some
minutes. Two different texts are taken for equal with a probability of pairs² / 2^65: 3 in a million for ten million.
"""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from seqloom.base.errors import DataError
from seqloom.data.check_measure import PartMeasure, Symbols, find_shared, read_texts
from seqloom.data.check_page import render_html
from seqloom.data.check_report import CheckReport, Overlap, Verdict
from seqloom.data.check_table import render_text
from seqloom.data.check_verdicts import TRAIN, judge
from seqloom.data.dialogues import AnyFiles
from seqloom.data.faults import FaultReader
from seqloom.data.labelled import LabelSymbols, check_labels, label_counts
from seqloom.data.lines import read_lines
from seqloom.data.links import check_links
from seqloom.data.pairs import PairSource
from seqloom.text.labels import Labels
from seqloom.text.tokenizer import Tokenizer

__all__ = ["CheckReport", "check_corpus", "render_html", "render_text"]


def check_corpus(
    parts: Mapping[str, AnyFiles],
    *,
    source_tokenizer: Tokenizer | None = None,
    target_tokenizer: Tokenizer | None = None,
    max_length: int | None = None,
    cut: bool = False,
    alike: bool = True,
    copying: bool = False,
    alignments: Path | None = None,
    labels: Labels | None = None,
    unlearnt: str = "",
    examples: int = 5,
    on_progress: Callable[[str, int], None] | None = None,
) -> CheckReport:
    """Read every part to its end and report.

    parts        files by the part's name ("train", "valid", "test"); overlaps are looked for with earlier parts
    tokenizers   count symbols and unknowns; without both only characters and words are counted
    max_length   symbols; pairs with a longer side are left out of training, and counted here (needs tokenizers)
    cut          whether training cuts longer sources instead, and leaves out only pairs with a longer target
    alike        whether a target says what its source says, as a translation does, so that their lengths go together
    copying      whether the model can write words that only the source has
    alignments   word alignments of the part "train"; their first fault is an error
    labels       what targets are, in place of text: those of the training data, of which the others must be
    unlearnt     why the training data gives no vocabulary, if it gives none: an error where no other says why
    examples     pairs shown for each finding
    on_progress  called now and then with the part's name and the lines read of it
    Raises       DataError for a missing file or a folder, UsageError for files that don't fit their format.
                 Faults inside the files are in the report instead, all of them.
    """
    tokenizers: tuple[Symbols | None, Symbols | None] = (None, None)
    if source_tokenizer and target_tokenizer:
        tokens = any(files.kind == "blocks" for files in parts.values())
        tokenizers = (source_tokenizer, LabelSymbols(labels, tokens) if labels else target_tokenizer)
    limit = max_length if source_tokenizer and target_tokenizer else None
    # All readers first: a missing file is found before any work.
    readers = {name: FaultReader(files) for name, files in parts.items()}
    if alignments:
        next(read_lines(alignments), None)
    several = labels is not None and labels.several
    measures = {
        name: PartMeasure(reader, tokenizers, limit, examples, targets_may_be_empty=several, alike=alike)
        for name, reader in readers.items()
    }
    for name, measure in measures.items():
        measure.read(_named(on_progress, name))
    pairs_of_parts = itertools.combinations(measures, 2)
    report = CheckReport(
        parts=tuple(measure.result(name) for name, measure in measures.items()),
        overlaps=tuple(_overlap(earlier, later, measures, examples) for earlier, later in pairs_of_parts),
        max_length=limit,
        cut=cut,
        alike=alike,
        copying=copying,
        vocabulary_sizes=(len(source_tokenizer), len(target_tokenizer))
        if source_tokenizer and target_tokenizer
        else None,
    )
    if labels and not any(part.fault_counts for part in report.parts):
        counts, _ = label_counts(parts[TRAIN], labels)
        report = replace(report, labels=dict(zip(labels.names, counts, strict=True)))
    report = replace(report, verdicts=judge(report))
    if labels and not report.errors:
        faults = [fault for name, files in parts.items() if (fault := _unknown_label(name, files, labels))]
        report = replace(report, verdicts=(*faults, *report.verdicts))
    fault = None
    if unlearnt:
        fault = Verdict("error", TRAIN, f"no vocabulary can be learnt: {unlearnt.removesuffix('.')}")
    elif alignments is not None:
        fault = _fault_of_links(alignments, parts[TRAIN])
    return replace(report, verdicts=(fault, *report.verdicts)) if fault and not report.errors else report


def _fault_of_links(alignments: Path, files: PairSource) -> Verdict | None:
    """What training would refuse, if anything."""
    try:
        check_links(alignments, files)
    except DataError as error:
        return Verdict("error", TRAIN, str(error).removesuffix("."))
    return None


def _unknown_label(name: str, files: PairSource, labels: Labels) -> Verdict | None:
    """The first label of a part that the training data doesn't have, if any."""
    try:
        check_labels(files, labels)
    except DataError as error:
        return Verdict("error", name, str(error).removesuffix("."))
    return None


def _named(on_progress: Callable[[str, int], None] | None, name: str) -> Callable[[int], None]:
    return lambda lines: on_progress(name, lines) if on_progress else None


def _overlap(earlier: str, later: str, measures: Mapping[str, PartMeasure], examples: int) -> Overlap:
    """What of the later part the earlier one holds already."""
    before, after = measures[earlier], measures[later]
    pairs = find_shared(before.pair_digests, after.pair_digests, examples)
    sources = find_shared(before.source_digests, after.source_digests, examples)
    texts = read_texts(after.reader, [pairs, sources])
    return Overlap(earlier, later, after.pairs, pairs.found(texts), sources.found(texts))
