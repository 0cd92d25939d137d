"""The batches of an epoch, drawn from a corpus on disk; any of them can be made without the ones before."""

from collections.abc import Callable, Iterator
from itertools import islice

from seqloom.base.errors import UsageError
from seqloom.base.randomness import numpy_generator
from seqloom.data.batch import Batch, Ids, collate
from seqloom.data.batching import WINDOW, Rows, plan_epoch
from seqloom.data.corpus import Corpus
from seqloom.text.tokenizer import Tokenizer

Sampler = Callable[[int], tuple[Ids, Ids]]


def iterate_batches(
    corpus: Corpus,
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
    sampler   row -> (source ids, target ids), in place of the ids on disk (see subword_sampler). The plan goes
              by the lengths on disk, so a sampled batch may pass the budget by the symbols that sampling adds.

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
    read = sampler or (lambda row: (corpus.source(row), corpus.target(row)))
    return _batches(corpus, islice(plan, start + rank, None, world), read)


def _batches(corpus: Corpus, plan: Iterator[Rows], read: Sampler) -> Iterator[Batch]:
    for rows in plan:
        pairs = [read(row) for row in rows.tolist()]
        yield collate([source for source, _ in pairs], [target for _, target in pairs])
    corpus.release()


def subword_sampler(
    corpus: Corpus,
    source_tokenizer: Tokenizer,
    target_tokenizer: Tokenizer,
    *,
    strength: float,
    seed: int,
    epoch: int,
) -> Sampler:
    """Cut each row's text anew in each epoch (Kudo 2018, subword regularisation; Provilkov 2020, BPE dropout).

    strength   as Tokenizer.sample takes it; the draw is a function of (seed, epoch, row)
    Raises     UsageError when a row is read from a corpus prepared without its text.
    """

    def sample(row: int) -> tuple[Ids, Ids]:
        generator = numpy_generator(seed, "subwords", epoch, row)
        pair = corpus.text(row)
        source = source_tokenizer.sample(pair.source, strength, generator)
        return source, target_tokenizer.sample(pair.target, strength, generator)

    return sample
