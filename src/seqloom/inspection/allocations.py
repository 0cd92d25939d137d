"""Bytes that tensors hold while something is computed: seen operation by operation, the same each time.

What is counted is every storage that an operation of PyTorch gives, from when it is made until nobody holds it. What an
operation allocates for itself and gives back before it ends is not, nor what the process holds besides.
"""

import weakref
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Allocations(TorchDispatchMode):
    """While it is entered: peak, the most bytes that new tensors held at once; largest, those of the largest one.

    held   tensors from before that count as if they were new
    """

    def __init__(self, held: Sequence[Tensor] = ()) -> None:
        super().__init__()
        self.live: dict[int, int] = {}
        self.bytes = self.peak = self.largest = 0
        for tensor in held:
            self._see(tensor)

    def __torch_dispatch__(
        self, func: Any, _types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Do the operation, and look at the tensors that come of it."""
        made = func(*args, **(kwargs or {}))
        given = {_place(each) for each in tree_leaves((args, kwargs)) if isinstance(each, Tensor)}
        for each in tree_leaves(made):
            if isinstance(each, Tensor) and _place(each) not in given:
                self._see(each)
        return made

    def _see(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        place, size = storage.data_ptr(), storage.nbytes()
        if place in self.live or not size:
            return
        self.live[place] = size
        self.bytes += size
        self.peak, self.largest = max(self.peak, self.bytes), max(self.largest, size)
        weakref.finalize(storage, self._freed, place)

    def _freed(self, place: int) -> None:
        self.bytes -= self.live.pop(place, 0)


def _place(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def tensors_in(value: Any) -> list[Tensor]:
    """All tensors within dataclasses, tuples, lists and mappings, however deep."""
    if isinstance(value, Tensor):
        return [value]
    if is_dataclass(value):
        value = [getattr(value, each.name) for each in fields(value)]
    elif isinstance(value, Mapping):
        value = list(value.values())
    return [found for each in value for found in tensors_in(each)] if isinstance(value, list | tuple) else []


def bytes_of(tensors: Sequence[Tensor]) -> int:
    """Of what they are stored in, which several may share."""
    return sum({_place(tensor): tensor.untyped_storage().nbytes() for tensor in tensors}.values())
