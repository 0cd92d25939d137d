"""Several models, one corpus, one report: trains or reuses each, measures it, and goes on where it was stopped.

What a comparison leaves behind:

    FOLDER/compare.toml                  the plan, as it was when it last ran
           data/  corpora/               shares of the training pairs; prepared corpora, which all runs use
           runs/MODEL-seed1/             ordinary runs
           records/                      what each step found, under a key of all that it depends on
           comparison.json  report.html
"""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seqloom.base.errors import UsageError
from seqloom.base.files import LARGEST_JSON, atomic_write, make_folder, read_json, write_json
from seqloom.base.progress import Progress, duration, progress
from seqloom.comparison.measurements import assemble
from seqloom.comparison.plan import Plan, read_plan
from seqloom.comparison.report import write_report
from seqloom.pipeline.comparing_data import write_share
from seqloom.pipeline.comparing_processes import run_job, run_side_by_side
from seqloom.pipeline.comparing_steps import Step, prepare, say_size
from seqloom.training.machine import require_device
from seqloom.training.run_folder import RunFolder
from seqloom.training.signals import stop_on_signal


def compare(
    plan: Plan | Path | str, folder: Path | str | None = None, *, overrides: Sequence[str] = ()
) -> Path:
    """Run a comparison, or go on with it; gives the path of its report, report.html.

    plan       what `read_plan` gave, or the path of a compare.toml
    folder     where everything goes; runs/NAME for NAME.toml and for NAME/compare.toml if None
    overrides  such as "comparison.seeds=[1]", laid over the shared tables of a file
    Raises  ConfigError, DataError, ResourceError; Interrupted after a signal: the same call goes on
    """
    if isinstance(plan, Plan) and overrides:
        raise UsageError("Overrides go with a file; a Plan is complete already.")
    asked = plan if isinstance(plan, Plan) else read_plan(plan, overrides)
    place = Path(folder) if folder is not None else default_folder(Path(asked.place))
    for model in asked.models:
        require_device(model.config.training.device)
    make_folder(place)
    with RunFolder(place).locked(), stop_on_signal() as stopped, progress("Comparing") as shown:
        atomic_write(place / "compare.toml", asked.text)
        work = prepare(asked, place, shown)
        for share in asked.comparison.shares:
            write_share(asked.models[0].config, share, place / "data")
        for model, size in zip(asked.models, work.sizes, strict=True):
            shown.say(f"{model.name}: {say_size(asked, size)}")
        todo = [step for step in work.steps() if not step.done]
        if len(todo) < len(work.steps()):
            shown.say(f"{len(work.steps()) - len(todo)} of {len(work.steps())} steps were done before")
        _do(todo, place, stopped, shown, asked.comparison.side_by_side)
        shown.say("Comparing pairs of models")
        content = assemble(asked, work.found())
        write_json(place / "comparison.json", content)
        return write_report(content, place / "report.html")


def _do(
    steps: Sequence[Step], folder: Path, stopped: Callable[[], bool], shown: Progress, at_once: int
) -> None:
    """All steps, in their order; with several at once, those that needn't be alone come first."""
    begun, numbers = time.monotonic(), itertools.count(1)

    def announce(title: str) -> None:
        passed = duration(time.monotonic() - begun)
        shown.say(f"[{next(numbers)} of {len(steps)}, after {passed}]  {title}")

    alone = list(steps)
    if at_once > 1:
        alone = [step for step in steps if step.alone]
        together = [(step.title, step.job) for step in steps if not step.alone]
        run_side_by_side(together, folder, stopped, at_once=at_once, starting=announce, tell=shown.say)
    for step in alone:
        announce(step.title)
        with _bar_aside(shown):
            run_job(step.job, folder, stopped)


def foresee(plan: Plan, folder: Path) -> list[str]:
    """How large each model becomes, and what there is to do; nothing is written."""
    with progress("Reading") as shown:
        work = prepare(plan, folder, shown)
    lines = [
        f"{model.name}: {say_size(plan, size)}" for model, size in zip(plan.models, work.sizes, strict=True)
    ]
    for step in work.steps():
        lines.append(f"{'done ' if step.done else 'to do'}  {step.title}")
    return lines


def default_folder(plan: Path) -> Path:
    """runs/textbook for textbook.toml and for textbook/compare.toml."""
    name = plan.absolute().parent.name if plan.name == "compare.toml" else plan.stem
    return Path("runs") / (name or "comparison")


@contextmanager
def _bar_aside(shown: Progress) -> Iterator[None]:
    """While a step shows its own bar, ours is not drawn."""
    if shown.bar is None:
        yield
        return
    bar = shown.bar[0]
    bar.stop()
    try:
        yield
    finally:
        bar.start()


def read_comparison(folder: Path | str) -> dict[str, Any]:
    """The figures of a comparison that was made. Raises DamagedModelError."""
    content: dict[str, Any] = read_json(Path(folder) / "comparison.json", 4 * LARGEST_JSON)
    return content
