"""Several models, one corpus, one report: trains or reuses each, measures it, and goes on where it was stopped.

What a comparison leaves behind:

    FOLDER/compare.toml                  the plan, as it was when it last ran
           data/  corpora/               shares of the training pairs; prepared corpora, which all runs use
           runs/MODEL-seed1/             ordinary runs
           records/                      what each step found, under a key of all that it depends on
           comparison.json  report.html
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import seqloom
from seqloom.base import errors
from seqloom.base.errors import Interrupted, SeqloomError
from seqloom.base.files import LARGEST_JSON, atomic_write, make_folder, read_json, write_json
from seqloom.base.progress import Progress, duration, progress
from seqloom.comparison.fairness import Lengths, ModelSize, size_for_memory, size_models
from seqloom.comparison.measurements import Found, assemble
from seqloom.comparison.plan import ModelPlan, Plan, read_plan
from seqloom.comparison.records import key_of, read_record
from seqloom.comparison.report import write_report
from seqloom.comparison.sizing import Symbols
from seqloom.config.schema import Config
from seqloom.config.write import resolved
from seqloom.data.memory_tasks import MEMORY_TASKS
from seqloom.data.readers import Pair, survey
from seqloom.inspection.memory_span import ASKED
from seqloom.pipeline.comparing_data import choose_gradient_pairs, choose_sentence, with_share, write_share
from seqloom.training.machine import require_device
from seqloom.training.run_config import read_run_config
from seqloom.training.run_folder import RunFolder
from seqloom.training.signals import stop_on_signal
from seqloom.training.vocabularies import Tokenizers, pair_files, require_files, train_tokenizers

POLL = 0.2  # seconds between two looks at whether to stop
FARTHEST = 2.5  # times the longest distance in training: so far memory is asked for
COUNTED = 500  # pairs whose mean length operations are counted for


@dataclass(frozen=True)
class Step:
    """One process: what it does, on what, and the records by which one sees that it is done."""

    title: str
    job: dict[str, Any]
    records: tuple[tuple[Path, str], ...]

    @property
    def done(self) -> bool:
        """Whether all its records are there."""
        return all(read_record(path, key) is not None for path, key in self.records)


@dataclass(frozen=True)
class Trained:
    """One run of a model. share: of the training pairs, 1 for all"""

    model: int
    seed: int
    share: float
    run: Path
    config: Config
    training: Step | None  # None for a run that was there
    measurement: Step


def compare(plan: Plan | Path | str, folder: Path | str | None = None) -> Path:
    """Run a comparison, or go on with it; gives the path of its report, report.html.

    plan    what `read_plan` gave, or the path of a compare.toml
    folder  where everything goes; runs/NAME for NAME.toml and for NAME/compare.toml if None
    Raises  ConfigError, DataError, ResourceError; Interrupted after a signal: the same call goes on
    """
    asked = plan if isinstance(plan, Plan) else read_plan(plan)
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
            shown.say(f"{model.name}: {_say_size(asked, size)}")
        begun = time.monotonic()
        todo = [step for step in work.steps() if not step.done]
        if len(todo) < len(work.steps()):
            shown.say(f"{len(work.steps()) - len(todo)} of {len(work.steps())} steps were done before")
        for number, step in enumerate(todo, start=1):
            if stopped():
                raise _interrupted(place)
            passed = duration(time.monotonic() - begun)
            shown.say(f"[{number} of {len(todo)}, after {passed}]  {step.title}")
            with _bar_aside(shown):
                run_job(step.job, place, stopped)
        shown.say("Comparing pairs of models")
        content = assemble(asked, work.found())
        write_json(place / "comparison.json", content)
        return write_report(content, place / "report.html")


def foresee(plan: Plan, folder: Path) -> list[str]:
    """How large each model becomes, and what there is to do; nothing is written."""
    with progress("Reading") as shown:
        work = prepare(plan, folder, shown)
    lines = [
        f"{model.name}: {_say_size(plan, size)}" for model, size in zip(plan.models, work.sizes, strict=True)
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


def _interrupted(folder: Path) -> Interrupted:
    return Interrupted(f"Stopped; all that was done is in {folder}. The same command goes on from here.")


def run_job(job: dict[str, Any], folder: Path, stopped: Callable[[], bool]) -> None:
    """Do a step in a process of its own and wait for it; what it failed by is raised here.

    Raises   Interrupted once `stopped` says so, after the process saved what it had
    """
    path, failure = folder / "job.json", folder / "failure.json"
    failure.unlink(missing_ok=True)
    write_json(path, job)
    home = str(Path(seqloom.__file__).parents[1])
    paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "seqloom.pipeline.comparing_job", str(path)],
        stdin=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )
    told = False
    try:
        while process.poll() is None:
            try:
                process.wait(POLL)
            except subprocess.TimeoutExpired:
                if stopped() and not told:
                    process.terminate()
                    told = True
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stdin:
            process.stdin.close()
    if stopped():
        raise _interrupted(folder)
    if process.returncode:
        raise _failure(failure, process.returncode)
    path.unlink(missing_ok=True)


def _failure(path: Path, code: int) -> Exception:
    """What a step left behind when it failed, as the exception that it was."""
    if not path.is_file():
        return errors.ResourceError(
            f"A step of the comparison ended with code {code} and without a word; it may have run out of memory."
        )
    said = read_json(path)
    path.unlink()
    kind = getattr(errors, said["kind"], None)
    if isinstance(kind, type) and issubclass(kind, SeqloomError):
        return kind(said["sentence"])
    if said["kind"] in ("MemoryError", "OutOfMemoryError"):
        return MemoryError(said["sentence"])
    return RuntimeError(f"{said['kind']}: {said['sentence']}")


@dataclass(frozen=True)
class Work:
    """A comparison laid out: how large each model is, each run, each memory task."""

    plan: Plan
    sizes: list[ModelSize]
    runs: list[Trained]
    spans: list[Step]
    memory_sizes: list[dict[str, Any]]
    about: dict[str, Any]
    pairs: list[Pair]

    def steps(self) -> list[Step]:
        """In the order in which they are done."""
        trained = [step for run in self.runs for step in (run.training, run.measurement) if step is not None]
        return [*trained, *self.spans]

    def found(self) -> Found:
        """What all steps found."""
        return Found(
            sizes=self.sizes,
            runs=[
                {
                    "model": run.model,
                    "seed": run.seed,
                    "share": run.share,
                    "path": run.run,
                    "config": run.config,
                    "training": _content(run.training) if run.training else {},
                    "measured": _content(run.measurement),
                }
                for run in self.runs
            ],
            spans=[
                {"model": model, **(read_record(path, key) or {})}
                for model, step in enumerate(self.spans)
                for path, key in step.records
            ],
            memory_sizes=self.memory_sizes,
            about=self.about,
            pairs=self.pairs,
        )


def _content(step: Step) -> dict[str, Any]:
    path, key = step.records[0]
    return read_record(path, key) or {}


def prepare(plan: Plan, folder: Path, shown: Progress) -> Work:
    """Learn the vocabulary, scale the models, and lay out every step."""
    first = plan.models[0].config
    trains = [model for model in plan.models if not model.runs]
    given = [[read_run_config(RunFolder(run)) for run in model.runs] for model in plan.models]
    if trains:
        require_files(first)
    pairs = list(pair_files(first, plan.part).read())[: plan.comparison.sentences or None]
    if not pairs:
        raise errors.DataError(f"data.{plan.part} has no pairs; a comparison needs some to measure on.")
    tokenizers = _vocabulary(plan, shown)
    symbols = Symbols(len(tokenizers.source), len(tokenizers.target))
    sizes = size_models(
        [model.name for model in plan.models],
        [
            configs[0].model if configs else model.config.model
            for model, configs in zip(plan.models, given, strict=True)
        ],
        [bool(configs) for configs in given],
        plan.comparison,
        symbols,
        _lengths(tokenizers, pairs),
    )
    data_key = _data_key(plan)
    layout = _Layout(plan, folder, pairs, sizes, given, data_key)
    spans, memory_sizes = layout.spans() if "memory span" in plan.comparison.measure else ([], [])
    return Work(plan, sizes, layout.runs(), spans, memory_sizes, _about(plan, symbols, pairs), pairs)


def _say_size(plan: Plan, size: ModelSize) -> str:
    apart = "" if size.apart is None else f", {100 * size.apart:+.1f} % from what was wanted"
    what = f"{size.parameters:,} parameters, {size.operations:,.0f} operations for each written symbol"
    alike = f" ({plan.comparison.fairness}{apart})" if apart else ""
    return what + alike


def _vocabulary(plan: Plan, shown: Progress) -> Tokenizers:
    """What all runs will learn, or what the runs that are there have."""
    for model in plan.models:
        if model.runs:
            return Tokenizers.load(RunFolder(model.runs[0]).vocabulary)
    shown.say("Learning the vocabulary")
    return train_tokenizers(plan.models[0].config)


def _lengths(tokenizers: Tokenizers, pairs: Sequence[Pair]) -> Lengths:
    counted = pairs[:COUNTED]
    source = tokenizers.source.encode_many([pair.source for pair in counted])
    target = tokenizers.target.encode_many([pair.target for pair in counted])

    def mean(rows: Sequence[Sequence[int]]) -> int:
        return max(1, round(sum(map(len, rows)) / len(rows)) + 1)

    return Lengths(mean(source), mean(target))


def _data_key(plan: Plan) -> str:
    """A name for the content of all files that are read."""
    data = plan.models[0].config.data
    files = dict.fromkeys([*data.training_files, *data.valid, *getattr(data, plan.part)])
    return key_of([survey(Path(path)).sha256 for path in files])


def _about(plan: Plan, symbols: Symbols, pairs: Sequence[Pair]) -> dict[str, Any]:
    """What is known before anything is trained."""
    config = plan.models[0].config
    files = pair_files(config, plan.part)
    training = pair_files(config, "train")
    return {
        "files": [path.name for path in files.paths],
        "training_files": [path.name for path in training.paths],
        "training_pairs": survey(training.paths[0]).lines,
        "measured_pairs": len(pairs),
        "source_symbols": symbols.source,
        "target_symbols": symbols.target,
    }


@dataclass(frozen=True)
class _Layout:
    """Makes the steps of a plan."""

    plan: Plan
    folder: Path
    pairs: list[Pair]
    sizes: list[ModelSize]
    given: list[list[Config]]
    data_key: str

    def runs(self) -> list[Trained]:
        """Each model with each seed, then those on shares of the data."""
        options = self.plan.comparison
        found = [
            self._run(number, model, seed, 1.0)
            for seed in options.seeds
            for number, model in enumerate(self.plan.models)
        ]
        chosen = options.share_models or tuple(model.name for model in self.plan.models)
        for share in options.shares:
            found += [
                self._run(number, model, seed, share)
                for seed in options.seeds
                for number, model in enumerate(self.plan.models)
                if model.name in chosen and not model.runs
            ]
        return found

    def _run(self, number: int, model: ModelPlan, seed: int, share: float) -> Trained:
        options = self.plan.comparison
        cache = self.folder / "corpora"
        if model.runs:
            place = options.seeds.index(seed)
            run, config = model.runs[place], self.given[number][place]
        else:
            part = "" if share == 1 else f"-share-{share:g}"
            run = self.folder / "runs" / f"{model.slug}{part}-seed{seed}"
            config = model.configured(seed, self.sizes[number].shape, cache)
            if share < 1:
                config = with_share(config, share, self.folder / "data")
        who = f"{model.name}, seed {seed}" + ("" if share == 1 else f", {share:.0%} of the pairs")
        key = key_of(resolved(config), self.data_key, share)
        training = None
        if not model.runs:
            record = self._record(run, "training")
            job = {
                "kind": "training",
                "config": resolved(config),
                "run": str(run),
                "record": str(record),
                "key": key,
            }
            training = Step(f"{who}: training", job, ((record, key),))
        return Trained(
            number, seed, share, run, config, training, self._measurement(who, run, config, key, share)
        )

    def _measurement(self, who: str, run: Path, config: Config, trained: str, share: float) -> Step:
        """Beside quality nothing is measured on a share of the data."""
        options = self.plan.comparison
        measure = (
            [] if share < 1 else [name for name in options.measure if name not in ("lengths", "memory span")]
        )
        sentence, target = choose_sentence(self.pairs, options.sentence, options.target)
        data = resolved(self.plan.models[0].config)["data"]
        job: dict[str, Any] = {
            "kind": "measurement",
            "run": str(run),
            "config": {**resolved(config), "data": data},
            "part": self.plan.part,
            "sentences": options.sentences,
            "device": config.training.device,
            "threads": config.training.threads,
            "measure": measure,
            "timed": options.timed_sentences,
            "sentence": sentence,
            "target": target,
            "gradients": choose_gradient_pairs(self.pairs, options.gradient_sentences),
        }
        record, key = self._record(run, "measurement"), key_of(job, trained)
        return Step(f"{who}: measuring", {**job, "record": str(record), "key": key}, ((record, key),))

    def _record(self, run: Path, kind: str) -> Path:
        name = run.name if run.parent == self.folder / "runs" else f"{run.name}-{key_of(str(run))[:8]}"
        return self.folder / "records" / f"{name}-{kind}.json"

    def spans(self) -> tuple[list[Step], list[dict[str, Any]]]:
        """A step for each model, with a record for each task and seed; and how large the models are for them."""
        options = self.plan.comparison
        asked = sorted(
            {*(far for far in ASKED if far <= FARTHEST * options.memory_distance), options.memory_distance}
        )
        steps, sizes = [], []
        for number, (model, size) in enumerate(zip(self.plan.models, self.sizes, strict=True)):
            common = {
                "label": model.name,
                "distance": options.memory_distance,
                "asked": asked,
                "updates": options.memory_updates,
            }
            training = model.config.training.model_dump(mode="json")
            settings = {name: training[name] for name in ("device", "precision")}
            spans, records = [], []
            for name in options.memory_tasks:
                scaled = size_for_memory(size.shape, options.memory_parameters, MEMORY_TASKS[name].symbols)
                sizes.append(
                    {"model": number, "task": name, "parameters": scaled.found, "apart": scaled.apart}
                )
                for seed in options.span_seeds:
                    shape = scaled.config.model_dump(mode="json")
                    key = key_of(
                        name, seed, shape, asked, options.memory_distance, options.memory_updates, settings
                    )
                    task = name.replace(" ", "-")
                    record = self.folder / "records" / f"{model.slug}-span-{task}-seed{seed}.json"
                    records.append((record, key))
                    spans.append(
                        {"task": name, "seed": seed, "model": shape, "record": str(record), "key": key}
                    )
            job = {"kind": "spans", **common, "training": training, "spans": spans}
            steps.append(Step(f"{model.name}: memory span", job, tuple(records)))
        return steps, sizes


def read_comparison(folder: Path | str) -> dict[str, Any]:
    """The figures of a comparison that was made. Raises DamagedModelError."""
    content: dict[str, Any] = read_json(Path(folder) / "comparison.json", 4 * LARGEST_JSON)
    return content
