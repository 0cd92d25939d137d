"""The section `training`: how long, with which batches, optimiser and schedule, and what is kept."""

from typing import Literal, Self

from pydantic import Field, model_validator

from seqloom.config.section import (
    Count,
    CountOrZero,
    Fraction,
    NotNegative,
    OptionalCount,
    OptionalPositive,
    OptionalText,
    Pair,
    Positive,
    Section,
    contradiction,
)

Optimiser = Literal["adamw", "adam", "sgd"]
Schedule = Literal["inverse_square_root", "cosine", "plateau", "constant"]
Chunks = Literal["consecutive", "random"]
BestBy = Literal[
    "bleu",
    "chrf",
    "rouge1",
    "rouge2",
    "rougeL",
    "accuracy",
    "macro_f1",
    "span_f1",
    "token_accuracy",
    "loss",
]
Precision = Literal["auto", "float32", "bfloat16"]
Device = Literal["auto", "cpu", "cuda"]

BOUNDS = ("max_updates", "max_epochs", "max_tokens", "max_minutes")


class TrainingConfig(Section):
    """How the model is trained; the bound that is reached first ends the run, and the schedule follows it."""

    max_updates: OptionalCount = Field(
        default=None, description="Stop after this many updates of the weights."
    )
    max_epochs: OptionalPositive = Field(
        default=None, description="Stop after this many passes over the training pairs; 0.5 is half a pass."
    )
    max_tokens: OptionalCount = Field(default=None, description="Stop after this many target symbols.")
    max_minutes: OptionalPositive = Field(
        default=None,
        description="Stop after this many minutes of training, those before a resumption included.",
    )

    batch_tokens: Count = Field(
        default=2048,
        description="Size of a batch: rows times its longest side, in symbols, stays within this.",
    )
    chunk: Count = Field(
        default=128,
        description="Symbols of text that gradients flow back through (truncated back-propagation through time) and "
        "a Transformer sees at once; a batch has batch_tokens / chunk rows of them.",
    )
    chunks: Chunks = Field(
        default="consecutive",
        description="Whether a chunk goes on where the one before it ended, a recurrent model's state carried over, or "
        "begins anywhere in the text.",
    )
    max_sentences: CountOrZero = Field(default=0, description="Most pairs in a batch; 0 is no limit.")
    accumulate: Count = Field(
        default=1,
        description="Batches whose gradients are added up for one update, as if they were one batch.",
    )

    optimiser: Optimiser = Field(default="adamw", description="The rule that turns gradients into updates.")
    learning_rate: Positive = Field(
        default=2e-3, description="The highest learning rate, reached after warm-up."
    )
    betas: Pair = Field(
        default=(0.9, 0.98), description="Decay of the first and second moments (adamw and adam)."
    )
    eps: Positive = Field(default=1e-8, description="Added to the denominator of adamw and adam.")
    weight_decay: NotNegative = Field(
        default=0.01, description="Weight decay: decoupled in adamw, an L2 term in adam and sgd."
    )
    momentum: Fraction = Field(default=0.0, description="Momentum of sgd.")

    schedule: Schedule = Field(
        default="cosine",
        description="How the learning rate falls after warm-up: with the inverse square root of the updates, "
        "along a cosine to the end of the run, when validation stalls (plateau), or not at all.",
    )
    warmup_updates: CountOrZero = Field(
        default=400,
        description="Updates over which the learning rate rises from 0 to its highest; unless set by hand, at most "
        "a fifth of training.max_updates.",
    )
    final_learning_rate_fraction: float = Field(
        default=0.0,
        ge=0.0,
        le=1.0,
        description="Where cosine and plateau stop falling, as a fraction of training.learning_rate.",
    )
    plateau_factor: float = Field(
        default=0.5, gt=0.0, lt=1.0, description="The plateau schedule multiplies the learning rate by this."
    )
    plateau_patience: CountOrZero = Field(
        default=2, description="Validations without improvement that the plateau schedule waits for."
    )

    label_smoothing: Fraction = Field(
        default=0.1,
        description="Probability taken from the right symbol and spread over all of them in the loss.",
    )
    label_weights: OptionalText = Field(
        default=None,
        description='What a label counts in the loss: "balanced", so that all count the same in sum, or weights by '
        'name, as in "spam=3, ham=0.5", 1 where none is said; unset, each text or token counts the same.',
    )
    scheduled_sampling: Fraction = Field(
        default=0.0,
        description="Share of the symbols read in training that are the model's own predictions, rising from 0 to this "
        "over the run (Bengio et al. 2015); costs a second pass of the decoder.",
    )
    start_from: OptionalText = Field(
        default=None,
        description="Folder of a run whose best weights and vocabulary this one begins with, to be trained further on "
        "other data.",
    )
    teacher: OptionalText = Field(
        default=None,
        description="Folder of a run over the same vocabulary to learn from as well (word-level distillation, Kim and "
        "Rush 2016).",
    )
    distillation: Fraction = Field(
        default=0.5,
        description="Share of the loss that is the cross-entropy with the teacher's distribution.",
    )
    minimum_risk: Literal["none", "bleu", "chrf"] = Field(
        default="none",
        description="Make outputs likely as far as this metric finds them good (minimum risk, Shen et al. 2016); for "
        "a run that starts from a trained one.",
    )
    risk_share: Fraction = Field(default=0.9, description="Share of the loss that is the expected cost.")
    risk_samples: Count = Field(
        default=8, description="Outputs drawn for each sentence, beside the reference, to estimate the cost."
    )
    risk_sharpness: Positive = Field(
        default=0.005, description="Exponent of the probabilities by which the drawn outputs are weighed."
    )
    coverage_loss: NotNegative = Field(
        default=0.0,
        description="Weight of the loss for looking again where attention has been (See et al. 2017); 0 is off.",
    )
    guided_alignment: NotNegative = Field(
        default=0.0,
        description="Weight of the cross-entropy between the attention and the word alignments of data.alignments "
        "(Chen et al. 2016); 0 is off.",
    )
    r_drop: NotNegative = Field(
        default=0.0,
        description="Weight of the divergence between two passes of a batch with different dropout (R-Drop, Liang et "
        "al. 2021), at twice the cost; 0 is off, 5 is the paper's.",
    )
    clip_norm: NotNegative = Field(
        default=1.0, description="Gradients longer than this are shortened to it; 0 is off."
    )
    ema: Fraction = Field(
        default=0.0,
        description="Decay of a moving average of the weights, which is then what is validated and kept as "
        "best; 0 is off, 0.999 is usual.",
    )
    max_bad_updates: Count = Field(
        default=5,
        description="Updates in a row with a loss or gradient that is not finite before the run stops.",
    )

    validate_every: OptionalCount = Field(
        default=500,
        description="Updates between validations; where this and validate_minutes are unset, once an epoch.",
    )
    validate_minutes: OptionalPositive = Field(
        default=None, description="Minutes of training between validations."
    )
    validation_sentences: CountOrZero = Field(
        default=500,
        description="Validation pairs whose sources are answered, and the answers measured by the task's metrics, from "
        "the first on; 0 is all.",
    )
    validation_beam: Count = Field(default=1, description="Beam of those searches; 1 is greedy, the fastest.")
    best_by: BestBy = Field(default="bleu", description="What the best checkpoint is best by.")
    patience: CountOrZero = Field(
        default=0, description="Validations without improvement after which the run stops; 0 is off."
    )
    samples: CountOrZero = Field(default=3, description="Translations shown at each validation.")

    checkpoint_every: OptionalCount = Field(
        default=None,
        description="Updates between checkpoints, beside those at each validation and at the end.",
    )
    checkpoint_minutes: OptionalPositive = Field(
        default=10.0, description="Minutes between checkpoints, beside those at each validation."
    )
    keep_checkpoints: Count = Field(
        default=5,
        description="Newest checkpoints kept, which `seqloom average` can average; best is kept besides.",
    )
    log_every: Count = Field(
        default=50, description="Updates between lines of metrics.jsonl and of plain progress."
    )

    device: Device = Field(default="auto", description="Where to compute; auto is a GPU if there is one.")
    precision: Precision = Field(
        default="auto", description="Number format of the matrix products; auto is bfloat16 where it pays."
    )
    kernels: Literal["auto", "none"] = Field(
        default="auto",
        description="Inner loops compiled for this machine's CPU, where it has a C++ compiler (auto), or not (none).",
    )
    threads: CountOrZero = Field(
        default=0, le=1024, description="CPU threads; 0 is one for each core this process may use."
    )

    @model_validator(mode="after")
    def _check_momentum(self) -> Self:
        if self.momentum > 0 and self.optimiser != "sgd":
            raise contradiction(
                f"training.momentum = {self.momentum} is read by sgd only, but training.optimiser = "
                f'"{self.optimiser}"',
                'Set training.optimiser = "sgd", or give the first of training.betas instead.',
                ["training.momentum", "training.optimiser"],
            )
        return self
