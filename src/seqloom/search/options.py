"""What a search may be asked for. Every value is checked when the options are made, before any work is done."""

import math
from dataclasses import dataclass

from seqloom.base.errors import UsageError

LARGEST_BEAM = 1000
LARGEST_LENGTH_FACTOR = 1000.0
LARGEST_LENGTH_PENALTY = 10.0  # beyond it every score is nearly zero, and then longer is always better


def _refuse_below(least: float, **values: float) -> None:
    """Raise UsageError for the first value that is smaller than `least`, or not a finite number."""
    for name, value in values.items():
        if not (math.isfinite(value) and value >= least):
            raise UsageError(f"{name} = {value} is out of range; expected a number of {least} or more.")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What every search keeps to, whichever way it chooses.

    max_length         symbols of an output at most, without EOS; None leaves it to the two below
    max_length_factor  an output has at most factor * source length + max_length_extra symbols ...
    max_length_extra   ... where the source length is that of the sentence itself, EOS counted
    min_length         symbols of an output at least; gives way to the cap, and when nothing else may be written
    no_repeat_ngram    no run of this many symbols occurs twice in an output (Paulus et al. 2018); 0 is off
    banned             symbols never written, besides padding and BOS; (UNK,) for instance
    """

    max_length: int | None = None
    max_length_factor: float = 2.0
    max_length_extra: int = 10
    min_length: int = 0
    no_repeat_ngram: int = 0
    banned: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        _refuse_below(
            0,
            max_length_factor=self.max_length_factor,
            max_length_extra=self.max_length_extra,
            min_length=self.min_length,
            no_repeat_ngram=self.no_repeat_ngram,
        )
        if self.max_length_factor > LARGEST_LENGTH_FACTOR:
            raise UsageError(
                f"max_length_factor = {self.max_length_factor} is out of range; "
                f"expected 0 to {LARGEST_LENGTH_FACTOR:g} (2 is usual)."
            )
        if self.max_length is not None:
            _refuse_below(1, max_length=self.max_length)
            if self.min_length > self.max_length:
                raise UsageError(
                    f"min_length = {self.min_length} is more than max_length = {self.max_length}; "
                    "raise the one or lower the other."
                )

    def cap(self, source_length: int) -> int:
        """The most symbols, without EOS, that an output for a source of this length may have."""
        own = int(self.max_length_factor * source_length) + self.max_length_extra
        return own if self.max_length is None else min(self.max_length, own)


@dataclass(frozen=True, kw_only=True)
class SearchOptions(Limits):
    """How greedy and beam search rank what they find.

    beam              places for hypotheses at each step; greedy search doesn't read it
    n_best            hypotheses given for each sentence, best first
    length_penalty    alpha of Wu et al. 2016: scores are log P / ((5 + length) / 6) ** alpha, EOS counted
    coverage_penalty  beta of Wu et al. 2016; more than 0 needs a model with attention
    """

    beam: int = 5
    n_best: int = 1
    length_penalty: float = 1.0
    coverage_penalty: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        _refuse_below(1, beam=self.beam, n_best=self.n_best)
        _refuse_below(0, length_penalty=self.length_penalty, coverage_penalty=self.coverage_penalty)
        if self.beam > LARGEST_BEAM:
            raise UsageError(
                f"beam = {self.beam} is out of range; expected 1 to {LARGEST_BEAM} (5 is usual)."
            )
        if self.length_penalty > LARGEST_LENGTH_PENALTY:
            raise UsageError(
                f"length_penalty = {self.length_penalty} is out of range; "
                f"expected 0 to {LARGEST_LENGTH_PENALTY:g} (1 is usual)."
            )
        if self.n_best > self.beam:
            raise UsageError(
                f"n_best = {self.n_best} asks for more hypotheses than beam = {self.beam} keeps; "
                f"set beam = {self.n_best} or more."
            )


@dataclass(frozen=True, kw_only=True)
class SamplingOptions(Limits):
    """How sampling draws each symbol: divide by the temperature, keep the top k, keep the top p, draw.

    temperature  below 1 sharpens the model's distribution, above 1 flattens it
    top_k        draw from this many of the likeliest symbols (Fan et al. 2018); 0 is all
    top_p        draw from the fewest likeliest symbols that hold this much probability (Holtzman et al. 2020)
    seed         with the sentence's number it fixes the sentence's draws, whatever else is in the batch
    repetition_penalty  above 1 makes what was written lately less likely (Keskar et al. 2019); 1 is off
    repetition_window   how many of the symbols written last count for that
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 0
    repetition_penalty: float = 1.0
    repetition_window: int = 64

    @property
    def penalises(self) -> bool:
        """Whether what was written lately counts."""
        return self.repetition_penalty > 1

    def __post_init__(self) -> None:
        super().__post_init__()
        _refuse_below(0, top_k=self.top_k)
        _refuse_below(1, repetition_penalty=self.repetition_penalty, repetition_window=self.repetition_window)
        if not (math.isfinite(self.temperature) and self.temperature > 0):
            raise UsageError(
                f"temperature = {self.temperature} is out of range; expected a finite number above 0. "
                "For the likeliest symbol each time, search with a beam of 1 instead of sampling."
            )
        if not 0 < self.top_p <= 1:
            raise UsageError(f"top_p = {self.top_p} is out of range; expected more than 0, at most 1.")
