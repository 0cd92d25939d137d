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

from seqloom.base.errors import DamagedModelError
from seqloom.base.files import (
    atomic_folder,
    atomic_write,
    explain_os_errors,
    read_json,
    sha256_of,
    write_json,
)

FORMAT_VERSION = 1
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


def verify_checkpoint(folder: Path) -> None:
    """Compare every file with the manifest. Raises DamagedModelError naming the first that differs."""
    manifest = read_json(folder / MANIFEST)
    if isinstance(manifest, dict) and manifest.get("format", FORMAT_VERSION) != FORMAT_VERSION:
        raise DamagedModelError(
            f"{folder} has format {manifest['format']}; this seqloom reads format {FORMAT_VERSION}. "
            "Use the seqloom that wrote it."
        )
    if not _is_manifest(manifest):
        raise DamagedModelError(f"{folder / MANIFEST} is no manifest of a checkpoint.")
    for name, expected in manifest["files"].items():
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
    """Verify and read a checkpoint. Raises DamagedModelError."""
    verify_checkpoint(folder)
    optimiser = folder / OPTIMISER
    return Checkpoint(
        folder,
        _load_tensors(folder / MODEL),
        _load_tensors(optimiser) if optimiser.is_file() else {},
        read_json(folder / STATE),
    )


def _load_tensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise DamagedModelError(f"{path} can't be read as safetensors ({error}).") from error


def checkpoint_folders(run: Path) -> list[Path]:
    """The checkpoints of a run, newest first."""
    folders = (run / "checkpoints").glob("step-*")
    return sorted((f for f in folders if f.name.removeprefix("step-").isdigit()), key=update_of, reverse=True)


def update_of(folder: Path) -> int:
    """The update after which a checkpoint was written, as its name says."""
    return int(folder.name.removeprefix("step-"))


def newest_checkpoint(run: Path) -> tuple[Checkpoint | None, list[str]]:
    """The newest checkpoint that verifies, and a sentence for each newer one that doesn't."""
    damaged: list[str] = []
    for folder in checkpoint_folders(run):
        try:
            return read_checkpoint(folder), damaged
        except DamagedModelError as error:
            damaged.append(f"Passed over a damaged checkpoint: {error}")
    return None, damaged


def keep_newest(run: Path, update: int, count: int) -> None:
    """Point LATEST to the checkpoint of an update, just written, and keep the newest `count` up to it.

    Later ones are removed: they did not verify, or the run would have gone on from there.
    """
    atomic_write(run / "LATEST", f"step-{update}\n")
    folders = checkpoint_folders(run)
    kept = [folder for folder in folders if update_of(folder) <= update][:count]
    for folder in folders:
        if folder not in kept:
            shutil.rmtree(folder, ignore_errors=True)


def load_weights(model: nn.Module, tensors: Mapping[str, Tensor], where: Path | str) -> None:
    """Put weights into a model, exactly.

    Raises   DamagedModelError listing every missing, extra and misshapen tensor at once
    """
    parameters = dict(model.named_parameters())
    faults = [f"missing {name} {tuple(p.shape)}" for name, p in parameters.items() if name not in tensors]
    for name, tensor in tensors.items():
        if name not in parameters:
            faults.append(f"unexpected {name} {tuple(tensor.shape)}")
        elif tensor.shape != parameters[name].shape:
            expected = tuple(parameters[name].shape)
            faults.append(f"{name} has shape {tuple(tensor.shape)}, expected {expected}")
    if faults:
        raise DamagedModelError(
            f"{where} doesn't fit the model: {'; '.join(faults)}. It belongs to another configuration or seqloom."
        )
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(tensors[name])
