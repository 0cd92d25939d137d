"""Randomness as a function: of the seed, the purpose and the place in the work, never of what ran before.

A resumed run then needs no generator state, and any rank can start anywhere.
"""

import hashlib

import numpy as np


def derive(seed: int, purpose: str, *numbers: int) -> int:
    """A 63-bit seed for one purpose at one place, such as derive(1, "dropout", update, rank).

    Stable across machines, Python versions and runs (BLAKE2b of the arguments).
    """
    text = ":".join([str(seed), purpose, *map(str, numbers)])
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def numpy_generator(seed: int, purpose: str, *numbers: int) -> np.random.Generator:
    """A fresh numpy generator for one purpose at one place."""
    return np.random.Generator(np.random.PCG64(derive(seed, purpose, *numbers)))
