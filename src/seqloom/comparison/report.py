"""report.html of a comparison: no script, no resource from outside; each number says where in the JSON it stands.

A figure is written as <span data-from="/models/0/parameters" data-as="whole">, so that a person, or a test, can look it
up in comparison.json beside the page.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqloom.base.errors import MissingDependencyError
from seqloom.base.files import atomic_write, make_folder
from seqloom.comparison.plots import attention_pictures, pictures
from seqloom.comparison.quoting import QUOTE, find, quote, written
from seqloom.comparison.weighing import name_of
from seqloom.inspection.page import escape, page

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Quantity:
    """A row of the table.

    place   of the figure within a model; a mean with bounds, or one value
    better  "more" or "less" where one may be called best, else ""
    """

    label: str
    note: str
    place: str
    form: str
    better: str = ""


def quantities(record: Record) -> list[Quantity]:
    """The rows of the table, those left out that no model has."""
    metric = record["metric_name"]
    rows = [
        Quantity(metric, "over seeds", "summary/quality", "one", "more"),
        Quantity(
            f"{metric}, sentences drawn anew", "bootstrap, bounds averaged over seeds", "sentences", "one"
        ),
        Quantity("Parameters", "learnt numbers", "parameters", "whole"),
        Quantity("Operations", "for each written symbol", "operations", "whole"),
        Quantity("Training", "target tokens a second", "summary/train_tokens_per_second", "whole", "more"),
        Quantity(
            f"Time to {metric} {quote('/quality_threshold', 'one')}",
            "of training, on the validation pairs",
            "summary/seconds_to_quality",
            "duration",
            "less",
        ),
        Quantity("Decoding", "words a second, in batches", "summary/words_per_second", "whole", "more"),
        Quantity("One sentence", "milliseconds, the median", "summary/latency_ms", "one", "less"),
        Quantity(
            "Memory in training",
            "MB at the most, PyTorch included",
            "summary/training_megabytes",
            "whole",
            "less",
        ),
        Quantity(
            "Memory in decoding",
            "MB at the most, PyTorch included",
            "summary/decoding_megabytes",
            "whole",
            "less",
        ),
    ]
    for task in record["models"][0]["memory"]:
        rows += [
            Quantity(
                f"Memory span, {task}",
                "distance, as far as it was asked",
                f"memory/{task}/all",
                "one",
                "more",
            ),
            Quantity(
                f"Memory span, {task}",
                "within the distances of training",
                f"memory/{task}/seen",
                "one",
                "more",
            ),
        ]
    rows += [
        Quantity("Half-life of the gradient", "symbols, trained", "half_life", "one"),
        Quantity("Half-life of the gradient", "symbols, fresh", "half_life_fresh", "one"),
    ]
    return [
        row for row in rows if any(find(model, f"/{row.place}") is not None for model in record["models"])
    ]


def write_report(record: Record, path: Path) -> Path:
    """Write the page, atomically. Without matplotlib it says so where the plots would be."""
    make_folder(path.parent)
    atomic_write(path, report_page(record))
    return path


def report_page(record: Record) -> str:
    """The whole page."""
    return page(
        "report.html",
        title="A comparison of sequence models",
        room="seqloom.comparison",
        lead=_lead(record),
        table=_table(record),
        claims=_claims(record),
        pairs=_pairs(record),
        plots=_plots(record),
        attention=_attention(record),
        fairness=_fairness(record),
        details=_details(record),
    )


def render(record: Record, text: str) -> str:
    """A template as HTML: what is said, escaped, and each figure with its origin."""
    parts, last = [], 0
    for match in QUOTE.finditer(text):
        parts += [escape(text[last : match.start()]), figure(record, match[1], match[2])]
        last = match.end()
    return "".join([*parts, escape(text[last:])])


def figure(record: Record, place: str, form: str) -> str:
    """One figure with its origin."""
    shown = escape(written(record, place, form))
    return f'<span data-from="{escape(place)}" data-as="{form}">{shown}</span>'


FAIRNESS = {
    "parameters": "All models have as many parameters: widths were scaled until they matched.",
    "operations": "All models take as many operations for each written symbol: widths were scaled until they matched.",
    "updates": "All models were trained for as many updates.",
    "time": "All models were trained for as many minutes.",
    "none": "Nothing was made alike: each model is as its plan, or its run, has it.",
}


def _lead(record: Record) -> str:
    about = "/about"
    several = len(record["seeds"]) > 1
    seeds = "once with each of the seeds" if several else "once, with the seed"
    return render(
        record,
        f"{FAIRNESS[record['fairness']]} Trained on {quote(f'{about}/training_pairs', 'whole')} pairs, each model "
        f"{seeds} {quote('/seeds', 'list')}; measured on {quote(f'{about}/measured_pairs', 'whole')} "
        f"pairs of the {record['part']} part. Intervals are of {quote('/level', 'percent')}. "
        "Every figure of this page stands in comparison.json beside it.",
    )


def _heads(record: Record) -> str:
    return "".join(
        f'<th scope="col">{render(record, name_of(number))}</th>' for number in range(len(record["models"]))
    )


def _table(record: Record) -> str:
    rows = [_made_of(record)]
    for row in quantities(record):
        best = _best(record, row)
        cells = "".join(
            f"<td{' class=best' if number == best else ''}>"
            f"{_cell(record, f'/models/{number}/{row.place}', row.form)}</td>"
            for number in range(len(record["models"]))
        )
        rows.append(
            f'<tr><th scope="row">{render(record, row.label)}<small>{escape(row.note)}</small></th>{cells}</tr>'
        )
    note = (
        "Bold: the best mean, which need not be a sure difference; below a mean, its interval over seeds where there "
        "are several. A dash: not every seed gave a figure, or none is known; of a half-life, that a gradient fades "
        "can't be told from that it grows. A negative half-life is the time in which it doubles. A span of nothing: "
        "even at the nearest distance too few answers were right, and the task was not learnt; one as long as the "
        "farthest that was asked may be longer."
    )
    if record["options"]["side_by_side"] > 1:
        note += (
            f" {quote('/options/side_by_side', 'whole')} trainings ran side by side, each on its share of the cores: "
            "their speeds and times are of that. All else that is timed ran alone."
        )
    note = render(
        record,
        note,
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="The table"><table class="figures">'
        "<thead><tr><td></td>"
        f'{_heads(record)}</tr></thead><tbody>{"".join(rows)}</tbody></table></div><p class="note">{note}</p>'
    )


def _made_of(record: Record) -> str:
    cells = "".join(
        f"<td>encoder: {render(record, _layers(number, 'encoder'))}<br>"
        f"decoder: {render(record, _layers(number, 'decoder'))}<br>"
        f"attention: {render(record, quote(f'/models/{number}/attends', 'text'))}</td>"
        for number in range(len(record["models"]))
    )
    return f'<tr><th scope="row">Made of</th>{cells}</tr>'


def _layers(model: int, part: str) -> str:
    """How many layers, and of what: "2 × lstm"."""
    return f"{quote(f'/models/{model}/{part}_layers', 'whole')} × {quote(f'/models/{model}/{part}', 'text')}"


def _cell(record: Record, place: str, form: str) -> str:
    found = find(record, place)
    if not isinstance(found, Mapping):
        return figure(record, place, form)
    mean = figure(record, f"{place}/mean", form)
    if found["low"] is None:
        return mean
    return f"{mean}<small>{figure(record, f'{place}/low', form)} to {figure(record, f'{place}/high', form)}</small>"


def _best(record: Record, row: Quantity) -> int | None:
    """The model with the best mean; None where none is, or where several share it."""
    values: dict[int, float] = {}
    for number, model in enumerate(record["models"]):
        found = find(model, f"/{row.place}")
        if found is not None:
            values[number] = found["mean"] if isinstance(found, Mapping) else found
    if not row.better or len(values) < 2:
        return None
    best = (max if row.better == "more" else min)(values.values())
    holders = [number for number, value in values.items() if value == best]
    return holders[0] if len(holders) == 1 else None


def _claims(record: Record) -> str:
    blocks = []
    for claim in record["claims"]:
        lines = "".join(f"<li>{render(record, sentence)}</li>" for sentence in claim["templates"])
        blocks.append(
            f'<section class="claim"><h3>{escape(claim["statement"])}</h3>'
            f'<p class="verdict">{escape(claim["verdict"])}</p><ul>{lines}</ul></section>'
        )
    note = (
        "A claim is borne out where every figure that bears on it surely differs its way, in part where some do; it is "
        "not borne out where one surely differs the other way and none its way, and can't be told where every "
        "difference may be chance. A difference is sure where its interval over seeds, by Welch's t-test, has nothing "
        "on the other side. It is about these models, this text and this training."
    )
    return f'<div class="claims">{"".join(blocks)}</div><p class="note">{note}</p>'


def _pairs(record: Record) -> str:
    rows = []
    for number, pair in enumerate(record["pairs"]):
        place = f"/pairs/{number}"
        sure = pair["significant"]
        rows.append(
            f"<tr><td>{render(record, name_of(pair['one']))}</td><td>{render(record, name_of(pair['other']))}</td>"
            f"<td>{figure(record, f'{place}/difference', 'signed')}</td>"
            f"<td>{figure(record, f'{place}/p_value', 'p')}</td>"
            f"<td{' class=sure' if sure else ''}>{'sure' if sure else 'may be chance'}</td></tr>"
        )
    head = "".join(f'<th scope="col">{name}</th>' for name in ("from", "to", "difference", "p-value", ""))
    note = (
        f"{record['metric_name']} of the second less that of the first, by paired bootstrap over the sentences "
        f"({quote('/samples', 'whole')} draws), seed by seed. The p-value is the largest of all seeds, and a "
        f"difference is called sure where that is below {quote('/sure', 'two')} and every seed has it on the same side."
    )
    if len(record["seeds"]) == 1:
        note += " There was one seed: that another would tell the same is not shown."
    return (
        f'<div class="scroll"><table class="figures"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
        f'</div><p class="note">{render(record, note)}</p>'
    )


def _plots(record: Record) -> str:
    try:
        drawn = pictures(record)
    except MissingDependencyError as error:
        return f'<p class="note">{escape(str(error))}</p>'
    blocks = "".join(
        f"<figure><figcaption><h3>{escape(title)}</h3></figcaption>{svg}"
        f"<figcaption><small>{escape(note)}</small></figcaption></figure>"
        for title, note, svg in drawn
    )
    return f'<div class="plots">{blocks}</div>'


def _attention(record: Record) -> str:
    if "attention" not in record["options"]["measure"]:
        return '<p class="note">It was not measured: comparison.measure leaves it out.</p>'
    try:
        drawn = attention_pictures(record)
    except MissingDependencyError as error:
        return f'<p class="note">{escape(str(error))}</p>'
    blocks = []
    for number, svg in drawn:
        body = svg or (
            '<p class="note">It has no attention to look at: all that its decoder knows of the sentence is one vector.'
            "</p>"
        )
        blocks.append(
            f"<figure><figcaption><h3>{render(record, name_of(number))}</h3></figcaption>{body}</figure>"
        )
    shown = next((number for number, svg in drawn if svg), None)
    text = ""
    if shown is not None:
        text = f'<p dir="auto">{render(record, quote(f"/models/{shown}/attention/source_text", "text"))}</p>'
    note = "Rows are written words, columns are read ones; darker is more attention. Of the first seed."
    return f'{text}<div class="maps">{"".join(blocks)}</div><p class="note">{note}</p>'


def _fairness(record: Record) -> str:
    rows = [
        ("Parameters", "", "parameters", "whole"),
        ("Parameters as asked", "before widths were scaled", "asked_parameters", "whole"),
        ("Apart from what was wanted", "", "apart", "percent_one"),
        ("Updates", "mean over seeds", "summary/updates/mean", "whole"),
        ("Passes over the pairs", "mean over seeds", "summary/epochs/mean", "one"),
        ("Target tokens", "mean over seeds", "summary/tokens/mean", "whole"),
        ("Time of training", "mean over seeds, validations included", "summary/seconds/mean", "duration"),
    ]
    for task in record["models"][0]["memory"]:
        rows += [
            (f"Parameters for the task {task}", "", f"memory/{task}/parameters", "whole"),
            ("Apart from what was wanted", f"for the task {task}", f"memory/{task}/apart", "percent_one"),
            (
                "Learning rates",
                f"for the task {task}, the best of each seed",
                f"memory/{task}/learning_rates",
                "list",
            ),
        ]
    lines = []
    for label, note, place, form in rows:
        cells = "".join(
            f"<td>{_known(record, f'/models/{number}/{place}', form)}</td>"
            for number in range(len(record["models"]))
        )
        small = f"<small>{escape(note)}</small>" if note else ""
        lines.append(f'<tr><th scope="row">{escape(label)}{small}</th>{cells}</tr>')
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="Fairness"><table class="figures">'
        "<thead><tr><td></td>"
        f"{_heads(record)}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def _known(record: Record, place: str, form: str) -> str:
    """A figure, or a dash where the table that should hold it is missing."""
    try:
        return figure(record, place, form)
    except KeyError:
        return "–"


def _details(record: Record) -> str:
    folds = [("Plan", "/options"), ("Data", "/about"), ("Made with", "/made")]
    folds += [
        (f"Settings of {name_of(number)}", f"/models/{number}/settings")
        for number in range(len(record["models"]))
    ]
    parts = [f'<p class="note">Scored by {figure(record, "/signature", "text")}.</p>']
    for title, place in folds:
        lines = "".join(
            f"<tr><td><code>{escape(name)}</code></td><td>{figure(record, where, 'text')}</td></tr>"
            for name, where in _flat(find(record, place), place)
        )
        parts.append(
            f"<details><summary>{render(record, title)}</summary>"
            f'<div class="scroll"><table><tbody>{lines}</tbody></table></div></details>'
        )
    return "".join(parts)


def _flat(values: Mapping[str, Any], place: str, before: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
    """Nested values as dotted names and their places, in the order they stand."""
    for key, value in values.items():
        names = [*before, key]
        if isinstance(value, Mapping):
            yield from _flat(value, f"{place}/{key}", names)
        else:
            yield ".".join(names), f"{place}/{key}"
