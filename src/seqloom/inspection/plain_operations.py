"""PyTorch's own operations alone, so that those who count them see all that is done."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from seqloom.layers import kernels


@contextmanager
def plain_operations(model: nn.Module) -> Iterator[None]:
    """Without compiled kernels and without oneDNN's, into which nobody sees."""
    loaded = kernels.load(build=False) if kernels.ready(next(model.parameters())) else False
    kernels.unload()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the switch itself warns of another one that nobody touched
            with torch.backends.mkldnn.flags(enabled=False):
                yield
    finally:
        if loaded:
            kernels.load(build=False)
