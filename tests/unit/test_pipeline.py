"""Text in, text out: training from Python, loading, translating, looking inside, scoring, averaging."""

import json
import shutil
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import seqloom
from seqloom import pipeline
from seqloom.base.errors import (
    ConfigError,
    DamagedModelError,
    DataError,
    Interrupted,
    RunLockedError,
    UsageError,
)
from seqloom.config.read import build_config, read_config
from seqloom.data.readers import Pair
from seqloom.metrics.overlap import bleu, chrf
from seqloom.models.build import build_model
from seqloom.pipeline import Model
from seqloom.search.options import SamplingOptions, SearchOptions
from seqloom.training.checkpoint import read_checkpoint
from seqloom.training.events import Event, StepEvent, StopEvent
from seqloom.training.run_folder import RunFolder
from tiny import CPU, TinyRun, same_bits

TEXTS = ["one two three", "red cat dog", "dog", "two two"]


@pytest.fixture(autouse=True)
def _machine_as_before() -> Iterator[None]:
    threads, precision = torch.get_num_threads(), torch.get_float32_matmul_precision()
    torch.set_num_threads(1)
    yield
    torch.set_float32_matmul_precision(precision)
    torch.set_num_threads(threads)


@pytest.fixture
def no_report(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Drawing curves takes longer than these trainings; what would have been drawn is noted."""
    runs: list[Path] = []
    monkeypatch.setattr(pipeline, "write_report", runs.append)
    return runs


@pytest.fixture(scope="module")
def model(tiny_run: TinyRun) -> Model:
    return seqloom.load(tiny_run.path, device="cpu", threads=1)


@pytest.fixture
def run(tiny_run: TinyRun, tmp_path: Path) -> Path:
    """A copy of the run to change."""
    shutil.copytree(tiny_run.path, tmp_path / "run")
    return tmp_path / "run"


def weights(model: Model) -> dict[str, torch.Tensor]:
    return {name: parameter.detach() for name, parameter in model.network.named_parameters()}


def mapping(tiny_run: TinyRun, **training: Any) -> dict[str, Any]:
    """The settings of the run as nested mappings."""
    config = json.loads((tiny_run.path / "resolved.json").read_text())
    return {**config, "training": {**config["training"], **training}}


def test_a_run_trains_from_a_file_a_mapping_or_a_configuration(
    tiny_run: TinyRun, tmp_path: Path, no_report: list[Path]
) -> None:
    short = ("training.max_updates=2",)
    models = [
        seqloom.train(str(tiny_run.config), tmp_path / "a", overrides=(*tiny_run.overrides, *short)),
        seqloom.train(mapping(tiny_run), tmp_path / "b", overrides=short),
        seqloom.train(mapping(tiny_run, max_updates=2), str(tmp_path / "c")),
        seqloom.train(read_config(tiny_run.config, (*tiny_run.overrides, *short)), tmp_path / "d"),
    ]
    for trained in models:
        assert same_bits(weights(trained), weights(models[0]))
        assert trained.config.training.max_updates == 2
    assert len({(tmp_path / name / "config.toml").read_text() for name in "abcd"}) == 1
    assert set(no_report) == {tmp_path / name for name in "abcd"}


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
    seqloom.train(mapping(tiny_run), run, listeners=[heard.append])
    assert [type(event) for event in heard] == [StopEvent]
    further = seqloom.train(mapping(tiny_run, max_updates=12), run, listeners=[heard.append])
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
        seqloom.train(mapping(tiny_run, clip_norm=2.0), run)
    assert no_report == []


def test_a_run_that_is_being_trained_is_refused(tiny_run: TinyRun, run: Path) -> None:
    with RunFolder(run).locked():
        with pytest.raises(RunLockedError, match="is being trained by process"):
            seqloom.train(mapping(tiny_run), run)
        with pytest.raises(RunLockedError, match="is being trained by process"):
            seqloom.average(run)


@pytest.mark.usefixtures("no_report")
def test_a_signal_saves_and_the_same_call_resumes(tiny_run: TinyRun, tmp_path: Path) -> None:
    def terminate(event: Event) -> None:
        if isinstance(event, StepEvent) and event.update == 4:
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(Interrupted) as caught:
        seqloom.train(mapping(tiny_run), tmp_path / "run", listeners=[terminate])
    assert str(caught.value) == f"Stopped and saved in {tmp_path}/run; the same command goes on from here."
    assert caught.value.exit_code == 75
    assert (tmp_path / "run" / "LATEST").read_text() == "step-4\n"  # within one update
    seqloom.train(mapping(tiny_run), tmp_path / "run")
    last = [read_checkpoint(run / "checkpoints" / "step-10") for run in (tmp_path / "run", tiny_run.path)]
    assert same_bits(last[0].model, last[1].model)


def test_the_best_model_is_loaded(tiny_run: TinyRun, model: Model) -> None:
    assert same_bits(weights(model), read_checkpoint(tiny_run.path / "best").model)
    assert not model.network.training
    assert model.config == read_config(tiny_run.path / "config.toml")
    assert same_bits(weights(seqloom.load(str(tiny_run.path), device="cpu", threads=1)), weights(model))


def test_a_model_is_used_in_float32_on_the_threads_asked_for(run: Path) -> None:
    settings = (run / "config.toml").read_text()
    (run / "config.toml").write_text(settings.replace('precision = "float32"', 'precision = "bfloat16"'))
    loaded = seqloom.load(run, device="cpu", threads=2)
    assert (loaded.machine.precision, loaded.machine.threads) == ("float32", 2)


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        DamagedModelError, match=r"nowhere does not exist\. Give the folder that `seqloom train` wrote"
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


def test_a_text_gives_a_result_and_several_a_list_in_order(model: Model) -> None:
    results = model(TEXTS)
    assert [result.source for result in results] == TEXTS
    for text, result in zip(TEXTS, results, strict=True):
        alone = model(text)
        assert (alone.text, alone.tokens) == (result.text, result.tokens)
        assert alone.score == pytest.approx(result.score, abs=1e-5)
        assert result.text == model.tokenizers.target.decode(result.tokens)
        assert result.log_probability < 0
        assert (result.notice, result.alternatives) == ("", ())
    assert model(tuple(TEXTS))[2].text == results[2].text
    assert model([]) == []


@pytest.mark.parametrize("blank", ["", " ", "\t \u3000", "\n"])
def test_a_blank_text_gives_an_empty_result_in_its_place(model: Model, blank: str) -> None:
    first, empty, last = model(["one two", blank, "dog"])
    assert (empty.source, empty.text, empty.tokens, empty.alternatives) == (blank, "", (), ())
    assert (empty.score, empty.log_probability) == (0.0, 0.0)
    assert (first.tokens, last.tokens) == (model("one two").tokens, model("dog").tokens)
    assert model(blank).text == ""


def test_a_text_far_longer_than_any_in_training_is_cut_with_a_notice(model: Model) -> None:
    small = Model(
        model.network,
        model.tokenizers,
        model.config.model_copy(update={"data": model.config.data.model_copy(update={"max_length": 2})}),
        model.machine,
    )
    long, short = small(["one two three red cat dog one two three", "one " * 8])
    assert long.notice == "it has 9 symbols; only the first 8 were read"
    assert long.tokens == model("one two three red cat dog one two").tokens
    assert short.notice == ""
    assert long.attention.weights.shape == (len(long.tokens) + 1, 9)


def test_n_best_outputs_come_with_the_best_first(model: Model) -> None:
    result = model("one two three", n_best=3)
    ranked = [result, *result.alternatives]
    assert len(ranked) == 3
    assert len({each.tokens for each in ranked}) == 3
    assert [each.score for each in ranked] == sorted((each.score for each in ranked), reverse=True)
    assert all(each.source == "one two three" and each.alternatives == () for each in ranked[1:])
    assert ranked[0].tokens == model("one two three").tokens


def test_the_beam_may_be_asked_for(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[SearchOptions] = []
    search = pipeline.search_many

    def noted(network: Any, sources: Any, options: SearchOptions, **more: Any) -> Any:
        seen.append(options)
        return search(network, sources, options, **more)

    monkeypatch.setattr(pipeline, "search_many", noted)
    model("dog", beam=2)
    model("dog")
    model("dog", n_best=7)
    assert [(options.beam, options.n_best) for options in seen] == [(2, 1), (5, 1), (7, 7)]
    for asked in ({"beam": 2, "n_best": 3}, {"beam": 0}, {"n_best": 0}):
        with pytest.raises(UsageError, match=" = "):
            model("dog", **asked)


def test_outputs_begin_with_their_prefixes(model: Model) -> None:
    results = model.translate([*TEXTS[:2], ""], prefixes=["chien rouge", "deux", "trois"])
    assert results[0].text.startswith("chien rouge")
    assert results[1].text.startswith("deux")
    assert results[2].text == ""


def test_there_must_be_a_prefix_for_each_text(model: Model) -> None:
    with pytest.raises(UsageError, match="There are 1 prefixes for 4 texts; expected one each"):
        model.translate(TEXTS, prefixes=["chien"])


def test_a_sample_is_fixed_by_the_seed_and_the_text_s_number(model: Model) -> None:
    options = SamplingOptions(temperature=1.5, seed=3)
    whole = [result.tokens for result in model.translate(TEXTS, options)]
    assert [result.tokens for result in model.translate(TEXTS[2:], options, first=2)] == whole[2:]
    assert [result.tokens for result in model.translate(["", *TEXTS[1:]], options)] == [(), *whole[1:]]
    assert [result.tokens for result in model.translate(TEXTS, replace(options, seed=4))] != whole


def test_targets_are_scored_as_translations_are(model: Model) -> None:
    results = model(TEXTS)
    scores = model.score(TEXTS, [result.text for result in results])
    assert scores == pytest.approx([result.log_probability for result in results], abs=1e-4)
    assert model.score([], []) == []
    with pytest.raises(UsageError, match="There are 1 targets for 4 sources; expected one each"):
        model.score(TEXTS, ["un"])


def test_attention_over_symbols_and_over_words(model: Model) -> None:
    result = model("one red, cat's dog")
    seen = result.attention
    ids = model.tokenizers.source.encode("one red, cat's dog")
    assert seen.source == (*model.tokenizers.source.pieces(ids), "</s>")
    assert seen.target == (*model.tokenizers.target.pieces(result.tokens), "</s>")
    assert seen.weights.shape == (len(seen.target), len(seen.source))
    np.testing.assert_allclose(seen.weights.sum(1), 1, rtol=1e-5)
    assert (seen.source_text, seen.target_text) == ("one red, cat's dog", result.text)
    assert seen.probabilities is not None
    assert np.log(seen.probabilities).sum() == pytest.approx(result.log_probability, abs=1e-3)
    words = result.word_attention
    expected = seen.merged(
        model.tokenizers.source.word_groups(ids), model.tokenizers.target.word_groups(result.tokens)
    )
    assert (words.source, words.target) == (expected.source, expected.target)
    np.testing.assert_array_equal(words.weights, expected.weights)
    assert result.attention is seen  # computed once


def test_attention_to_a_target_of_one_s_own(model: Model) -> None:
    by_text = model.attention("one two", "un deux")
    by_ids = model.attention("one two", model.tokenizers.target.encode("un deux"))
    assert by_text.target == by_ids.target
    assert by_text.target[-1] == "</s>"
    assert by_text.target_text == "un deux"
    np.testing.assert_array_equal(by_text.weights, by_ids.weights)


def test_an_empty_result_has_an_attention_of_its_end_alone(model: Model) -> None:
    seen = model("").attention
    assert (seen.source, seen.target) == (("</s>",), ("</s>",))
    np.testing.assert_allclose(seen.weights, [[1.0]], rtol=1e-6)


def other_model(tiny_run: TinyRun, tokenizers: Any, **options: Any) -> Model:
    """An untrained model of another kind."""
    settings = mapping(tiny_run)
    settings["model"] = {**settings["model"], **options}
    config = build_config(settings)
    torch.manual_seed(3)
    size = len(tokenizers.source)
    return Model(build_model(config.model, size, size), tokenizers, config, CPU)


def test_a_model_without_attention_says_so(tiny_run: TinyRun, model: Model) -> None:
    decoder = {"kind": "recurrent", "hidden": 8, "attention": "none"}
    blind = other_model(tiny_run, model.tokenizers, decoder=decoder)
    assert not blind.has_attention
    assert model.has_attention
    result = blind("one two")
    for look in (
        lambda: result.attention,
        lambda: result.word_attention,
        lambda: blind.attention("one", "un"),
    ):
        with pytest.raises(UsageError, match=r'its model\.decoder\.attention is "none"'):
            look()
    shown = replace(result, text="<b>&</b>")
    assert shown._repr_html_() == "<p>&lt;b&gt;&amp;&lt;/b&gt;</p>"


def test_a_transformer_with_learned_positions_is_not_asked_beyond_them(
    tiny_run: TinyRun, model: Model
) -> None:
    stack = {
        "kind": "transformer",
        "layers": 1,
        "heads": 2,
        "feed_forward": 8,
        "positions": "learned",
        "max_positions": 300,
    }
    learned = other_model(tiny_run, model.tokenizers, encoder=stack, decoder=stack)
    assert learned.has_attention
    result = learned("one " * 310, beam=1)
    assert result.notice == "it has 310 symbols; only the first 299 were read"
    assert len(result.tokens) <= 299
    tight = learned.translate(["one two"], SearchOptions(beam=1, max_length=3))[0]
    assert len(tight.tokens) <= 3
    assert result.attention.weights.shape == (len(result.tokens) + 1, 300)


def test_a_notebook_shows_the_attention_with_markup_escaped(model: Model) -> None:
    page = model('one <script>alert("x")</script> & dog')._repr_html_()
    assert "<svg" in page or "<table" in page
    assert "<script>alert" not in page
    assert "&lt;" in page


def test_evaluating_scores_the_translations(model: Model) -> None:
    pairs = [Pair(text, "un deux trois") for text in TEXTS]
    progress: list[int] = []
    scores, outputs = model.evaluate(pairs, on_progress=progress.append)
    assert outputs == [result.text for result in model(TEXTS)]
    references = [pair.target for pair in pairs]
    assert scores == [bleu(outputs, references), chrf(outputs, references)]
    assert progress == [4]
    narrow, _ = model.evaluate(pairs, SearchOptions(beam=1))
    assert [score.name for score in narrow] == ["bleu", "chrf"]


def test_nothing_cannot_be_scored(model: Model) -> None:
    with pytest.raises(DataError, match="a score needs at least one"):
        model.evaluate([])


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
    with pytest.raises(DamagedModelError, match="does not exist"):
        seqloom.average(tmp_path / "nowhere")
    assert list(tmp_path.iterdir()) == []
