"""Checkpoints: safetensors and JSON under a manifest of hashes, complete or absent at every moment.

checkpoints/step-N/model.safetensors      the weights
                   optimiser.safetensors  the optimiser's state, and the moving average when there is one
                   state.json             where in the data and the run it stands
                   MANIFEST.json          size and SHA-256 of each, written last
"""

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from seqloom.base.errors import DamagedModelError, OtherFormatError, ResourceError
from seqloom.base.files import (
    atomic_folder,
    atomic_write,
    explain_os_errors,
    read_json,
    sha256_of,
    write_json,
)

FORMAT_VERSION = 1
AVERAGE = "average/"  # prefix of the moving average among the optimiser's tensors
CARRIED = "carried/"  # and of the state from which the next batch goes on
MODEL, OPTIMISER, STATE, MANIFEST = (
    "model.safetensors",
    "optimiser.safetensors",
    "state.json",
    "MANIFEST.json",
)


@dataclass(frozen=True)
class Checkpoint:
    """What one folder holds; `state` is {} and `optimiser` empty where only weights were kept."""

    path: Path
    model: dict[str, Tensor]
    optimiser: dict[str, Tensor]
    state: dict[str, Any]

    @property
    def moving_average(self) -> dict[str, Tensor]:
        """The moving average of the weights; {} where none was kept."""
        return self._with_prefix(AVERAGE)

    @property
    def carried(self) -> dict[str, Tensor]:
        """The state from which the next batch goes on; {} where none was kept."""
        return self._with_prefix(CARRIED)

    @property
    def moments(self) -> dict[str, Tensor]:
        """The optimiser's own tensors."""
        others = (AVERAGE, CARRIED)
        return {name: tensor for name, tensor in self.optimiser.items() if not name.startswith(others)}

    def _with_prefix(self, prefix: str) -> dict[str, Tensor]:
        return {
            name.removeprefix(prefix): tensor
            for name, tensor in self.optimiser.items()
            if name.startswith(prefix)
        }

    @property
    def shipped(self) -> dict[str, Tensor]:
        """The weights to use: the moving average where one was kept."""
        return self.moving_average or self.model


def save_checkpoint(
    folder: Path,
    *,
    model: Mapping[str, Tensor],
    optimiser: Mapping[str, Tensor] | None = None,
    state: Mapping[str, Any] | None = None,
) -> None:
    """Write a checkpoint folder so that a crash at any moment leaves it whole or absent.

    Raises   ResourceError when the disk is full or can't be written; what was there before stays.
    """
    with atomic_folder(folder) as temporary:
        with explain_os_errors("write", folder):
            _save_tensors(model, temporary / MODEL)
            if optimiser is not None:
                _save_tensors(optimiser, temporary / OPTIMISER)
            write_json(temporary / STATE, dict(state or {}))
        files = {
            path.name: {"size": path.stat().st_size, "sha256": sha256_of(path)}
            for path in sorted(temporary.iterdir())
        }
        write_json(temporary / MANIFEST, {"format": FORMAT_VERSION, "files": files})


def _save_tensors(tensors: Mapping[str, Tensor], path: Path) -> None:
    held = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    try:
        save_file(held, path)
    except SafetensorError as error:  # it wraps the system's error and keeps only its words
        number = re.search(r"\(os error (\d+)\)", str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from error


def verify_checkpoint(folder: Path) -> set[str]:
    """Compare every file with the manifest; gives the names that it lists.

    Raises   DamagedModelError naming the first file that differs; OtherFormatError
    """
    manifest = read_json(folder / MANIFEST)
    if isinstance(manifest, dict) and manifest.get("format", FORMAT_VERSION) != FORMAT_VERSION:
        raise OtherFormatError(
            f"{folder} has format {manifest['format']}; this seqloom reads format {FORMAT_VERSION}. "
            "Use the seqloom that wrote it."
        )
    if not _is_manifest(manifest):
        raise DamagedModelError(f"{folder / MANIFEST} is no manifest of a checkpoint.")
    files: dict[str, dict[str, Any]] = manifest["files"]
    unlisted = [name for name in (MODEL, STATE) if name not in files]
    if unlisted:
        raise DamagedModelError(f"{folder / MANIFEST} doesn't list {' and '.join(unlisted)}.")
    for name, expected in files.items():
        path = folder / name
        if not path.is_file():
            raise DamagedModelError(f"{path} is missing; the manifest beside it lists it.")
        size = path.stat().st_size
        if size != expected["size"]:
            raise DamagedModelError(
                f"{path} is {size:,} bytes long; expected {expected['size']:,}: it was cut short."
            )
        if sha256_of(path) != expected["sha256"]:
            raise DamagedModelError(f"{path} was altered: its SHA-256 is not the one in the manifest.")
    return set(files)


def _is_manifest(value: object) -> bool:
    """Whether it says its format, and names files with their sizes and hashes."""
    if not isinstance(value, dict) or not isinstance(value.get("files"), dict):
        return False
    entries = value["files"].values()
    return "format" in value and all(
        isinstance(entry, dict)
        and isinstance(entry.get("size"), int)
        and isinstance(entry.get("sha256"), str)
        for entry in entries
    )


def read_checkpoint(folder: Path) -> Checkpoint:
    """Verify and read a checkpoint.

    Raises   DamagedModelError; OtherFormatError; ResourceError where the disk doesn't give what it holds
    """
    try:
        listed = verify_checkpoint(folder)
        return Checkpoint(
            folder,
            _load_tensors(folder / MODEL),
            _load_tensors(folder / OPTIMISER) if OPTIMISER in listed else {},
            read_json(folder / STATE),
        )
    except FileNotFoundError as error:
        raise DamagedModelError(f"{error.filename or folder} is missing.") from error
    except OSError as error:
        raise ResourceError(f"Can't read {error.filename or folder}: {error.strerror or error}.") from error


def _load_tensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except SafetensorError as error:
        raise DamagedModelError(f"{path} can't be read as safetensors ({error}).") from error


def checkpoint_folders(run: Path) -> list[Path]:
    """The checkpoints of a run, newest first."""
    folders = (run / "checkpoints").glob("step-*")
    return sorted((f for f in folders if f.name.removeprefix("step-").isdigit()), key=update_of, reverse=True)


def update_of(folder: Path) -> int:
    """The update after which a checkpoint was written, as its name says."""
    return int(folder.name.removeprefix("step-"))


def newest_checkpoint(run: Path) -> tuple[Checkpoint | None, list[str]]:
    """The newest checkpoint that verifies, and a sentence for each newer one that doesn't.

    Raises   OtherFormatError and ResourceError at once: what can't be read now need not be damaged
    """
    damaged: list[str] = []
    for folder in checkpoint_folders(run):
        try:
            return read_checkpoint(folder), damaged
        except OtherFormatError:
            raise
        except DamagedModelError as error:
            damaged.append(f"Passed over a damaged checkpoint: {error}")
    return None, damaged


def keep_newest(run: Path, update: int, count: int) -> None:
    """Point LATEST to the checkpoint of an update, just written, and keep the newest `count` up to it.

    Later ones did not verify, or the run would have gone on from there: they are called step-N.damaged and stay.
    """
    atomic_write(run / "LATEST", f"step-{update}\n")
    folders = checkpoint_folders(run)
    for folder in folders:
        if update_of(folder) > update:
            aside = folder.with_name(f"{folder.name}.damaged")
            shutil.rmtree(aside, ignore_errors=True)
            folder.rename(aside)
    for folder in [folder for folder in folders if update_of(folder) <= update][count:]:
        shutil.rmtree(folder, ignore_errors=True)


def load_weights(model: nn.Module, tensors: Mapping[str, Tensor], where: Path | str) -> None:
    """Put weights into a model, exactly.

    Raises   DamagedModelError listing every missing, extra and misshapen tensor at once
    """
    parameters = dict(model.named_parameters())
    refuse_misfits({name: p.shape for name, p in parameters.items()}, tensors, where)
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(tensors[name])


def refuse_misfits(
    expected: Mapping[str, torch.Size], found: Mapping[str, Tensor], where: Path | str
) -> None:
    """Raise DamagedModelError listing every missing, extra and misshapen tensor at once."""
    faults = [f"missing {name} {tuple(shape)}" for name, shape in expected.items() if name not in found]
    for name, tensor in found.items():
        if name not in expected:
            faults.append(f"unexpected {name} {tuple(tensor.shape)}")
        elif tensor.shape != expected[name]:
            faults.append(f"{name} has shape {tuple(tensor.shape)}, expected {tuple(expected[name])}")
    if faults:
        raise DamagedModelError(
            f"{where} doesn't fit the model: {'; '.join(faults)}. It belongs to another configuration or seqloom."
        )
