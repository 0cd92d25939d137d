"""`seqloom compare` as people run it: each step in a process of its own, stopped and killed and gone on with."""

import re
import signal
import time
from pathlib import Path

import pytest

from commands import finish, start
from plans import PLAN, write_plan
from seqloom.base.files import read_json

SMALL = re.sub(r"(?m)^(shares|share_models|timed_|gradient_|memory_).*\n", "", PLAN).replace(
    "seeds = [1, 2]", 'seeds = [1]\nmeasure = ["attention"]'
)


def wait_for(path: Path) -> None:
    """Until a file is there; at most a minute."""
    for _ in range(600):
        if path.exists():
            return
        time.sleep(0.1)
    raise AssertionError(f"{path} never came")


def updates(run: Path) -> list[str]:
    """The lines of a run's log that say which update was validated."""
    return re.findall(r"^update (\d+) .* validation loss", (run / "log.txt").read_text(), re.MULTILINE)


@pytest.mark.slow
def test_stopped_and_killed_it_goes_on_and_trains_nothing_twice(tmp_path: Path) -> None:
    long = SMALL.replace("max_updates = 6", "max_updates = 300").replace(
        "validate_every = 3", "validate_every = 100"
    )
    plan, folder = write_plan(tmp_path / "tiny", long), tmp_path / "out"
    elman, gru = folder / "runs" / "elman-seed1", folder / "runs" / "gru-seed1"

    first = start("compare", plan, "--folder", folder)
    wait_for(elman / "metrics.jsonl")
    first.send_signal(signal.SIGTERM)
    stopped = finish(first)
    assert stopped.code == 75, stopped.err
    assert "The same command goes on from here." in stopped.sentence

    second = start("compare", plan, "--folder", folder)
    wait_for(gru / "metrics.jsonl")
    second.kill()
    second.communicate()
    trained = (folder / "records" / "elman-seed1-training.json").stat().st_mtime_ns
    bits = (elman / "best" / "model.safetensors").read_bytes()

    third = None
    for _ in range(60):  # the step that was at work ends by itself once who started it is gone
        third = finish(start("compare", plan, "--folder", folder))
        if third.code != 5:
            break
        assert "is being trained by process" in third.err
        time.sleep(1)
    assert third is not None
    assert third.code == 0, third.err
    assert (folder / "records" / "elman-seed1-training.json").stat().st_mtime_ns == trained
    assert (elman / "best" / "model.safetensors").read_bytes() == bits
    assert updates(elman) == ["100", "200", "300"]
    assert updates(gru) == ["100", "200", "300"]
    assert "of 4 steps were done before" in third.err
    assert "Elman, seed 1: training" not in third.err
    assert (folder / "report.html").is_file()
    record = read_json(folder / "comparison.json")
    assert [model["seeds"][0]["updates"] for model in record["models"]] == [300, 300]
    assert record["models"][0]["name"] in third.out
    assert "can't be told: An LSTM" in third.out or "not measured: An LSTM" in third.out

    last = finish(start("compare", plan, "--folder", folder))
    assert last.code == 0, last.err
    assert "4 of 4 steps were done before" in last.err
    assert "[1 of" not in last.err
    assert not (folder / "job.json").exists()
    assert not (folder / "failure.json").exists()


@pytest.mark.slow
def test_a_check_says_what_is_to_be_done_and_does_none_of_it(tmp_path: Path) -> None:
    plan, folder = write_plan(tmp_path / "tiny", SMALL), tmp_path / "out"
    answer = finish(start("compare", plan.parent, "--folder", folder, "--check"))
    assert answer.code == 0, answer.err
    assert "Elman: 40,176 parameters" in answer.out
    assert answer.out.count("to do  ") == 4
    assert not folder.exists()
    broken = write_plan(tmp_path / "broken", SMALL.replace("[comparison]", "[comparison]\nseed = 3"))
    refused = finish(start("compare", broken))
    assert refused.code == 2
    assert refused.sentence.startswith("comparison.seed is not an option")


@pytest.mark.slow
def test_side_by_side_it_finds_the_same(tmp_path: Path) -> None:
    plan = write_plan(tmp_path / "tiny", SMALL)
    one = finish(start("compare", plan, "--folder", tmp_path / "one"))
    two = finish(start("compare", plan, "comparison.side_by_side=2", "--folder", tmp_path / "two"))
    assert (one.code, two.code) == (0, 0), two.err
    assert "Elman, seed 1: training: " in two.err
    titles = re.findall(r"^\[(\d) of 4, after .*\]  (.*)$", two.err, re.MULTILINE)
    assert [number for number, _ in titles] == ["1", "2", "3", "4"]
    assert [title.partition(": ")[2] for _, title in titles] == [
        "training",
        "training",
        "measuring",
        "measuring",
    ]
    records = [read_json(tmp_path / name / "comparison.json") for name in ("one", "two")]
    scores = [
        [row["sentences"] for model in record["models"] for row in model["seeds"]] for record in records
    ]
    assert scores[0] == scores[1]
    assert not list((tmp_path / "two").glob("job*"))
