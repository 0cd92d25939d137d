"""What attention itself is trained for: not to look twice, and to look where word alignments say."""

import torch
from torch import Tensor
from torch.nn import functional

SMALLEST = torch.finfo(torch.float32).tiny  # of a share whose logarithm is taken; below it float32 has zero


def coverage_loss(alignment: Tensor, counted: Tensor | tuple[Tensor, Tensor]) -> Tensor:
    """How much attention goes where it has been before, summed over the positions that count.

        sum over t, s of min(alignment_t(s), coverage_t(s)),   coverage_t = sum of the alignments before t

    alignment  (B, T, S)
    counted    (B, T) bool, False at padding, or the rows and columns of what it marks
    Source     See et al. 2017, equation 12. It needs no model that reads its coverage.
    """
    alignment = alignment.to(torch.promote_types(alignment.dtype, torch.float32))
    coverage = functional.pad(alignment.cumsum(dim=1)[:, :-1], (0, 0, 1, 0))  # (B, T, S), nothing at first
    return torch.minimum(alignment, coverage).sum(dim=-1)[counted].sum()


def guidance_loss(alignment: Tensor, wished: Tensor) -> Tensor:
    """The cross-entropy between wished shares and the alignment, summed over the target positions.

        - sum over t, s of wished_t(s) log alignment_t(s)

    alignment  (B, T, S)
    wished     (B, T, S), rows that sum to 1, or zeros where nothing is known, which then costs nothing
    Source     Chen et al. 2016, equation 5 with a cross-entropy; Garg et al. 2019, equation 3
    """
    alignment = alignment.to(torch.promote_types(alignment.dtype, torch.float32))
    return -(wished * alignment.clamp(min=SMALLEST).log()).sum()
