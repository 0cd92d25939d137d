"""Text to text with a network as it stands: what validation during training and the finished model share."""

from collections.abc import Sequence

import torch

from seqloom.config.search import SearchConfig
from seqloom.models.seq2seq import Seq2Seq
from seqloom.search.hypothesis import Hypothesis
from seqloom.search.many import search_many
from seqloom.search.options import SamplingOptions, SearchOptions
from seqloom.training.vocabularies import Tokenizers


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
        no_repeat_ngram=config.no_repeat_ngram,
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
        no_repeat_ngram=config.no_repeat_ngram,
    )


def translate_texts(
    network: Seq2Seq,
    tokenizers: Tokenizers,
    texts: Sequence[str],
    options: SearchOptions,
    *,
    batch_sentences: int,
    device: torch.device,
) -> list[str]:
    """The best output for each text, in order."""
    sources = tokenizers.source.encode_many(texts)
    found: list[list[Hypothesis]] = search_many(
        network, sources, options, batch_sentences=batch_sentences, device=device
    )
    return [tokenizers.target.decode(hypotheses[0].tokens) for hypotheses in found]
