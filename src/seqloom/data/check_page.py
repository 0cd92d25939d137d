"""The report of `seqloom check` as one HTML page that needs nothing outside itself."""

from collections.abc import Iterable, Sequence
from html import escape

from seqloom.data.characters import visible
from seqloom.data.check_report import CheckReport, Part, Verdict
from seqloom.data.check_table import (
    Finding,
    bins,
    count_rows,
    findings,
    lines_of,
    overlap_findings,
    plural,
    summary,
    unit_to_show,
)

SHOWN_FAULTS = 1_000  # of a part
BARS = 20
LONGEST_TEXT = 300  # characters of an example
WORDS = {"error": "Error", "warning": "Warning", "fine": "Fine"}

STYLE = """
:root { color-scheme: light dark; --ink: #1c2024; --soft: #5c6570; --line: #d8dde3; --paper: #ffffff;
  --panel: #f5f7f9; --source: #3a6fb5; --target: #d27a1f; --error: #b3261e; --warning: #8a5a00; --fine: #2b6e3f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --soft: #a2abb5; --line: #3a424b; --paper: #15181c;
  --panel: #1e2328; --source: #6fa3e6; --target: #eba052; --error: #ff8a80; --warning: #f0c060; --fine: #7fcf98; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 1.5rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", "Noto Sans CJK SC", sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: 1rem; margin: 1.75rem 0 .5rem; } p { margin: .25rem 0; }
.soft { color: var(--soft); } .files { overflow-wrap: anywhere; }
.summary { margin: 1rem 0; padding: .75rem 1rem; border-left: .35rem solid; background: var(--panel);
  font-weight: 600; }
.error { color: var(--error); } .warning { color: var(--warning); } .fine { color: var(--fine); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .35rem .6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { color: var(--soft); font-weight: 600; } .counts td, .counts th:not(:first-child) { text-align: right; }
.counts td, .where { font-variant-numeric: tabular-nums; } .counts td, .counts th { white-space: nowrap; }
.counts .sub th { font-weight: 400; padding-left: 1.6rem; }
.text { overflow-wrap: anywhere; min-width: 12rem; white-space: pre-wrap; } .where { white-space: nowrap; }
.place { overflow-wrap: anywhere; } .note { min-width: 9rem; } .level { font-weight: 600; white-space: nowrap; }
.bars { display: grid; grid-template-columns: max-content 1fr; gap: .3rem .75rem; align-items: center; }
.bars .label { text-align: right; font-variant-numeric: tabular-nums; color: var(--soft); font-size: .85rem; }
.bar { display: flex; align-items: center; gap: .4rem; font-size: .75rem; line-height: 1.15; color: var(--soft); }
.bar i { display: block; height: .7rem; min-width: 1px; border-radius: 0 2px 2px 0; flex: none; }
.bar .track { flex: 1; display: flex; align-items: center; gap: .4rem; }
.of-source i { background: var(--source); } .of-target i { background: var(--target); }
.key i { display: inline-block; width: .8rem; height: .8rem; border-radius: 2px; vertical-align: -.05rem; }
details { margin: .75rem 0; } summary { cursor: pointer; color: var(--soft); }
@media (max-width: 40rem) {
  .counts th:first-child { position: sticky; left: 0; background: var(--paper); white-space: normal; min-width: 7rem; }
  .counts .sub th { padding-left: 1rem; }
  .cards thead { display: none; } .cards tr { display: block; padding: .5rem 0; border-bottom: 1px solid var(--line); }
  .cards td { display: block; border: 0; padding: .1rem 0; white-space: normal; }
  .cards td.level, .cards td.part { display: inline-block; margin-right: .6rem; }
  .cards td.text, .cards td.note { min-width: 0; }
  .cards td[data-name]::before { content: attr(data-name) ": "; color: var(--soft); }
}
"""


def render_html(report: CheckReport, title: str = "Corpus report") -> str:
    """The page, from the verdicts down to the examples; every text of the corpus is escaped."""
    level = "error" if report.errors else "warning" if report.warnings else "fine"
    sections = [
        f"<h1>{escape(title)}</h1>",
        *(_files(part) for part in report.parts),
        f'<p class="summary {level}">{escape(summary(len(report.errors), len(report.warnings)))}</p>',
        "<h2>Verdicts</h2>",
        _verdicts(report),
        "<h2>Counts</h2>",
        _counts(report),
        *(_part(part) for part in report.parts),
    ]
    shared = overlap_findings(report)
    if shared:
        sections += ["<h2>Overlap</h2>", *(_examples(finding) for finding in shared)]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(sections)
        + "\n</body>\n</html>\n"
    )


def _files(part: Part) -> str:
    return f'<p class="soft files">{escape(part.name)}: {escape(", ".join(part.files))} ({escape(part.format)})</p>'


def _verdicts(report: CheckReport) -> str:
    """Errors and warnings in the open, what is fine folded away."""
    shown = [*report.errors, *report.warnings]
    fine = [verdict for verdict in report.verdicts if verdict.level == "fine"]
    sections = [_verdict_table(shown)] if shown else []
    if fine:
        title = f"Fine: {plural(len(fine), 'other check' if shown else 'check')}"
        sections.append(f"<details><summary>{escape(title)}</summary>{_verdict_table(fine)}</details>")
    return "\n".join(sections)


def _verdict_table(verdicts: Iterable[Verdict]) -> str:
    rows = [
        f'<tr><td class="level {verdict.level}">{WORDS[verdict.level]}</td>'
        f'<td class="part">{escape(verdict.part)}</td><td class="place">{escape(verdict.sentence)}'
        + (f'<br><span class="soft">{escape(verdict.mend)}</span>' if verdict.mend else "")
        + "</td></tr>"
        for verdict in verdicts
    ]
    return _cards(("Verdict", "Part", "Finding"), rows)


def _cards(names: Sequence[str], rows: Iterable[str]) -> str:
    """A table whose rows become cards on a narrow screen."""
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    return f'<table class="cards"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _counts(report: CheckReport) -> str:
    head, *rows = count_rows(report)
    lines = ["<tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in head) + "</tr>"]
    for name, *cells in rows:
        kind = ' class="sub"' if name.startswith(" ") else ""
        figures = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        lines.append(f"<tr{kind}><th>{escape(name.strip())}</th>{figures}</tr>")
    return f'<div class="scroll"><table class="counts">{"".join(lines)}</table></div>'


def _part(part: Part) -> str:
    sections = [f"<h2>{escape(part.name)}</h2>"]
    if part.faults:
        sections.append(_faults(part))
    if part.pairs:
        first = unit_to_show(part)
        sections.append(_histogram(part, first))
        others = [unit for unit in part.source.lengths if unit != first]
        sections += [
            f"<details><summary>Lengths in {escape(unit)}</summary>{_histogram(part, unit)}</details>"
            for unit in others
        ]
    sections += [_examples(finding) for finding in findings(part)]
    return "\n".join(sections)


def _histogram(part: Part, unit: str) -> str:
    rows = bins(part, unit, BARS)
    most = max(max(source, target) for _, source, target in rows)
    cells = []
    for label, source, target in rows:
        bars = "".join(_bar(side, count, most) for side, count in (("source", source), ("target", target)))
        cells.append(f'<div class="label">{escape(label)}</div><div>{bars}</div>')
    key = (
        '<p class="soft key"><span class="of-source"><i></i> source</span> &nbsp; '
        '<span class="of-target"><i></i> target</span></p>'
    )
    return f'<h3>Lines by length in {escape(unit)}</h3>{key}<div class="bars">{"".join(cells)}</div>'


def _bar(side: str, count: int, most: int) -> str:
    # The widest bar leaves room for its figure.
    width = 82 * count / most if most else 0
    return f'<div class="bar of-{side}"><div class="track"><i style="width:{width:.2f}%"></i>{count:,}</div></div>'


def _faults(part: Part) -> str:
    total = sum(part.fault_counts.values())
    shown = part.faults[:SHOWN_FAULTS]
    rows = [
        f'<tr><td class="place">{escape(fault.place)}</td><td class="text">{escape(visible(fault.detail))}</td></tr>'
        for fault in shown
    ]
    more = f'<p class="soft">... and {total - len(shown):,} more</p>' if total > len(shown) else ""
    content = _cards(("Place", "Fault"), rows) + more
    if len(shown) > 20:
        content = f"<details><summary>All places</summary>{content}</details>"
    return f'<h3 class="error">{plural(total, "fault")}</h3>{content}'


def _examples(finding: Finding) -> str:
    noted = any(example.note for example in finding.examples)
    rows = []
    for example in finding.examples:
        note = f'<td class="soft note" data-name="note">{escape(example.note)}</td>' if noted else ""
        rows.append(
            f'<tr><td class="where" data-name="where">{escape(lines_of(example, finding.joint))}</td>'
            f"{_text('source', example.source)}{_text('target', example.target)}{note}</tr>"
        )
    names = ("Where", "Source", "Target", "Note")[: 4 if noted else 3]
    title = f"{finding.title[0].upper()}{finding.title[1:]}: {finding.count:,}"
    return f"<h3>{escape(title)}</h3>{_cards(names, rows)}"


def _text(side: str, text: str) -> str:
    """A cell of corpus text; `dir` lets Arabic and Hebrew run their own way."""
    return f'<td class="text" dir="auto" data-name="{side}">{escape(visible(text, LONGEST_TEXT))}</td>'
