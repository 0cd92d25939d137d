"""The axis letters of the house, and one check that names them.

B batch · S source positions · T target positions · D model width · H heads · K head size ·
V vocabulary · W beam · F audio features · N rows (B times W in a search)
"""

from typing import Protocol

from seqloom.base.errors import ShapeError

AXES = {
    "B": "batch",
    "S": "source positions",
    "T": "target positions",
    "D": "model width",
    "H": "heads",
    "K": "head size",
    "V": "vocabulary",
    "W": "beam",
    "F": "audio features",
    "N": "rows",
}


class HasShape(Protocol):
    """Anything with a `shape`: a torch tensor, a numpy array."""

    @property
    def shape(self) -> tuple[int, ...]: ...


def check_shape(tensor: HasShape, axes: str, name: str, **sizes: int) -> None:
    """Compare a tensor's shape with axis letters such as "B S D"; sizes known to the caller are compared too.

    Raises   ShapeError, naming the tensor, the axis in words, and both sizes.
    """
    letters = axes.split()
    shape = tuple(tensor.shape)
    if len(shape) != len(letters):
        raise ShapeError(f"{name} has shape {shape}; expected {len(letters)} axes ({axes}).")
    for letter, found in zip(letters, shape, strict=True):
        expected = sizes.get(letter)
        if expected is not None and found != expected:
            words = AXES.get(letter, letter)
            raise ShapeError(
                f"{name} has {found} along {letter} ({words}); expected {expected} (shape {shape}; {axes})."
            )
