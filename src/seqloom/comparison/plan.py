"""The plan of a comparison, compare.toml: what all models share, what is measured, and each model.

The shared tables are those of a run's configuration. A model's own tables are laid over them, and a preset that it
names lies below; the text and its vocabulary are one for all, so a model's preset has no say in [text].
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from seqloom.base.errors import ConfigError
from seqloom.comparison.options import AMOUNTS, ComparisonConfig
from seqloom.config.ignored import refuse_ignored
from seqloom.config.layers import Layer, read_overrides, resolve_paths
from seqloom.config.model import ModelConfig
from seqloom.config.options import describe_type
from seqloom.config.presets import read_preset
from seqloom.config.read import build_layers, preset_of, read_text, require_training_data
from seqloom.config.schema import Config
from seqloom.config.suggest import did_you_mean
from seqloom.config.toml import locate_keys, parse_toml, show_text, show_value
from seqloom.config.training import BOUNDS
from seqloom.config.write import resolved

SHARED = ("task", "preset", "data", "text", "model", "training", "search")
OF_A_MODEL = ("name", "runs", "preset", "model", "training", "search")
HEADER = re.compile(r"^[ \t]*\[\[[ \t]*models[ \t]*\]\]", re.MULTILINE)


@dataclass(frozen=True)
class ModelPlan:
    """One model.

    name    as in tables and plots
    runs    finished runs that are used, one a seed, instead of training; () to train
    config  as it is asked for, before its widths are scaled, with the first seed
    """

    name: str
    runs: tuple[Path, ...]
    config: Config

    @property
    def slug(self) -> str:
        """Its name as that of a folder."""
        return slug(self.name)

    def configured(self, seed: int, shape: ModelConfig, cache: Path) -> Config:
        """The configuration of one training: scaled, with its seed, over corpora that all share."""
        tree = resolved(self.config)
        data = {**tree["data"], "cache": tree["data"]["cache"] or str(cache.absolute())}
        return Config.model_validate(
            {**tree, "seed": seed, "model": shape.model_dump(mode="json"), "data": data}
        )


@dataclass(frozen=True)
class Plan:
    """place: how messages name it · text: as it was written"""

    place: str
    text: str
    comparison: ComparisonConfig
    models: tuple[ModelPlan, ...]

    @property
    def part(self) -> str:
        """The pairs that are measured on, "test" or "valid"."""
        data = self.models[0].config.data
        return ("test" if data.test else "valid") if self.comparison.part == "auto" else self.comparison.part


def slug(name: str) -> str:
    """A name in letters, digits and dashes."""
    return re.sub(r"\W+", "-", name.lower()).strip("-")


def read_plan(path: Path | str, overrides: Sequence[str] = ()) -> Plan:
    """Read a plan; paths in it are seen from its folder.

    overrides  such as "comparison.seeds=[1]" or "training.max_updates=100", laid over the shared tables
    Raises   ConfigError: no such file, not TOML, an unknown key, a wrong value, a contradiction, fewer than two models
    """
    path = Path(path)
    text = read_text(path, "plan", "The guide to comparing models shows how one is written.")
    place, tree, lines = str(path), parse_toml(text, str(path)), locate_keys(text)
    whole, given = Layer(place, tree, lines), _read_overrides(overrides)
    _check_keys(whole)
    options = _read_comparison(whole, given)
    folder = path.absolute().parent
    shared_tree = resolve_paths({key: tree[key] for key in SHARED if key in tree}, folder)
    shared = Layer(place, shared_tree, lines)
    above = Layer(given.place, {key: value for key, value in given.tree.items() if key != "comparison"})
    own = [_model_layer(whole, number, text, folder) for number in range(len(tree["models"]))]
    _check_names([layer.tree["name"] for layer in own], place)
    models = tuple(_build_model([shared, above], layer, options, folder) for layer in own)
    _refuse_shared_ignored([shared, above], models)
    noted = "".join(f"# {override}\n" for override in overrides)
    plan = Plan(place, noted + text, options, models)
    _check_plan(plan)
    return plan


def _read_overrides(overrides: Sequence[str]) -> Layer:
    """What is laid over the shared tables, paths seen from the current folder."""
    given = read_overrides(overrides)
    for key in given.tree:
        if key not in (*SHARED, "comparison"):
            near = did_you_mean(key, (*SHARED, "comparison"))
            raise ConfigError(
                f"{show_text(key)} is not a shared table of a comparison ({given.place}). "
                + (near or f"Those are: {', '.join((*SHARED, 'comparison'))}.")
            )
    return Layer(given.place, resolve_paths(given.tree, Path().absolute()))


def _check_keys(whole: Layer) -> None:
    """Refuse keys that no plan has, and models that are no list of tables."""
    for key in whole.tree:
        if key == "seed":
            raise ConfigError(
                f"seed ({whole.locate('seed')}) is not an option of a comparison, which has several. "
                "Set comparison.seeds."
            )
        if key not in (*SHARED, "comparison", "models"):
            near = did_you_mean(key, (*SHARED, "comparison", "models"))
            raise ConfigError(
                f"{key} is not an option of a comparison ({whole.locate(key)}). "
                + (near or f"Its tables are: {', '.join((*SHARED, 'comparison', 'models'))}.")
            )
    models = whole.tree.get("models")
    if not isinstance(models, list) or not all(isinstance(model, dict) for model in models):
        raise ConfigError(
            f"{whole.place} names no models to compare. Write [[models]] with a name, and a preset or settings, for "
            "each."
        )
    if len(models) < 2:
        raise ConfigError(
            f"{whole.place} names one model, which has nothing to be compared with. Write another [[models]]."
        )


def _model_layer(whole: Layer, number: int, text: str, folder: Path) -> Layer:
    """A model's own table, with the lines on which its keys stand."""
    tree = whole.tree["models"][number]
    headers = [match.start() for match in HEADER.finditer(text)]
    lines: dict[tuple[str, ...], int] = {}
    if len(headers) == len(whole.tree["models"]):
        end = headers[number + 1] if number + 1 < len(headers) else len(text)
        before = text.count("\n", 0, headers[number])
        found = locate_keys(text[headers[number] : end])
        lines = {key[1:]: line + before for key, line in found.items() if key[0] == "models" and len(key) > 1}
    layer = Layer(whole.place, tree, lines)
    for key in tree:
        if key in OF_A_MODEL:
            continue
        where = layer.locate(key)
        if key in (*SHARED, "seed"):
            other = "comparison.seeds" if key == "seed" else key
            raise ConfigError(
                f"models.{key} ({where}) is the same for all models of a comparison. Set {other} at the top instead."
            )
        near = did_you_mean(key, OF_A_MODEL)
        raise ConfigError(
            f"models.{key} is not an option of a model ({where}). "
            + (near or f"Its options are: {', '.join(OF_A_MODEL)}.")
        )
    name = tree.get("name")
    if not isinstance(name, str) or not slug(name):
        found_name = "is not set" if name is None else f"is {show_value(name)}"
        raise ConfigError(
            f"models.name {found_name} for model {number + 1} ({layer.locate('name')}); expected a text with a letter "
            'or digit. Write name = "GRU".'
        )
    return Layer(whole.place, resolve_paths(tree, folder), lines)


def _check_names(names: Sequence[str], place: str) -> None:
    taken: dict[str, str] = {}
    for name in names:
        if slug(name) in taken:
            raise ConfigError(
                f'{place} has two models whose runs would lie in one folder: "{taken[slug(name)]}" and "{name}". '
                "Give each a name of its own."
            )
        taken[slug(name)] = name


def _read_comparison(whole: Layer, given: Layer) -> ComparisonConfig:
    """The table [comparison], of the file and the command line; the first fault as one sentence."""
    tree: dict[str, Any] = {}
    for layer in (whole, given):
        table = layer.tree.get("comparison", {})
        if not isinstance(table, dict):
            raise ConfigError(
                f"comparison must be a table ({layer.locate('comparison')}). Write its options under it."
            )
        tree |= table

    def locate(key: str) -> str:
        return (given if given.sets(key) else whole).locate(key)

    try:
        return ComparisonConfig.model_validate(tree)
    except ValidationError as error:
        details = error.errors(include_url=False)[0]
    if details["type"] == "contradiction":
        context = details["ctx"]
        keys = [key for key in context["keys"] if whole.sets(key) or given.sets(key)] or context["keys"]
        raise ConfigError(f"{context['problem']} ({locate(keys[0])}). {context['mend']}")
    name = str(details["loc"][0])
    place = locate(f"comparison.{name}")
    fields = ComparisonConfig.model_fields
    if name not in fields:
        near = did_you_mean(name, fields)
        raise ConfigError(
            f"comparison.{name} is not an option ({place}). "
            + (near or f"The options of comparison are: {', '.join(fields)}.")
        )
    lists = {
        "seeds": "a list of whole numbers of at least 0",
        "memory_seeds": "a list of whole numbers of at least 0",
        "shares": "a list of numbers above 0 and below 1",
        "memory_tasks": "a list of texts",
        "share_models": "a list of names",
        "measure": 'a list of "costs", "lengths", "gradients", "attention" and "memory span"',
    }
    expected = lists.get(name) or describe_type(fields[name].annotation, fields[name].metadata)
    raise ConfigError(f"comparison.{name} must be {expected}, but is {show_value(tree[name])} ({place}).")


def _build_model(shared: Sequence[Layer], own: Layer, options: ComparisonConfig, folder: Path) -> ModelPlan:
    """A model's configuration, of the shared tables and its own."""
    name = own.tree["name"]
    runs = own.tree.get("runs", [])
    if not isinstance(runs, list) or not all(isinstance(run, str) and run for run in runs):
        raise ConfigError(
            f"models.runs must be a list of folders ({own.locate('runs')}), but is {show_value(runs)}."
        )
    settings = {key: value for key, value in own.tree.items() if key not in ("name", "runs")}
    if runs and settings:
        first = next(iter(settings))
        raise ConfigError(
            f"models.{first} ({own.locate(first)}) would be ignored: models.runs names finished runs, which keep their "
            "settings. Leave out one of the two."
        )
    if runs and len(runs) != len(options.seeds):
        raise ConfigError(
            f'models.runs of "{name}" names {len(runs)} ({own.locate("runs")}), but comparison.seeds has '
            f"{len(options.seeds)}. Name one finished run for each seed."
        )
    layer = Layer(own.place, settings, own.lines)
    _refuse_bounds(options, (*shared, layer))
    text_preset, preset = preset_of(shared), preset_of([*shared, layer])
    below = []
    if text_preset is not None:
        below.append(Layer(f"preset {text_preset}", {"text": read_preset(text_preset).get("text", {})}))
    without_text = {} if preset is None else read_preset(preset)
    without_text.pop("text", None)
    below.append(Layer(f"preset {preset}", without_text))
    alike: Mapping[str, Mapping[str, Any]] = {
        "updates": {"max_updates": options.updates},
        "time": {"max_minutes": options.minutes},
    }
    tree: dict[str, Any] = {"seed": options.seeds[0]}
    tree["training"] = {**alike.get(options.fairness, {})}
    if not any(each.sets("training.samples") for each in (*shared, layer)):
        tree["training"]["samples"] = 0  # the same few translations from each of many trainings are noise
    try:
        config = build_layers(below, [*shared, layer, Layer(own.place, tree)], preset)
        refuse_ignored(config, [layer], without_text)
    except ConfigError as error:
        raise ConfigError(f'Model "{name}": {error}') from None
    return ModelPlan(name, tuple((folder / run).absolute() for run in runs), config)


def _refuse_bounds(options: ComparisonConfig, layers: Sequence[Layer]) -> None:
    """Refuse an end of the training that contradicts what all are to have alike."""
    if options.fairness not in ("updates", "time"):
        return
    for layer in layers:
        for bound in BOUNDS:
            if layer.sets(f"training.{bound}"):
                amount = AMOUNTS[options.fairness]
                raise ConfigError(
                    f"training.{bound} ({layer.locate(f'training.{bound}')}) contradicts comparison.fairness = "
                    f'"{options.fairness}", under which comparison.{amount} = {options.amount:g} ends every training. '
                    "Leave out one of the two."
                )


def _refuse_shared_ignored(shared: Sequence[Layer], models: Sequence[ModelPlan]) -> None:
    """Refuse a shared option that no model reads; one that some read is no mistake."""
    fault = None
    for model in models:
        preset: Mapping[str, Any] = {} if model.config.preset is None else read_preset(model.config.preset)
        try:
            refuse_ignored(model.config, shared, preset)
        except ConfigError as error:
            fault = error
        else:
            return
    if fault:
        raise fault


def _check_plan(plan: Plan) -> None:
    """Refuse what can't be compared."""
    config, options = plan.models[0].config, plan.comparison
    require_training_data(config)
    if config.family != "seq2seq":
        raise ConfigError(
            f'A comparison is of models that read a text and write one, but task = "{config.task}" ({plan.place}) is '
            "another kind. Compare such runs by `seqloom evaluate`."
        )
    if not getattr(config.data, plan.part):
        raise ConfigError(
            f"{plan.place} names no pairs to measure quality on: data.{plan.part} is not set. Set "
            "data.test or data.valid."
        )
    if options.shares and len(config.data.training_files) > len(config.data.train):
        raise ConfigError(
            "comparison.shares draws pairs from data.train alone, but data.back_translated or data.alignments is set "
            f"({plan.place}). Leave out one of them."
        )
    names = [model.name for model in plan.models]
    for name in options.share_models:
        if name not in names:
            near = did_you_mean(name, names) or f"The models are: {', '.join(names)}."
            raise ConfigError(
                f'comparison.share_models names "{name}", which is no model of the plan. {near}'
            )
