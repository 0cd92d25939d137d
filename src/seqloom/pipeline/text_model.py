"""Text in, text out: a trained encoder-decoder with its own preprocessing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape
from typing import Any

import torch

from seqloom.base.errors import UsageError
from seqloom.config.schema import Config
from seqloom.config.tasks import task_named
from seqloom.data.batch import collate
from seqloom.data.corpus import within_reach
from seqloom.data.pairs import Judged, Pair
from seqloom.inspection.attention import AttentionMap
from seqloom.metrics.measure import Context, measure
from seqloom.metrics.overlap import Score
from seqloom.models.ensemble import Ensemble
from seqloom.models.seq2seq import Seq2Seq
from seqloom.search.forced import force
from seqloom.search.hypothesis import Hypothesis
from seqloom.search.many import force_many, search_many
from seqloom.search.options import SamplingOptions, SearchOptions
from seqloom.text.segmented import SegmentedTokenizer, check_cells, spelt_out
from seqloom.text.tokenizer import Tokenizer
from seqloom.text.vocabulary import BOS, EOS, SPECIALS
from seqloom.training.machine import Machine
from seqloom.training.run_folder import RunFolder
from seqloom.training.searching import (
    longest_source,
    longest_target,
    read_texts,
    search_options,
    within_positions,
)
from seqloom.training.seq2seq import best_network
from seqloom.training.vocabularies import Tokenizers, history_bound, layout_of, symbols_of


@dataclass(frozen=True)
class Result:
    """One output of a model.

    text           what it says
    score          what it was ranked by; log_probability in nats
    alternatives   the other outputs that were asked for, next best first
    notice         a sentence when the input could not be used as it was, else empty
    """

    source: str
    text: str
    score: float
    log_probability: float
    tokens: tuple[int, ...]
    alternatives: tuple["Result", ...]
    notice: str
    model: "Model" = field(repr=False)

    @cached_property
    def attention(self) -> AttentionMap:
        """Where the model looked for each symbol. Raises UsageError for a model without attention."""
        return self.model.attention(self.source, self.tokens)

    @cached_property
    def word_attention(self) -> AttentionMap:
        """The same over whole words."""
        return self.model.attention(self.source, self.tokens, words=True)

    def _repr_html_(self) -> str:
        """The attention as a heatmap over words, for notebooks."""
        if not self.model.has_attention:
            return f"<p>{escape(self.text)}</p>"
        return self.word_attention._repr_html_()


@dataclass(frozen=True)
class Sentence:
    """A source and a target as a network takes them, without begin and end, and who spells them."""

    source_text: str
    ids: list[int]
    reader: Tokenizer
    symbols: list[int]
    writer: Tokenizer

    @property
    def target_text(self) -> str:
        """What is written."""
        return self.writer.decode(self.symbols)

    @property
    def read(self) -> tuple[str, ...]:
        """The printable symbols that an encoder reads."""
        return (*self.reader.pieces(self.ids), SPECIALS[EOS])

    @property
    def written(self) -> tuple[str, ...]:
        """The printable symbols that a decoder writes."""
        return (*self.writer.pieces(self.symbols), SPECIALS[EOS])

    @property
    def fed(self) -> tuple[str, ...]:
        """Those that it reads while it does."""
        return (SPECIALS[BOS], *self.writer.pieces(self.symbols))


class Model:
    """A trained model with its own preprocessing: call it with text.

    >>> model = seqloom.load("runs/demo")
    >>> model("How are you?").text
    'Comment ça va ?'
    """

    def __init__(
        self,
        network: Seq2Seq | Ensemble,
        tokenizers: Tokenizers,
        config: Config,
        machine: Machine,
        others: Sequence[Config] = (),
    ) -> None:
        """others: configurations of the further members, where the network is an ensemble."""
        self.network = network.to(machine.device).eval()
        self.tokenizers = tokenizers
        self.config = config
        self.configs = (config, *others)
        self.machine = machine

    def __call__(
        self, text: str | Sequence[str], *, beam: int | None = None, n_best: int | None = None
    ) -> Any:
        """Translate one text to a Result, or several to a list of Results in their order.

        beam, n_best  as the configuration's search has them when None
        """
        options = search_options(self.config.search, beam=beam, n_best=n_best)
        if isinstance(text, str):
            return self.translate([text], options)[0]
        return self.translate(list(text), options)

    def translate(
        self,
        texts: Sequence[str],
        options: SearchOptions | SamplingOptions | None = None,
        prefixes: Sequence[str] | None = None,
        first: int = 0,
    ) -> list[Result]:
        """One Result a text, in order; an empty text gives an empty one.

        options   how to search, or to sample; the configuration's search when None
        prefixes  what each output must start with
        first     the first text's number in the whole input, which with the seed fixes what is sampled for it
        Raises    UsageError for another number of prefixes than texts, for one longer than the model's positions, or
                  for one string in place of several
        """
        if isinstance(texts, str):
            raise UsageError(
                "translate takes a list of texts; for a single one call the model itself: model(text)."
            )
        if prefixes is not None and len(prefixes) != len(texts):
            raise UsageError(
                f"There are {len(prefixes):,} prefixes for {len(texts):,} texts; expected one each."
            )
        options = options or search_options(self.config.search)
        for config in self.configs:
            options = within_positions(options, config)
        encoded, writers, notices = self._encode(texts)
        rows = [row for row, ids in enumerate(encoded) if ids]
        begun = None
        if prefixes is not None:
            begun = self._targets(
                [encoded[row] for row in rows],
                [writers[row].encode(prefixes[row]) for row in rows],
            )
        found = search_many(
            self.network,
            [encoded[row] for row in rows],
            options,
            batch_sentences=self.config.search.batch_sentences,
            device=self.machine.device,
            prefixes=begun,
            numbers=[first + row for row in rows],
        )
        by_row = dict(zip(rows, found, strict=True))
        return [
            self._result(text, writers[row], by_row.get(row, []), notices[row])
            for row, text in enumerate(texts)
        ]

    def score(self, sources: Sequence[str], targets: Sequence[str]) -> list[float]:
        """The log-probability of each target given its source, in nats, end symbol included.

        Raises   UsageError for another number of targets than sources, a source longer than the model reads, or a
                 target longer than its positions
        """
        if len(sources) != len(targets):
            raise UsageError(
                f"There are {len(targets):,} targets for {len(sources):,} sources; expected one each."
            )
        encoded, writers, notices = self._encode(sources)
        for row, notice in enumerate(notices):
            if notice:
                raise UsageError(f"source {row + 1} can't be scored whole: {notice}. Shorten it.")
        if self.copies:
            symbols = [writer.encode(target) for writer, target in zip(writers, targets, strict=True)]
        else:
            symbols = self.tokenizers.target.encode_many(list(targets))
        forced = force_many(
            self.network,
            encoded,
            self._targets(encoded, symbols),
            batch_sentences=self.config.search.batch_sentences,
            device=self.machine.device,
        )
        return [hypothesis.log_probability for hypothesis in forced]

    @property
    def copies(self) -> bool:
        """Whether it can write words of the source that its vocabulary doesn't have."""
        return self.config.model.decoder.copying

    def _targets(self, sources: Sequence[list[int]], targets: list[list[int]]) -> list[list[int]]:
        """The targets, but for words of a source that were cut off with its end and so can't be copied.

        Raises   UsageError for a target that the decoder has no positions for
        """
        limits = [limit for config in self.configs if (limit := longest_target(config)) is not None]
        longest = min(limits, default=None)
        for row, ids in enumerate(targets):
            if longest is not None and len(ids) > longest:
                raise UsageError(
                    f"target {row + 1} has {len(ids):,} symbols, but the model was made with learned positions for "
                    f"{longest:,}; shorten it, or train with sinusoidal or rotary positions."
                )
        if not self.copies:
            return targets
        vocabulary = len(self.tokenizers.target)
        return [within_reach(ids, source, vocabulary) for ids, source in zip(targets, sources, strict=True)]

    def _encode(self, texts: Sequence[str]) -> tuple[list[list[int]], list[Tokenizer], list[str]]:
        """Ids of texts, the tokenizer of what is written for each, and notices.

        A text far longer than anything trained on is cut, a history loses its oldest turns, and the notice says so.
        Raises   DataError for a text of another number of columns than the model was trained with
        """
        longest = min(map(longest_source, self.configs))
        read, notices = self._read(texts)
        encoded, writers = read_texts(self.tokenizers, read, copying=self.copies)
        encoded = [ids if text.strip() else [] for ids, text in zip(encoded, read, strict=True)]
        notices = [
            f"it has {len(ids):,} symbols; only the first {longest:,} were read"
            if len(ids) > longest
            else notice
            for ids, notice in zip(encoded, notices, strict=True)
        ]
        return [ids[:longest] for ids in encoded], writers, notices

    def _read(self, texts: Sequence[str]) -> tuple[list[str], list[str]]:
        """What is read of each text, and a notice where that is not all or not all of it is known."""
        layout = layout_of(self.config)
        if layout is None:
            return list(texts), [""] * len(texts)
        if layout != "turns":
            for row, text in enumerate(texts):
                check_cells(text, len(layout), f"text {row + 1}")
        source, read, notices = self.tokenizers.source, list(texts), [""] * len(texts)
        bound = history_bound(self.config, source)
        for row, text in enumerate(texts):
            notice = bound.notice(text) if bound else ""
            unknown = source.unknown_atoms(text) if isinstance(source, SegmentedTokenizer) else []
            if unknown and not notice:
                what = "speaker" if layout == "turns" else "feature"
                notice = f"the model has not seen the {what} {', '.join(unknown)} in training"
            read[row], notices[row] = bound(text) if bound else text, notice
        return read, notices

    def _result(
        self, source: str, writer: Tokenizer, hypotheses: Sequence[Hypothesis], notice: str
    ) -> Result:
        if not hypotheses:
            return Result(source, "", 0.0, 0.0, (), (), notice, self)
        results = [
            Result(
                source,
                writer.decode(found.tokens),
                found.score,
                found.log_probability,
                tuple(found.tokens),
                (),
                notice,
                self,
            )
            for found in hypotheses
        ]
        return replace(results[0], alternatives=tuple(results[1:]))

    def notice(self, text: str) -> str:
        """What is to be said of a text that isn't read as it is, or of what in it is unknown; else empty."""
        return self._encode([text])[2][0]

    @property
    def has_attention(self) -> bool:
        """Whether there is anything to look at."""
        decoders = [config.model.decoder for config in self.configs]
        return any(decoder.kind == "transformer" or decoder.attention != "none" for decoder in decoders)

    def sentence(self, source: str, target: str | Sequence[int] | None = None) -> "Sentence":
        """A source and what is written for it, text or ids, its own output if None, as the network takes them.

        A source that is longer than the model reads is cut, as in `translate`.
        Raises   UsageError for a target longer than the model's positions
        """
        (ids,), (writer,), _ = self._encode([source])
        if target is None:
            target = self(source).tokens
        symbols = writer.encode(target) if isinstance(target, str) else list(target)
        (symbols,) = self._targets([ids], [symbols])
        reader = writer if self.copies else self.tokenizers.source
        return Sentence(source, ids, reader, symbols, writer)

    @torch.no_grad()
    def attention(self, source: str, target: str | Sequence[int], *, words: bool = False) -> AttentionMap:
        """Where the model looks while it writes a given target, text or ids: weights (T, S) over symbols.

        A source that is longer than the model reads is cut, as in `translate`; the map shows what was read.
        words    whether the symbols of a word are merged into one
        Raises   UsageError for a model without attention, or a target longer than the model's positions
        """
        if not self.has_attention:
            raise UsageError(
                'This model has no attention to look at: its model.decoder.attention is "none", so all it knows of '
                "the source is one vector."
            )
        read = self.sentence(source, target)
        batch = collate([read.ids]).to(self.machine.device)
        state = self.network.start(self.network.encode(batch))
        forced = force(self.network, state, batch.source_lengths, [read.symbols], alignment=True)[0]
        if forced.alignment is None:
            raise UsageError("This model gives no alignment.")
        over_symbols = AttentionMap(
            source=read.read,
            target=read.written,
            weights=forced.alignment.astype("float64"),
            probabilities=tuple(torch.tensor(forced.token_log_probabilities).exp().tolist()),
            source_text=spelt_out(source, layout_of(self.config)),
            target_text=read.target_text,
        )
        if not words:
            return over_symbols
        return over_symbols.merged(read.reader.word_groups(read.ids), read.writer.word_groups(read.symbols))

    def evaluate(
        self,
        pairs: Sequence[Pair | Judged],
        options: SearchOptions | None = None,
        on_progress: Callable[[int], None] = lambda _: None,
        on_notice: Callable[[int, str], None] = lambda _row, _notice: None,
        groups: Sequence[int] | None = None,
    ) -> tuple[list[Score], list[str]]:
        """Answer the sources and compare with the targets: scores with their signatures, and the outputs.

        pairs        with a target each, or with one reference or several
        on_progress  called with the pairs translated so far
        on_notice    called with the row and a sentence for a source that could not be used as it was
        groups       for each pair the number of its dialogue, where there are dialogues
        """
        outputs: list[str] = []
        size = 16 * self.config.search.batch_sentences
        for start in range(0, len(pairs), size):
            piece = [pair.source for pair in pairs[start : start + size]]
            for row, result in enumerate(self.translate(piece, options), start=start):
                outputs.append(result.text)
                if result.notice:
                    on_notice(row, result.notice)
            on_progress(len(outputs))
        references = [pair.references if isinstance(pair, Judged) else (pair.target,) for pair in pairs]
        metrics = task_named(self.config.task).metrics
        firsts, further = [own[0] for own in references], [own[1:] for own in references]
        context = Context(groups, symbols_of(self.config))
        return measure(metrics, outputs, firsts, further, context), outputs


def load_text_model(folders: Sequence[RunFolder], configs: Sequence[Config], machine: Machine) -> Model:
    """The best model of a run, or those of several runs over one vocabulary as an ensemble.

    Raises   DamagedModelError; UsageError for runs that don't go together
    """
    tokenizers = Tokenizers.load(folders[0].vocabulary)
    for folder in folders[1:]:
        if Tokenizers.load(folder.vocabulary).fingerprint() != tokenizers.fingerprint():
            raise UsageError(
                f"{folder.path} has another vocabulary than {folders[0].path}; the members of an ensemble need one. "
                "Train them on the same text with the same settings under [text], or one with text.vocabulary = the "
                "other's run."
            )
    copying = [config.model.decoder.copying for config in configs]
    if any(copying) and not all(copying):
        one, other = folders[copying.index(True)], folders[copying.index(False)]
        raise UsageError(
            f"{one.path} copies words of the source and {other.path} doesn't know them; the members of an ensemble "
            "must all have model.decoder.copying, or none."
        )
    networks = [best_network(*pair, tokenizers) for pair in zip(folders, configs, strict=True)]
    network = networks[0] if len(networks) == 1 else Ensemble(networks)
    return Model(network, tokenizers, configs[0], machine, configs[1:])
