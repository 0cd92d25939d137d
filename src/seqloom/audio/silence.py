"""Where speech ends: a stream cut at silence, a long recording cut where it is quietest."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqloom.audio.resampling import Samples

BLOCK_SECONDS = 0.02
LOUDER = 10 ** (12 / 20)  # speech is at least 12 dB above the noise
QUIETEST = 10 ** (-60 / 20)  # of full scale; below there is only silence
FORGET = 0.05  # how fast the noise is believed to have grown, a block


class Utterance(NamedTuple):
    """samples (length,) of a stream, some silence around what is said included · start: seconds that were before."""

    samples: Samples
    start: float


@dataclass
class Endpointer:
    """Cuts a stream of samples into utterances: an utterance ends with so much silence, or where it grows too long.

    rate      samples a second
    silence   seconds of silence that end an utterance
    longest   seconds of an utterance at most
    before    seconds of silence that are kept around an utterance
    """

    rate: int
    silence: float = 0.6
    longest: float = 30.0
    before: float = 0.2
    _noise: float = QUIETEST
    _taken: int = 0  # samples, but for the rest
    _quiet: float = 0.0
    _speech: bool = False
    _waiting: list[Samples] = field(default_factory=list)
    _rest: Samples = field(default_factory=lambda: np.zeros(0, np.float32))

    @property
    def _block(self) -> int:
        return max(1, round(BLOCK_SECONDS * self.rate))

    def take(self, samples: Samples) -> Iterator[Utterance]:
        """More of the stream; gives each utterance that has ended by then."""
        self._rest = np.concatenate([self._rest, samples])
        while len(self._rest) >= self._block:
            block, self._rest = self._rest[: self._block], self._rest[self._block :]
            yield from self._hear(block)

    def end(self) -> Iterator[Utterance]:
        """The stream is over; gives the utterance that was being said, if one was."""
        self._waiting.append(self._rest)
        self._taken += len(self._rest)
        self._rest = self._rest[:0]
        if self._speech:
            yield self._cut()
        self._waiting = []

    def _hear(self, block: Samples) -> Iterator[Utterance]:
        loudness = float(np.sqrt(np.mean(np.square(block, dtype=np.float64))))
        loud = loudness > max(self._noise * LOUDER, QUIETEST)
        if not loud:
            self._noise += (max(loudness, QUIETEST / LOUDER) - self._noise) * (
                1.0 if loudness < self._noise else FORGET
            )
        self._waiting.append(block)
        self._taken += len(block)
        self._quiet = 0.0 if loud else self._quiet + BLOCK_SECONDS
        self._speech = self._speech or loud
        length = len(self._waiting) * BLOCK_SECONDS
        if self._speech and (self._quiet >= self.silence or length >= self.longest):
            yield self._cut()
        elif not self._speech and length > self.before:
            del self._waiting[0]

    def _cut(self) -> Utterance:
        utterance = np.concatenate(self._waiting)
        start = (self._taken - len(utterance)) / self.rate
        spare = max(0, round((self._quiet - self.before) * self.rate))
        self._waiting, self._quiet, self._speech = [], 0.0, False
        return Utterance(utterance[: len(utterance) - spare], start)


def quiet_cuts(samples: Samples, rate: int, longest: float) -> list[int]:
    """Where to cut a recording into pieces of at most `longest` seconds: the start of each piece but the first.

    Each cut lies where the second half of the piece is quietest.
    """
    block = max(1, round(BLOCK_SECONDS * rate))
    most = max(2 * block, int(longest * rate))
    cuts: list[int] = []
    start = 0
    while len(samples) - start > most:
        searched = samples[start + most // 2 : start + most]
        blocks = searched[: len(searched) // block * block].reshape(-1, block)
        energy = _smooth(np.square(blocks, dtype=np.float64).mean(axis=1))
        start += most // 2 + int(energy.argmin()) * block + block // 2
        cuts.append(start)
    return cuts


def _smooth(energy: NDArray[np.float64], width: int = 5) -> NDArray[np.float64]:
    """The mean over neighbours, so that a zero within a word is no silence."""
    padded = np.pad(energy, width // 2, mode="edge")
    return np.convolve(padded, np.ones(width) / width, mode="valid")
