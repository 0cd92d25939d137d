"""The mean of several checkpoints."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from seqloom.base.errors import DamagedModelError, UsageError
from seqloom.training.averaging import average_checkpoints
from seqloom.training.checkpoint import save_checkpoint


def checkpoints(folder: Path, *models: dict[str, Tensor]) -> list[Path]:
    paths = [folder / f"step-{number}" for number in range(len(models))]
    for path, model in zip(paths, models, strict=True):
        save_checkpoint(path, model=model)
    return paths


def test_the_mean_is_summed_in_float64(tmp_path: Path) -> None:
    rows = [[1e8, 2.0], [1.0, 4.0], [-1e8, 9.0]]  # in float32, 1e8 + 1 is 1e8
    folders = checkpoints(tmp_path, *({"weight": torch.tensor(row)} for row in rows))
    mean = average_checkpoints(folders)
    assert mean.keys() == {"weight"}
    assert mean["weight"].dtype == torch.float32
    assert torch.equal(mean["weight"], torch.tensor([1 / 3, 5.0]))


def test_each_weight_keeps_its_type(tmp_path: Path) -> None:
    model = {"half": torch.ones(2, dtype=torch.bfloat16), "double": torch.ones(2, dtype=torch.float64)}
    mean = average_checkpoints(checkpoints(tmp_path, model, model))
    assert {name: tensor.dtype for name, tensor in mean.items()} == {
        "half": torch.bfloat16,
        "double": torch.float64,
    }


def test_one_checkpoint_is_its_own_mean(tmp_path: Path) -> None:
    model = {"weight": torch.rand(3, 2)}
    assert torch.equal(average_checkpoints(checkpoints(tmp_path, model))["weight"], model["weight"])


@pytest.mark.parametrize(
    ("other", "names"),
    [
        ({"weight": torch.ones(2)}, "bias"),
        ({"weight": torch.ones(2), "bias": torch.ones(1), "extra": torch.ones(1)}, "extra"),
        ({"weight": torch.ones(3), "bias": torch.ones(2)}, "bias, weight"),
    ],
)
def test_checkpoints_of_different_models_are_refused(
    tmp_path: Path, other: dict[str, Tensor], names: str
) -> None:
    folders = checkpoints(tmp_path, {"weight": torch.ones(2), "bias": torch.ones(1)}, other)
    with pytest.raises(DamagedModelError) as caught:
        average_checkpoints(folders)
    assert str(caught.value) == f"{folders[1]} is of another model than {folders[0]}: {names} differ."


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    folders = checkpoints(tmp_path, {"weight": torch.ones(2)}, {"weight": torch.ones(2)})
    (folders[1] / "model.safetensors").unlink()
    with pytest.raises(DamagedModelError, match=r"step-1/model\.safetensors is missing"):
        average_checkpoints(folders)


def test_no_checkpoints_have_no_mean() -> None:
    with pytest.raises(UsageError, match="There is no checkpoint to average"):
        average_checkpoints([])
