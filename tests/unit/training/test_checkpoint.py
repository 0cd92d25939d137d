"""Checkpoints: whole or absent, every fault named, and the old one still there when the disk is full."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from agreement import randomise
from seqloom.base.errors import DamagedModelError, ResourceError
from seqloom.base.files import sha256_of
from seqloom.training import checkpoint
from seqloom.training.checkpoint import (
    checkpoint_folders,
    keep_newest,
    load_weights,
    newest_checkpoint,
    read_checkpoint,
    save_checkpoint,
    verify_checkpoint,
)

WEIGHTS = {"table": torch.arange(6.0).reshape(2, 3), "bias": torch.tensor([0.5, -0.5])}
MOMENTS = {"table/exp_avg": torch.ones(2, 3), "table/step": torch.tensor(7.0)}
STATE = {"update": 7, "seconds": 1.25, "best_score": None}


def save(folder: Path, shift: float = 0.0) -> Path:
    save_checkpoint(
        folder,
        model={name: tensor + shift for name, tensor in WEIGHTS.items()},
        optimiser=MOMENTS,
        state=STATE,
    )
    return folder


def same(found: dict[str, Tensor], expected: dict[str, Tensor]) -> bool:
    return found.keys() == expected.keys() and all(torch.equal(found[n], expected[n]) for n in found)


def test_what_was_saved_is_read_back(tmp_path: Path) -> None:
    found = read_checkpoint(save(tmp_path / "step-7"))
    assert same(found.model, WEIGHTS)
    assert same(found.optimiser, MOMENTS)
    assert found.state == STATE
    assert found.path == tmp_path / "step-7"


def test_weights_alone_may_be_saved(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "best", model=WEIGHTS)
    found = read_checkpoint(tmp_path / "best")
    assert same(found.model, WEIGHTS)
    assert (found.optimiser, found.state) == ({}, {})
    assert not (tmp_path / "best" / "optimiser.safetensors").exists()


def test_views_and_parameters_are_saved_as_what_they_show(tmp_path: Path) -> None:
    turned = {"turned": nn.Parameter(WEIGHTS["table"]).T, "part": WEIGHTS["table"][:, 1]}
    save_checkpoint(tmp_path / "best", model=turned)
    expected = {"turned": torch.tensor([[0.0, 3], [1, 4], [2, 5]]), "part": torch.tensor([1.0, 4])}
    assert same(read_checkpoint(tmp_path / "best").model, expected)


def test_the_manifest_has_size_and_hash_of_every_file_and_is_written_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, before = checkpoint.write_json, {}

    def watched(path: Path, value: Any) -> None:
        before[path.name] = sorted(file.name for file in path.parent.iterdir())
        write(path, value)

    monkeypatch.setattr(checkpoint, "write_json", watched)
    folder = save(tmp_path / "step-7")
    others = ["model.safetensors", "optimiser.safetensors", "state.json"]
    assert before["MANIFEST.json"] == others
    manifest = json.loads((folder / "MANIFEST.json").read_text())
    assert manifest == {
        "format": 1,
        "files": {
            name: {"size": (folder / name).stat().st_size, "sha256": sha256_of(folder / name)}
            for name in others
        },
    }


def cut(path: Path) -> None:
    os.truncate(path, 100)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def rewrite(text: str) -> Callable[[Path], None]:
    return lambda path: void(path.write_text(text))


def void(_: object) -> None:
    """Drop a value."""


@pytest.mark.parametrize(
    ("name", "damage", "said"),
    [
        ("model.safetensors", Path.unlink, "{path} is missing; the manifest beside it lists it."),
        ("model.safetensors", cut, "{path} is 100 bytes long; expected {size:,}: it was cut short."),
        ("model.safetensors", flip, "{path} was altered: its SHA-256 is not the one in the manifest."),
        ("optimiser.safetensors", flip, "{path} was altered: its SHA-256 is not the one in the manifest."),
        ("state.json", flip, "{path} was altered: its SHA-256 is not the one in the manifest."),
        ("MANIFEST.json", Path.unlink, "{path} is missing."),
        ("MANIFEST.json", cut, "{path} is not JSON ("),
        ("MANIFEST.json", rewrite("[]"), "{path} is no manifest of a checkpoint."),
        ("MANIFEST.json", rewrite('{"format": 1}'), "{path} is no manifest of a checkpoint."),
        (
            "MANIFEST.json",
            rewrite('{"format": 1, "files": {"state.json": 3}}'),
            "{path} is no manifest of a checkpoint.",
        ),
        (
            "MANIFEST.json",
            rewrite('{"format": 1, "files": {"state.json": {"size": 3}}}'),
            "{path} is no manifest of a checkpoint.",
        ),
        (
            "MANIFEST.json",
            rewrite('{"files": {}}'),
            "{path} is no manifest of a checkpoint.",
        ),
        (
            "MANIFEST.json",
            rewrite('{"format": 2, "parts": []}'),
            "{folder} has format 2; this seqloom reads format 1. Use the seqloom that wrote it.",
        ),
    ],
)
def test_each_damage_is_named(tmp_path: Path, name: str, damage: Callable[[Path], None], said: str) -> None:
    folder = save(tmp_path / "step-7")
    path = folder / name
    size = path.stat().st_size
    damage(path)
    expected = said.format(path=path, folder=folder, size=size)
    for look in (verify_checkpoint, read_checkpoint):
        with pytest.raises(DamagedModelError) as caught:
            look(folder)
        assert str(caught.value).startswith(expected)


def rewrite_manifest(folder: Path, *names: str) -> None:
    """List these files only, as they are now."""
    files = {
        name: {"size": (folder / name).stat().st_size, "sha256": sha256_of(folder / name)} for name in names
    }
    (folder / "MANIFEST.json").write_text(json.dumps({"format": 1, "files": files}))


def test_a_manifest_must_list_what_a_checkpoint_needs(tmp_path: Path) -> None:
    folder = save(tmp_path / "step-7")
    rewrite_manifest(folder, "optimiser.safetensors")
    with pytest.raises(DamagedModelError, match=r"doesn't list model\.safetensors and state\.json\.$"):
        read_checkpoint(folder)


def test_a_file_that_the_manifest_does_not_list_is_not_read(tmp_path: Path) -> None:
    folder = save(tmp_path / "step-7")
    rewrite_manifest(folder, "model.safetensors", "state.json")
    assert read_checkpoint(folder).optimiser == {}


def test_a_file_without_tensors_is_damage_even_if_its_hash_is_right(tmp_path: Path) -> None:
    folder = save(tmp_path / "step-7")
    (folder / "model.safetensors").write_bytes(b"no tensors")
    rewrite_manifest(folder, "model.safetensors", "state.json")
    with pytest.raises(DamagedModelError, match=r"model\.safetensors can't be read as safetensors \("):
        read_checkpoint(folder)


def test_a_disk_that_gives_nothing_back_is_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_with(tmp_path, 8, 9)

    def fail(path: Path) -> None:
        raise OSError(5, "Input/output error", str(path))

    monkeypatch.setattr(checkpoint, "load_file", fail)
    with pytest.raises(ResourceError, match=r"Can't read .*step-9/model\.safetensors: Input/output error\."):
        newest_checkpoint(run)


def test_the_moving_average_is_what_is_shipped(tmp_path: Path) -> None:
    average = {f"average/{name}": tensor + 1 for name, tensor in WEIGHTS.items()}
    save_checkpoint(tmp_path / "with", model=WEIGHTS, optimiser={**MOMENTS, **average})
    found = read_checkpoint(tmp_path / "with")
    assert same(found.moments, MOMENTS)
    assert same(found.shipped, {name: tensor + 1 for name, tensor in WEIGHTS.items()})
    assert same(read_checkpoint(save(tmp_path / "without")).shipped, WEIGHTS)


def run_with(tmp_path: Path, *updates: int) -> Path:
    (tmp_path / "checkpoints").mkdir()
    for update in updates:
        save(tmp_path / "checkpoints" / f"step-{update}", shift=update)
    return tmp_path


def test_checkpoints_are_ordered_by_number(tmp_path: Path) -> None:
    run = run_with(tmp_path)
    for name in ("step-9", "step-10", "step-100", ".step-200.17.tmp", "step-x", ".step-9.old"):
        (run / "checkpoints" / name).mkdir()
    assert [folder.name for folder in checkpoint_folders(run)] == ["step-100", "step-10", "step-9"]
    assert checkpoint_folders(tmp_path / "nowhere") == []


def test_the_newest_that_verifies_wins_and_damaged_ones_are_named(tmp_path: Path) -> None:
    run = run_with(tmp_path, 8, 9, 10)
    found, damaged = newest_checkpoint(run)
    assert found is not None
    assert (found.path.name, damaged) == ("step-10", [])
    cut(run / "checkpoints" / "step-10" / "model.safetensors")
    (run / "checkpoints" / "step-9" / "MANIFEST.json").unlink()
    found, damaged = newest_checkpoint(run)
    assert found is not None
    assert found.path.name == "step-8"
    assert same(found.model, {name: tensor + 8 for name, tensor in WEIGHTS.items()})
    newest, older = damaged
    assert newest.startswith(
        f"Passed over a damaged checkpoint: {run}/checkpoints/step-10/model.safetensors is"
    )
    assert older == f"Passed over a damaged checkpoint: {run}/checkpoints/step-9/MANIFEST.json is missing."


def test_a_run_may_have_no_checkpoint_or_none_that_verifies(tmp_path: Path) -> None:
    assert newest_checkpoint(tmp_path) == (None, [])
    run = run_with(tmp_path, 3)
    flip(run / "checkpoints" / "step-3" / "state.json")
    found, damaged = newest_checkpoint(run)
    assert found is None
    assert len(damaged) == 1


def test_the_newest_are_kept_and_latest_points_at_the_last(tmp_path: Path) -> None:
    run = run_with(tmp_path, 8, 9, 10, 11)
    keep_newest(run, 11, 2)
    assert (run / "LATEST").read_text() == "step-11\n"
    assert sorted(folder.name for folder in (run / "checkpoints").iterdir()) == ["step-10", "step-11"]


def test_a_damaged_checkpoint_makes_way_for_the_one_that_takes_its_place(tmp_path: Path) -> None:
    """A run resumed from 8, because 11 didn't verify, has just written 9."""
    run = run_with(tmp_path, 8, 9, 11)
    cut(run / "checkpoints" / "step-11" / "model.safetensors")
    keep_newest(run, 9, 1)
    assert (run / "LATEST").read_text() == "step-9\n"
    assert {folder.name for folder in (run / "checkpoints").iterdir()} == {"step-9", "step-11.damaged"}
    assert [folder.name for folder in checkpoint_folders(run)] == ["step-9"]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (
            "Error while serializing: I/O error: No space left on device (os error 28)",
            "the disk is full; free some space",
        ),
        (
            "Error while serializing: I/O error: Disk quota exceeded (os error 122)",
            "the disk quota is used up; free some space",
        ),
        (
            "Error while serializing: I/O error: Read-only file system (os error 30)",
            "the file system is read-only",
        ),
    ],
)
@pytest.mark.parametrize("fails", ["model.safetensors", "optimiser.safetensors"])
def test_a_disk_that_refuses_leaves_the_old_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, reason: str, fails: str
) -> None:
    best = save(tmp_path / "best")
    write = checkpoint.save_file

    def refuse(tensors: dict[str, Tensor], path: Path) -> None:
        if path.name == fails:
            raise SafetensorError(words)
        write(tensors, path)

    monkeypatch.setattr(checkpoint, "save_file", refuse)
    for folder in (best, tmp_path / "step-8"):
        with pytest.raises(ResourceError) as caught:
            save(folder, shift=1.0)
        assert str(caught.value).startswith(f"Can't write {folder}/{fails}: {reason}")
    assert same(read_checkpoint(best).model, WEIGHTS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best"]


def test_another_fault_of_the_tensors_is_not_blamed_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(tensors: object, path: object) -> None:  # noqa: ARG001 - what save_file is given
        raise SafetensorError("no such dtype")

    monkeypatch.setattr(checkpoint, "save_file", refuse)
    with pytest.raises(SafetensorError, match="no such dtype"):
        save(tmp_path / "step-8")
    assert list(tmp_path.iterdir()) == []


def test_a_crash_while_saving_leaves_the_old_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    best = save(tmp_path / "best")

    def crash(path: Path, value: object) -> None:  # noqa: ARG001 - what write_json is given
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "write_json", crash)
    with pytest.raises(KeyboardInterrupt):
        save(best, shift=1.0)
    assert same(read_checkpoint(best).model, WEIGHTS)


def network() -> nn.Module:
    return randomise(nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1, bias=False)), dtype=torch.float32)


def test_weights_are_put_in_place_exactly() -> None:
    given = {"0.weight": torch.rand(2, 3), "0.bias": torch.rand(2), "1.weight": torch.rand(1, 2)}
    model = network()
    places = {name: p.data_ptr() for name, p in model.named_parameters()}
    load_weights(model, given, "here")
    assert same({name: p.detach() for name, p in model.named_parameters()}, given)
    assert {name: p.data_ptr() for name, p in model.named_parameters()} == places
    given["0.bias"].zero_()
    assert model[0].bias.abs().min() > 0  # type: ignore[index]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"0.bias": None}, "missing 0.bias (2,)"),
        ({"0.bias": torch.ones(3)}, "0.bias has shape (3,), expected (2,)"),
        ({"more": torch.ones(3)}, "unexpected more (3,)"),
    ],
)
def test_one_thing_that_does_not_fit_is_enough(change: dict[str, Tensor | None], said: str) -> None:
    model = network()
    given = {name: p.detach().clone() for name, p in model.named_parameters()} | change
    with pytest.raises(DamagedModelError) as caught:
        load_weights(model, {name: t for name, t in given.items() if t is not None}, "best")
    assert str(caught.value).startswith(f"best doesn't fit the model: {said}. It belongs to another")


def test_everything_that_does_not_fit_is_listed_at_once_and_nothing_is_changed() -> None:
    model = network()
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    given = {"0.weight": torch.ones(3, 2), "1.weight": torch.ones(1, 2), "2.weight": torch.ones(4)}
    with pytest.raises(DamagedModelError) as caught:
        load_weights(model, given, "runs/x/best")
    assert str(caught.value) == (
        "runs/x/best doesn't fit the model: missing 0.bias (2,); 0.weight has shape (3, 2), expected (2, 3); "
        "unexpected 2.weight (4,). It belongs to another configuration or seqloom."
    )
    assert same({name: p.detach() for name, p in model.named_parameters()}, before)
