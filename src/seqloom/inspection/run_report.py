"""report.html of a run: how far it came, its curves, and the same sentences translated again and again as it learnt."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from seqloom.base.errors import DamagedModelError, MissingDependencyError, UsageError
from seqloom.base.files import atomic_write, read_json
from seqloom.base.progress import duration
from seqloom.inspection.curves import panels_svg
from seqloom.inspection.page import escape, page, text_line
from seqloom.inspection.run_log import (
    Row,
    RunLog,
    best_validation,
    last_of,
    main_metric,
    number,
    read_log,
    series,
)
from seqloom.metrics.measure import PLACES, TITLES

SHOWN = 12  # sentences shown; the rest are in a fold


def write_report(run: Path) -> Path:
    """Write RUN/report.html from the run's own files, atomically, and return its path.

    Reads metrics.jsonl, samples.jsonl, resolved.json and environment.json, each only if it is there, so that it
    serves at any moment of a training. Without matplotlib the page says so where the curves would be.
    Raises UsageError when there is no such folder, ResourceError when a file can't be read or the page written.
    """
    if not run.is_dir():
        raise UsageError(f"There is no run at {run}: expected the folder that training made.")
    metrics, samples = read_log(run / "metrics.jsonl"), read_log(run / "samples.jsonl")
    report = report_page(
        run.resolve().name,
        metrics,
        samples,
        _settings(run / "resolved.json"),
        _settings(run / "environment.json"),
    )
    path = run / "report.html"
    atomic_write(path, report)
    return path


def report_page(
    name: str,
    metrics: RunLog,
    samples: RunLog,
    settings: Mapping[str, Any] | None = None,
    environment: Mapping[str, Any] | None = None,
) -> str:
    """The whole page: no script, no resource from outside.

    settings, environment   nested values shown in a fold; None shows none
    """
    return page(
        "run_report.html",
        title=f"Run {name}",
        lead=_lead(metrics.rows),
        facts=_facts(metrics.rows),
        curves=_curves(metrics.rows),
        samples=_samples(samples.rows),
        details=_details(metrics, samples, settings, environment),
    )


def _settings(path: Path) -> Mapping[str, Any] | None:
    """A run's JSON file; None when it is missing or damaged, which is not the report's business."""
    try:
        value = read_json(path)
    except (DamagedModelError, OSError):
        return None
    return value if isinstance(value, dict) else None


def _lead(rows: Sequence[Row]) -> str:
    stop = last_of(rows, "stop")
    if stop is None:
        return (
            "No update has been logged yet." if not rows else "Still in training, or stopped without a word."
        )
    if rows[-1] is not stop and last_of(rows[-1:], "step"):
        return "In training again after a stop."
    return f"Stopped: {escape(str(stop.get('reason', 'no reason given')))}."


def _facts(rows: Sequence[Row]) -> str:
    """What one wants to know first, as tiles."""
    facts: list[tuple[str, str, str]] = []
    best, step = best_validation(rows), last_of(rows, "step")
    if best is not None:
        at = f"at update {_integer(best.get('update'))}"
        main = main_metric([best])
        scores = [
            (f"Best {title}" if key == main else title, key, PLACES.get(key, 1))
            for key, title in TITLES.items()
        ]
        for label, key, places in (*scores, ("Validation loss", "loss", 3)):
            value = number(best.get(key))
            if value is not None:
                facts.append((label, f"{value:.{places}f}", at))
        perplexity = number(best.get("perplexity"))
        if perplexity is not None:
            facts.append(("Perplexity", f"{perplexity:.2f}", at))
    if step is not None:
        loss, epoch = number(step.get("likelihood")), number(step.get("epoch"))
        if loss is not None:
            facts.append(("Training loss", f"{loss:.3f}", "with dropout, at the last update logged"))
        facts.append(
            ("Updates", _integer(step.get("update")), f"{epoch:.1f} epochs" if epoch is not None else "")
        )
    seconds = [value for row in rows if (value := number(row.get("seconds"))) is not None]
    if seconds:
        facts.append(("Time", duration(seconds[-1]), ""))
    speed = series(rows, "step", "tokens_per_second").values
    if len(speed):
        middle = sorted(speed)[len(speed) // 2]
        facts.append(("Speed", f"{middle:,.0f}", "target tokens a second, median"))
    return "".join(
        f"<div><dt>{label}</dt><dd>{value}<small>{note}</small></dd></div>" for label, value, note in facts
    )


def _integer(value: object) -> str:
    exact = number(value)
    return "?" if exact is None else f"{exact:,.0f}"


def _curves(rows: Sequence[Row]) -> str:
    try:
        pictures = panels_svg(rows)
    except MissingDependencyError as error:
        return f'<p class="note">{escape(str(error))}</p>'
    if not pictures:
        return '<p class="note">No update has been logged yet.</p>'
    note = (
        "Where points are many, a line is the mean of a stretch of updates, the band behind it their range."
    )
    return f'<div class="curves">{"".join(pictures)}</div><p class="note">{note}</p>'


def _samples(rows: Sequence[Row]) -> str:
    """Each sentence once, with what the model made of it over the updates; equal outputs in a row are one line."""
    histories: dict[tuple[str, str], dict[float, str]] = {}
    for row in rows:
        update = number(row.get("update"))
        if update is not None and "output" in row:
            key = (str(row.get("source", "")), str(row.get("reference") or ""))
            histories.setdefault(key, {})[update] = str(row["output"])
    if not histories:
        return '<p class="note">No samples have been logged yet.</p>'
    blocks = [_sample(source, reference, history) for (source, reference), history in histories.items()]
    shown, folded = (
        f'<div class="samples">{"".join(part)}</div>' for part in (blocks[:SHOWN], blocks[SHOWN:])
    )
    if len(blocks) <= SHOWN:
        return shown
    return f"{shown}<details><summary>{len(blocks) - SHOWN:,} more sentences</summary>{folded}</details>"


def _sample(source: str, reference: str, history: Mapping[float, str]) -> str:
    lines: list[tuple[float, float, str]] = []
    for update in sorted(history):
        output = history[update]
        if lines and lines[-1][2] == output:
            lines[-1] = (lines[-1][0], update, output)
        else:
            lines.append((update, update, output))
    rows = []
    for first, last, output in lines:
        span = f"{first:,.0f}" if first == last else f"{first:,.0f} – {last:,.0f}"
        right = bool(reference) and output.strip() == reference.strip()
        shown = text_line(output) if output.strip() else '<span class="note">(nothing)</span>'
        mark = ' <span class="right">✓ as the reference</span>' if right else ""
        rows.append(f'<tr><td class="number">{span}</td><td>{shown}{mark}</td></tr>')
    wanted = f'<p class="note">Reference: {text_line(reference)}</p>' if reference else ""
    return (
        f'<section class="sample"><h3>{text_line(source)}</h3>{wanted}'
        f'<table><thead><tr><th scope="col" class="number">update</th><th scope="col">output</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></section>"
    )


def _details(
    metrics: RunLog,
    samples: RunLog,
    settings: Mapping[str, Any] | None,
    environment: Mapping[str, Any] | None,
) -> str:
    parts = []
    if metrics.broken or samples.broken:
        parts.append(
            f'<p class="note">Passed over {metrics.broken} unreadable lines of metrics.jsonl and '
            f"{samples.broken} of samples.jsonl, as a killed run leaves them.</p>"
        )
    validations = [row for row in metrics.rows if row.get("event") == "validation"]
    if validations:
        parts.append(f"<details><summary>All validations</summary>{_validation_table(validations)}</details>")
    for title, values in (("Settings", settings), ("Environment", environment)):
        if values:
            lines = "".join(
                f"<tr><td><code>{escape(key)}</code></td><td>{escape(value)}</td></tr>"
                for key, value in _flat(values)
            )
            parts.append(
                f'<details><summary>{title}</summary><div class="scroll"><table><tbody>{lines}</tbody></table></div>'
                "</details>"
            )
    return "".join(parts) or '<p class="note">None were written.</p>'


def _validation_table(rows: Sequence[Row]) -> str:
    scores = [
        (key, PLACES.get(key, 2)) for key in TITLES if any(number(row.get(key)) is not None for row in rows)
    ]
    columns = [("update", 0), ("loss", 4), ("perplexity", 2), *scores]
    head = "".join(f'<th scope="col" class="number">{TITLES.get(key, key)}</th>' for key, _ in columns)
    body = []
    for row in rows:
        values = [(number(row.get(key)), places) for key, places in columns]
        cells = "".join(
            f'<td class="number">{"–" if value is None else f"{value:,.{places}f}"}</td>'
            for value, places in values
        )
        body.append(f"<tr>{cells}</tr>")
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Nested values as dotted names and their text, in the order they stand."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", "–" if value is None else str(value)
