"""A comparison from its plan to its report, its steps done in this process; tests/learn does them in their own."""

import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from comparisons import quoted, text_beside
from plans import PLAN, write_plan
from seqloom.base.errors import ConfigError, DataError, Interrupted
from seqloom.base.progress import progress
from seqloom.comparison import report
from seqloom.comparison.measurements import half_life, length_groups, summed
from seqloom.comparison.plan import Plan, read_plan
from seqloom.comparison.quoting import FORMATS, find
from seqloom.comparison.records import read_record, write_record
from seqloom.data.pairs import Pair
from seqloom.pipeline import comparing, comparing_job
from seqloom.pipeline.comparing import compare, default_folder, foresee, read_comparison
from seqloom.pipeline.comparing_data import choose_gradient_pairs, choose_sentence, with_share, write_share
from seqloom.pipeline.comparing_job import peak_megabytes
from seqloom.pipeline.comparing_steps import prepare

Job = dict[str, Any]


def here(job: Job, _folder: Path, _stopped: Callable[[], bool]) -> None:
    """Do a step in this process."""
    comparing_job.JOBS[job["kind"]](job)


class Done:
    """The kinds and the titles of the steps that were done."""

    def __init__(self, fail_at: int = 1000) -> None:
        self.jobs: list[Job] = []
        self.fail_at = fail_at

    def __call__(self, job: Job, folder: Path, stopped: Callable[[], bool]) -> None:
        if len(self.jobs) == self.fail_at:
            raise Interrupted("stopped here")
        self.jobs.append(job)
        here(job, folder, stopped)

    def count(self, kind: str) -> int:
        return sum(job["kind"] == kind for job in self.jobs)


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Done, Done]:
    """The folder of a comparison that was stopped at its fourth step and gone on with; what each part did."""
    from agreement import one_thread_in_full_precision

    root = tmp_path_factory.mktemp("compare")
    plan, folder = write_plan(root / "tiny"), root / "out"
    first, second = Done(fail_at=3), Done()
    with pytest.MonkeyPatch.context() as patch, one_thread_in_full_precision():
        patch.setattr(comparing, "run_job", first)
        with pytest.raises(Interrupted, match="stopped here"):
            compare(plan, folder)
        patch.setattr(comparing, "run_job", second)
        assert compare(plan, folder) == folder / "report.html"
    return folder, first, second


def test_what_was_done_before_a_stop_is_not_done_again(compared: tuple[Path, Done, Done]) -> None:
    _, first, second = compared
    assert [job["kind"] for job in first.jobs] == ["training", "measurement", "training"]
    assert second.count("training") == 6 - 2
    assert second.count("measurement") == 6 - 1
    assert second.count("spans") == 2
    runs = [job["run"] for job in [*first.jobs, *second.jobs] if job["kind"] == "training"]
    assert len(runs) == len(set(runs)) == 6


@pytest.fixture
def _undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes seconds, and is tested elsewhere."""
    monkeypatch.setattr(report, "pictures", lambda _: [])
    monkeypatch.setattr(report, "attention_pictures", lambda _: [])


@pytest.mark.usefixtures("machine_as_before", "_undrawn")
def test_a_comparison_that_is_done_does_nothing_and_gives_the_same_record(
    compared: tuple[Path, Done, Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = compared[0]
    before = (folder / "comparison.json").read_bytes()
    again = Done()
    monkeypatch.setattr(comparing, "run_job", again)
    compare(folder.parent / "tiny" / "compare.toml", folder)
    assert again.jobs == []
    assert (folder / "comparison.json").read_bytes() == before
    steps = foresee(read_plan(folder.parent / "tiny" / "compare.toml"), folder)
    assert len([line for line in steps if line.startswith("done ")]) == 14
    assert not any(line.startswith("to do") for line in steps)


def test_the_record_holds_what_was_measured(compared: tuple[Path, Done, Done]) -> None:
    record = read_comparison(compared[0])
    elman, gru = record["models"]
    assert (elman["decoder"], elman["attends"], gru["attends"]) == ("elman", "none", "additive")
    for model in record["models"]:
        assert abs(model["apart"]) <= 0.02
        assert model["parameters"] == round(40_000 * (1 + model["apart"]))
        assert [row["seed"] for row in model["seeds"]] == [1, 2]
        for row in model["seeds"]:
            assert row["updates"] == 6
            assert [point["update"] for point in row["curve"]] == [3, 6]
            assert row["words_per_second"] >= 0
            assert row["latency_ms"] > 0
            assert row["training_megabytes"] > 50
            assert row["decoding_megabytes"] > 50
            assert row["gradients"]["trained"][0] == row["gradients"]["fresh"][0] == 1.0
            assert row["sentences"]["low"] <= row["sentences"]["high"]
        assert model["memory"]["first token"]["distances"] == [1, 2, 3, 4]
        assert 0 <= model["memory"]["first token"]["all"]["mean"] <= 4
    assert elman["attention"] is None
    assert gru["attention"]["weights"]
    assert elman["shares"] == []
    assert gru["shares"][0]["share"] == 0.5
    assert len(gru["shares"][0]["scores"]) == 2
    (pair,) = record["pairs"]
    assert (pair["one"], pair["other"], len(pair["seeds"])) == (0, 1, 2)
    assert pair["p_value"] == max(row["p_value"] for row in pair["seeds"])
    assert len(record["claims"]) == 9
    assert record["about"]["training_pairs"] == 200
    assert record["about"]["measured_pairs"] == 10


def test_the_record_says_nothing_of_where_things_lie(compared: tuple[Path, Done, Done]) -> None:
    folder = compared[0]
    for name in ("comparison.json", "report.html"):
        assert str(folder.parent) not in (folder / name).read_text(encoding="utf-8")
    assert read_comparison(folder)["models"][0]["settings"]["data"]["train"] == ["train.en", "train.fr"]


def test_every_number_of_the_page_is_in_the_json_file(compared: tuple[Path, Done, Done]) -> None:
    kept = json.loads((compared[0] / "comparison.json").read_text(encoding="utf-8"))
    page = (compared[0] / "report.html").read_text(encoding="utf-8")
    for place, form, text in quoted(page):
        value = find(kept, place)
        assert text == ("–" if value is None else FORMATS[form](value)), place
    assert re.findall(r".{0,30}\d.{0,30}", text_beside(page)) == []


@pytest.mark.usefixtures("machine_as_before", "_undrawn")
def test_finished_runs_are_reused_beside_new_ones(
    compared: tuple[Path, Done, Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [str(compared[0] / "runs" / f"gru-seed{seed}") for seed in (1, 2)]
    plan = reusing(tmp_path, runs)
    done = Done()
    monkeypatch.setattr(comparing, "run_job", done)
    compare(plan, tmp_path / "out")
    assert done.count("training") == 2
    old = read_comparison(tmp_path / "out")["models"][1]
    first = read_comparison(compared[0])["models"][1]
    assert old["parameters"] == first["parameters"]
    assert [row["quality"] for row in old["seeds"]] == [row["quality"] for row in first["seeds"]]
    assert old["seeds"][0]["training_megabytes"] is None


def reusing(tmp_path: Path, runs: list[str], comparison: str = 'fairness = "none"\n') -> Path:
    """A plan of a small Elman network beside runs that are there."""
    shared, _, _ = PLAN.partition('[[models]]\nname = "GRU"')
    text = shared.replace("parameters = 40_000\n", f'measure = ["costs"]\n{comparison}')
    text = re.sub(r"(?m)^(memory_|shares|share_models|gradient_|timed_).*\n", "", text)
    return write_plan(tmp_path / "p", text + f'[[models]]\nname = "Old"\nruns = {json.dumps(runs)}\n')


def test_a_run_that_is_not_alike_is_refused(compared: tuple[Path, Done, Done], tmp_path: Path) -> None:
    runs = [str(compared[0] / "runs" / f"gru-seed{seed}") for seed in (1, 2)]
    plan = read_plan(reusing(tmp_path, runs, "parameters = 20_000\n"))
    sentence = r'Model "Old" has 39,\d+ parameters, \+9\d\.\d % from what all are to have .*keep their size'
    with pytest.raises(ConfigError, match=sentence):
        foresee(plan, tmp_path / "out")
    text = reusing(tmp_path, runs, 'fairness = "updates"\nupdates = 12\n').read_text()
    longer = read_plan(write_plan(tmp_path / "longer", text.replace("max_updates = 6\n", "")))
    with pytest.raises(
        ConfigError, match=r"gru-seed1 was trained for 6 updates, but comparison\.updates = 12"
    ):
        foresee(longer, tmp_path / "out")
    assert foresee(read_plan(reusing(tmp_path, runs)), tmp_path / "out")


def test_runs_of_unlike_shape_are_not_one_model(compared: tuple[Path, Done, Done], tmp_path: Path) -> None:
    runs = [str(compared[0] / "runs" / name) for name in ("gru-seed1", "elman-seed2")]
    with pytest.raises(
        ConfigError, match=r'Model "Old": .*gru-seed1 and .*elman-seed2 are models of different shape'
    ):
        foresee(read_plan(reusing(tmp_path, runs)), tmp_path / "out")


def test_a_run_that_learnt_from_other_pairs_is_refused(
    compared: tuple[Path, Done, Done], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [str(compared[0] / "runs" / f"gru-seed{seed}") for seed in (1, 2)]
    plan = reusing(tmp_path, runs)
    lines = (plan.parent / "train.en").read_text().splitlines(keepends=True)
    (plan.parent / "train.en").write_text("".join(reversed(lines)))
    with pytest.raises(
        ConfigError, match=r"gru-seed1 learnt from other pairs \(.*train\.en, .*\) than the plan's"
    ):
        foresee(read_plan(plan), tmp_path / "out")
    moved = tmp_path / "moved"
    shutil.copytree(runs[0], moved)
    resolved = json.loads((moved / "resolved.json").read_text())
    resolved["data"]["train"] = ["gone.en", "gone.fr"]
    (moved / "resolved.json").write_text(json.dumps(resolved))
    config = (moved / "config.toml").read_text()
    (moved / "config.toml").write_text(re.sub(r"(?m)^train = .*$", 'train = ["gone.en", "gone.fr"]', config))
    plan = reusing(tmp_path / "again", [str(moved), runs[1]])
    foresee(read_plan(plan), tmp_path / "out")
    assert "moved: its training pairs are not there any more" in capsys.readouterr().err


def measured(plan: Plan, folder: Path) -> list[str]:
    """The keys of all measurements."""
    with progress("Reading") as shown:
        return [step.job["key"] for step in prepare(plan, folder, shown).steps() if step.alone]


def test_a_run_that_was_trained_on_is_measured_again(
    compared: tuple[Path, Done, Done], tmp_path: Path
) -> None:
    runs = []
    for seed in (1, 2):
        runs.append(str(tmp_path / f"gru-seed{seed}"))
        shutil.copytree(compared[0] / "runs" / f"gru-seed{seed}", runs[-1])
    plan = read_plan(reusing(tmp_path, runs))
    keys = measured(plan, tmp_path / "out")
    manifest = Path(runs[0]) / "best" / "MANIFEST.json"
    manifest.write_text(manifest.read_text().replace('"sha256": "', '"sha256": "0', 1))
    after = measured(plan, tmp_path / "out")
    assert [one == other for one, other in zip(keys, after, strict=True)] == [True, False, True, True]


def test_other_training_data_is_not_taken_for_the_same(
    compared: tuple[Path, Done, Done], tmp_path: Path
) -> None:
    plan = write_plan(tmp_path / "tiny")
    lines = (plan.parent / "train.en").read_text().splitlines(keepends=True)
    (plan.parent / "train.en").write_text("".join(reversed(lines)))
    steps = foresee(read_plan(plan), compared[0])
    assert not any(line.startswith("done ") and "training" in line for line in steps)


def test_a_plan_without_pairs_to_measure_on_is_refused(tmp_path: Path) -> None:
    plan = write_plan(tmp_path / "tiny")
    for side in ("en", "fr"):
        (plan.parent / f"valid.{side}").write_text("")
    with pytest.raises(DataError, match=r"data\.valid has no pairs; a comparison needs some to measure on"):
        compare(plan, tmp_path / "out")


def test_a_size_that_no_width_has_names_the_model(tmp_path: Path) -> None:
    plan = write_plan(tmp_path / "tiny", PLAN.replace("40_000", "300"))
    with pytest.raises(ConfigError, match=r'Model "Elman": No width gives this model 300 parameters'):
        compare(plan, tmp_path / "out")


def test_the_folder_follows_from_the_plan() -> None:
    assert default_folder(Path("a/textbook/compare.toml")) == Path("runs/textbook")
    assert default_folder(Path("cells.toml")) == Path("runs/cells")


def test_records_are_read_under_their_key_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "record.json"
    write_record(path, "key", {"x": 1})
    assert read_record(path, "key") == {"x": 1}
    assert read_record(path, "other") is None
    path.write_text("{")
    assert read_record(path, "key") is None
    assert read_record(tmp_path / "none.json", "key") is None


def test_the_sentence_is_as_asked_or_one_that_can_be_read() -> None:
    pairs = [Pair("a b", "A"), Pair("a b c d e f g h", "B"), Pair("a b c", "C")]
    assert choose_sentence(pairs, None, None) == ("a b c d e f g h", "B")
    assert choose_sentence(pairs[:1], None, None) == ("a b", "A")
    assert choose_sentence(pairs, "a b", None) == ("a b", "A")
    assert choose_sentence(pairs, "z", None) == ("z", None)
    assert choose_sentence(pairs, "z", "Z") == ("z", "Z")


def test_gradients_are_followed_through_longer_sentences() -> None:
    pairs = [Pair("x", "w " * length) for length in range(1, 60)]
    chosen = choose_gradient_pairs(pairs, 3)
    lengths = [len(target.split()) for _, target in chosen]
    assert len(lengths) == 3
    assert 20 <= min(lengths) <= max(lengths) <= 40
    assert choose_gradient_pairs([Pair("x", "w " * 50)], 3) == [["x", "w " * 50]]


def test_a_smaller_share_lies_within_a_larger_one(tmp_path: Path) -> None:
    config = read_plan(write_plan(tmp_path)).models[0].config
    read = {}
    for share in (0.1, 0.4):
        write_share(config, share, tmp_path / "shares")
        paths = with_share(config, share, tmp_path / "shares").data.train
        read[share] = list(zip(*(Path(path).read_text().splitlines() for path in paths), strict=True))
    whole = list(zip(*(Path(path).read_text().splitlines() for path in config.data.train), strict=True))
    assert [len(rows) for rows in read.values()] == [20, 80]
    assert set(read[0.1]) <= set(read[0.4]) <= set(whole)


def test_groups_of_lengths_hold_every_pair_once() -> None:
    pairs = [Pair("w " * length, "t") for length in (1, 1, 2, 3, 5, 8, 9, 9, 20)]
    groups = length_groups(pairs, 3)
    assert sorted(row for group in groups for row in group["rows"]) == list(range(9))
    assert [(group["shortest"], group["longest"]) for group in groups] == [(1, 2), (3, 8), (9, 20)]
    assert len(length_groups(pairs[:2], 4)) == 1


def test_figures_over_seeds_need_one_of_each_seed() -> None:
    assert summed([1.0, None]) is None
    assert summed([2.0]) == {"mean": 2.0, "low": None, "high": None, "values": [2.0], "step": 0.0}
    found = summed([1.0, 2.0, 3.0])
    assert found is not None
    assert found["low"] < 2.0 == found["mean"] < found["high"]
    lives = half_life([0.5, 0.5, 0.5])
    assert lives == {"mean": 2.0, "low": 2.0, "high": 2.0}
    crossing = half_life([-0.5, 0.1, 1.0])
    assert crossing is not None
    assert crossing["low"] is crossing["high"] is None
    assert half_life([0.0, 0.0]) is None


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_peak_of_memory_is_this_process_s_own(tmp_path: Path) -> None:
    assert peak_megabytes() > 20
    (tmp_path / "status").write_text("VmPeak: 9 kB\nVmHWM:\t  2048 kB\n")
    assert peak_megabytes(tmp_path / "status") == 2.0
    assert peak_megabytes(tmp_path / "none") > 20
