"""Several columns to one form; tokenizers of different kinds; runs that differ in their seed, alone and together."""

import json
import math
from pathlib import Path

import pytest
import torch

import seqloom
from seqloom.base.errors import ConfigError, DataError, UsageError
from seqloom.models.ensemble import Ensemble
from seqloom.training.seeds import seed_runs, spread
from small_tasks import write_inflections

pytestmark = pytest.mark.usefixtures("machine_as_before")


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("verbs")
    seqloom.train_seeds(write_inflections(folder / "verbs"), folder / "runs" / "verbs", 2)
    return folder / "runs" / "verbs"


def test_each_seed_has_its_run_and_the_figures_of_all_are_written(seeds: Path) -> None:
    assert seed_runs(seeds) == [seeds / "seed-1", seeds / "seed-2"]
    assert [json.loads((run / "resolved.json").read_text())["seed"] for run in seed_runs(seeds)] == [1, 2]
    record = json.loads((seeds / "seeds.json").read_text())
    assert record["runs"].keys() == {"seed-1", "seed-2"}
    losses = [row["loss"] for row in record["runs"].values()]
    over_all = record["over_all"]["loss"]
    assert over_all["mean"] == pytest.approx(sum(losses) / 2)
    assert over_all["deviation"] == pytest.approx(abs(losses[0] - losses[1]) / math.sqrt(2))
    table = (seeds / "seeds.md").read_text().splitlines()
    assert table[0] == "| run | accuracy | output error rate | symbol error rate | loss |"
    assert [line.split(" | ")[0] for line in table[2:]] == ["| seed-1", "| seed-2", "| mean", "| deviation"]
    assert table[4].endswith(f"| {over_all['mean']:.3f} |")


def test_the_same_call_goes_on_and_trains_nothing_twice(seeds: Path) -> None:
    before = {run.name: (run / "best" / "MANIFEST.json").read_bytes() for run in seed_runs(seeds)}
    events: list[Path] = []
    rows = seqloom.train_seeds(seeds.parents[1] / "verbs" / "config.toml", seeds, 2, on_run=events.append)
    assert events == seed_runs(seeds)
    assert {run.name: (run / "best" / "MANIFEST.json").read_bytes() for run in seed_runs(seeds)} == before
    assert rows == json.loads((seeds / "seeds.json").read_text())["runs"]


def test_seeds_need_a_folder_of_their_own_and_a_number(seeds: Path) -> None:
    config = seeds.parents[1] / "verbs" / "config.toml"
    with pytest.raises(UsageError, match=r"seed-1 holds a run, so it can't hold one for each seed"):
        seqloom.train_seeds(config, seeds / "seed-1", 2)
    with pytest.raises(UsageError, match="0 seeds are none; expected 1 or more"):
        seqloom.train_seeds(config, seeds, 0)
    assert seed_runs(seeds / "seed-1") == []
    assert seed_runs(seeds / "nothing") == []


def test_the_folder_of_all_is_their_ensemble_whose_probabilities_are_means(seeds: Path) -> None:
    together = seqloom.load(seeds, device="cpu", threads=1)
    members = [seqloom.load(run, device="cpu", threads=1) for run in seed_runs(seeds)]
    assert isinstance(together.network, Ensemble)
    source, target = "bag\tV;PST", "b"  # one symbol, whose probability is the mean over the members
    symbol = together.tokenizers.target.encode(target)[0]
    shares = []
    for model in [together, *members]:
        found = model.attention(source, [symbol])
        assert found.probabilities is not None
        shares.append(found.probabilities[0])
    assert shares[0] == pytest.approx(sum(shares[1:]) / 2, rel=1e-4)


def test_a_line_of_other_columns_is_refused_and_features_never_seen_are_said(seeds: Path) -> None:
    model = seqloom.load(seeds / "seed-1", device="cpu", threads=1)
    with pytest.raises(DataError, match="text 2 has 1 column; the model reads 2, with a tab between two"):
        model.translate(["bag\tV;PST", "bag"])
    one, empty = model.translate(["bag\tV;ABC;XYZ", ""])
    assert one.notice == "the model has not seen the feature ABC, XYZ in training"
    assert (empty.text, empty.notice) == ("", "")


def test_a_batch_gives_what_its_lines_give_alone(seeds: Path) -> None:
    model = seqloom.load(seeds, device="cpu", threads=1)
    lines = ["bag\tV;PST", "", "tarp\tV;NFIN", "b\tV;PRS;NOM(3,SG)"]
    together = [result.text for result in model.translate(lines)]
    assert together == [model.translate([line])[0].text for line in lines]


def test_phones_are_written_with_blanks_and_counted_as_symbols(tmp_path: Path) -> None:
    config = write_inflections(tmp_path / "phones")
    for part in ("train", "valid"):
        path = tmp_path / "phones" / f"{part}.tsv"
        rows = [line.split("\t") for line in path.read_text().splitlines()]
        path.write_text("".join(f"{lemma}\t{' '.join(form)}\n" for lemma, _, form in rows))
    model = seqloom.train(
        config,
        tmp_path / "run",
        overrides=[
            "data.source_columns=none",
            "data.target_column=none",
            "data.feature_columns=none",
            "text.target_tokenizer=space",
            "training.best_by=symbol_error_rate",
        ],
    )
    assert (model.tokenizers.source.kind, model.tokenizers.target.kind) == ("character", "space")
    assert model.tokenizers.target.decode(model.tokenizers.target.encode("b a  g")) == "b a g"
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    validations = [row for row in rows if row["event"] == "validation"]
    assert validations[0]["signatures"]["symbol_error_rate"].startswith("edits:symbols|n:30|")
    least = min(validations, key=lambda row: row["symbol_error_rate"])
    assert [row for row in validations if row["best"]][-1]["symbol_error_rate"] == least["symbol_error_rate"]


def test_features_without_positions_say_the_same_in_any_order(tmp_path: Path) -> None:
    model = _transformer(tmp_path)
    source = model.tokenizers.source
    one, other = (model.score([f"bag\t{cell}"], ["bags"])[0] for cell in ("V;PRS;PST", "PST;V;PRS"))
    assert one == pytest.approx(other, abs=1e-5)
    assert model.network.source.placeless == source.atom_ids
    assert one != pytest.approx(model.score(["gab\tV;PRS;PST"], ["bags"])[0], abs=1e-5)


def _transformer(folder: Path) -> seqloom.Model:
    """Trained next to nothing."""
    config = write_inflections(folder / "verbs")
    text = config.read_text().partition("[model]")[0].replace("lstm", "transformer")
    sizes = "[model]\nwidth = 16\n" + "".join(
        f"[model.{part}]\nlayers = 1\nfeed_forward = 16\n" for part in ("encoder", "decoder")
    )
    config.write_text(text + sizes + '[training]\nmax_updates = 2\nthreads = 1\ndevice = "cpu"\n')
    return seqloom.train(config, folder / "run")


def test_the_deviation_is_a_sample_s() -> None:
    found = spread([1.0, 2.0, 6.0])
    assert (found.mean, found.least, found.most) == (3.0, 1.0, 6.0)
    assert found.deviation == pytest.approx(math.sqrt((4 + 1 + 9) / 2))
    assert spread([5.0]).deviation == 0.0
    assert str(found) == "3.00 ± 2.65 (1.00 to 6.00)"
    assert torch.tensor([1.0, 2.0, 6.0]).std().item() == pytest.approx(found.deviation)


def test_a_run_starts_from_one_whose_sources_have_the_same_parts(seeds: Path, tmp_path: Path) -> None:
    config = seeds.parents[1] / "verbs" / "config.toml"
    asked = [f"training.start_from={seeds / 'seed-1'}", "training.max_updates=3"]
    with pytest.raises(ConfigError, match=r"reads sources of other parts: its task, data\.source_columns or"):
        seqloom.train(config, tmp_path / "other", overrides=[*asked, "data.feature_columns=none"])
    model = seqloom.train(config, tmp_path / "further", overrides=asked)
    before = seqloom.load(seeds / "seed-1", device="cpu", threads=1)
    assert model.tokenizers.fingerprint() == before.tokenizers.fingerprint()
