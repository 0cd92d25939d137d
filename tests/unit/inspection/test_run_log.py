"""What a run wrote about itself, read back: torn lines, resumed updates, numbers that are none."""

import numpy as np
import pytest

from seqloom.base.errors import ResourceError
from seqloom.inspection.run_log import best_validation, last_of, number, read_log, series


def test_torn_lines_are_counted_and_passed_over(tmp_path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(
        b'{"event": "step", "update": 1}\n\n{"event": "st{"event": "step"}\n\xff\xfe\n[1]\n{"event": "stop"'
    )
    log = read_log(path)
    assert log.rows == [{"event": "step", "update": 1}]
    assert log.broken == 4


def test_a_run_that_has_logged_nothing_has_no_rows(tmp_path) -> None:
    assert read_log(tmp_path / "metrics.jsonl").rows == []
    (tmp_path / "folder").mkdir()
    with pytest.raises(ResourceError, match=r"Can't read .*folder"):
        read_log(tmp_path / "folder")


def test_of_rows_for_one_update_the_last_holds() -> None:
    rows = [
        {"event": "step", "update": 1, "loss": 9.0},
        {"event": "step", "update": 2, "loss": 8.0},
        {"event": "step", "update": 3, "loss": 99.0},
        {"event": "validation", "update": 3, "loss": 5.0},
        {"event": "step", "update": 2, "loss": 7.0},  # resumed from update 1
        {"event": "step", "update": 3, "loss": 6.0},
    ]
    points = series(rows, "step", "loss")
    np.testing.assert_array_equal(points.updates, [1, 2, 3])
    np.testing.assert_array_equal(points.values, [9.0, 7.0, 6.0])


def test_values_that_are_no_finite_numbers_are_left_out() -> None:
    values = [1, None, float("nan"), float("inf"), "3", True, 2.5]
    rows = [{"event": "step", "update": n, "loss": value} for n, value in enumerate(values)]
    points = series([*rows, {"event": "step", "loss": 4.0}], "step", "loss")
    np.testing.assert_array_equal(points.updates, [0, 6])
    np.testing.assert_array_equal(points.values, [1, 2.5])
    assert [number(value) for value in values] == [1.0, None, None, None, None, None, 2.5]
    assert number(10**400) is None


def test_the_best_validation_is_by_bleu_or_else_by_loss() -> None:
    rows = [
        {"event": "validation", "update": 1, "loss": 1.0, "bleu": 10.0},
        {"event": "validation", "update": 2, "loss": 2.0, "bleu": 30.0},
        {"event": "validation", "update": 3, "loss": 0.5, "bleu": None},
        {"event": "step", "update": 4, "loss": 0.1},
    ]
    assert best_validation(rows) is rows[1]
    assert (
        best_validation([row for row in rows if row.get("bleu") != 30.0 and row.get("bleu") != 10.0])
        is rows[2]
    )
    assert best_validation(rows[3:]) is None
    assert last_of(rows, "validation") is rows[2]
    assert last_of(rows, "stop") is None
