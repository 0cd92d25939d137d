"""Every option of a run: its type, its range, its default and one sentence about it.

A `Config` is frozen and complete. It is made by `seqloom.config.read` from TOML and overrides; made directly,
a fault is pydantic's own ValidationError.
"""

from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, model_validator

from seqloom.config.audio import AudioConfig
from seqloom.config.data import PARTS, DataConfig, TextConfig
from seqloom.config.model import (
    ModelConfig,
    RecurrentDecoderConfig,
    RecurrentEncoderConfig,
    TransformerDecoderConfig,
    TransformerEncoderConfig,
)
from seqloom.config.search import SearchConfig
from seqloom.config.section import NONE, MayBeNone, Section, contradiction
from seqloom.config.tasks import task_named
from seqloom.config.training import BOUNDS, BestBy, TrainingConfig

__all__ = [
    "BOUNDS",
    "AudioConfig",
    "Config",
    "DataConfig",
    "ModelConfig",
    "RecurrentDecoderConfig",
    "RecurrentEncoderConfig",
    "SearchConfig",
    "TextConfig",
    "TrainingConfig",
    "TransformerDecoderConfig",
    "TransformerEncoderConfig",
    "json_schema",
]

MOST_FILES = 2  # of pairs: one a side


class Config(Section):
    """Everything a run was asked to be."""

    task: Literal[
        "translation",
        "summarization",
        "classification",
        "tagging",
        "generation",
        "transcription",
        "dialogue",
        "transduction",
    ] = Field(default="translation", description="What the model is for; a row of the table of tasks.")
    preset: Annotated[str | None, MayBeNone] = Field(
        default=None,
        description='The preset that this configuration starts from; "none" starts from the defaults.',
    )
    seed: int = Field(
        default=1, ge=0, lt=2**63, description="All randomness of the run is a function of this number."
    )
    data: DataConfig = Field(
        default_factory=DataConfig, description="Where the pairs lie and how they are read."
    )
    audio: AudioConfig = Field(
        default_factory=AudioConfig,
        description="How sound becomes frames, where the source is sound.",
    )
    text: TextConfig = Field(default_factory=TextConfig, description="How text becomes symbols.")
    model: ModelConfig = Field(default_factory=ModelConfig, description="The shape of the model.")
    training: TrainingConfig = Field(default_factory=TrainingConfig, description="How the model is trained.")
    search: SearchConfig = Field(
        default_factory=SearchConfig, description="How the best output is looked for."
    )

    @property
    def family(self) -> str:
        """Which family of models serves the task."""
        return task_named(self.task).family

    @property
    def hears(self) -> bool:
        """Whether the source is sound."""
        return task_named(self.task).source == "audio"

    @model_validator(mode="after")
    def _check_sections_agree(self) -> Self:
        self._check_files()
        self._check_bound()
        self._check_validation()
        self._check_positions()
        self._check_no_source()
        self._check_attention()
        self._check_alignments()
        self._check_cut()
        self._check_copying()
        self._check_r_drop()
        self._check_best_by()
        self._check_chunks()
        self._check_labels()
        self._check_sound()
        if self.text.vocabulary is not None and self.training.start_from is not None:
            raise contradiction(
                "text.vocabulary and training.start_from both name a run whose vocabulary is taken",
                "Leave out text.vocabulary: a run begins with the vocabulary of the one that it starts from.",
                ["text.vocabulary", "training.start_from"],
            )
        writes = task_named(self.task).target == "text"  # else there is no other side to share with
        if writes and self.model.share_embeddings and not self.text.shared:
            raise contradiction(
                "model.share_embeddings = true needs one vocabulary for both sides, but text.shared = false",
                "Set text.shared = true, or model.share_embeddings = false.",
                ["model.share_embeddings", "text.shared"],
            )
        return self

    def _check_files(self) -> None:
        """Refuse more files than pairs are read from, where plain text has any number, and a format of another task."""
        if not task_named(self.task).reads_pairs:
            return
        for part in PARTS:
            files = getattr(self.data, part)
            if len(files) > MOST_FILES:
                raise contradiction(
                    f'data.{part} names {len(files)} files, but task = "{self.task}" reads pairs',
                    "Name two parallel files (source, target), or one TSV or JSON-lines file.",
                    [f"data.{part}", "task"],
                )
        dialogues = task_named(self.task).source == "history"
        wrong = ("parallel", "tsv") if dialogues else ("babi",)
        if self.data.format in wrong:
            raise contradiction(
                f'data.format = "{self.data.format}" '
                + ("holds no dialogues" if dialogues else "holds dialogues")
                + f', but task = "{self.task}"',
                'Set data.format = "babi" or "jsonl".'
                if dialogues
                else 'Set task = "dialogue", or another data.format.',
                ["data.format", "task"],
            )

    def _check_bound(self) -> None:
        """Refuse a run without an end."""
        if all(getattr(self.training, bound) is None for bound in BOUNDS):
            raise contradiction(
                "training has no bound",
                "Set one of training.max_epochs, max_minutes, max_updates or max_tokens.",
                [f"training.{bound}" for bound in BOUNDS],
            )

    def _check_validation(self) -> None:
        """Refuse what waits for validations in a run that has none."""
        if not self.data.train or self.data.valid or self.data.held_out:
            return
        if self.training.schedule == "plateau":
            key, value, other = "training.schedule", '"plateau"', '"cosine"'
        elif self.training.patience:
            key, value, other = "training.patience", str(self.training.patience), "0"
        else:
            return
        raise contradiction(
            f"{key} = {value} waits for validations, but data.valid names no files",
            f"Set data.valid, or {key} = {other}.",
            [key, "data.valid"],
        )

    def _check_no_source(self) -> None:
        """Refuse what reads a source where the task has none."""
        encoder, decoder = self.model.encoder, self.model.decoder
        if task_named(self.task).reads_pairs:
            return
        if decoder.kind == "recurrent" and decoder.attention != "none":
            setting = f'model.decoder.attention = "{decoder.attention}"'
            does, mend = "looks at a source", 'Set model.decoder.attention = "none".'
        elif encoder.kind != "recurrent":  # which it is by default
            setting = f'model.encoder.kind = "{encoder.kind}"'
            does, mend = "reads a source", "Leave out model.encoder; model.decoder is what writes."
        else:
            return
        raise contradiction(
            f'{setting} {does}, but task = "{self.task}" has none', mend, [setting.split(" ")[0], "task"]
        )

    def _check_attention(self) -> None:
        """Refuse what reads attention where there is none."""
        decoder = self.model.decoder
        if decoder.kind != "recurrent" or decoder.attention != "none":
            return
        for key, value, meaning in (
            ("search.coverage_penalty", self.search.coverage_penalty, "counts what attention covered"),
            ("training.coverage_loss", self.training.coverage_loss, "is for looking again at a position"),
            ("training.guided_alignment", self.training.guided_alignment, "teaches attention where to look"),
        ):
            if value:
                raise contradiction(
                    f'{key} = {value} {meaning}, but model.decoder.attention = "none"',
                    f"Set {key} = 0, or a model.decoder.attention.",
                    [key, "model.decoder.attention"],
                )

    def _check_alignments(self) -> None:
        """Refuse a loss that compares with word alignments which nobody gave."""
        if self.training.guided_alignment and self.data.alignments is None:
            raise contradiction(
                f"training.guided_alignment = {self.training.guided_alignment} teaches attention the word alignments "
                "of the training pairs, but data.alignments names no file",
                "Set data.alignments, or training.guided_alignment = 0.",
                ["training.guided_alignment", "data.alignments"],
            )

    def _check_cut(self) -> None:
        """Refuse word alignments that reach beyond where a source is cut."""
        if self.data.long == "cut" and self.data.alignments is not None:
            raise contradiction(
                f'data.long = "cut" cuts sources, but data.alignments = "{self.data.alignments}" links all their words',
                'Set data.long = "leave_out", or leave out data.alignments.',
                ["data.long", "data.alignments"],
            )

    def _check_copying(self) -> None:
        """Refuse to copy from another vocabulary, and to be trained by what doesn't know copied words."""
        if not self.model.decoder.copying:
            return
        training = self.training
        if not self.text.shared:
            problem = "puts symbols of the source into the target, but text.shared = false"
            key, mend = "text.shared", "Set text.shared = true"
        elif training.teacher is not None:
            problem = f"writes words that training.teacher = {training.teacher} has no probability for"
            key, mend = "training.teacher", "Leave out training.teacher"
        elif training.minimum_risk != "none":
            problem = f'writes words that training.minimum_risk = "{training.minimum_risk}" can\'t spell'
            key, mend = "training.minimum_risk", 'Set training.minimum_risk = "none"'
        else:
            return
        raise contradiction(
            f"model.decoder.copying = true {problem}",
            f"{mend}, or model.decoder.copying = false.",
            ["model.decoder.copying", key],
        )

    def _check_r_drop(self) -> None:
        """Refuse to compare two passes that can't differ, or that differ in more than their dropout."""
        training, model = self.training, self.model
        if not training.r_drop:
            return
        if training.scheduled_sampling:
            key, value = "training.scheduled_sampling", str(training.scheduled_sampling)
            problem, mend = "compares two passes over the same symbols", "0"
        elif training.minimum_risk != "none":
            key, value = "training.minimum_risk", f'"{training.minimum_risk}"'
            problem, mend = "is a part of the likelihood's loss", '"none"'
        elif not model.drops:
            key, value = "model.dropout", "0"
            problem, mend = "compares two passes with different dropout", "0.3"
        else:
            return
        raise contradiction(
            f"training.r_drop = {training.r_drop} {problem}, but {key} = {value}",
            f"Set {key} = {mend}, or training.r_drop = 0.",
            ["training.r_drop", key],
        )

    def _check_best_by(self) -> None:
        """Refuse to choose the best checkpoint by a metric that the task's outputs aren't measured by."""
        metrics = task_named(self.task).metrics
        measured = ("loss", *(name for name in metrics if name in get_args(BestBy)))
        best_by = self.training.best_by
        if best_by not in measured:
            raise contradiction(
                f'training.best_by = "{best_by}" is none of what task = "{self.task}" is measured by',
                f"Set training.best_by = {' or '.join(repr(name) for name in measured)}.".replace("'", '"'),
                ["training.best_by", "task"],
            )

    def _check_labels(self) -> None:
        """Refuse another form of files than tokens with their labels, and vectors that are no words'."""
        data, model = self.data, self.model
        if task_named(self.task).target == "labels" and data.format not in ("auto", "blocks"):
            raise contradiction(
                f'task = "{self.task}" reads lines with a token, a tab and its label, but data.format = '
                f'"{data.format}"',
                'Set data.format = "blocks", or leave it out.',
                ["data.format", "task"],
            )
        if data.vectors is not None and self.text.tokenizer != "word":
            raise contradiction(
                f"data.vectors = {data.vectors} has a vector for each word, but text.tokenizer = "
                f'"{self.text.tokenizer}"',
                'Set text.tokenizer = "word", or leave out data.vectors.',
                ["data.vectors", "text.tokenizer"],
            )
        if data.vectors is not None and model.embedding_rank is not None:
            raise contradiction(
                f"data.vectors = {data.vectors} fills full embeddings, but model.embedding_rank = "
                f"{model.embedding_rank}",
                "Leave out one of the two.",
                ["data.vectors", "model.embedding_rank"],
            )

    def _check_positions(self) -> None:
        """Refuse positions that end before the longest training pair, or chunk of text, does."""
        if not task_named(self.task).reads_pairs:
            self._check_positions_of_chunks()
            return
        decoder, longest = self.model.decoder, self.data.max_length
        read = {} if self.hears else self.model.source_positions  # of sound, _check_sound
        bounds = [(key, held, 2 if self.data.back_translated else 1) for key, held in read.items()]
        if decoder.kind == "transformer" and decoder.positions == "learned":
            bounds.append(("model.decoder.max_positions", decoder.max_positions, 1))
        for key, held, besides in bounds:
            if held < longest + besides:
                raise contradiction(
                    f"{key} = {held} is fewer than data.max_length = {longest} symbols and the end",
                    f"Set {key} = {longest + besides}, or data.max_length = {held - besides}.",
                    [key, "data.max_length"],
                )

    def _check_positions_of_chunks(self) -> None:
        stack, chunk = self.model.decoder, self.training.chunk
        if stack.kind == "recurrent" or stack.positions != "learned" or stack.max_positions >= chunk:
            return
        raise contradiction(
            f"model.decoder.max_positions = {stack.max_positions} is fewer than training.chunk = {chunk}",
            f"Set model.decoder.max_positions = {chunk}, or training.chunk = {stack.max_positions}.",
            ["model.decoder.max_positions", "training.chunk"],
        )

    def _check_chunks(self) -> None:
        """Refuse a chunk that no batch has room for."""
        batch, chunk = self.training.batch_tokens, self.training.chunk
        if not task_named(self.task).reads_pairs and chunk > batch:
            raise contradiction(
                f"training.chunk = {chunk} symbols don't fit into training.batch_tokens = {batch}",
                f"Set training.batch_tokens = {16 * chunk}, which is 16 chunks side by side, or a smaller chunk.",
                ["training.chunk", "training.batch_tokens"],
            )

    def _check_sound(self) -> None:
        """Refuse what has no meaning where the source is sound, and positions that end before the sound does."""
        if not self.hears:
            return
        model, training = self.model, self.training
        for key, value, unset, problem in (
            ("model.decoder.copying", model.decoder.copying, False, "copies symbols of the source"),
            ("data.back_translated", bool(self.data.back_translated), False, "is text"),
            ("training.guided_alignment", training.guided_alignment, 0.0, "teaches links between words"),
            ("training.teacher", training.teacher, None, "has probabilities of translations"),
            ("training.minimum_risk", training.minimum_risk, "none", "compares translations"),
            ("text.sampling", self.text.sampling, 0.0, "segments the source's text anew"),
        ):
            if value != unset:
                raise contradiction(
                    f'{key} {problem}, but the source of task = "{self.task}" is sound',
                    f"Leave out {key}.",
                    [key, "task"],
                )
        needed = -(-self.audio.max_frames // model.frames_a_position)
        for key, held in model.source_positions.items():
            if held < needed:
                raise contradiction(
                    f"{key} = {held} is fewer than audio.max_seconds = {self.audio.max_seconds:g} makes, {needed}",
                    f"Set {key} = {needed}.",
                    [key, "audio.max_seconds"],
                )


def json_schema() -> dict[str, Any]:
    """Give the JSON schema of a configuration file, for editors that complete and check TOML."""
    from seqloom.config.presets import preset_names  # which reads this module

    schema = _for_toml(Config.model_json_schema())
    schema["properties"]["preset"] |= {"enum": [*preset_names(), NONE]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "seqloom configuration",
    }


def _for_toml(node: Any) -> Any:
    """Say "none" where JSON would say null, and let a table without its kind be of either kind."""
    if isinstance(node, list):
        return [_for_toml(item) for item in node]
    if not isinstance(node, dict):
        return node
    if node == {"type": "null"}:
        return {"const": NONE}
    return {
        "anyOf" if key == "oneOf" else key: NONE if key == "default" and value is None else _for_toml(value)
        for key, value in node.items()
        if key != "discriminator"
    }
