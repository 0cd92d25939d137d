"""Judging a corpus: which findings keep it from being read, which cost quality, which are fine."""

from collections.abc import Iterator, Mapping

from seqloom.data.check_report import CheckReport, Found, Overlap, Part, Verdict, share

TRAIN = "train"
# Shares of the pairs above which a finding is a warning. Every natural corpus has a few of each.
MANY_EMPTY = 0.0
MANY_IDENTICAL = 0.01
MANY_DUPLICATES = 0.01
MANY_SEVERAL = 0.10
MANY_OUTLIERS = 0.005
MANY_TOO_LONG = 0.01
MANY_SHARED_PAIRS = 0.0  # a pair that was trained on says nothing as a test
MANY_SHARED_SOURCES = 0.01
MANY_UNKNOWN = 0.01  # of the symbols
SELDOM = 15  # times that a symbol stands on a side of the training data, in the mean; below, most are hardly learnt

FAULTS = {
    "encoding": (
        "bytes that are not UTF-8",
        "Convert the file (for example iconv -f WINDOWS-1252 -t UTF-8) or mend the lines.",
    ),
    "binary": ("signs of a binary file", "Give plain UTF-8 text, one sentence a line."),
    "line": ("lines too long to be a sentence", "Check that the file is text with line ends."),
    "columns": (
        "lines without the columns of line 1",
        "Each line is source, a tab, target; make tabs inside a sentence blanks.",
    ),
    "json": (
        "lines without the expected JSON fields",
        "Each line is an object with the source and the target as text.",
    ),
}


def judge(report: CheckReport) -> tuple[Verdict, ...]:
    """All verdicts, errors first, then warnings, then what is fine."""
    verdicts = [verdict for part in report.parts for verdict in _of_part(part, report)]
    verdicts += [verdict for overlap in report.overlaps for verdict in _of_overlap(overlap)]
    order = ("error", "warning", "fine")
    return tuple(sorted(verdicts, key=lambda verdict: order.index(verdict.level)))


def _of_part(part: Part, report: CheckReport) -> Iterator[Verdict]:
    yield from _readable(part)
    if not part.pairs:
        return
    yield from _content(part, labelled=report.labels is not None, alike=report.alike)
    if report.labels and part.name == TRAIN:
        yield _balance(report.labels)
    if report.vocabulary_sizes:
        yield from _under_vocabulary(part, report)
        if part.name == TRAIN:
            yield _vocabulary_size(part, report.vocabulary_sizes, labelled=report.labels is not None)
    for found in part.unusual:
        sentence = f"{share(found.lines, 2 * part.pairs)} of the texts contain {found.name}"
        yield Verdict("warning", part.name, sentence, f"{found.meaning[0].upper()}{found.meaning[1:]}.")
    if not part.unusual:
        yield Verdict("fine", part.name, "no unusual characters")


def _readable(part: Part) -> Iterator[Verdict]:
    """The errors: what seqloom train would refuse."""
    for kind, count in part.fault_counts.items():
        what, mend = FAULTS[kind]
        first = next((f"; the first at {fault.place}" for fault in part.faults if fault.kind == kind), "")
        yield Verdict(
            "error", part.name, f"{count:,} {'place' if count == 1 else 'places'} with {what}{first}", mend
        )
    if len(set(part.file_lines)) > 1:
        (source, target), (source_file, target_file) = part.file_lines, part.files
        yield Verdict(
            "error",
            part.name,
            f"{source_file} has {source:,} lines and {target_file} has {target:,}",
            "Line n of one must be the translation of line n of the other. Look for where they part: the pairs of "
            "unlikely lengths may show it.",
        )
    if part.pairs - part.empty.count <= 0:
        found = f"all {part.pairs:,} pairs have an empty side" if part.pairs else "no pairs"
        yield Verdict("error", part.name, found, "Give a corpus with text on both sides.")
    elif not part.fault_counts and len(set(part.file_lines)) == 1:
        yield Verdict("fine", part.name, f"all {part.pairs:,} pairs can be read as UTF-8")


def _content(part: Part, *, labelled: bool, alike: bool) -> Iterator[Verdict]:
    """What can be read but may not be what was meant; labels, summaries and answers look like no translations."""
    empty = "pairs with an empty side, which training leaves out"
    yield _counted(part, part.empty, MANY_EMPTY, empty, "Look whether the sides have lost step there.")
    repeated = "pairs that stood there before, word for word"
    yield _counted(part, part.duplicates, MANY_DUPLICATES, repeated, "They count several times in training.")
    several = "sources with several targets"
    yield _counted(
        part, part.several_targets, MANY_SEVERAL, several, "Natural in part; it bounds every score."
    )
    if labelled:
        return
    if alike:
        ratio = f"pairs whose lengths fit badly (usual ratio {part.middle_ratio:.2f})"
        yield _counted(
            part, part.outliers, MANY_OUTLIERS, ratio, "Often wrongly aligned; look at the examples."
        )
    copies = "pairs whose source and target are the same"
    yield _counted(part, part.identical, MANY_IDENTICAL, copies, "They teach the model to copy.")


def _balance(labels: Mapping[str, int]) -> Verdict:
    """How often the labels stand in the training data; a warning where one hardly does."""
    rarest, commonest = min(labels, key=lambda name: labels[name]), max(labels, key=lambda name: labels[name])
    ends = " to ".join(f"{labels[name]:,} times {name!r}" for name in (rarest, commonest))
    sentence = f"{len(labels):,} labels, from {ends}"
    if labels[rarest] >= SELDOM:
        return Verdict("fine", TRAIN, sentence)
    mend = 'Rare labels are hardly learnt: join some, add texts, or try training.label_weights = "balanced".'
    return Verdict("warning", TRAIN, sentence, mend)


def _under_vocabulary(part: Part, report: CheckReport) -> Iterator[Verdict]:
    sides = (("source", part.source), ("target", part.target))
    for side_name, side in sides[:1] if report.labels is not None else sides:
        symbols = side.lengths["symbols"].total
        sentence = f"{share(side.unknown, symbols)} of the {side_name} symbols unknown to the vocabulary"
        if report.copying:  # unknown words are what such a model learns to copy
            where = ", to be copied" if side is part.source else ", written only where the source has them"
            yield Verdict("fine", part.name, sentence + where)
            continue
        many = side.unknown > MANY_UNKNOWN * symbols
        mend = (
            "Enlarge the vocabulary, or use subwords (text.tokenizer), which know every text." if many else ""
        )
        yield Verdict("warning" if many else "fine", part.name, sentence, mend)
    if report.max_length is not None:
        cut = "cuts where it is the source, and leaves out where it is the target"
        what = cut if report.cut else "leaves out"
        long = f"pairs longer than {report.max_length:,} symbols, which training {what}"
        yield _counted(part, part.too_long, MANY_TOO_LONG, long, "Split them, or raise data.max_length.")


def _vocabulary_size(part: Part, sizes: tuple[int, int], *, labelled: bool) -> Verdict:
    """A warning when the training data is too small to learn its vocabulary's symbols."""
    sides = (part.source,) if labelled else (part.source, part.target)
    totals = [side.lengths["symbols"].total for side in sides]
    times, total, size = min((t / n, t, n) for t, n in zip(totals, sizes, strict=False))
    sentence = f"a symbol of the vocabulary of {size:,} stands {times:,.1f} times on a side, in the mean"
    if times >= SELDOM:
        return Verdict("fine", part.name, sentence)
    smaller = max(100, round(total / SELDOM / 2, -2))
    return Verdict("warning", part.name, sentence, f"Try text.vocabulary_size = {smaller:.0f}, or more text.")


def _of_overlap(overlap: Overlap) -> Iterator[Verdict]:
    # Sources of shared pairs are said once, with their pairs.
    only_sources = overlap.sources.count - overlap.pairs.count
    for count, warn, what in (
        (overlap.pairs.count, overlap.pairs.count > MANY_SHARED_PAIRS * overlap.of, "pairs"),
        (overlap.sources.count, only_sources > MANY_SHARED_SOURCES * overlap.of, "sources"),
    ):
        mend = f"Scores on {overlap.later} will flatter; take them out of {overlap.earlier}." if warn else ""
        sentence = f"{share(count, overlap.of)} of its {what} also stand in {overlap.earlier}"
        yield Verdict("warning" if warn else "fine", overlap.later, sentence, mend)


def _counted(part: Part, found: Found, many: float, what: str, mend: str) -> Verdict:
    """A warning when there are many, fine otherwise."""
    warn = found.count > many * part.pairs
    return Verdict(
        "warning" if warn else "fine",
        part.name,
        f"{share(found.count, part.pairs)} {what}",
        mend if warn else "",
    )
