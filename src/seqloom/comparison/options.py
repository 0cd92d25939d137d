"""The table `comparison` of a plan: under which fairness models are compared, how often, and what is measured."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from seqloom.config.section import (
    Count,
    CountOrZero,
    OptionalCount,
    OptionalPositive,
    OptionalText,
    Section,
    contradiction,
)
from seqloom.data.memory_tasks import MEMORY_TASKS

Measure = Literal["costs", "lengths", "gradients", "attention", "memory span"]
MEASURES: tuple[Measure, ...] = ("costs", "lengths", "gradients", "attention", "memory span")
AMOUNTS = {
    "parameters": "parameters",
    "operations": "operations",
    "updates": "updates",
    "time": "minutes",
}
"""By each fairness the option that says how much of it every model has."""
READ_FOR = {
    "timed_sentences": "costs",
    "length_groups": "lengths",
    "gradient_sentences": "gradients",
    "sentence": "attention",
    "target": "attention",
    "memory_tasks": "memory span",
    "memory_seeds": "memory span",
    "memory_parameters": "memory span",
    "memory_distance": "memory span",
    "memory_updates": "memory span",
}
"""Options that are read only where something is measured."""


def _listed(value: object) -> object:
    """Read a TOML array as the tuple it is kept in."""
    return tuple(value) if isinstance(value, list) else value


Listed = BeforeValidator(_listed)
Seed = Annotated[int, Field(ge=0, lt=2**63)]
Seeds = Annotated[tuple[Seed, ...], Listed]
Share = Annotated[float, Field(gt=0.0, lt=1.0)]


class ComparisonConfig(Section):
    """What is the same for all models of a comparison, and what is measured."""

    fairness: Literal["parameters", "operations", "updates", "time", "none"] = Field(
        default="parameters",
        description="What all models have alike: parameters or operations a written symbol (widths are scaled until "
        "they match), updates, or minutes of training; with none each is compared as it is.",
    )
    parameters: OptionalCount = Field(
        default=None,
        description="Learnt numbers of every model; unset, those of the first run that is there, or else of the first "
        "model.",
    )
    operations: OptionalPositive = Field(
        default=None,
        description="Floating-point operations for each written symbol; unset, as with parameters.",
    )
    updates: OptionalCount = Field(
        default=None, description='Updates of every training; for fairness = "updates".'
    )
    minutes: OptionalPositive = Field(
        default=None, description='Minutes of every training; for fairness = "time".'
    )
    seeds: Seeds = Field(default=(1, 2, 3), description="Each model is trained once with each of them.")
    side_by_side: Count = Field(
        default=1,
        description="So many trainings run at once, each on its share of the cores, and are timed so; what is measured "
        "of trained models runs alone.",
    )
    measure: Annotated[tuple[Measure, ...], Listed] = Field(
        default=MEASURES, description="What is measured beside quality and the speed of training."
    )
    part: Literal["auto", "test", "valid"] = Field(
        default="auto",
        description="The pairs that quality is measured on: those of data.test, of data.valid, or of the first that is "
        "there (auto).",
    )
    sentences: CountOrZero = Field(
        default=0, description="So many of those pairs, from the first on; 0 is all."
    )
    samples: int = Field(
        default=1000,
        ge=100,  # of fewer the smallest p-value that there can be is near to what counts as sure
        description="Draws of the bootstrap that says how sure a difference is.",
    )
    quality: OptionalPositive = Field(
        default=None,
        description="The quality on the validation pairs up to which the time is told; unset, half of the best that "
        "any model reaches.",
    )
    sentence: OptionalText = Field(
        default=None,
        description="The sentence whose attention is shown for each model; unset, one of the measured pairs.",
    )
    target: OptionalText = Field(
        default=None,
        description="What every model is made to write for it; unset, the pair's own, or what each model writes.",
    )
    length_groups: Count = Field(
        default=4, description="Groups of like length, as large as each other, that quality is told by."
    )
    timed_sentences: Count = Field(default=100, description="Sentences by which decoding is timed.")
    gradient_sentences: Count = Field(
        default=5, description="Sentences over which the gradient flow is averaged."
    )
    memory_tasks: Annotated[tuple[str, ...], Listed] = Field(
        default=("copy", "first token"),
        description="Tasks by which the memory span is measured.",
    )
    memory_seeds: Annotated[Seeds | None, Listed] = Field(
        default=None, description="Seeds of those trainings; unset, those of seeds."
    )
    memory_parameters: Count = Field(
        default=60_000, description="To about as many parameters each shape is scaled for them."
    )
    memory_distance: Count = Field(default=20, description="The longest distance in their training.")
    memory_updates: Count = Field(default=800, description="Updates of each of those trainings.")
    shares: Annotated[tuple[Share, ...], Listed] = Field(
        default=(),
        description="Shares of the training pairs, drawn at random, on which models are trained as well, to see how "
        "much data they need.",
    )
    share_models: Annotated[tuple[str, ...], Listed] = Field(
        default=(), description="Names of the models that are trained on shares; unset, all."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        self._check_amounts()
        self._check_lists()
        self._check_ignored()
        return self

    def _check_amounts(self) -> None:
        for fairness, amount in AMOUNTS.items():
            value = getattr(self, amount)
            if fairness == self.fairness and value is None and fairness in ("updates", "time"):
                raise contradiction(
                    f'comparison.fairness = "{fairness}" needs comparison.{amount}, which is not set',
                    f"Say how many {amount} every model is trained.",
                    [f"comparison.{amount}", "comparison.fairness"],
                )
            if fairness != self.fairness and value is not None:
                raise contradiction(
                    f'comparison.{amount} = {value} is for fairness = "{fairness}", but comparison.fairness = '
                    f'"{self.fairness}"',
                    f'Leave it out, or set comparison.fairness = "{fairness}".',
                    [f"comparison.{amount}", "comparison.fairness"],
                )

    def _check_lists(self) -> None:
        needed: dict[str, tuple[Any, ...]] = {"seeds": self.seeds}
        if self.memory_seeds is not None:
            needed["memory_seeds"] = self.memory_seeds
        for name, seeds in needed.items():
            if not seeds or len(set(seeds)) < len(seeds):
                problem = "names no seed" if not seeds else "names a seed twice"
                raise contradiction(
                    f"comparison.{name} = {list(seeds)} {problem}",
                    "List each seed once.",
                    [f"comparison.{name}"],
                )
        for task in self.memory_tasks:
            if task not in MEMORY_TASKS:
                raise contradiction(
                    f'comparison.memory_tasks names "{task}", which is no memory task',
                    f"The tasks are: {', '.join(MEMORY_TASKS)}.",
                    ["comparison.memory_tasks"],
                )

    def _check_ignored(self) -> None:
        for option, measure in READ_FOR.items():
            if option in self.model_fields_set and measure not in self.measure:
                raise contradiction(
                    f'comparison.{option} would be ignored: comparison.measure leaves out "{measure}"',
                    "Leave it out, or add that.",
                    [f"comparison.{option}", "comparison.measure"],
                )
        for option, without in (("share_models", not self.shares), ("target", self.sentence is None)):
            if getattr(self, option) and without:
                other = {"share_models": "comparison.shares", "target": "comparison.sentence"}[option]
                raise contradiction(
                    f"comparison.{option} would be ignored: it is read only with {other}",
                    "Leave it out, or set that.",
                    [f"comparison.{option}", other],
                )

    @property
    def amount(self) -> float | None:
        """How much of what is alike every model has; None for as much as the first one, or where nothing is."""
        amount = AMOUNTS.get(self.fairness)
        found: float | None = None if amount is None else getattr(self, amount)
        return found

    @property
    def span_seeds(self) -> tuple[int, ...]:
        """Seeds of the trainings on memory tasks."""
        return self.seeds if self.memory_seeds is None else self.memory_seeds
