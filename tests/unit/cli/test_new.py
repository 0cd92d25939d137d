"""Projects: what stands in them reads back, and says what was asked for."""

from collections.abc import Callable
from pathlib import Path

import pytest

from commands import Answer
from seqloom.cli.new import EXAMPLE_FILES, FILES_OF_TASK
from seqloom.config.presets import preset_names
from seqloom.config.read import build_config, read_config

Here = Callable[..., Answer]


@pytest.mark.parametrize("preset", preset_names())
def test_a_project_is_its_preset_and_switched_off_lines_show_its_values(
    here: Here, tmp_path: Path, preset: str
) -> None:
    assert here("new", tmp_path / "mine", "--preset", preset).code == 0
    path = tmp_path / "mine" / "config.toml"
    found, plain = read_config(path), build_config({"preset": preset})
    assert found.model == plain.model
    kind = FILES_OF_TASK.get(found.task, "text")
    names = ("train.txt",) if found.task == "generation" else EXAMPLE_FILES[kind][0]
    assert found.data.train == tuple(f"{tmp_path}/mine/{name}" for name in names)
    text = path.read_text()
    path.write_text(text.replace("# vocab", "vocab").replace("# width", "width").replace("# max_", "max_"))
    switched_on = read_config(path)
    assert switched_on.text == plain.text
    assert switched_on.training == plain.training
    assert (f"[audio]\n# sampling_rate = {plain.audio.sampling_rate} " in text) == plain.hears
    assert f"model.width = {plain.model.width}".split(".")[1] in text


def test_files_are_named_as_seen_from_the_project(
    here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.en", "a.fr", "b.tsv"):
        (tmp_path / name).write_text("one\tun\n")
    answer = here("new", "deep/mine", "--train", "a.en", tmp_path / "a.fr", "--test", "b.tsv")
    assert answer.code == 0, answer.err
    assert "seqloom train deep/mine/config.toml" in answer.out
    text = (tmp_path / "deep" / "mine" / "config.toml").read_text()
    assert f'train = ["../../a.en", "{tmp_path}/a.fr"]' in text
    assert '# valid = ["valid.en", "valid.fr"]' in text
    assert read_config("deep/mine/config.toml").data.test == (f"{tmp_path}/b.tsv",)


def test_the_example_has_settings_of_its_own_unless_a_preset_is_asked_for(here: Here, tmp_path: Path) -> None:
    assert here("new", tmp_path / "small", "--example").code == 0
    assert here("new", tmp_path / "tiny", "--example", "--preset", "translation-transformer-tiny").code == 0
    small, tiny = (read_config(tmp_path / name / "config.toml") for name in ("small", "tiny"))
    assert small.training.max_minutes is not None
    assert tiny.model == build_config({"preset": "translation-transformer-tiny"}).model
    for config in (small, tiny):
        for paths in (config.data.train, config.data.valid, config.data.test):
            assert all(Path(path).is_file() for path in paths)
            assert len(paths) == 2


def test_nothing_is_written_over(here: Here, tmp_path: Path) -> None:
    (tmp_path / "mine" / "data").mkdir(parents=True)
    answer = here("new", tmp_path / "mine", "--example")
    assert answer.code == 2
    assert answer.sentence.startswith(f"{tmp_path}/mine/data is there already and stays as it is.")
    assert not (tmp_path / "mine" / "config.toml").exists()


@pytest.mark.parametrize(
    ("preset", "file", "content", "said"),
    [
        ("dialogue-gru", "talk.txt", "1 hello\thi\n", "# dialogues as bAbI has them (.txt)."),
        ("transduction-lstm", "words.tsv", "ablak\tɒ b l ɒ k\n", '# target_tokenizer = "space"'),
        ("transduction-transformer", "words.tsv", "ablak\tɒ b l ɒ k\n", "feature_columns = [2] makes"),
    ],
)
def test_a_project_of_another_task(
    here: Here, tmp_path: Path, preset: str, file: str, content: str, said: str
) -> None:
    (tmp_path / file).write_text(content, encoding="utf-8")
    answer = here("new", tmp_path / "mine", "--preset", preset, "--train", tmp_path / file)
    assert answer.code == 0, answer.err
    text = (tmp_path / "mine" / "config.toml").read_text(encoding="utf-8")
    assert said in text
    config = read_config(tmp_path / "mine" / "config.toml")
    assert (config.preset, config.data.train) == (preset, (str(tmp_path / file),))


def test_a_file_that_the_task_cannot_read_is_refused_before_anything_is_written(
    here: Here, tmp_path: Path
) -> None:
    (tmp_path / "talk.txt").write_text("hello\n", encoding="utf-8")
    answer = here("new", tmp_path / "mine", "--preset", "dialogue-gru", "--train", tmp_path / "talk.txt")
    assert answer.code == 3
    assert answer.sentence.startswith(f"{tmp_path}/talk.txt:1: no number and blank at the start of the line")
    assert not (tmp_path / "mine").exists()


def test_fields_of_json_lines_are_named(here: Here, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"body": "one\\ntwo", "subject": "1"}\n')
    fields = ("--source-field", "body", "--target-field", "subject")
    answer = here("new", tmp_path / "mine", "--train", tmp_path / "a.jsonl", *fields)
    assert answer.code == 0, answer.err
    data = read_config(tmp_path / "mine" / "config.toml").data
    assert (data.source_field, data.target_field) == ("body", "subject")
    assert here("check", "--train", tmp_path / "a.jsonl", *fields).code == 0
    wrong = here("new", tmp_path / "other", "--train", tmp_path / "a.jsonl")
    assert wrong.code == 3
    assert wrong.sentence == f"{tmp_path}/a.jsonl:1: no field 'source'; found 'body', 'subject'."
    assert not (tmp_path / "other").exists()
    both = here("check", tmp_path / "mine", *fields)
    assert both.code == 2
    assert both.sentence == (
        "--source-field and --target-field are for files; a configuration names its own, as data.source_field."
    )
