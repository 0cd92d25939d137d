"""The steps of a search as they were taken, from which its hypotheses are read back once it is over.

A search only notes who continued whom: no hypothesis is copied while it grows. The trail of a beam is its whole
tree. It lies on the host; what was looked at stays on the device until the end.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from seqloom.search.hypothesis import Hypothesis

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.floating[Any]]


class Written(NamedTuple):
    """One step: the hypotheses that go on from it, w places for each of n sentences.

    sentences  (n,)    their numbers in the batch, rising
    tokens     (n, w)  the symbol each hypothesis wrote
    parents    (n, w)  the place, before the step, of the hypothesis that it continues
    log_probs  (n, w)  nats, of that symbol
    """

    sentences: Integers
    tokens: Integers
    parents: Integers
    log_probs: Floats


class Looked(NamedTuple):
    """What the rows of one step looked at: alignment (n, w, S), for the sentences that were there before it."""

    sentences: Integers
    alignment: Tensor


class Ended(NamedTuple):
    """Hypotheses that have ended, for n sentences with W places each.

    score            (n, W)  after the penalties; -inf where a place holds none
    log_probability  (n, W)  nats, EOS included
    last             (n, W)  nats, of EOS alone
    position         (n, W)  int64, that of EOS, counted from 0: the number of symbols before it
    row              (n, W)  int64, the place that EOS was written from
    """

    score: Floats
    log_probability: Floats
    last: Floats
    position: Integers
    row: Integers

    def of(self, sentences: Integers) -> "Ended":
        """sentences (n',) -> their places."""
        score, log_probability, last, position, row = self
        return Ended(
            score[sentences], log_probability[sentences], last[sentences], position[sentences], row[sentences]
        )


class Leaves(NamedTuple):
    """Ended hypotheses, one an entry: (H,) each, as in Ended, and the sentence of each."""

    sentences: Integers
    scores: Floats
    log_probabilities: Floats
    last: Floats
    positions: Integers
    rows: Integers


class Trail:
    """The steps of one search."""

    def __init__(self) -> None:
        self.written: list[Written] = []
        self.looked: list[Looked] = []
        self.ended: list[tuple[Integers, Ended]] = []
        self.stuck: set[int] = set()  # sentences whose hypotheses ended because nothing could be written

    def hypotheses(
        self, source_lengths: Sequence[int], caps: Sequence[int] | None, n_best: int = 1
    ) -> list[list[Hypothesis]]:
        """The n best of what has ended for each sentence of the batch, best first; equal scores by place.

        source_lengths  to which alignments are cut
        caps            symbols at which the search ends a hypothesis; None if it never does
        """
        if not self.ended:  # an empty batch
            return []
        leaves = self._leaves(n_best)
        tokens, log_probs, path = self._read_back(leaves)
        alignments = self._alignments(leaves, path, source_lengths) if self.looked else None
        found: list[list[Hypothesis]] = [[] for _ in source_lengths]
        for index, sentence in enumerate(leaves.sentences):
            length = int(leaves.positions[index])
            capped = caps is not None and length >= caps[sentence]
            found[sentence].append(
                Hypothesis(
                    tokens=tokens[index, :length].tolist(),
                    score=float(leaves.scores[index]),
                    log_probability=float(leaves.log_probabilities[index]),
                    token_log_probabilities=[*log_probs[index, :length].tolist(), float(leaves.last[index])],
                    alignment=None if alignments is None else alignments[index],
                    finished=not capped and sentence not in self.stuck,
                )
            )
        return found

    def _leaves(self, n_best: int) -> Leaves:
        """The n best ended hypotheses of every sentence, by sentence, then by falling score."""
        batch = np.concatenate([numbers for numbers, _ in self.ended])
        by_sentence = np.argsort(batch)
        fields = [np.concatenate(field) for field in zip(*(ended for _, ended in self.ended), strict=True)]
        by_score = np.argsort(-fields[0], axis=1, kind="stable")[:, :n_best]
        score, log_probability, last, position, row = (
            np.take_along_axis(field, by_score, axis=1)[by_sentence] for field in fields
        )
        there = score > -np.inf
        return Leaves(
            sentences=np.broadcast_to(batch[by_sentence, None], score.shape)[there],
            scores=score[there],
            log_probabilities=log_probability[there],
            last=last[there],
            positions=position[there],
            rows=row[there],
        )

    def _dense(self, sentences: int) -> tuple[Integers, Integers, Floats]:
        """tokens, parents and log_probs, each (steps, sentences, widest); 0 where nothing is."""
        widest = max((step.tokens.shape[1] for step in self.written), default=1)
        shape = (len(self.written), sentences, widest)
        tokens, parents, log_probs = np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.zeros(shape)
        for position, step in enumerate(self.written):
            at = (position, step.sentences, slice(step.tokens.shape[1]))
            tokens[at], parents[at], log_probs[at] = step.tokens, step.parents, step.log_probs
        return tokens, parents, log_probs

    def _read_back(self, leaves: Leaves) -> tuple[Integers, Floats, Integers]:
        """Follow each hypothesis from its EOS to the root, all of them at once.

        Returns  tokens and log_probs (H, longest), and the place at each position (H, longest + 1)
        """
        tokens, parents, log_probs = self._dense(int(leaves.sentences.max(initial=-1)) + 1)
        longest = int(leaves.positions.max(initial=0))
        written = np.zeros((len(leaves.rows), longest), dtype=np.int64)
        nats = np.zeros(written.shape)
        path = np.zeros((len(leaves.rows), longest + 1), dtype=np.int64)
        path[:, longest] = here = leaves.rows
        for position in range(longest, 0, -1):
            reached = leaves.positions >= position  # shorter ones join at their own EOS
            at = (position - 1, leaves.sentences, here)
            written[:, position - 1] = tokens[at]
            nats[:, position - 1] = log_probs[at]
            path[:, position - 1] = here = np.where(reached, parents[at], here)
        return written, nats, path

    def _alignments(
        self, leaves: Leaves, path: Integers, source_lengths: Sequence[int]
    ) -> list[npt.NDArray[np.float32]]:
        """What each hypothesis looked at: (its length + 1, its source length)."""
        taken: list[Tensor] = []
        owners: list[Integers] = []
        for position, (sentences, alignment) in enumerate(self.looked[: path.shape[1]]):
            there = np.flatnonzero(leaves.positions >= position)
            rows = (
                np.searchsorted(sentences, leaves.sentences[there]) * alignment.shape[1]
                + path[there, position]
            )
            taken.append(alignment.flatten(0, 1)[torch.from_numpy(rows).to(alignment.device)])
            owners.append(there)
        looked = torch.cat(taken).to(torch.float32).cpu().numpy()
        looked = looked[np.argsort(np.concatenate(owners), kind="stable")]  # positions rise within an owner
        starts = np.concatenate([[0], np.cumsum(leaves.positions + 1)])
        return [
            looked[starts[index] : starts[index + 1], : source_lengths[sentence]].copy()
            for index, sentence in enumerate(leaves.sentences)
        ]
