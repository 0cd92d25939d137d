"""A comparison laid out: how large each model becomes, each run and each memory task, as steps that may be done."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from seqloom.base import errors
from seqloom.base.progress import Progress
from seqloom.comparison.fairness import ModelSize, Texts, size_for_memory, size_models
from seqloom.comparison.measurements import Found
from seqloom.comparison.plan import ModelPlan, Plan
from seqloom.comparison.records import key_of, read_record
from seqloom.comparison.sizing import Symbols
from seqloom.config.schema import Config
from seqloom.config.write import resolved
from seqloom.data.lines import survey
from seqloom.data.memory_tasks import MEMORY_TASKS
from seqloom.data.pairs import Pair
from seqloom.inspection.memory_span import SpanPlan
from seqloom.pipeline.comparing_data import choose_gradient_pairs, choose_sentence, with_share
from seqloom.pipeline.comparing_reused import ReusedRun, check_alike, check_data, check_fair, read_reused
from seqloom.training.machine import usable_cores
from seqloom.training.vocabularies import Tokenizers, pair_files, require_files, train_tokenizers

COUNTED = 500  # pairs whose mean length operations are counted for


@dataclass(frozen=True)
class Step:
    """One process: what it does, on what, and the records by which one sees that it is done.

    alone   whether it measures time or memory, so that no other may run beside it
    """

    title: str
    job: dict[str, Any]
    records: tuple[tuple[Path, str], ...]
    alone: bool = False

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
    given = [[read_reused(run) for run in model.runs] for model in plan.models]
    if trains:
        require_files(first)
    pairs = list(pair_files(first, plan.part).read())[: plan.comparison.sentences or None]
    if not pairs:
        raise errors.DataError(f"data.{plan.part} has no pairs; a comparison needs some to measure on.")
    tokenizers = _vocabulary(plan, given, shown)
    for model, runs in zip(plan.models, given, strict=True):
        check_alike(model, runs)
        check_data(plan, runs, shown.say)
    sizes = size_models(
        [model.name for model in plan.models],
        [
            runs[0].config.model if runs else model.config.model
            for model, runs in zip(plan.models, given, strict=True)
        ],
        [bool(runs) for runs in given],
        plan.comparison,
        [_texts(runs[0].tokenizers if runs else tokenizers, pairs) for runs in given],
    )
    for model, runs, size in zip(plan.models, given, sizes, strict=True):
        if runs:
            check_fair(plan, model, runs, size)
    symbols = Symbols(len(tokenizers.source), len(tokenizers.target))
    data_key = _data_key(plan)
    layout = _Layout(plan, folder, pairs, sizes, given, data_key)
    spans, memory_sizes = layout.spans() if "memory span" in plan.comparison.measure else ([], [])
    return Work(plan, sizes, layout.runs(), spans, memory_sizes, _about(plan, symbols, pairs), pairs)


def say_size(plan: Plan, size: ModelSize) -> str:
    apart = "" if size.apart is None else f", {100 * size.apart:+.1f} % from what was wanted"
    what = f"{size.parameters:,} parameters, {size.operations:,.0f} operations for each written symbol"
    alike = f" ({plan.comparison.fairness}{apart})" if apart else ""
    return what + alike


def _vocabulary(plan: Plan, given: Sequence[Sequence[ReusedRun]], shown: Progress) -> Tokenizers:
    """What the models that are to be trained will learn; where there is none, that of the first run."""
    if all(given):
        return given[0][0].tokenizers
    shown.say("Learning the vocabulary")
    return train_tokenizers(plan.models[0].config)


def _texts(tokenizers: Tokenizers, pairs: Sequence[Pair]) -> Texts:
    counted = pairs[:COUNTED]
    source = tokenizers.source.encode_many([pair.source for pair in counted])
    target = tokenizers.target.encode_many([pair.target for pair in counted])

    def mean(rows: Sequence[Sequence[int]]) -> int:
        return max(1, round(sum(map(len, rows)) / len(rows)) + 1)

    symbols = Symbols(len(tokenizers.source), len(tokenizers.target))
    return Texts(symbols, mean(source), mean(target))


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
    given: list[list[ReusedRun]]
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
            reused = self.given[number][place]
            run, config, weights = reused.path, reused.config, [reused.weights]
        else:
            weights = []
            part = "" if share == 1 else f"-share-{share:g}"
            run = self.folder / "runs" / f"{model.slug}{part}-seed{seed}"
            config = model.configured(seed, self.sizes[number].shape, cache)
            if share < 1:
                config = with_share(config, share, self.folder / "data")
        who = f"{model.name}, seed {seed}" + ("" if share == 1 else f", {share:.0%} of the pairs")
        key = key_of(resolved(config), self.data_key, share, *weights)
        training = None
        if not model.runs:
            record = self._record(run, "training")
            job = {
                "kind": "training",
                "config": resolved(config),
                "threads": self._threads(config),
                "run": str(run),
                "record": str(record),
                "key": key,
            }
            training = Step(f"{who}: training", job, ((record, key),))
        return Trained(
            number, seed, share, run, config, training, self._measurement(who, run, config, key, share)
        )

    def _threads(self, config: Config) -> int:
        """Those of a training: as they were asked for, or its share of the cores."""
        at_once = self.plan.comparison.side_by_side
        if config.training.threads or at_once == 1:
            return config.training.threads
        return max(1, usable_cores() // at_once)

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
        job |= {"record": str(record), "key": key}
        return Step(f"{who}: measuring", job, ((record, key),), alone=True)

    def _record(self, run: Path, kind: str) -> Path:
        name = run.name if run.parent == self.folder / "runs" else f"{run.name}-{key_of(str(run))[:8]}"
        return self.folder / "records" / f"{name}-{kind}.json"

    def spans(self) -> tuple[list[Step], list[dict[str, Any]]]:
        """A step for each model, with a record for each task and seed; and how large the models are for them."""
        options = self.plan.comparison
        plan = SpanPlan.reaching(options.memory_distance, options.memory_updates)
        steps, sizes = [], []
        for number, (model, size) in enumerate(zip(self.plan.models, self.sizes, strict=True)):
            common = {
                "label": model.name,
                "distance": options.memory_distance,
                "asked": list(plan.asked),
                "updates": options.memory_updates,
            }
            training = model.config.training.model_dump(mode="json")
            training["threads"] = self._threads(model.config)
            settings = {name: training[name] for name in ("device", "precision")}
            spans, records = [], []
            for name in options.memory_tasks:
                scaled = size_for_memory(size.shape, options.memory_parameters, MEMORY_TASKS[name].symbols)
                sizes.append(
                    {"model": number, "task": name, "parameters": scaled.found, "apart": scaled.apart}
                )
                for seed in options.span_seeds:
                    shape = scaled.config.model_dump(mode="json")
                    key = key_of(name, seed, shape, asdict(plan), settings)
                    task = name.replace(" ", "-")
                    record = self.folder / "records" / f"{model.slug}-span-{task}-seed{seed}.json"
                    records.append((record, key))
                    spans.append(
                        {"task": name, "seed": seed, "model": shape, "record": str(record), "key": key}
                    )
            job = {"kind": "spans", **common, "training": training, "spans": spans}
            steps.append(Step(f"{model.name}: memory span", job, tuple(records)))
        return steps, sizes
