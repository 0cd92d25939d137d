"""The sentences about textbook claims say what the figures say, whichever way these point."""

import math

import pytest

from comparisons import OPPOSITE, SEEDS, TEXTBOOK, claim, made_up
from seqloom.comparison.claims import CLAIMS
from seqloom.comparison.quoting import QUOTE
from seqloom.comparison.weighing import BORNE_OUT, IN_PART, NOT, UNMEASURED, UNTOLD, verdict

NAMES = [claim.name for claim in CLAIMS]


@pytest.mark.parametrize("name", NAMES)
def test_figures_as_textbooks_have_them_bear_every_claim_out(name: str) -> None:
    found = claim(made_up(scaled=False), name)
    assert found["verdict"] == BORNE_OUT
    assert found["sentences"]


@pytest.mark.parametrize("name", NAMES)
def test_figures_the_other_way_bear_none_out(name: str) -> None:
    found = claim(made_up({**OPPOSITE, "share": (90.0, 90.0, 90.0, 90.0, 90.0)}), name)
    assert found["verdict"] in (NOT, IN_PART, UNTOLD)
    assert found["sentences"] != claim(made_up(), name)["sentences"]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "lstm limit"])
def test_figures_that_vary_with_the_seed_leave_it_open(name: str) -> None:
    spans = {**TEXTBOOK, "span": (12, 16, 14, 20, 20)}
    found = claim(made_up(spans, spread=1.8, fairness="operations", scaled=False), name)
    expected = IN_PART if name == "rnn strength" else UNTOLD  # parameters don't vary
    assert found["verdict"] == expected
    assert "may be chance" in " ".join(found["sentences"]) or name == "rnn limit"


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("rnn strength", "lstm limit")])
def test_one_seed_gives_no_interval_and_no_verdict(name: str) -> None:
    found = claim(made_up(seeds=(1,), fairness="operations"), name)
    assert found["verdict"] == UNTOLD
    assert "one seed gives no interval" in " ".join(found["sentences"]) or name == "rnn limit"


def test_the_sentences_tell_the_figures_they_weigh() -> None:
    record = made_up()
    remembers = claim(record, "gates")["sentences"]
    assert (
        "In the task “copy” the span of LSTM is 16.0 (15.6 to 16.4), that of Elman 4.0 (3.9 to 4.1); a sure "
        "difference."
    ) in remembers
    assert (
        "A gradient halves 0.20 (0.20 to 0.20) times a symbol in LSTM, 1.50 (1.47 to 1.53) times in Elman; a sure "
        "difference."
    ) in remembers
    (weights,) = claim(record, "lstm limit")["sentences"]
    assert weights == "At the widths of the plan LSTM has 900,000 parameters, GRU 760,000, Elman 500,000."
    forgets = " ".join(claim(record, "rnn limit")["sentences"])
    assert (
        "gave 90 % right answers up to a distance of 4.0 (3.9 to 4.1), of the 20 in its training" in forgets
    )
    assert "Its gradient halves in 0.7" in forgets


def test_a_plain_rnn_that_remembers_is_told_so() -> None:
    record = made_up({**TEXTBOOK, "span": (24, 16, 14, 20, 20)})
    assert claim(record, "rnn limit")["verdict"] == NOT
    assert claim(record, "gates")["verdict"] == IN_PART  # gradients still fade more slowly
    slower = made_up({**TEXTBOOK, "span": (24, 16, 14, 20, 20), "halvings": (0.1, 0.4, 0.4, 0.4, 0.4)})
    assert claim(slower, "gates")["verdict"] == NOT


def test_a_loss_that_is_a_gain_is_put_into_words() -> None:
    record = made_up({**TEXTBOOK, "drop": (12.0, 10.0, -4.0, -14.0, 2.5)})
    gains = [text for text in claim(record, "bottleneck")["sentences"] if "To lose less than" in text]
    assert len(gains) == 1
    assert "GRU loses -4.0 (" in gains[0]


def test_a_gradient_that_grows_doubles() -> None:
    record = made_up({**TEXTBOOK, "halvings": (-0.5, 0.2, 0.2, 0.2, 0.2)})
    assert "Its gradient doubles in 2.0 (" in " ".join(claim(record, "rnn limit")["sentences"])


def test_a_task_that_was_not_learnt_tells_nothing_of_memory() -> None:
    record = made_up({**TEXTBOOK, "span": (0, 16, 14, 20, 20)})
    forgets = claim(record, "rnn limit")
    assert forgets["verdict"] == UNTOLD
    assert (
        "Elman has not learnt the task “copy”: even at the nearest distance 10 % of its answers are right, which tells "
        "nothing of its memory."
    ) in forgets["sentences"]
    gates = claim(record, "gates")
    assert gates["verdict"] == BORNE_OUT  # by the gradients alone
    assert not any("span of" in text for text in gates["sentences"])


def test_two_that_hold_as_far_as_was_asked_are_told_apart_by_neither() -> None:
    record = made_up({**TEXTBOOK, "span": (4, 16, 48, 48, 48)}, spread=0.0)
    sees = claim(record, "attention strength")
    assert any("; both hold as far as was asked." in text for text in sees["sentences"])
    assert sees["verdict"] == BORNE_OUT  # by the longest sentences alone


def test_a_gradient_of_which_the_way_cant_be_told_has_no_half_life() -> None:
    record = made_up({**TEXTBOOK, "halvings": (0.1, 0.2, 0.2, 0.2, 0.2)}, spread=9.0)
    assert record["models"][0]["half_life"]["mean"] is None
    forgets = " ".join(claim(record, "rnn limit")["sentences"])
    assert "Whether its gradient fades or grows with the distance can't be told." in forgets


def test_a_gradient_that_grows_is_no_slower_fading() -> None:
    record = made_up({**TEXTBOOK, "halvings": (-0.5, 0.2, 0.2, 0.2, 0.2)})
    gates = claim(record, "gates")
    assert gates["verdict"] == BORNE_OUT  # by the spans alone
    assert any("to halve less than never is to grow" in text for text in gates["sentences"])


def test_speed_is_weighed_only_at_the_widths_of_the_plan() -> None:
    scaled, plain = (claim(made_up(scaled=scaled), "rnn strength") for scaled in (True, False))
    assert (scaled["verdict"], plain["verdict"]) == (IN_PART, BORNE_OUT)
    assert "With 700,000 and 700,431 parameters" in scaled["sentences"][1]
    assert scaled["sentences"][1].endswith("not weighed, since widths were scaled.")
    assert plain["sentences"][1].endswith("a sure difference.")


def test_models_near_to_each_other_by_their_failure_tell_nothing() -> None:
    failed = made_up({**TEXTBOOK, "quality": (0.0, 0.0, 0.0, 44, 47)})
    assert claim(failed, "gru")["verdict"] == UNTOLD


def test_a_model_too_weak_on_short_sentences_tells_nothing_of_long_ones() -> None:
    weak = made_up({**TEXTBOOK, "shortest": (20.0, 12.0, 10.0, 45.0, 47.5)})
    bottleneck = claim(weak, "bottleneck")
    assert bottleneck["verdict"] == UNTOLD
    assert "too far behind for what length costs it to be told" in bottleneck["sentences"][0]


def test_a_gru_is_nearly_an_lstm_only_where_it_is() -> None:
    behind = claim(made_up({**TEXTBOOK, "quality": (18, 30, 20, 44, 47)}), "gru")
    assert behind["verdict"] == IN_PART
    assert "more than a twentieth apart; a sure difference" in behind["sentences"][0]
    ahead = claim(made_up({**TEXTBOOK, "quality": (18, 30, 40, 44, 47)}), "gru")
    assert "and the GRU is the better one" in ahead["sentences"][0]
    heavier = {**TEXTBOOK, "asked_parameters": (5e5, 7e5, 9e5, 9e5, 9e5)}
    assert claim(made_up(heavier), "gru")["verdict"] == IN_PART
    assert claim(made_up({**heavier, "quality": (18, 30, 20, 44, 47)}), "gru")["verdict"] == NOT


def test_what_was_not_compared_or_not_measured_is_not_judged() -> None:
    record = made_up()
    assert "says nothing" in claim(made_up(models=record["models"][2:4]), "gates")["sentences"][0]
    for name in ("rnn strength", "rnn limit", "gates", "lstm limit", "gru"):
        assert claim(made_up(models=record["models"][3:]), name)["verdict"] == UNMEASURED
    for name in ("attention strength", "attention limit", "bottleneck"):
        assert claim(made_up(models=record["models"][:3]), name)["verdict"] == UNMEASURED
    assert claim(made_up(models=record["models"][:2]), "data")["verdict"] == UNMEASURED
    assert claim(made_up(groups=[]), "bottleneck")["verdict"] == UNMEASURED


def test_equal_operations_are_no_measurement() -> None:
    assert "operations" in " ".join(claim(made_up(), "attention limit")["sentences"])
    assert "operations" not in " ".join(claim(made_up(fairness="operations"), "attention limit")["sentences"])


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (["above", "above"], BORNE_OUT),
        (["above", "missing"], BORNE_OUT),
        (["above", "unsure"], IN_PART),
        (["above", "below"], IN_PART),
        (["below", "unsure"], NOT),
        (["unsure", "alone"], UNTOLD),
        (["missing"], UNMEASURED),
        ([], UNMEASURED),
    ],
)
def test_several_comparisons_come_to_one_verdict(outcomes: list[str], expected: str) -> None:
    assert verdict(outcomes, "above") == expected  # type: ignore[arg-type]


def test_no_number_is_written_by_hand() -> None:
    for found in made_up()["claims"]:
        for template in found["templates"]:
            assert not any(letter.isdigit() for letter in QUOTE.sub("", template)), template


def test_the_made_up_figures_are_what_they_say() -> None:
    summary = made_up()["models"][1]["summary"]["quality"]
    assert math.isclose(summary["mean"], 30.0, rel_tol=1e-9)
    assert summary["low"] < 30 < summary["high"]
    assert len(made_up()["models"][0]["seeds"]) == len(SEEDS)
