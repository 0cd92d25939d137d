"""Which validation is the best so far, by metrics of which more is better and by those of which less is."""

import pytest

from seqloom.config.training import TrainingConfig
from seqloom.training.state import TrainingState
from seqloom.training.validation import Validation


@pytest.mark.parametrize(
    ("best_by", "values", "best"),
    [
        ("accuracy", [50.0, 60.0, 55.0, 60.0], [True, True, False, False]),
        ("response_accuracy", [0.0, 0.0, 1.0], [True, False, True]),
        ("symbol_error_rate", [9.0, 11.0, 8.0, 8.0], [True, False, True, False]),
        ("output_error_rate", [100.0, 40.0, 60.0], [True, True, False]),
        ("loss", [2.0, 1.0, 3.0], [True, True, False]),
    ],
)
def test_the_best_is_the_highest_or_where_errors_are_counted_the_lowest(
    best_by: str, values: list[float], best: list[bool]
) -> None:
    state, config = TrainingState(), TrainingConfig(max_updates=1, best_by=best_by)  # type: ignore[arg-type]
    found = []
    for value in values:
        measured = Validation(value if best_by == "loss" else 1.0, 1.0, {best_by: value})
        found.append(state.judge(measured, config))
    assert found == best
    assert state.stale_validations == (
        len(best) - 1 - max(row for row, is_best in enumerate(best) if is_best)
    )
