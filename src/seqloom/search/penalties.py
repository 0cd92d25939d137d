"""How whole hypotheses are ranked: the length and coverage penalties of Wu et al. 2016, section 7.

    score(Y) = log P(Y | X) / lp(Y) + cp(X, Y)
    lp(Y)    = ((5 + |Y|) / 6) ** alpha
    cp(X, Y) = beta * sum_j log(min(sum_i alignment_ij, 1))

|Y| counts EOS, and i runs over the EOS step too. Differs from the paper in one place: a source position that was
never looked at counts as looked at by UNSEEN, so that a score stays finite.
"""

from torch import Tensor

UNSEEN = 1e-6  # the least attention a source position is held to have had; log(1e-6) = -13.8 nats


def length_penalty(length: int, alpha: float) -> float:
    """lp for a hypothesis of `length` symbols, EOS counted: 1 at length 1, growing with length if alpha > 0."""
    return float(((5 + length) / 6) ** alpha)


def coverage_penalty(coverage: Tensor, visible: Tensor, beta: float) -> Tensor:
    """cp, in nats, at most 0: how much of the source was left unread.

    coverage  (..., S)  attention that each source position received, summed over the steps
    visible   (..., S)  bool, False at padding, which needs no reading
    Returns   (...)
    """
    missing = coverage.clamp(min=UNSEEN, max=1.0).log()
    return beta * missing.masked_fill(~visible, 0.0).sum(dim=-1)
