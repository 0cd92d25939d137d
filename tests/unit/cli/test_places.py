"""Which configuration is meant, and where its run goes."""

from pathlib import Path

import pytest

from seqloom.cli.places import config_file, default_run, nearby, shown


@pytest.mark.parametrize(
    ("config", "run"),
    [("mine/config.toml", "runs/mine"), ("mine.toml", "runs/mine"), ("a/b/wide.toml", "runs/wide")],
)
def test_the_run_is_named_after_the_configuration(config: str, run: str) -> None:
    assert default_run(Path(config)) == Path(run)


def test_the_folder_that_one_stands_in_gives_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path / "mine")
    assert default_run(Path("config.toml")) == Path("runs/mine")


def test_a_runs_own_configuration_means_that_run(tmp_path: Path) -> None:
    (tmp_path / "resolved.json").touch()
    assert default_run(tmp_path / "config.toml") == tmp_path
    assert default_run(tmp_path / "other.toml") == Path("runs/other")


def test_a_project_within_runs_is_not_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert default_run(Path("runs/mine/config.toml")) == Path("runs/mine/run")


def test_a_folder_means_its_configuration(tmp_path: Path) -> None:
    assert config_file(tmp_path) == tmp_path / "config.toml"
    assert config_file(tmp_path / "x.toml") == tmp_path / "x.toml"


def test_paths_as_a_person_reads_and_types_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert nearby(tmp_path / "data" / "a.en") == Path("data/a.en")
    assert nearby(Path("/elsewhere/a.en")) == Path("/elsewhere/a.en")
    assert shown(Path("runs/it's mine")) == "'runs/it'\"'\"'s mine'"
