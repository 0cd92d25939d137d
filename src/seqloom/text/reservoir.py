"""A uniform sample of a stream of unknown length, in bounded memory."""

from collections.abc import Iterable

import numpy as np

LONGEST_LINE = 1_000
"""Characters kept of a line: with 200,000 lines at most 800 MB, for ordinary sentences some 30 MB."""

BLOCK = 4_096  # draws at a time; a draw for each line alone would take longer than reading it


def draw_lines(lines: Iterable[str], count: int, generator: np.random.Generator) -> list[str]:
    """Draw at most `count` lines, each with equal probability, cut to their first 1,000 characters.

    Blank lines are left out. A stream of no more than `count` lines comes back whole and in order.
    Source: Vitter 1985, algorithm R. Integer arithmetic only, so the sample is the same on every machine.
    """
    sample: list[str] = []
    seen = 0
    slots: list[int] = []
    for line in lines:
        if not line or line.isspace():
            continue
        if seen < count:
            sample.append(line[:LONGEST_LINE])
        else:
            if not slots:
                slots = generator.integers(0, np.arange(seen + 1, seen + 1 + BLOCK))[::-1].tolist()
            slot = slots.pop()
            if slot < count:
                sample[slot] = line[:LONGEST_LINE]
        seen += 1
    return sample
