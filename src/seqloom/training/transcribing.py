"""Frames to text with a network as it stands: what validation during training and the finished model share."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from seqloom.audio.preprocessing import Frames
from seqloom.config.schema import Config
from seqloom.data.batch import collate_frames
from seqloom.models.speech import CTCModel, Fusion, SpeechModel, memory_lengths
from seqloom.models.state import Memory
from seqloom.search.beam import beam_search
from seqloom.search.ctc import Span, align, greedy_path, prefix_beam
from seqloom.search.forced import force
from seqloom.search.greedy import greedy_search
from seqloom.search.hypothesis import Hypothesis
from seqloom.search.many import batches_by_length
from seqloom.search.options import SearchOptions
from seqloom.training.searching import within_positions

LOOKED = (0.1, 0.9)  # the middle of a symbol's attention, which is taken for its time


class Found(NamedTuple):
    """The outputs for one recording, best first, and the positions of the best one's symbols, if asked for."""

    hypotheses: list[Hypothesis]
    spans: list[Span] | None


def ctc_share(config: Config) -> float:
    """What CTC counts in a search: as the search says, or else as in training."""
    asked = config.search.ctc_weight
    return config.model.ctc_weight if asked is None else asked


@torch.no_grad()
def transcribe_frames(
    network: SpeechModel,
    config: Config,
    recordings: Sequence[Frames],
    options: SearchOptions,
    *,
    device: torch.device,
    fusion: Fusion | None = None,
    times: bool = False,
) -> list[Found]:
    """The best outputs for each recording's normalised frames (S, F), in order.

    fusion   a language model's opinion beside the network's
    times    whether to find where each symbol of the best output stands, by CTC if there is one, else by attention
    """
    found: dict[int, Found] = {}
    options = within_positions(options, config)
    for rows in batches_by_length([len(frames) for frames in recordings], config.search.batch_sentences):
        batch = collate_frames([recordings[row] for row in rows]).to(device)
        memory = network.encode(batch)
        best = search_memory(network, memory, options, ctc_share(config), fusion)
        spans = _spans(network, memory, best) if times else [None] * len(rows)
        found |= zip(rows, map(Found, best, spans), strict=True)
    return [found[row] for row in range(len(recordings))]


def search_memory(
    network: SpeechModel, memory: Memory, options: SearchOptions, ctc_weight: float, fusion: Fusion | None
) -> list[list[Hypothesis]]:
    """The best outputs for what was heard, best first."""
    lengths = memory_lengths(memory)
    if isinstance(network, CTCModel) and fusion is None:
        return _search_ctc(network, memory, lengths, options)
    model = network.scoring(ctc_weight, fusion)
    state = model.start(memory)
    if options.beam == 1:
        return [[hypothesis] for hypothesis in greedy_search(model, state, lengths, options)]
    return beam_search(model, state, lengths, options)


def _search_ctc(
    network: CTCModel, memory: Memory, lengths: Tensor, options: SearchOptions
) -> list[list[Hypothesis]]:
    """CTC alone: the best path for a beam of one, else a prefix beam, each text then scored over all its paths."""
    each = _on_host(network.ctc(memory.values), lengths)
    if options.beam == 1:
        return [[greedy_path(log_probs)] for log_probs in each]
    texts = [prefix_beam(log_probs, options.beam) for log_probs in each]
    owners = [row for row, found in enumerate(texts) for _ in found]
    model = network.scoring()
    rows = torch.tensor(owners, device=lengths.device)
    scored = force(
        model,
        model.start(memory).reorder(rows),
        lengths.index_select(0, rows),
        [list(text) for found in texts for text in found],
        SearchOptions(length_penalty=0.0),
    )
    ranked: list[list[Hypothesis]] = [[] for _ in texts]
    for row, hypothesis in zip(owners, scored, strict=True):
        ranked[row].append(hypothesis)
    return [sorted(found, key=lambda one: -one.score)[: options.n_best] for found in ranked]


def _spans(
    network: SpeechModel, memory: Memory, best: Sequence[Sequence[Hypothesis]]
) -> list[list[Span] | None]:
    """Where the symbols of each best output stand, in positions of the memory."""
    lengths = memory_lengths(memory)
    tokens = [found[0].tokens for found in best]
    if network.ctc is not None:
        each = _on_host(network.ctc(memory.values), lengths)
        return [align(log_probs, own) for log_probs, own in zip(each, tokens, strict=True)]
    model = network.scoring(0.0)
    forced = force(model, model.start(memory), lengths, tokens, alignment=True)
    return [None if one.alignment is None else looked_at(one.alignment[:-1]) for one in forced]


def looked_at(alignment: np.ndarray[Any, np.dtype[np.float32]]) -> list[Span]:
    """alignment (T, S) -> the positions that hold the middle of each symbol's attention."""
    reached = alignment.cumsum(axis=1) / np.maximum(alignment.sum(axis=1, keepdims=True), 1e-9)
    first, last = ((reached < share).sum(axis=1) for share in LOOKED)
    most = alignment.shape[1] - 1
    return [
        Span(min(int(start), most), min(int(stop), most) + 1) for start, stop in zip(first, last, strict=True)
    ]


def _on_host(log_probs: Tensor, lengths: Tensor) -> list[np.ndarray[Any, np.dtype[np.float32]]]:
    """log_probs (B, S, V) -> each row's own (S, V)."""
    here = log_probs.float().cpu().numpy()
    return [own[:length] for own, length in zip(here, lengths.tolist(), strict=True)]
