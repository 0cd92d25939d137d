"""The report of `seqloom check` as plain text, for a terminal or a log."""

from collections.abc import Sequence
from dataclasses import dataclass

from seqloom.data.characters import visible
from seqloom.data.check_report import CheckReport, Example, Part, Side, share

SHOWN_FAULTS = 10  # of a part; the HTML page shows more
SHOWN_EXAMPLES = 3
BARS = 12
WIDEST_BAR = 30
MARKS = {"error": "ERROR  ", "warning": "warning", "fine": "fine   "}


@dataclass(frozen=True)
class Finding:
    """A title, how many, some of them, and how the lines of one are written."""

    title: str
    count: int
    examples: tuple[Example, ...]
    joint: str = "line {}"


def render_text(report: CheckReport) -> str:
    """Counts, lengths, examples and verdicts as lines of plain text, the verdicts last, where the eye is."""
    blocks = [_counts(report)]
    for part in report.parts:
        if part.pairs:
            blocks.append(_histogram(part))
        blocks += [_faults(part)] if part.faults else []
        blocks += [f"{part.name}: {_examples(finding)}" for finding in findings(part)]
    blocks += [_examples(finding) for finding in overlap_findings(report)]
    blocks.append(_verdicts(report))
    return "\n\n".join(blocks) + "\n"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Columns wide enough for their cells, the first to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *cells]).rstrip())
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(lines)


def count_rows(report: CheckReport) -> list[list[str]]:
    """The rows of the table of counts, one column a part; what belongs to the row above begins with a blank."""
    parts = report.parts
    rows = [["", *(part.name for part in parts)], ["pairs", *(f"{part.pairs:,}" for part in parts)]]
    for title, counts in _finding_counts(report):
        rows.append(
            [f"  {title}", *(share(count, part.pairs) for count, part in zip(counts, parts, strict=True))]
        )
    rows.append(["bytes", *(f"{part.bytes:,}" for part in parts)])
    for name in ("source", "target"):
        for unit in parts[0].source.lengths if parts else ():
            lengths = [side_of(part, name).lengths[unit] for part in parts]
            rows.append([f"{name} {unit}", *(f"{length.total:,}" for length in lengths)])
            spread = (f"{length.mean:.1f} / {length.quantile(0.99):,}" for length in lengths)
            rows.append(["  a line: mean / 99 % within", *spread])
        if report.vocabulary_sizes:
            sides = [side_of(part, name) for part in parts]
            rows.append(
                ["  unknown", *(share(side.unknown, side.lengths["symbols"].total) for side in sides)]
            )
    return rows


def _finding_counts(report: CheckReport) -> list[tuple[str, list[int]]]:
    """What is counted in every part."""
    parts = report.parts
    found = [
        ("with an empty side", [part.empty.count for part in parts]),
        ("repeated", [part.duplicates.count for part in parts]),
        ("source = target", [part.identical.count for part in parts]),
        ("of unlikely lengths", [part.outliers.count for part in parts]),
        ("sources with several targets", [part.several_targets.count for part in parts]),
    ]
    if report.max_length is not None:
        found.append((f"over {report.max_length:,} symbols", [part.too_long.count for part in parts]))
    for earlier in parts[:-1]:
        shared = {
            overlap.later: overlap.pairs.count
            for overlap in report.overlaps
            if overlap.earlier == earlier.name
        }
        found.append((f"also in {earlier.name}", [shared.get(part.name, 0) for part in parts]))
    return found


def side_of(part: Part, name: str) -> Side:
    """The sources or the targets of a part."""
    return part.source if name == "source" else part.target


def _counts(report: CheckReport) -> str:
    files = [f"{part.name}: {', '.join(part.files)} ({part.format})" for part in report.parts]
    return "\n".join(files) + "\n\n" + table(count_rows(report))


def bins(part: Part, unit: str, most: int) -> list[tuple[str, int, int]]:
    """Label, source lines and target lines of at most `most` + 1 bins of a round width; the last is open."""
    sides = (part.source.lengths[unit], part.target.lengths[unit])
    reach = max(1, *(side.quantile(0.995) for side in sides))
    round_widths = (digit * 10**power for power in range(5) for digit in (1, 2, 5))
    width = next(width for width in round_widths if reach < width * most)
    edges = range(0, reach + 1, width)
    found = []
    for low in edges:
        counts = [sum(side.counts[low : low + width]) for side in sides]
        found.append((f"{low}" if width == 1 else f"{low}-{low + width - 1}", counts[0], counts[1]))
    beyond = [sum(side.counts[edges[-1] + width :]) for side in sides]
    if any(beyond):
        found.append((f"{edges[-1] + width} or more", beyond[0], beyond[1]))
    return found


def unit_to_show(part: Part) -> str:
    """Symbols if there is a tokenizer; else words, or characters where writing has no blanks."""
    if "symbols" in part.source.lengths:
        return "symbols"
    spaced = all(side.lengths["words"].mean >= 2 for side in (part.source, part.target))
    return "words" if spaced else "characters"


def _histogram(part: Part) -> str:
    unit = unit_to_show(part)
    found = bins(part, unit, BARS)
    most = max(max(source, target) for _, source, target in found)
    label_width = max(len(label) for label, _, _ in found)
    lines = [f"{part.name}: lines by length in {unit} (upper bar source, lower bar target)"]
    for label, source, target in found:
        for name, count in ((label, source), ("", target)):
            bar = "#" * -(-WIDEST_BAR * count // most)
            lines.append(f"  {name.rjust(label_width)}  {bar} {count:,}")
    return "\n".join(lines)


def _faults(part: Part) -> str:
    total = sum(part.fault_counts.values())
    lines = [f"{part.name}: {total:,} faults"]
    lines += [f"  {fault.place}: {visible(fault.detail)}" for fault in part.faults[:SHOWN_FAULTS]]
    if total > SHOWN_FAULTS:
        lines.append(f"  ... and {total - SHOWN_FAULTS:,} more")
    return "\n".join(lines)


def findings(part: Part) -> list[Finding]:
    """Everything that was found in a part and has examples."""
    rows = [
        Finding("empty sides", part.empty.count, part.empty.examples),
        Finding("lengths that fit badly", part.outliers.count, part.outliers.examples),
        Finding("duplicate pairs", part.duplicates.count, part.duplicates.examples, "lines {} = {}"),
        Finding(
            "sources with several targets",
            part.several_targets.count,
            part.several_targets.examples,
            "lines {} and {}",
        ),
        Finding("source and target the same", part.identical.count, part.identical.examples),
        Finding("too long for training", part.too_long.count, part.too_long.examples),
    ]
    rows += [Finding(found.name, found.lines, found.examples) for found in part.unusual]
    return [row for row in rows if row.count]


def overlap_findings(report: CheckReport) -> list[Finding]:
    """The sources that two parts share."""
    return [
        Finding(
            f"{overlap.later}: sources also in {overlap.earlier}",
            overlap.sources.count,
            overlap.sources.examples,
            f"{overlap.earlier} line {{}} = {overlap.later} line {{}}",
        )
        for overlap in report.overlaps
        if overlap.sources.count
    ]


def lines_of(example: Example, joint: str) -> str:
    """Where an example stands, as in "line 3" or "lines 3 = 17"."""
    return joint.format(*(f"{line:,}" for line in example.lines))


def _examples(finding: Finding) -> str:
    lines = [f"{finding.title}: {finding.count:,}"]
    for example in finding.examples[:SHOWN_EXAMPLES]:
        note = f" ({example.note})" if example.note else ""
        lines.append(f"  {lines_of(example, finding.joint)}{note}")
        lines.append(f"    source: {visible(example.source)}")
        lines.append(f"    target: {visible(example.target)}")
    return "\n".join(lines)


def _verdicts(report: CheckReport) -> str:
    """Errors and warnings; what is fine stands in the table of counts."""
    shown = (*report.errors, *report.warnings)
    width = max((len(verdict.part) for verdict in shown), default=0)
    lines = []
    for verdict in shown:
        mend = f". {verdict.mend}" if verdict.mend else "."
        lines.append(f"{MARKS[verdict.level]}  {verdict.part.ljust(width)}  {verdict.sentence}{mend}")
    fine = len(report.verdicts) - len(shown)
    lines += [f"{MARKS['fine']}  {plural(fine, 'other check')}"] if fine else []
    return "\n".join([*lines, "", summary(len(report.errors), len(report.warnings))])


def summary(errors: int, warnings: int) -> str:
    """The closing sentence."""
    if errors:
        return f"The corpus can't be used as it is: {plural(errors, 'error')}, {plural(warnings, 'warning')}."
    if warnings:
        return f"The corpus can be used; {plural(warnings, 'warning')} to look at."
    return "The corpus can be used; nothing stands out."


def plural(count: int, noun: str) -> str:
    """1 error, 2 errors."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
