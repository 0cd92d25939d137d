"""The batches of an epoch of recordings, each a pure function of (seed, epoch, index)."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from seqloom.audio.augment import Masks
from seqloom.audio.preprocessing import Preprocessing
from seqloom.base.randomness import numpy_generator
from seqloom.data.batch import Batch, collate_frames
from seqloom.data.batching import Rows, count_batches, plan_epoch
from seqloom.data.sound_corpus import SoundCorpus

BATCHES_A_RELEASE = 64


@dataclass(frozen=True)
class SoundBatches:
    """The batches of a prepared corpus.

    frames_per_batch  rows * (longest side, in frames) is at most this
    max_rows          rows a batch at most; 0 for no limit
    masks             what is hidden, drawn for each row of each epoch; None hides nothing
    """

    corpus: SoundCorpus
    preprocessing: Preprocessing
    seed: int
    frames_per_batch: int
    max_rows: int = 0
    masks: Masks | None = None

    def batches(self, epoch: int, start: int) -> Iterator[Batch]:
        """The batches of an epoch from index `start` on."""
        speeds = self.speeds(epoch)
        for number, rows in enumerate(islice(self._plan(epoch, speeds), start, None)):
            if number % BATCHES_A_RELEASE == 0:
                self.corpus.release()
            yield self._batch(rows, speeds, epoch)
        self.corpus.release()

    def count(self, epoch: int) -> int:
        """How many there are in that epoch."""
        return count_batches(
            self.corpus.target_lengths,
            self._lengths(self.speeds(epoch)),
            seed=self.seed,
            epoch=epoch,
            tokens_per_batch=self.frames_per_batch,
            max_sentences=self.max_rows,
        )

    def speeds(self, epoch: int) -> NDArray[np.intp]:
        """(rows,) which of the corpus's speeds each row is played at in that epoch."""
        count = len(self.corpus.speeds)
        if count == 1:
            return np.zeros(len(self.corpus), np.intp)
        return numpy_generator(self.seed, "speeds", epoch).integers(0, count, len(self.corpus), np.intp)

    def _lengths(self, speeds: NDArray[np.intp]) -> NDArray[np.int32]:
        return self.corpus.frame_lengths[speeds, np.arange(len(speeds))]

    def _plan(self, epoch: int, speeds: NDArray[np.intp]) -> Iterator[Rows]:
        """Sorted by frames first, which make a batch's width: they stand where a pair has its target."""
        return plan_epoch(
            self.corpus.target_lengths,
            self._lengths(speeds),
            seed=self.seed,
            epoch=epoch,
            tokens_per_batch=self.frames_per_batch,
            max_sentences=self.max_rows,
        )

    def _batch(self, rows: Rows, speeds: NDArray[np.intp], epoch: int) -> Batch:
        frames = []
        for row in rows.tolist():
            heard = self.preprocessing.normalise(self.corpus.frames(row, int(speeds[row])))
            if self.masks and self.masks.hides:
                heard = self.masks.hide(heard, numpy_generator(self.seed, "masks", epoch, row))
            frames.append(heard)
        return collate_frames(frames, [self.corpus.target(row) for row in rows.tolist()])
