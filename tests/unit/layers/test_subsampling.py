"""Convolutions that halve and pairs read as one: against loops, padding invisible, a batch like its rows."""

import numpy as np
import pytest
import torch

from agreement import random_tensor, randomise
from seqloom.layers.subsampling import ConvolutionalFrontEnd, joined_pairs, without_padding

LENGTHS = torch.tensor([7, 4, 1])


def front_end(layers: int) -> ConvolutionalFrontEnd:
    return randomise(ConvolutionalFrontEnd(5, 6, layers=layers, channels=3))


def looped(module: ConvolutionalFrontEnd, frames: np.ndarray) -> np.ndarray:
    """frames (S, F) -> (S', D), each number by its definition."""
    maps = frames[None]  # (C, S, F)
    for layer in module.layers:
        weight, bias = (tensor.detach().numpy() for tensor in (layer.weight, layer.bias))
        channels, steps, bands = maps.shape
        padded = np.zeros((channels, steps + 2, bands + 2))
        padded[:, 1:-1, 1:-1] = maps
        found = np.empty((len(weight), (steps + 1) // 2, (bands + 1) // 2))
        for place in np.ndindex(*found.shape):
            out, step, band = place
            seen = padded[:, 2 * step : 2 * step + 3, 2 * band : 2 * band + 3]
            found[place] = max(0.0, (seen * weight[out]).sum() + bias[out])
        maps = found
    flat = maps.transpose(1, 0, 2).reshape(maps.shape[1], -1)
    return flat @ module.projection.weight.detach().numpy().T + module.projection.bias.detach().numpy()


@pytest.mark.parametrize("layers", [0, 1, 2])
def test_each_row_is_what_the_loop_gives_whatever_the_padding_holds(layers: int) -> None:
    module, frames = front_end(layers), random_tensor(3, 7, 5, seed=1)
    outputs, lengths = module(frames, LENGTHS)
    assert lengths.tolist() == [-(-length // 2**layers) for length in LENGTHS.tolist()]
    for row, length in enumerate(LENGTHS.tolist()):
        expected = looped(module, frames[row, :length].detach().numpy())
        assert np.abs(outputs[row, : lengths[row]].detach().numpy() - expected).max() < 1e-12
    other = torch.where(torch.arange(7)[:, None] < LENGTHS[:, None, None], frames, 9.0)
    again, _ = module(other, LENGTHS)
    for row, length in enumerate(lengths.tolist()):
        assert torch.equal(again[row, :length], outputs[row, :length])


def test_gradients_of_the_front_end_are_right_and_none_reaches_the_padding() -> None:
    module, frames = front_end(2), random_tensor(3, 7, 5, seed=1)
    assert torch.autograd.gradcheck(lambda heard: module(heard, LENGTHS)[0].tanh(), frames)
    outputs, lengths = module(frames, LENGTHS)
    without_padding(outputs, lengths).sum().backward()
    assert (frames.grad[1, 4:] == 0).all()
    assert (frames.grad[1, :4] != 0).any()


def test_pairs_stand_side_by_side_and_an_odd_one_beside_zeros() -> None:
    inputs = random_tensor(3, 7, 2, seed=2)
    joined, lengths = joined_pairs(inputs, LENGTHS)
    assert joined.shape == (3, 4, 4)
    assert lengths.tolist() == [4, 2, 1]
    assert torch.equal(joined[0, 1], torch.cat([inputs[0, 2], inputs[0, 3]]))
    assert torch.equal(joined[0, 3], torch.cat([inputs[0, 6], torch.zeros(2)]))
    assert torch.equal(joined[2, 0], torch.cat([inputs[2, 0], torch.zeros(2)]))
    assert (joined[1, 2:] == 0).all()
