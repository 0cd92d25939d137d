"""A run's folder is claimed for one configuration, prepared once, and gone on with where it stopped."""

import io
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from seqloom.base.errors import (
    ConfigError,
    DamagedModelError,
    DataError,
    Interrupted,
    OtherFormatError,
    UsageError,
)
from seqloom.base.progress import Progress
from seqloom.config.read import read_config
from seqloom.config.schema import Config
from seqloom.config.write import resolved
from seqloom.training import run as run_module
from seqloom.training import run_config as module
from seqloom.training.checkpoint import read_checkpoint
from seqloom.training.events import CheckpointEvent, Event, StepEvent, StopEvent, ValidationEvent
from seqloom.training.run import prepare_run, train_run
from seqloom.training.run_config import claim_run, read_run_config
from seqloom.training.run_folder import RunFolder
from tiny import TinyRun, same_bits


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def settings(run: TinyRun, *changes: str) -> Config:
    return read_config(run.config, (*run.overrides, *changes))


@pytest.fixture
def folder(tiny_run: TinyRun, tmp_path: Path) -> RunFolder:
    """A copy of the run to change."""
    shutil.copytree(tiny_run.path, tmp_path / "run")
    return RunFolder(tmp_path / "run")


def watched() -> tuple[Progress, io.StringIO]:
    stream = io.StringIO()
    return Progress("Training", 1.0, stream, 1e9), stream


def test_a_run_leaves_behind_what_the_plan_says(tiny_run: TinyRun) -> None:
    assert sorted(path.name for path in tiny_run.path.iterdir()) == [
        "LATEST",
        "LOCK",
        "best",
        "checkpoints",
        "config.toml",
        "environment.json",
        "log.txt",
        "metrics.jsonl",
        "report.html",
        "resolved.json",
        "samples.jsonl",
        "vocabulary",
    ]
    folder = RunFolder(tiny_run.path)
    assert read_run_config(folder) == settings(tiny_run)
    assert json.loads(folder.resolved.read_text()) == resolved(settings(tiny_run))
    assert sorted(path.name for path in (tiny_run.path / "checkpoints").iterdir()) == [
        "step-10",
        "step-4",
        "step-5",
        "step-8",
    ]
    assert (tiny_run.path / "LATEST").read_text() == "step-10\n"
    found = folder.environment()
    assert (found["device"], found["threads"], found["precision"]) == ("cpu", 1, "float32")
    model = read_checkpoint(tiny_run.path / "checkpoints" / "step-10").model
    assert found["parameters"] == sum(tensor.numel() for tensor in model.values())


def test_the_records_say_what_listeners_heard(tiny_run: TinyRun) -> None:
    kinds = {StepEvent: "step", ValidationEvent: "validation", StopEvent: "stop"}
    told = [
        (kinds[type(event)], event.update)
        for event in tiny_run.events
        if not isinstance(event, CheckpointEvent)
    ]
    rows = lines(RunFolder(tiny_run.path).metrics)
    assert [(row["event"], row["update"]) for row in rows] == told
    assert [update for kind, update in told if kind == "validation"] == [5, 10]
    samples = lines(RunFolder(tiny_run.path).samples)
    assert [row["update"] for row in samples] == [5, 5, 5, 10, 10, 10]
    log = RunFolder(tiny_run.path).log.read_text()
    assert "update 8  checkpoint " in log
    assert log.splitlines()[-1].endswith(":  finished")


def test_best_is_one_of_the_checkpoints(tiny_run: TinyRun) -> None:
    best = RunFolder(tiny_run.path).best()
    kept = read_checkpoint(tiny_run.path / "checkpoints" / f"step-{best.state['best_update']}")
    assert best.path.name == "best"
    assert same_bits(best.model, kept.model)


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    mend = "Give the folder that `seqloom train` wrote, as runs/NAME."
    with pytest.raises(UsageError) as caught:
        read_run_config(RunFolder(tmp_path / "nowhere"))
    assert str(caught.value) == f"{tmp_path}/nowhere does not exist. {mend}"
    with pytest.raises(DamagedModelError) as caught:
        read_run_config(RunFolder(tmp_path))
    assert str(caught.value) == f"{tmp_path} is no folder of a run: it has no config.toml. {mend}"


def test_a_configuration_that_was_altered_is_damage(folder: RunFolder) -> None:
    folder.config.write_text(folder.config.read_text().replace("width = 8", "width = -8"))
    with pytest.raises(DamagedModelError, match=r"config\.toml was altered: model\.width"):
        read_run_config(folder)


def test_other_settings_are_refused_and_each_difference_named(tiny_run: TinyRun, folder: RunFolder) -> None:
    before = folder.config.read_text()
    changed = settings(
        tiny_run, "model.width=16", "seed=9", "model.encoder.residual=true", "model.encoder.layers=2"
    )
    with pytest.raises(ConfigError) as caught:
        claim_run(folder, changed)
    assert str(caught.value) == (
        f"{folder.path} was started with other settings: model.encoder.layers was 1, is 2; model.encoder.residual "
        "was false, is true; model.width was 8, is 16; seed was 1, is 9. Use the same settings to "
        "resume it, or another run folder."
    )
    assert folder.config.read_text() == before


def test_an_option_deep_within_is_named_in_full(tiny_run: TinyRun, folder: RunFolder) -> None:
    with pytest.raises(ConfigError, match=r"settings: model\.encoder\.hidden was 4, is 5\. Use"):
        claim_run(folder, settings(tiny_run, "model.encoder.hidden=5"))


@pytest.mark.parametrize(
    "change",
    [
        "training.max_updates=20",
        "training.max_minutes=3.0",
        "training.patience=4",
        "training.validate_every=7",
        "training.threads=2",
        "training.log_every=1",
        "search.beam=2",
        "data.test=test.tsv",
        "data.cache=elsewhere",
    ],
)
def test_what_does_not_change_the_model_may_change(tiny_run: TinyRun, folder: RunFolder, change: str) -> None:
    changed = settings(tiny_run, change)
    claim_run(folder, changed)
    assert read_run_config(folder) == changed
    assert json.loads(folder.resolved.read_text()) == resolved(changed)
    assert folder.vocabulary.is_dir()


def test_all_that_may_change_are_options(tiny_run: TinyRun) -> None:
    assert set(resolved(settings(tiny_run))["training"]) > module.MAY_CHANGE


def test_a_run_that_trained_nothing_may_become_another(tiny_run: TinyRun, folder: RunFolder) -> None:
    shutil.rmtree(folder.path / "checkpoints")
    other = settings(tiny_run, "text.vocabulary_size=9")
    claim_run(folder, other)
    assert read_run_config(folder).text.vocabulary_size == 9
    assert len(prepare_run(folder, other, watched()[0]).tokenizers.source) == 9


def test_a_new_run_is_claimed(tiny_run: TinyRun, tmp_path: Path) -> None:
    claim_run(RunFolder(tmp_path), settings(tiny_run))
    assert read_run_config(RunFolder(tmp_path)) == settings(tiny_run)
    assert json.loads((tmp_path / "resolved.json").read_text()) == resolved(settings(tiny_run))


def test_the_vocabulary_is_learned_until_there_is_a_checkpoint_and_then_read_back(
    tiny_run: TinyRun, tmp_path: Path
) -> None:
    folder, asked = RunFolder(tmp_path / "run"), settings(tiny_run)
    said = []
    for _ in range(3):
        shown, stream = watched()
        prepared = prepare_run(folder, asked, shown)
        said.append(stream.getvalue().splitlines())
        assert len(prepared.train) == 200
        if len(said) == 2:
            assert [path.name for path in folder.path.iterdir()] == [
                "vocabulary"
            ]  # nothing temporary is left
            (folder.path / "checkpoints" / "step-1").mkdir(parents=True)
    summary = "200 training pairs, 10 for validation; vocabulary 16"
    assert said == [["Learning the vocabulary", summary]] * 2 + [[summary]]


def test_a_run_stopped_before_its_first_checkpoint_learns_the_words_of_the_text_as_it_is_now(
    tiny_run: TinyRun, tmp_path: Path
) -> None:
    (tmp_path / "pairs.tsv").write_text("one\tun\n" * 9, encoding="utf-8")
    asked = settings(tiny_run, f"data.train={tmp_path / 'pairs.tsv'}", "data.valid=none")
    folder = RunFolder(tmp_path / "run")
    prepare_run(folder, asked, watched()[0])
    (tmp_path / "pairs.tsv").write_text("four\tquatre\n" * 9, encoding="utf-8")
    found = prepare_run(folder, asked, watched()[0]).tokenizers.source
    assert found.decode(found.encode("four quatre")) == "four quatre"


@pytest.mark.parametrize("option", ["teacher", "start_from"])
def test_a_run_to_learn_from_is_asked_for_before_the_data_is_prepared(
    tiny_run: TinyRun, tmp_path: Path, option: str
) -> None:
    other, folder = tmp_path / "other", RunFolder(tmp_path / "run")
    asked = settings(tiny_run, f"training.{option}={other}")
    with pytest.raises(UsageError, match=rf"^training\.{option}: {other} does not exist\. Give the folder"):
        prepare_run(folder, asked, watched()[0])
    other.mkdir()
    shutil.copy(tiny_run.path / "config.toml", other)
    with pytest.raises(
        UsageError, match=rf"^training\.{option}: {other} is a project that is to be trained, not"
    ):
        prepare_run(folder, asked, watched()[0])
    shutil.copy(tiny_run.path / "resolved.json", other)
    with pytest.raises(
        DamagedModelError, match=rf"^training\.{option}: {other} holds no checkpoint to load\."
    ):
        prepare_run(folder, asked, watched()[0])
    assert not folder.vocabulary.exists()


def test_preparing_tells_what_was_left_out(tiny_run: TinyRun, tmp_path: Path) -> None:
    (tmp_path / "pairs.tsv").write_text("one\tun\ntwo\t\none two\tun deux\n")
    asked = settings(
        tiny_run,
        f"data.train={tmp_path / 'pairs.tsv'}",
        "data.valid=none",
        "data.max_length=1",
        "data.cache=none",
        "text.shared=false",
        "model.share_embeddings=false",
    )
    shown, stream = watched()
    prepare_run(RunFolder(tmp_path / "runs" / "run"), asked, shown)
    assert stream.getvalue().splitlines()[1:] == [
        "Left out 2 of 3 pairs: 1 empty target, 1 too long (the limit is 1 symbols a side).",
        "1 training pairs, 0 for validation; vocabulary 6 and 6",
    ]
    assert (tmp_path / "runs" / ".corpora").is_dir()  # beside the run, for the next one


def test_preparing_ends_when_it_is_asked_to(tiny_run: TinyRun, tmp_path: Path) -> None:
    folder, asked = RunFolder(tmp_path / "run"), settings(tiny_run, f"data.cache={tmp_path / 'cache'}")
    with pytest.raises(Interrupted) as caught:
        prepare_run(folder, asked, watched()[0], lambda: True)
    assert str(caught.value) == "Stopped while preparing the data; the same command begins again."
    assert caught.value.exit_code == 75
    assert [path.name for path in (tmp_path / "cache").iterdir() if path.is_dir()] == []  # whole or absent
    assert len(prepare_run(folder, asked, watched()[0]).train) == 200


def go_on(
    folder: RunFolder, asked: Config, updates: int | None = None
) -> tuple[str, list[Event], Sequence[str]]:
    """Train in a folder until the end, or for so many updates."""
    heard: list[Event] = []
    shown, stream = watched()

    def stopped() -> bool:
        return updates is not None and any(event.update >= updates for event in heard)

    if updates:
        asked = asked.model_copy(update={"training": asked.training.model_copy(update={"log_every": 1})})
    with folder.locked():
        claim_run(folder, asked)
        prepared = prepare_run(folder, asked, shown)
        reason = train_run(folder, asked, prepared, shown, stopped, [heard.append])
    return reason, heard, stream.getvalue().splitlines()


def test_an_interrupted_run_goes_on_and_ends_with_the_same_bits(tiny_run: TinyRun, tmp_path: Path) -> None:
    folder, asked = RunFolder(tmp_path / "run"), settings(tiny_run)
    reason, _, _ = go_on(folder, asked, updates=6)
    assert reason == "interrupted"
    assert (folder.path / "LATEST").read_text() == "step-6\n"
    reason, heard, said = go_on(folder, asked)
    assert reason == "finished"
    assert "Going on from update 6" in said
    assert heard[-1].update == 10
    for part in ("model.safetensors", "optimiser.safetensors"):
        ended = (folder.path / "checkpoints" / "step-10" / part).read_bytes()
        assert ended == (tiny_run.path / "checkpoints" / "step-10" / part).read_bytes()
    updates = [(row["event"], row["update"]) for row in lines(folder.metrics)]
    assert [update for event, update in updates if event == "validation"] == [5, 10]
    assert updates[-1] == ("stop", 10)
    assert sum(event == "stop" for event, _ in updates) == 1


def test_a_run_goes_on_only_with_the_data_it_began_with(tiny_run: TinyRun, tmp_path: Path) -> None:
    sides = [tmp_path / Path(name).name for name in settings(tiny_run).data.train]
    for side, original in zip(sides, settings(tiny_run).data.train, strict=True):
        shutil.copy(original, side)
    asked = settings(tiny_run, f"data.train={json.dumps([str(side) for side in sides])}")
    folder = RunFolder(tmp_path / "run")
    go_on(folder, asked, updates=3)
    for side in sides:
        side.write_text(side.read_text(encoding="utf-8") + "one more\n", encoding="utf-8")
    with pytest.raises(
        DataError, match=r"is not what .*run began with: .* was changed since\. Put the files back"
    ):
        go_on(folder, asked)
    for side, original in zip(sides, settings(tiny_run).data.train, strict=True):
        shutil.copy(original, side)
    reason, heard, _ = go_on(folder, asked)
    assert (reason, heard[-1].update) == ("finished", 10)


def test_a_summarizer_goes_on_with_the_same_bits(tiny_run: TinyRun, tmp_path: Path) -> None:
    changes = [
        "task=summarization",
        "training.best_by=rougeL",
        "data.max_length=2",
        "data.long=cut",
        "text.tokenizer=word",
        "text.vocabulary_size=8",
        "model.decoder.copying=true",
        "model.decoder.coverage=true",
        "training.coverage_loss=0.5",
        "search.allow_unknown=false",
    ]
    targets = tmp_path / "short.fr"
    source, target = settings(tiny_run).data.train
    whole = Path(target).read_text(encoding="utf-8").splitlines()
    targets.write_text("".join(line.split()[0] + "\n" for line in whole), encoding="utf-8")
    files = json.dumps([source, str(targets)])
    asked = settings(tiny_run, *changes, f"data.train={files}", f"data.valid={files}")
    ended = []
    for name in ("whole", "stopped"):
        folder = RunFolder(tmp_path / name)
        if name == "stopped":
            assert go_on(folder, asked, updates=6)[0] == "interrupted"
        reason, heard, said = go_on(folder, asked)
        assert reason == "finished"
        assert any(line.startswith("Cut ") and "sources to their first 2 symbols." in line for line in said)
        scores = [event.scores for event in heard if isinstance(event, ValidationEvent)]
        assert set(scores[-1]) == {"rouge1", "rouge2", "rougeL"}
        ended.append(read_checkpoint(folder.path / "checkpoints" / "step-10").model)
    assert same_bits(*ended)


@pytest.mark.parametrize("sampling", ["0.0", "0.5"])
def test_a_run_guided_by_word_alignments_goes_on_with_the_same_bits_and_the_same_alignments(
    tiny_run: TinyRun, tmp_path: Path, sampling: str
) -> None:
    links = tmp_path / "links.txt"
    links.write_text("0-0 1-1 2-2\n" * 199 + "\n")
    changes = [
        "text.tokenizer=bpe",
        "text.vocabulary_size=290",
        f"text.sampling={sampling}",
        "model.decoder.coverage=true",
        "training.coverage_loss=0.5",
    ]
    guided = [*changes, f"data.alignments={links}", "training.guided_alignment=0.3"]
    ended = []
    for name, asked in (("whole", guided), ("stopped", guided), ("unguided", changes)):
        folder = RunFolder(tmp_path / name)
        if name == "stopped":
            assert go_on(folder, settings(tiny_run, *asked), updates=6)[0] == "interrupted"
            links.write_text("0-0 1-1 2-2\n" * 200)
            with pytest.raises(DataError, match=r"train\.fr or .*links\.txt was changed since"):
                go_on(folder, settings(tiny_run, *asked))
            links.write_text("0-0 1-1 2-2\n" * 199 + "\n")
        assert go_on(folder, settings(tiny_run, *asked))[0] == "finished"
        ended.append(read_checkpoint(folder.path / "checkpoints" / "step-10").model)
    assert same_bits(ended[0], ended[1])
    assert not same_bits(ended[0], ended[2])


def test_a_damaged_checkpoint_is_named_and_the_one_before_taken(tiny_run: TinyRun, folder: RunFolder) -> None:
    (folder.path / "checkpoints" / "step-10" / "model.safetensors").write_bytes(b"")
    reason, heard, said = go_on(folder, settings(tiny_run))
    damage = [line for line in said if line.startswith("Passed over a damaged checkpoint: ")]
    assert len(damage) == 1
    assert "step-10/model.safetensors is 0 bytes long" in damage[0]
    assert "Going on from update 8" in said
    assert (folder.path / "LATEST").read_text() == "step-10\n"
    assert (reason, heard[-1].update) == ("finished", 10)
    again = read_checkpoint(folder.path / "checkpoints" / "step-10").model
    assert same_bits(again, read_checkpoint(tiny_run.path / "checkpoints" / "step-10").model)


def test_a_run_none_of_whose_checkpoints_verifies_is_left_as_it_is(
    tiny_run: TinyRun, folder: RunFolder
) -> None:
    kept = sorted((folder.path / "checkpoints").iterdir())
    for step in kept:
        (step / "model.safetensors").write_bytes(b"")
    with pytest.raises(
        DamagedModelError, match=r"step-10/model.*step-4/model.*No checkpoint of .* can be gone on"
    ):
        go_on(folder, settings(tiny_run))
    assert sorted((folder.path / "checkpoints").iterdir()) == kept


def test_a_checkpoint_of_another_format_is_not_passed_over(tiny_run: TinyRun, folder: RunFolder) -> None:
    manifest = folder.path / "checkpoints" / "step-10" / "MANIFEST.json"
    manifest.write_text(manifest.read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(OtherFormatError, match=r"step-10 has format 2; this seqloom reads format 1"):
        go_on(folder, settings(tiny_run))
    assert manifest.is_file()


def test_a_run_that_is_over_stays_as_it_is(tiny_run: TinyRun, folder: RunFolder) -> None:
    def content() -> dict[str, bytes]:
        kept = [*(folder.path / "checkpoints").rglob("*"), *(folder.path / "best").rglob("*"), folder.samples]
        return {str(path): path.read_bytes() for path in kept if path.is_file()}

    before = content()
    reason, heard, _ = go_on(folder, settings(tiny_run))
    assert reason == "finished"
    assert [type(event) for event in heard] == [StopEvent]
    assert content() == before


def test_the_precision_chosen_when_the_run_began_is_kept(
    tiny_run: TinyRun, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = settings(tiny_run, "training.precision=auto")
    folder.config.write_text(folder.config.read_text().replace('precision = "float32"', 'precision = "auto"'))
    folder.write_environment({"precision": "bfloat16"})
    seen: list[object] = []
    prepare = run_module.prepare_machine

    def noted(config: Any, before: Any) -> Any:
        seen.append(before.get("precision"))
        return prepare(config, before)

    monkeypatch.setattr(run_module, "prepare_machine", noted)
    go_on(folder, asked)
    assert seen == ["bfloat16"]
    assert folder.environment()["precision"] == "bfloat16"
    shutil.rmtree(folder.path / "checkpoints")  # nothing was trained: the choice is free again
    monkeypatch.setattr("seqloom.training.machine.bfloat16_pays", lambda: False)
    go_on(folder, asked, updates=1)
    assert seen == ["bfloat16", None]
    assert folder.environment()["precision"] == "float32"


def test_the_first_weights_are_a_function_of_the_seed(tiny_run: TinyRun, tmp_path: Path) -> None:
    first = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        torch.manual_seed(len(first))  # whatever went before
        folder = RunFolder(tmp_path / name)
        go_on(folder, settings(tiny_run, f"seed={seed}", "training.learning_rate=1e-30"), updates=1)
        first.append(read_checkpoint(folder.path / "checkpoints" / "step-1").model)
    assert same_bits(first[0], first[1])
    assert not same_bits(first[0], first[2])
