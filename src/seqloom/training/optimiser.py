"""The rule that turns gradients into updates, its state as named tensors, and the moving average of the weights."""

from collections.abc import Collection

import torch
from torch import Tensor, nn

from seqloom.config.training import TrainingConfig
from seqloom.training.checkpoint import refuse_misfits

UNTOUCHED = "untouched"  # entry, an empty tensor, of a parameter that has had no gradient yet and so no state


def build_optimiser(model: nn.Module, config: TrainingConfig) -> torch.optim.Optimizer:
    """AdamW (Loshchilov and Hutter 2019), Adam (Kingma and Ba 2015) or SGD; matrices decay, vectors do not."""
    parameters = list(model.parameters())
    groups = [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    if config.optimiser == "sgd":
        return torch.optim.SGD(groups, lr=config.learning_rate, momentum=config.momentum)
    rule = torch.optim.AdamW if config.optimiser == "adamw" else torch.optim.Adam
    return rule(groups, lr=config.learning_rate, betas=config.betas, eps=config.eps, fused=True)


def set_learning_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """For the next update."""
    for group in optimiser.param_groups:
        group["lr"] = rate


def optimiser_tensors(optimiser: torch.optim.Optimizer, model: nn.Module) -> dict[str, Tensor]:
    """The optimiser's state as tensors named PARAMETER/ENTRY, ready for safetensors."""
    tensors = {}
    for name, parameter in model.named_parameters():
        for entry, value in optimiser.state.get(parameter, {}).items():
            if isinstance(value, Tensor):
                tensors[f"{name}/{entry}"] = value.detach()
    if tensors:
        names = {full_name.rpartition("/")[0] for full_name in tensors}
        untouched = (name for name, _ in model.named_parameters() if name not in names)
        tensors |= {f"{name}/{UNTOUCHED}": torch.empty(0) for name in untouched}
    return tensors


def expected_shapes(
    optimiser: torch.optim.Optimizer, model: nn.Module, untouched: Collection[str] = ()
) -> dict[str, torch.Size]:
    """Name and shape of each tensor of `optimiser_tensors` once there was an update.

    untouched  parameters that had no gradient in it, by name
    """
    if isinstance(optimiser, torch.optim.SGD):
        entries = ["momentum_buffer"] if optimiser.defaults["momentum"] else []
    else:
        entries = ["step", "exp_avg", "exp_avg_sq"]
    shapes = {
        f"{name}/{entry}": torch.Size() if entry == "step" else parameter.shape
        for name, parameter in model.named_parameters()
        if name not in untouched
        for entry in entries
    }
    return shapes | {f"{name}/{UNTOUCHED}": torch.Size([0]) for name in untouched}


def load_optimiser_tensors(
    optimiser: torch.optim.Optimizer, model: nn.Module, tensors: dict[str, Tensor], where: str
) -> None:
    """Put the tensors of `optimiser_tensors`, of a run that made an update, back.

    Raises   DamagedModelError listing every missing, extra and misshapen tensor at once
    """
    parameters = dict(model.named_parameters())
    untouched = {name for name in parameters if f"{name}/{UNTOUCHED}" in tensors}
    refuse_misfits(expected_shapes(optimiser, model, untouched), tensors, where)
    for full_name, tensor in tensors.items():
        name, _, entry = full_name.rpartition("/")
        if entry == UNTOUCHED:
            continue
        parameter = parameters[name]
        # the count of updates too: the fused rules read it where the parameter lies
        optimiser.state[parameter][entry] = tensor.to(parameter.device, copy=True)


class MovingAverage:
    """An exponential moving average of the weights (Polyak and Juditsky 1992), which often translates better.

    The decay starts low, at (1 + updates) / (10 + updates), so that the first weights are soon forgotten.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.weights = {name: p.detach().clone() for name, p in model.named_parameters()}

    def load(self, weights: dict[str, Tensor], where: str) -> None:
        """Go on from an average that was saved. Raises DamagedModelError for one of another model, or none."""
        refuse_misfits({name: held.shape for name, held in self.weights.items()}, weights, where)
        for name, held in self.weights.items():
            held.copy_(weights[name])

    @torch.no_grad()
    def follow(self, model: nn.Module, updates: int) -> None:
        """Move towards the model's weights after an update."""
        decay = min(self.decay, (1 + updates) / (10 + updates))
        current = [p.detach() for p in model.parameters()]
        torch._foreach_lerp_(list(self.weights.values()), current, 1 - decay)

    @torch.no_grad()
    def swap(self, model: nn.Module) -> None:
        """Exchange the average and the model's weights; call it again to change back."""
        for name, parameter in model.named_parameters():
            held = parameter.detach().clone()
            parameter.copy_(self.weights[name])
            self.weights[name].copy_(held)
