"""Checkpoint averaging: the mean weights of several checkpoints of one run (Vaswani et al. 2017, section 6.1)."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from seqloom.base.errors import DamagedModelError, UsageError
from seqloom.training.checkpoint import read_checkpoint


def average_checkpoints(folders: Sequence[Path]) -> dict[str, Tensor]:
    """The mean of each weight over checkpoints, of the moving average where one was kept; summed in float64.

    Raises   UsageError for no checkpoints; DamagedModelError for one that is damaged or of another model
    """
    if not folders:
        raise UsageError("There is no checkpoint to average.")
    sums: dict[str, Tensor] = {}
    kinds: dict[str, torch.dtype] = {}
    for folder in folders:
        weights = read_checkpoint(folder).shipped
        if not sums:
            sums = {name: torch.zeros_like(tensor, dtype=torch.float64) for name, tensor in weights.items()}
            kinds = {name: tensor.dtype for name, tensor in weights.items()}
        different = sorted(
            name
            for name in sums.keys() | weights.keys()
            if name not in sums or name not in weights or sums[name].shape != weights[name].shape
        )
        if different:
            raise DamagedModelError(
                f"{folder} is of another model than {folders[0]}: {', '.join(different)} differ."
            )
        for name, tensor in weights.items():
            sums[name] += tensor
    return {name: (total / len(folders)).to(kinds[name]) for name, total in sums.items()}
