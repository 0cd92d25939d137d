"""Text to text with a network as it stands: what validation during training and the finished model share."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import torch

from seqloom.config.schema import Config
from seqloom.config.search import SearchConfig
from seqloom.models.seq2seq import Seq2Seq
from seqloom.search.hypothesis import Hypothesis
from seqloom.search.many import search_many
from seqloom.search.options import Limits, SamplingOptions, SearchOptions
from seqloom.text.tokenizer import Tokenizer
from seqloom.text.vocabulary import UNK
from seqloom.training.vocabularies import Tokenizers, history_bound

LONGEST_SOURCE = 4  # times data.max_length, where training saw whole sources
Options = TypeVar("Options", bound=Limits)


def search_options(
    config: SearchConfig, *, beam: int | None = None, n_best: int | None = None
) -> SearchOptions:
    """The search that a configuration asks for, with another beam or number of outputs if given."""
    outputs = config.n_best if n_best is None else n_best
    return SearchOptions(
        beam=max(config.beam, outputs) if beam is None else beam,
        n_best=outputs,
        length_penalty=config.length_penalty,
        coverage_penalty=config.coverage_penalty,
        max_length_factor=config.max_length_factor,
        max_length_extra=config.max_length_extra,
        min_length=config.min_length,
        no_repeat_ngram=config.no_repeat_ngram,
        banned=() if config.allow_unknown else (UNK,),
    )


def sampling_options(
    config: SearchConfig, *, temperature: float, top_k: int, top_p: float, seed: int
) -> SamplingOptions:
    """Sampling within the limits that a configuration sets to searches. Raises UsageError out of range."""
    return SamplingOptions(
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        seed=seed,
        max_length_factor=config.max_length_factor,
        max_length_extra=config.max_length_extra,
        min_length=config.min_length,
        no_repeat_ngram=config.no_repeat_ngram,
        banned=() if config.allow_unknown else (UNK,),
    )


def longest_source(config: Config) -> int:
    """Symbols of a source, without the end, that a model reads: what is longer was never trained on and is cut.

    A model whose training sources were cut reads as much as it did then.
    """
    longest = config.data.max_length * (1 if config.data.long == "cut" else LONGEST_SOURCE)
    return min([longest, *(held - 1 for held in config.model.source_positions.values())])


def longest_target(config: Config) -> int | None:
    """Symbols of an output, without the end, that the decoder has positions for; None is no limit."""
    decoder = config.model.decoder
    if decoder.kind == "transformer" and decoder.positions == "learned":
        return decoder.max_positions - 1
    return None


def within_positions(options: Options, config: Config) -> Options:
    """The same search, with outputs no longer than the decoder has positions for."""
    limits = [limit for limit in (options.max_length, longest_target(config)) if limit is not None]
    return replace(options, max_length=min(limits, default=None))


def read_texts(
    tokenizers: Tokenizers, texts: Sequence[str], *, copying: bool
) -> tuple[list[list[int]], list[Tokenizer]]:
    """The ids of source texts, and for each the tokenizer of what is written for it.

    copying  whether the model copies: a text's unknown words then have ids of their own, which its tokenizer knows
    """
    if not copying:
        return tokenizers.source.encode_many(texts), [tokenizers.target] * len(texts)
    readers = [tokenizers.source.reading(text) for text in texts]
    return [reader.encode(text) for reader, text in zip(readers, texts, strict=True)], readers


def translate_texts(
    network: Seq2Seq,
    tokenizers: Tokenizers,
    config: Config,
    texts: Sequence[str],
    options: SearchOptions,
    *,
    device: torch.device,
) -> list[str]:
    """The best output for each text, in order."""
    longest = longest_source(config)
    bound = history_bound(config, tokenizers.source)
    texts = list(map(bound, texts)) if bound else texts
    sources, writers = read_texts(tokenizers, texts, copying=config.model.decoder.copying)
    found: list[list[Hypothesis]] = search_many(
        network,
        [ids[:longest] for ids in sources],
        within_positions(options, config),
        batch_sentences=config.search.batch_sentences,
        device=device,
    )
    return [writer.decode(best[0].tokens) for writer, best in zip(writers, found, strict=True)]
