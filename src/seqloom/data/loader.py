"""The batches of an epoch, drawn from a corpus on disk; any of them can be made without the ones before."""

import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np

from seqloom.base.errors import UsageError
from seqloom.base.randomness import numpy_generator
from seqloom.data.batch import Batch, Ids, collate
from seqloom.data.batching import WINDOW, Rows, by_length, cut_evenly, plan_epoch
from seqloom.data.corpus import Corpus
from seqloom.data.joined import JoinedCorpus
from seqloom.data.links import Span, span_links
from seqloom.text.tokenizer import Tokenizer

BATCHES_A_GROUP = (
    128  # sampled together: seconds of work on a CPU, and rows enough to sort well (6 % padding)
)
BATCHES_A_RELEASE = 256  # batches between two calls of corpus.release
AnyCorpus = Corpus | JoinedCorpus


class Example(NamedTuple):
    """One row as ids, and its word alignment between them; None where the corpus has none."""

    source: Ids
    target: Ids
    spans: Sequence[Span] | None = None


Sampler = Callable[[int], Example]


def iterate_batches(
    corpus: AnyCorpus,
    *,
    seed: int,
    epoch: int,
    tokens_per_batch: int,
    max_sentences: int = 0,
    start: int = 0,
    rank: int = 0,
    world: int = 1,
    sampler: Sampler | None = None,
    window: int = WINDOW,
) -> Iterator[Batch]:
    """Batches of one epoch for one of `world` processes: batch k holds the rows plan_epoch(...)[k].

    start     batches of the epoch that are done already, over all ranks together
    rank      this process takes k = start + rank, start + rank + world, …; the last round of an epoch may not
              reach every rank
    sampler   row -> its ids in place of those on disk (see subword_sampler); its batches are larger than the budget
              by the share of symbols that it adds

    Every batch is a pure function of (seed, epoch, k). Resident memory is bounded by the plan's four bytes a row,
    a window and what the corpus maps between two releases.
    Raises    UsageError for a start, rank or world out of range, or what plan_epoch refuses.
    """
    if start < 0 or not 0 <= rank < world:
        raise UsageError(f"start = {start}, rank = {rank}, world = {world}; expected 0 <= rank < world.")
    plan = plan_epoch(
        corpus.source_lengths,
        corpus.target_lengths,
        seed=seed,
        epoch=epoch,
        tokens_per_batch=tokens_per_batch,
        max_sentences=max_sentences,
        window=window,
    )
    wanted = range(start + rank, sys.maxsize, world)
    if sampler is None:
        return _releasing(corpus, _read(corpus, plan, wanted))
    return _releasing(corpus, _sample(sampler, plan, wanted, max_sentences, (seed, epoch)))


def _releasing(corpus: AnyCorpus, batches: Iterator[Batch]) -> Iterator[Batch]:
    for number, batch in enumerate(batches):
        if number % BATCHES_A_RELEASE == 0:
            corpus.release()
        yield batch
    corpus.release()


def _read(corpus: AnyCorpus, plan: Iterator[Rows], wanted: range) -> Iterator[Batch]:
    for rows in islice(plan, wanted.start, None, wanted.step):
        yield _batch([read_example(corpus, row) for row in rows.tolist()])


def read_example(corpus: AnyCorpus, row: int) -> Example:
    """A row as it is on disk."""
    spans = corpus.spans(row) if corpus.aligned else None
    return Example(corpus.source(row), corpus.target(row), spans)


def _batch(examples: Sequence[Example]) -> Batch:
    spans = [example.spans for example in examples if example.spans is not None]
    return collate(
        [example.source for example in examples],
        [example.target for example in examples],
        spans or None,  # all of them have one, or none
    )


def _sample(
    sampler: Sampler, plan: Iterator[Rows], wanted: range, max_sentences: int, place: tuple[int, int]
) -> Iterator[Batch]:
    """The batches number `wanted`, their rows sampled.

    Sampling changes the lengths, and batches planned by those on disk would be padded by a third. So the rows of
    a group of batches are sampled together, sorted again and cut into as many batches: the plan's count stands,
    and any batch can be made from its group alone.
    """
    for number, group in enumerate(iter(lambda: list(islice(plan, BATCHES_A_GROUP)), [])):
        first = number * BATCHES_A_GROUP
        mine = [k - first for k in range(first, first + len(group)) if k in wanted]
        if not mine:
            continue
        examples = [sampler(row) for rows in group for row in rows.tolist()]
        lengths = np.array([(len(one.source), len(one.target)) for one in examples], np.int32)
        order = by_length(lengths[:, 0], lengths[:, 1])
        batches = np.split(order, cut_evenly(lengths.max(axis=1)[order] + 1, len(group), max_sentences))
        shuffled = numpy_generator(place[0], "sampled batches", place[1], number).permutation(len(batches))
        for k in mine:
            yield _batch([examples[pick] for pick in batches[shuffled[k]]])


def subword_sampler(
    corpus: AnyCorpus,
    source_tokenizer: Tokenizer,
    target_tokenizer: Tokenizer,
    *,
    strength: float,
    seed: int,
    epoch: int,
) -> Sampler:
    """Cut each row's text anew in each epoch (Kudo 2018, subword regularisation; Provilkov 2020, BPE dropout).

    strength   as Tokenizer.sample takes it; the draw is a function of (seed, epoch, row)

    A side that sampling makes longer than the corpus allows is segmented as it is without. Links between words become
    links between the symbols drawn.
    Raises     UsageError when a row is read from a corpus prepared without its text.
    """

    def sample(row: int) -> Example:
        generator = numpy_generator(seed, "subwords", epoch, row)
        pair = corpus.text(row)
        source: Ids = [*corpus.tag(row), *source_tokenizer.sample(pair.source, strength, generator)]
        target: Ids = target_tokenizer.sample(pair.target, strength, generator)
        source = source if len(source) <= corpus.max_length else corpus.source(row)
        target = target if len(target) <= corpus.max_length else corpus.target(row)
        if not corpus.aligned:
            return Example(source, target)
        links = corpus.links(row)
        if not links:
            return Example(source, target, [])
        source_numbers = source_tokenizer.word_numbers(pair.source, list(source))
        target_numbers = target_tokenizer.word_numbers(pair.target, list(target))
        return Example(source, target, span_links(links, source_numbers, target_numbers))

    return sample
