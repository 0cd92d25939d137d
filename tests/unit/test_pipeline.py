"""Training from Python, going on, loading, averaging; what a model then does is in test_pipeline_model.py."""

import json
import re
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
import torch

import seqloom
from seqloom.base.errors import (
    ConfigError,
    DamagedModelError,
    Interrupted,
    RunLockedError,
    UsageError,
)
from seqloom.config.read import read_config
from seqloom.pipeline import Model
from seqloom.pipeline import training as pipeline
from seqloom.search.options import SearchOptions
from seqloom.training.checkpoint import read_checkpoint
from seqloom.training.events import Event, StepEvent, StopEvent, ValidationEvent
from seqloom.training.run_folder import RunFolder
from tiny import TinyRun, same_bits

pytestmark = pytest.mark.usefixtures("machine_as_before")


@pytest.fixture
def no_report(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Drawing curves takes longer than these trainings; what would have been drawn is noted."""
    runs: list[Path] = []
    monkeypatch.setattr(pipeline, "write_report", runs.append)
    return runs


@pytest.fixture
def run(tiny_run: TinyRun, tmp_path: Path) -> Path:
    """A copy of the run to change."""
    shutil.copytree(tiny_run.path, tmp_path / "run")
    return tmp_path / "run"


def weights(model: Model) -> dict[str, torch.Tensor]:
    """As a checkpoint has them: of a tied output layer, which a finished model keeps a copy of, the embedding alone."""
    named = {name: parameter.detach() for name, parameter in model.network.named_parameters()}
    assert torch.equal(named.pop("output.table"), named["source.embedding.table"])
    return named


def test_a_run_trains_from_a_file_a_mapping_or_a_configuration(
    tiny_run: TinyRun, tmp_path: Path, no_report: list[Path]
) -> None:
    short = ("training.max_updates=3",)
    models = [
        seqloom.train(str(tiny_run.config), tmp_path / "a", overrides=(*tiny_run.overrides, *short)),
        seqloom.train(tiny_run.settings(), tmp_path / "b", overrides=short),
        seqloom.train(tiny_run.settings(max_updates=3), str(tmp_path / "c")),
        seqloom.train(read_config(tiny_run.config, (*tiny_run.overrides, *short)), tmp_path / "d"),
    ]
    for trained in models:
        assert same_bits(weights(trained), weights(models[0]))
        assert trained.config.training.max_updates == 3
    assert len({(tmp_path / name / "config.toml").read_text() for name in "abcd"}) == 1
    assert set(no_report) == {tmp_path / name for name in "abcd"}


def test_subwords_are_sampled_in_training_and_not_in_validation(
    tiny_run: TinyRun, tmp_path: Path, no_report: list[Path]
) -> None:
    events: list[Event] = []
    sampled = (*tiny_run.overrides, "text.tokenizer=bpe", "text.vocabulary_size=290", "text.sampling=0.3")
    short = ("training.max_updates=4", "training.validate_every=2")
    seqloom.train(tiny_run.config, tmp_path / "run", overrides=(*sampled, *short), listeners=[events.append])
    assert [event.update for event in events if isinstance(event, ValidationEvent)] == [2, 4]
    assert no_report


def test_the_moving_average_is_what_is_loaded_where_nothing_was_validated(
    tiny_run: TinyRun, tmp_path: Path, no_report: list[Path]
) -> None:
    model = seqloom.train(
        tiny_run.config,
        tmp_path / "run",
        overrides=(*tiny_run.overrides, "training.ema=0.9", "data.valid=none", "training.max_updates=6"),
    )
    newest = read_checkpoint(tmp_path / "run" / "checkpoints" / "step-6")
    assert same_bits(weights(model), newest.moving_average)
    assert not same_bits(weights(model), newest.model)
    seqloom.average(tmp_path / "run", last=1)
    assert same_bits(weights(seqloom.load(tmp_path / "run")), newest.moving_average)
    assert no_report


def test_validation_keeps_to_learned_positions(
    tiny_run: TinyRun, tmp_path: Path, no_report: list[Path]
) -> None:
    long = tmp_path / "valid.tsv"
    long.write_text("one " * 30 + "\t" + "un " * 30 + "\none\tun\n", encoding="utf-8")
    parts = [
        f"model.{part}.{option}"
        for part in ("encoder", "decoder")
        for option in ("kind=transformer", "layers=1", "heads=2", "positions=learned", "max_positions=5")
    ]
    model = seqloom.train(
        tiny_run.settings(),
        tmp_path / "run",
        overrides=[f"data.valid={long}", "data.max_length=4", *parts, "training.max_updates=3"],
    )
    assert len(model("one " * 30).tokens) <= 4
    with pytest.raises(
        UsageError, match=r"target 1 has 9 symbols, but the model was made with learned positions"
    ):
        model.translate(["one"], prefixes=["un " * 9])
    assert no_report


def test_several_runs_over_one_vocabulary_decide_together(
    tiny_run: TinyRun, tmp_path: Path, no_report: list[Path]
) -> None:
    other = tmp_path / "other"
    short = (*tiny_run.overrides, "seed=7", "model.decoder.cell=lstm", "training.max_updates=3")
    seqloom.train(tiny_run.config, other, overrides=short)
    texts, targets = ["one two", "three red dog"], ["un deux", "trois rouge"]
    together = seqloom.load([tiny_run.path, other])
    alone = [seqloom.load(run).score(texts, targets) for run in (tiny_run.path, other)]
    found = together.score(texts, targets)
    for mean, one, two in zip(found, *alone, strict=True):
        assert min(one, two) < mean < max(one, two)
    result = together("one two")
    assert result.attention.weights.shape == (len(result.tokens) + 1, 3)
    assert no_report


def test_a_run_learns_from_another_and_refuses_a_teacher_of_another_vocabulary(
    tiny_run: TinyRun, tmp_path: Path, no_report: list[Path]
) -> None:
    short = (*tiny_run.overrides, "training.max_updates=3", f"training.teacher={tiny_run.path}")
    taught = seqloom.train(tiny_run.config, tmp_path / "taught", overrides=short)
    alone = seqloom.train(tiny_run.config, tmp_path / "alone", overrides=short[:-1])
    assert not same_bits(weights(taught), weights(alone))
    with pytest.raises(UsageError, match=r"training\.teacher = .* has another vocabulary than this run"):
        seqloom.train(tiny_run.config, tmp_path / "other", overrides=(*short, "text.vocabulary_size=9"))
    assert no_report


def test_a_run_that_copies_is_no_teacher_and_no_member_beside_one_that_doesnt(
    tiny_run: TinyRun, tmp_path: Path, no_report: list[Path]
) -> None:
    short = (*tiny_run.overrides, "training.max_updates=3")
    for seed in (1, 2):
        seqloom.train(
            tiny_run.config,
            tmp_path / f"copying-{seed}",
            overrides=(*short, f"seed={seed}", "model.decoder.copying=true"),
        )
    one, other = tmp_path / "copying-1", tmp_path / "copying-2"
    with pytest.raises(UsageError) as caught:
        seqloom.load([tiny_run.path, one])
    assert str(caught.value) == (
        f"{one} copies words of the source and {tiny_run.path} doesn't know them; the members of an ensemble must all "
        "have model.decoder.copying, or none."
    )
    with pytest.raises(
        UsageError, match=r"training\.teacher = .* copies words of the source, which its pupil can't"
    ):
        seqloom.train(tiny_run.config, tmp_path / "pupil", overrides=(*short, f"training.teacher={one}"))
    texts, targets = ["one Xyzzy", "three red dog"], ["Xyzzy un", "trois rouge"]
    alone = [seqloom.load(run).score(texts, targets) for run in (one, other)]
    for mean, *each in zip(seqloom.load([one, other]).score(texts, targets), *alone, strict=True):
        assert sum(each) / 2 < mean < 0  # a mean of probabilities is above that of their logarithms
    assert no_report


def test_a_run_starts_from_another_s_weights_and_vocabulary(
    tiny_run: TinyRun, tmp_path: Path, no_report: list[Path]
) -> None:
    pairs = tmp_path / "more.tsv"
    pairs.write_text("three dog\ttrois chien\n" * 9, encoding="utf-8")
    first = f"training.start_from={tiny_run.path}"
    options = (
        *tiny_run.overrides,
        f"data.train={pairs}",
        "training.max_updates=3",
        "training.learning_rate=1e-9",
    )
    tuned = seqloom.train(tiny_run.config, tmp_path / "tuned", overrides=(*options, first))
    best = seqloom.load(tiny_run.path)
    assert tuned.tokenizers.fingerprint() == best.tokenizers.fingerprint()
    for name, tensor in weights(best).items():
        torch.testing.assert_close(weights(tuned)[name], tensor, rtol=0, atol=1e-6)
    with pytest.raises(ConfigError, match=r"has another vocabulary: text\.vocabulary_size was \d+, is 9\."):
        seqloom.train(
            tiny_run.config, tmp_path / "other", overrides=(*options, first, "text.vocabulary_size=9")
        )
    with pytest.raises(DamagedModelError, match=r"doesn't fit the model: .*has shape"):
        seqloom.train(tiny_run.config, tmp_path / "wider", overrides=(*options, first, "model.width=16"))
    assert no_report


def test_outputs_become_likely_as_far_as_a_metric_finds_them_good(
    tiny_run: TinyRun, tmp_path: Path, no_report: list[Path]
) -> None:
    options = (*tiny_run.overrides, f"training.start_from={tiny_run.path}", "training.max_updates=3")
    tuned = [
        seqloom.train(
            tiny_run.config, tmp_path / metric, overrides=(*options, f"training.minimum_risk={metric}")
        )
        for metric in ("none", "bleu", "chrf")
    ]
    assert not same_bits(weights(tuned[0]), weights(tuned[1]))
    assert not same_bits(weights(tuned[1]), weights(tuned[2]))
    assert no_report


def test_runs_over_different_vocabularies_are_no_ensemble(
    tiny_run: TinyRun, tmp_path: Path, no_report: list[Path]
) -> None:
    other = tmp_path / "other"
    short = (*tiny_run.overrides, "text.vocabulary_size=9", "training.max_updates=3")
    seqloom.train(tiny_run.config, other, overrides=short)
    with pytest.raises(
        UsageError, match=r"other has another vocabulary than .*; the members of an ensemble need one"
    ):
        seqloom.load([tiny_run.path, other])
    with pytest.raises(UsageError, match=r"load takes a run, or several; found none\."):
        seqloom.load([])
    assert no_report


def test_runs_over_different_texts_may_have_one_vocabulary(
    tiny_run: TinyRun, tmp_path: Path, no_report: list[Path]
) -> None:
    pairs = tmp_path / "more.tsv"
    pairs.write_text("three dog\ttrois chien\n" * 9, encoding="utf-8")
    options = (f"data.train={pairs}", f"text.vocabulary={tiny_run.path}", "training.max_updates=3")
    seqloom.train(tiny_run.config, tmp_path / "other", overrides=(*tiny_run.overrides, *options))
    together = seqloom.load([tiny_run.path, tmp_path / "other"])
    assert isinstance(together(["one cat"])[0].text, str)
    assert no_report


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"device": "gpuu"}, "device = 'gpuu' is unknown; expected auto, cpu, cuda."),
        ({"threads": -1}, "threads = -1"),
    ],
)
def test_what_a_model_is_loaded_with_is_checked(run: Path, options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        seqloom.load(run, **options)


def test_a_complete_configuration_takes_no_overrides(tiny_run: TinyRun, tmp_path: Path) -> None:
    config = read_config(tiny_run.config)
    with pytest.raises(
        UsageError, match="Overrides go with a file or a mapping; a Config is complete already"
    ):
        seqloom.train(config, tmp_path / "run", overrides=["seed=3"])
    assert not (tmp_path / "run").exists()


def test_training_data_must_be_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"data\.train must name the training pairs"):
        seqloom.train({}, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_listeners_hear_every_event_in_order(tiny_run: TinyRun) -> None:
    heard = tiny_run.events
    assert [event.update for event in heard] == sorted(event.update for event in heard)
    assert [event.update for event in heard if isinstance(event, StepEvent)] == [4, 8, 10]
    assert heard[-1] == StopEvent(10, "finished", heard[-1].seconds)  # type: ignore[union-attr]


def test_the_report_is_drawn(tiny_run: TinyRun) -> None:
    page = (tiny_run.path / "report.html").read_text()
    assert "Stopped: finished." in page
    assert "<svg" in page


def test_the_same_call_goes_on_and_a_larger_bound_trains_further(
    tiny_run: TinyRun, run: Path, no_report: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    heard: list[Event] = []
    seqloom.train(tiny_run.settings(), run, listeners=[heard.append])
    assert [type(event) for event in heard] == [StopEvent]
    further = seqloom.train(tiny_run.settings(max_updates=12), run, listeners=[heard.append])
    assert heard[-1].update == 12
    assert further.config.training.max_updates == 12
    assert (run / "LATEST").read_text() == "step-12\n"
    said = capsys.readouterr().err
    assert said.count("Going on from update 10\n") == 2
    assert "\x1b" not in said
    assert "\r" not in said  # no terminal: plain lines
    assert no_report == [run] * 3  # the end; the last validation and the end


def test_other_settings_are_refused(tiny_run: TinyRun, run: Path, no_report: list[Path]) -> None:
    with pytest.raises(ConfigError, match=r"settings: training\.clip_norm was 1\.0, is 2\.0\. Use the same"):
        seqloom.train(tiny_run.settings(clip_norm=2.0), run)
    assert no_report == []


def test_a_run_that_is_being_trained_is_refused(tiny_run: TinyRun, run: Path) -> None:
    with RunFolder(run).locked():
        with pytest.raises(RunLockedError, match="is being trained by process"):
            seqloom.train(tiny_run.settings(), run)
        with pytest.raises(RunLockedError, match="is being trained by process"):
            seqloom.average(run)


@pytest.mark.usefixtures("no_report")
def test_a_signal_saves_and_the_same_call_resumes(tiny_run: TinyRun, tmp_path: Path) -> None:
    def terminate(event: Event) -> None:
        if isinstance(event, StepEvent) and event.update == 4:
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(Interrupted) as caught:
        seqloom.train(tiny_run.settings(), tmp_path / "run", listeners=[terminate])
    assert str(caught.value) == f"Stopped and saved in {tmp_path}/run; the same command goes on from here."
    assert caught.value.exit_code == 75
    assert (tmp_path / "run" / "LATEST").read_text() == "step-4\n"  # within one update
    seqloom.train(tiny_run.settings(), tmp_path / "run")
    last = [read_checkpoint(run / "checkpoints" / "step-10") for run in (tmp_path / "run", tiny_run.path)]
    assert same_bits(last[0].model, last[1].model)


def test_the_best_model_is_loaded(tiny_run: TinyRun, loaded: Model) -> None:
    assert same_bits(weights(loaded), read_checkpoint(tiny_run.path / "best").model)
    assert not loaded.network.training
    assert loaded.config == read_config(tiny_run.path / "config.toml")
    assert same_bits(weights(seqloom.load(str(tiny_run.path), device="cpu", threads=1)), weights(loaded))


def test_a_loaded_model_translates_as_it_did_in_training(tiny_run: TinyRun, loaded: Model) -> None:
    best = read_checkpoint(tiny_run.path / "best").state["best_update"]
    rows = map(json.loads, (tiny_run.path / "samples.jsonl").read_text().splitlines())
    samples = [row for row in rows if row["update"] == best]
    found = [
        result.text for result in loaded.translate([row["source"] for row in samples], SearchOptions(beam=1))
    ]
    assert found == [row["output"] for row in samples]
    assert len(found) == 3


def test_a_model_is_used_in_float32_on_the_threads_asked_for(run: Path) -> None:
    settings = (run / "config.toml").read_text()
    (run / "config.toml").write_text(settings.replace('precision = "float32"', 'precision = "bfloat16"'))
    loaded = seqloom.load(run, device="cpu", threads=2)
    assert (loaded.machine.precision, loaded.machine.threads) == ("float32", 2)


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"nowhere does not exist\. Give the folder that `seqloom train` wrote"
    ):
        seqloom.load(tmp_path / "nowhere")
    with pytest.raises(DamagedModelError, match=r"is no folder of a run: it has no config\.toml"):
        seqloom.load(tmp_path)


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        (
            "best/model.safetensors",
            r"best/model\.safetensors is missing; the manifest beside it lists it\. `seqloom av",
        ),
        ("best/MANIFEST.json", r"best/MANIFEST\.json is missing\. `seqloom average .* --last 1`"),
        ("vocabulary/shared/vocabulary.json", r"vocabulary/shared"),
    ],
)
def test_an_incomplete_run_is_refused(run: Path, lost: str, said: str) -> None:
    (run / lost).unlink()
    with pytest.raises(DamagedModelError, match=said):
        seqloom.load(run, device="cpu", threads=1)


def test_weights_of_another_configuration_are_refused(run: Path) -> None:
    settings = (run / "config.toml").read_text()
    (run / "config.toml").write_text(settings.replace("width = 8", "width = 6"))
    with pytest.raises(
        DamagedModelError, match=r"best doesn't fit the model: decoder\..* has shape .* expected"
    ):
        seqloom.load(run, device="cpu", threads=1)


def test_the_mean_of_the_newest_becomes_the_best(tiny_run: TinyRun, run: Path) -> None:
    used = seqloom.average(run, last=3)
    assert used == [run / "checkpoints" / name for name in ("step-10", "step-8", "step-5")]
    parts = [read_checkpoint(folder).model for folder in used]
    best = read_checkpoint(run / "best")
    for name, tensor in best.model.items():
        mean = torch.stack([part[name].double() for part in parts]).mean(0).float()
        torch.testing.assert_close(tensor, mean, rtol=1e-6, atol=1e-8)
    assert best.state["update"] == 10
    assert not same_bits(best.model, read_checkpoint(tiny_run.path / "best").model)
    assert same_bits(weights(seqloom.load(str(run), device="cpu", threads=1)), best.model)


def test_one_checkpoint_may_take_the_place_of_a_damaged_best(run: Path) -> None:
    (run / "best" / "model.safetensors").unlink()
    seqloom.average(str(run), last=1)
    newest = read_checkpoint(run / "checkpoints" / "step-10").model
    assert same_bits(weights(seqloom.load(run, device="cpu", threads=1)), newest)


@pytest.mark.parametrize("last", [0, -1])
def test_no_checkpoints_have_no_mean(run: Path, last: int) -> None:
    before = read_checkpoint(run / "best").model
    with pytest.raises(UsageError, match="no checkpoint to average"):
        seqloom.average(run, last=last)
    assert same_bits(read_checkpoint(run / "best").model, before)


def test_what_is_no_run_has_no_mean_and_is_not_made_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        seqloom.average(tmp_path / "nowhere")
    assert list(tmp_path.iterdir()) == []
