"""What every search gives back."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Hypothesis:
    """One output for one sentence.

    tokens                   its T symbols, without BOS and EOS; a forced prefix included
    score                    what it is ranked by: log_probability after the penalties
    log_probability          nats, EOS included
    token_log_probabilities  nats, one a symbol and one for EOS: T + 1 that sum to log_probability
    alignment                (T + 1, S) float32, the EOS step's row last, S the sentence's own source length;
                             None if not asked for or if the model has no attention
    finished                 False when the search ended it, at the cap or because nothing more could be written
    """

    tokens: list[int]
    score: float
    log_probability: float
    token_log_probabilities: list[float]
    alignment: npt.NDArray[np.float32] | None
    finished: bool
