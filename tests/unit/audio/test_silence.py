"""Streams are cut at silence, long recordings where they are quietest; nothing that is said is lost."""

from itertools import pairwise

import numpy as np

from seqloom.audio.silence import Endpointer, Utterance, quiet_cuts
from sounds import RATE, tone


def noise(seconds: float) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 1e-3, int(seconds * RATE)).astype(np.float32)


def heard(ends: Endpointer, samples: np.ndarray, piece: int) -> list[Utterance]:
    found = []
    for start in range(0, len(samples), piece):
        found += list(ends.take(samples[start : start + piece]))
    return [*found, *ends.end()]


def test_an_utterance_ends_with_silence_however_the_stream_comes() -> None:
    stream = np.concatenate([noise(1), tone(["la"], 0.4), noise(1), tone(["mi"], 0.4), noise(1)])
    whole = heard(Endpointer(RATE, 0.3), stream, len(stream))
    assert len(whole) == 2
    for piece in (7, 333):
        found = heard(Endpointer(RATE, 0.3), stream, piece)
        assert [len(one.samples) for one in found] == [len(one.samples) for one in whole]
        assert all(
            np.array_equal(one.samples, other.samples) for one, other in zip(found, whole, strict=True)
        )
        assert [one.start for one in found] == [one.start for one in whole]
    for one, word in zip(whole, ("la", "mi"), strict=True):
        assert 0.4 < len(one.samples) / RATE < 1.2
        first = round(one.start * RATE)
        assert np.array_equal(stream[first : first + len(one.samples)], one.samples)
        assert np.abs(one.samples).sum() > 0.95 * np.abs(tone([word], 0.4)).sum()


def test_what_is_being_said_at_the_end_counts_and_silence_alone_is_nothing() -> None:
    stream = np.concatenate([noise(0.5), tone(["la"], 0.4)])[:-7]  # which ends within a block
    (found,) = heard(Endpointer(RATE, 0.3), stream, 100)
    assert len(found.samples) / RATE > 0.4
    assert np.array_equal(stream[round(found.start * RATE) :], found.samples)
    assert heard(Endpointer(RATE), noise(2), 100) == []
    assert heard(Endpointer(RATE), np.zeros(0, np.float32), 100) == []


def test_an_endless_sound_is_cut() -> None:
    found = heard(Endpointer(RATE, 0.3, longest=1.0), np.concatenate([noise(0.5), tone(["so"], 3.5)]), 100)
    assert len(found) >= 3
    assert all(len(one.samples) <= 1.05 * RATE for one in found)
    for one, other in pairwise(found):
        assert other.start == one.start + len(one.samples) / RATE


def test_long_recordings_are_cut_where_they_are_quietest() -> None:
    samples = tone(["la"] * 8, 0.4)  # pauses of 0.05 seconds
    cuts = quiet_cuts(samples, RATE, 1.0)
    edges = [0, *cuts, len(samples)]
    assert cuts
    assert all(0 < after - before <= RATE for before, after in pairwise(edges))
    assert all(abs(samples[cut]) < 1e-6 for cut in cuts)
    assert quiet_cuts(samples, RATE, 10.0) == []
