"""The sections `data` (where the pairs lie and how they are read) and `text` (how text becomes symbols)."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from seqloom.config.section import (
    Columns,
    Count,
    Fraction,
    MayBeNone,
    Names,
    NotNegative,
    OptionalColumn,
    OptionalText,
    Paths,
    Section,
    contradiction,
)

Format = Literal["auto", "parallel", "tsv", "jsonl", "blocks", "babi"]
TokenizerKind = Literal["word", "space", "character", "byte", "unigram", "bpe"]
OptionalTokenizerKind = Annotated[TokenizerKind | None, MayBeNone]
Normalisation = Literal["NFC", "NFKC", "none"]

PARTS = ("train", "back_translated", "valid", "test")
"""Options that name files of pairs."""
FILES_OF_FORMAT = {"parallel": 2, "tsv": 1, "jsonl": 1, "blocks": 1, "babi": 1}
SUBWORD_TOKENIZERS = ("unigram", "bpe")


class DataConfig(Section):
    """Where the pairs lie and how they are read."""

    train: Paths = Field(
        default=(),
        description="Training pairs: two files of equal length (source, target), or one TSV or JSON-lines file; plain "
        "text, any number of files, for generation; relative to this file's folder.",
    )
    back_translated: Paths = Field(
        default=(),
        description="More training pairs, whose sources a model wrote from text in the target language; they are "
        "tagged (Caswell et al. 2019).",
    )
    alignments: OptionalText = Field(
        default=None,
        description="File of word alignments, a line for each pair of data.train: links such as 0-0 1-2 between words "
        "that white space separates, source first, counted from 0; read with training.guided_alignment.",
    )
    valid: Paths = Field(
        default=(),
        description="Validation pairs, by which the best checkpoint is chosen; written like data.train.",
    )
    test: Paths = Field(
        default=(),
        description="Test pairs, read by `seqloom evaluate` and never in training; written like data.train.",
    )
    held_out: Fraction = Field(
        default=0.0,
        description="Share of a text, at its end, that is kept from training and validated by instead of data.valid; "
        "counted in characters, and cut between two lines.",
    )
    format: Format = Field(
        default="auto",
        description="How the files hold the pairs: two parallel files, tab-separated values, JSON lines, blocks of "
        "labelled tokens, dialogues as bAbI has them, or auto: by their number, the name's ending and the task.",
    )
    source_columns: Columns = Field(
        default=(),
        description="What the source is made of, in this order: numbers of columns of a TSV file, from 1, or names of "
        "a JSON line's fields; unset, column 1 or data.source_field.",
    )
    target_column: OptionalColumn = Field(
        default=None,
        description="The column of a TSV file, from 1, or the field of a JSON line that holds the target; unset, "
        "column 2 or data.target_field.",
    )
    feature_columns: Columns = Field(
        default=(),
        description="Those of data.source_columns that hold features, such as V;PST;NOM(3,SG), each of which is one "
        "symbol whatever the tokenizer.",
    )
    bot_speaker: str = Field(
        default="bot",
        min_length=1,
        description="The speaker of a dialogue whose turns the model learns to write.",
    )
    user_speaker: str = Field(
        default="user",
        min_length=1,
        description="The speaker of a dialogue as whom a person talks to the model.",
    )
    source_field: str = Field(
        default="source", min_length=1, description="The field of a JSON line that holds the source."
    )
    target_field: str = Field(
        default="target", min_length=1, description="The field of a JSON line that holds the target."
    )
    label_separator: OptionalText = Field(
        default=None,
        description='The sign between the labels of one text, such as "|", where a text may have several or none; '
        "unset, each has one.",
    )
    vectors: OptionalText = Field(
        default=None,
        description="File of word vectors as text, of GloVe or word2vec, from which the embeddings of the "
        "vocabulary's words start.",
    )
    reference_fields: Names = Field(
        default=(),
        description="Fields of a JSON line that hold what `seqloom evaluate` compares outputs with, each a text or a "
        "list of texts; unset, data.target_field alone.",
    )
    max_length: Count = Field(
        default=256,
        description="Longest side of a training pair in symbols; what becomes of longer pairs, data.long says; a "
        "dialogue's history loses its oldest turns.",
    )
    long: Literal["leave_out", "cut"] = Field(
        default="leave_out",
        description="What becomes of longer pairs: they are left out (leave_out), or long sources are cut to so many "
        "symbols (cut), in use as in training; either is counted and said.",
    )
    cache: OptionalText = Field(
        default=None,
        description="Folder that keeps prepared corpora for later runs; unset, they lie beside the run.",
    )

    @property
    def training_files(self) -> tuple[str, ...]:
        """All that a model learns from."""
        alignments = (self.alignments,) if self.alignments else ()
        return (*self.train, *self.back_translated, *alignments)

    @model_validator(mode="after")
    def _check_held_out(self) -> Self:
        if self.held_out and self.valid:
            raise contradiction(
                f"data.held_out = {self.held_out} validates by the end of data.train, but data.valid names files",
                "Leave out one of the two.",
                ["data.held_out", "data.valid"],
            )
        return self

    @model_validator(mode="after")
    def _check_columns(self) -> Self:
        foreign = [column for column in self.feature_columns if column not in self.source_columns]
        if foreign:
            raise contradiction(
                f"data.feature_columns names {foreign[0]}, which is none of data.source_columns",
                "Name it there too, where it stands in the source.",
                ["data.feature_columns", "data.source_columns"],
            )
        if self.feature_columns and len(self.source_columns) < 2:
            raise contradiction(
                "data.feature_columns describes the only one of data.source_columns, which leaves no text",
                "Name the column of the text too, as in data.source_columns = [1, 2].",
                ["data.feature_columns", "data.source_columns"],
            )
        if self.format == "parallel" and (self.source_columns or self.target_column):
            key = "source_columns" if self.source_columns else "target_column"
            raise contradiction(
                f'data.{key} chooses columns, but data.format = "parallel" reads files that have none',
                'Set data.format = "tsv" or "jsonl" and name one file.',
                [f"data.{key}", "data.format"],
            )
        return self

    @model_validator(mode="after")
    def _check_number_of_files(self) -> Self:
        expected = FILES_OF_FORMAT.get(self.format)
        for name in PARTS:
            found = len(getattr(self, name))
            if expected is None or found in (0, expected):
                continue
            mend = (
                f'Name two files, as in data.{name} = ["{name}.en", "{name}.de"].'
                if expected == 2
                else 'Name one file, or set data.format = "parallel".'
            )
            raise contradiction(
                f'data.format = "{self.format}" reads {_files(expected)}, but data.{name} names '
                f"{_files(found)}",
                mend,
                [f"data.{name}", "data.format"],
            )
        return self


class TextConfig(Section):
    """How text becomes symbols and symbols become text again."""

    tokenizer: TokenizerKind = Field(
        default="bpe",
        description="What a symbol is: a word, what white space separates (space), a character, a byte, or a subword "
        "(unigram or bpe).",
    )
    source_tokenizer: OptionalTokenizerKind = Field(
        default=None,
        description="What a symbol of the source is, where that is something else; unset, text.tokenizer.",
    )
    target_tokenizer: OptionalTokenizerKind = Field(
        default=None,
        description="What a symbol of the target is, where that is something else; unset, text.tokenizer.",
    )
    vocabulary_size: int = Field(
        default=6000, ge=5, description="Symbols in the vocabulary, the four special ones included."
    )
    shared: bool = Field(
        default=True, description="One joint vocabulary for source and target instead of one for each."
    )
    normalisation: Normalisation = Field(
        default="NFC", description="Unicode normalisation of every text that is read."
    )
    lowercase: bool = Field(default=False, description="Lower-case every text that is read.")
    vocabulary: OptionalText = Field(
        default=None,
        description="Run whose vocabulary this one takes, and the settings that it was made with, so that the two can "
        "be combined: a language model with a transcriber, translators with each other; unset, one is learnt.",
    )
    sampling: NotNegative = Field(
        default=0.0,
        description="Strength of subword sampling in training (another segmentation each time); 0 is off.",
    )

    @property
    def kinds(self) -> tuple[TokenizerKind, TokenizerKind]:
        """The tokenizers of source and target."""
        return self.source_tokenizer or self.tokenizer, self.target_tokenizer or self.tokenizer

    @model_validator(mode="after")
    def _check_kinds(self) -> Self:
        source, target = self.kinds
        if self.shared and source != target:
            key = "text.source_tokenizer" if self.source_tokenizer else "text.target_tokenizer"
            raise contradiction(
                f'text.shared = true makes one vocabulary for both sides, but the source is read by "{source}" and the '
                f'target by "{target}"',
                "Set text.shared = false, or one tokenizer for both.",
                ["text.shared", key],
            )
        return self

    @model_validator(mode="after")
    def _check_sampling(self) -> Self:
        kinds = set(self.kinds)
        if self.sampling > 0 and not kinds & set(SUBWORD_TOKENIZERS):
            found = " and ".join(f'"{kind}"' for kind in dict.fromkeys(self.kinds))
            raise contradiction(
                f"text.sampling = {self.sampling} samples subwords, but text.tokenizer = {found} has none",
                'Set text.sampling = 0, or text.tokenizer = "bpe" or "unigram".',
                ["text.sampling", "text.tokenizer"],
            )
        if self.sampling > 1 and "bpe" in kinds:
            raise contradiction(
                f"text.sampling = {self.sampling} is the probability that BPE leaves out a merge, so at most 1",
                'Set text.sampling = 0.1, which is usual, or text.tokenizer = "unigram", where it is a temperature.',
                ["text.sampling", "text.tokenizer"],
            )
        return self


def _files(number: int) -> str:
    return f"{number} file" if number == 1 else f"{number} files"
