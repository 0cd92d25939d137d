"""What the benchmarks of single tasks share: corpora by folder, scores of a part, results and tables on disk."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from provenance import RESULTS, ROOT, corpora

from seqloom.base.files import atomic_write
from seqloom.inspection.curves import write_curves
from seqloom.inspection.run_log import Row, read_log
from seqloom.training.searching import search_options
from seqloom.training.seeds import spread, spreads
from seqloom.training.vocabularies import files_of

FACTS = ("pairs", "beam")  # which stand beside scores and are none


def corpus(folder: str, *names: str) -> list[Path]:
    """Files of a corpus. Exits where it isn't there."""
    files = [corpora() / folder / name for name in names]
    for file in files:
        if not file.is_file():
            raise SystemExit(f"{file} is not there; set SEQLOOM_DATA to the folder that holds {folder}/.")
    return files


def score(model: Any, path: Path, beam: int | None = None) -> dict[str, Any]:
    """The scores of a file by the metrics of the model's task, and how many pairs it has."""
    files = files_of(model.config, (path,), model.config.data.format)
    pairs, groups = list(files.read()), files.groups()
    options = search_options(model.config.search, beam=beam, n_best=1)
    found, _ = model.evaluate(pairs, options, groups=None if groups is None else list(groups))
    return {"pairs": len(pairs), "beam": options.beam, **{each.name: round(each.value, 3) for each in found}}


def over_all(runs: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """The mean and the spread of each score over several runs."""
    rows = [{name: value for name, value in row.items() if name not in FACTS} for row in runs.values()]
    return {name: found._asdict() for name, found in spreads(rows).items()}


def training_facts(run: Path) -> dict[str, Any]:
    """How long a run was trained, with what it was made and what it came to."""
    rows = read_log(run / "metrics.jsonl").rows
    last = [row for row in rows if row["event"] == "step"][-1]
    environment = json.loads((run / "environment.json").read_text(encoding="utf-8"))
    settings = json.loads((run / "resolved.json").read_text(encoding="utf-8"))
    kept = ("update", "epoch", "seconds", "tokens")
    return {
        **{name: last[name] for name in kept},
        "environment": environment,
        "settings": settings,
        "curve": rows,
    }


def keep(
    task: str,
    name: str,
    figures: Mapping[str, Any],
    table: Callable[[Mapping[str, Any]], str],
    curve: Sequence[Row] = (),
) -> None:
    """Write results/TASK/NAME.json and NAME.png with the curve, and results/TASK.md over all results of the task.

    table   the results by name -> the page
    curve   the rows of a training's log; without any there is no picture
    """
    folder = RESULTS / task
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(figures, ensure_ascii=False, indent=1) + "\n"
    text = text.replace(str(corpora()), "$SEQLOOM_DATA").replace(f"{ROOT}/", "")  # of this machine alone
    atomic_write(folder / f"{name}.json", text)
    if curve:
        write_curves(curve, folder / f"{name}.png", title=f"{name}, {task}")
    found = {
        path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))
    }
    atomic_write(RESULTS / f"{task}.md", table(found))


def page(title: str, lead: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A page with one table; all columns but the first are numbers."""
    lines = [f"# {title}", "", lead, "", f"| {' | '.join(columns)} |"]
    lines.append("| --- |" + " ---: |" * (len(columns) - 1))
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def shown(found: Mapping[str, float] | Sequence[float] | float | None, places: int = 1) -> str:
    """A figure, or the mean of several with their deviation.

    found   the figure; or those of all runs, or what `over_all` made of them; nothing for none
    """
    if found is None:
        return ""
    if isinstance(found, float | int):
        return f"{found:.{places}f}"
    if not isinstance(found, Mapping):
        if not found:
            return ""
        found = spread(found)._asdict()
    if found["least"] == found["most"]:  # of one run, or of runs that are all alike
        return f"{found['mean']:.{places}f}"
    return f"{found['mean']:.{places}f} ± {found['deviation']:.{places}f}"
