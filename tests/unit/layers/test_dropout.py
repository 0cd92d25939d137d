"""Dropout: how much it keeps, how it scales, what it gives back, and that it is a function of the seed."""

import pytest
import torch
from torch import Tensor

from agreement import assert_agree, assert_gradients, random_tensor
from seqloom.layers.dropout import Dropout, keep_mask

COUNT = 200_000


def dropped(probability: float, inputs: Tensor, seed: int = 0) -> Tensor:
    torch.manual_seed(seed)
    output: Tensor = Dropout(probability).train()(inputs)
    return output


@pytest.mark.parametrize("probability", [0.1, 0.25, 0.3, 0.5, 0.9])
def test_as_many_are_kept_as_asked(probability: float) -> None:
    output = dropped(probability, torch.ones(COUNT))
    rate = (output == 0).double().mean().item()
    rounded = round(256 * probability) / 256
    assert abs(rounded - probability) <= 1 / 512
    assert abs(rate - rounded) < 5 * (rounded * (1 - rounded) / COUNT) ** 0.5  # five standard deviations


@pytest.mark.parametrize(("probability", "scale"), [(0.25, 256 / 192), (0.3, 256 / 179), (0.999, 256.0)])
def test_what_is_kept_is_scaled_to_keep_the_mean(probability: float, scale: float) -> None:
    inputs = random_tensor(COUNT, seed=1).detach() + 2.0
    output = dropped(probability, inputs)
    kept = output != 0
    assert kept.any()
    torch.testing.assert_close(output[kept], inputs[kept] * scale)
    assert abs(output.mean().item() / 2.0 - 1.0) < (0.01 if probability < 0.5 else 0.3)


def test_each_byte_of_a_word_is_drawn_alike() -> None:
    mask = keep_mask(torch.Size([COUNT]), 64, 5).double().reshape(-1, 8)
    rates = mask.mean(0)  # one rate for each of the eight bytes of the 64-bit words, the sign's among them
    assert (rates - 0.75).abs().max() < 5 * (0.75 * 0.25 / len(mask)) ** 0.5
    together = (mask - 0.75).T @ (mask - 0.75) / len(mask) / (0.75 * 0.25)
    assert (together - torch.eye(8)).abs().max() < 5 / len(mask) ** 0.5  # independent of each other


@pytest.mark.parametrize("shape", [(0,), (), (1,), (7,), (3, 3), (2, 4, 5), (8,)], ids=str)
def test_any_shape(shape: tuple[int, ...]) -> None:
    output = dropped(0.5, torch.ones(shape))
    assert output.shape == shape
    assert set(output.flatten().tolist()) <= {0.0, 2.0}


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16], ids=str)
def test_the_type_stays(dtype: torch.dtype) -> None:
    output = dropped(0.5, torch.ones(64, dtype=dtype))
    assert output.dtype == dtype
    assert set(output.tolist()) == {0.0, 2.0}


def test_gradients_pass_where_values_passed() -> None:
    inputs = random_tensor(1000, seed=1)
    output = dropped(0.3, inputs)
    (gradient,) = torch.autograd.grad(output, inputs, torch.full_like(output, 3.0))
    torch.testing.assert_close(gradient, (output.detach() != 0) * torch.tensor(3.0 * 256 / 179).double())


def test_gradients_are_those_of_finite_differences() -> None:
    inputs = random_tensor(20, seed=1)
    assert_gradients(lambda: dropped(0.3, inputs), [inputs])


def test_nothing_happens_outside_training() -> None:
    inputs = torch.ones(100)
    assert Dropout(0.5).eval()(inputs) is inputs
    assert Dropout(0.0).train()(inputs) is inputs


def test_inputs_stay_as_they_are() -> None:
    inputs = torch.ones(100)
    dropped(0.5, inputs)
    assert torch.equal(inputs, torch.ones(100))


def test_masks_are_a_function_of_the_seed() -> None:
    inputs = torch.ones(100)
    assert torch.equal(dropped(0.5, inputs, seed=1), dropped(0.5, inputs, seed=1))
    assert not torch.equal(dropped(0.5, inputs, seed=1), dropped(0.5, inputs, seed=2))
    torch.manual_seed(1)
    layer = Dropout(0.5).train()
    assert not torch.equal(layer(inputs), layer(inputs))


@pytest.mark.parametrize("probability", [-0.1, 1.0, 1.5, float("nan")])
def test_what_is_no_probability_is_refused(probability: float) -> None:
    message = rf"^dropout = {probability} is no probability; expected 0 <= dropout < 1\.$"
    with pytest.raises(ValueError, match=message):
        Dropout(probability)


def test_it_prints_its_probability() -> None:
    assert str(Dropout(0.3)) == "Dropout(0.3)"
    assert str(Dropout(0.3, locked=True)) == "Dropout(0.3, locked)"


# Locked


def locked(probability: float = 0.5) -> Dropout:
    return Dropout(probability, locked=True).train()


def test_a_locked_mask_is_one_for_all_positions_of_a_sequence() -> None:
    torch.manual_seed(0)
    output = locked(0.25)(torch.ones(300, 5, 40))
    assert torch.equal(output, output[:, :1].expand(-1, 5, -1))
    kept = output[:, 0] != 0
    assert set(output.flatten().tolist()) == {0.0, torch.tensor(256 / 192).item()}
    assert abs(kept.double().mean().item() - 0.75) < 5 * (0.75 * 0.25 / kept.numel()) ** 0.5
    assert not torch.equal(kept[0], kept[1])  # each sequence has its own


def test_a_locked_mask_is_the_seed_s() -> None:
    inputs = random_tensor(3, 4, 7, seed=1)
    expected = inputs * keep_mask(torch.Size([3, 1, 7]), 128, 99) * 2.0
    assert torch.equal(locked()(inputs, seed=99), expected)
    beside = random_tensor(3, 4, 7, seed=2)
    assert torch.equal(locked()(inputs, beside, seed=99), beside + expected)
    assert locked()(inputs.bfloat16(), seed=99).dtype == torch.bfloat16


def test_a_mask_is_drawn_where_it_is_used() -> None:
    assert keep_mask(torch.Size([3, 1, 7]), 128, 99, "meta").is_meta
    assert locked()(torch.empty(3, 4, 7, device="meta"), seed=99).is_meta  # nothing of the CPU comes in


def test_position_by_position_with_one_seed_is_all_at_once() -> None:
    inputs, layer = random_tensor(3, 4, 7, seed=1), locked()
    torch.manual_seed(5)
    seed = layer.draw()
    assert isinstance(seed, int)

    def one_by_one() -> Tensor:
        return torch.cat([layer(now[:, None], seed=seed) for now in inputs.unbind(1)], 1)

    def at_once() -> Tensor:
        torch.manual_seed(5)
        output: Tensor = layer(inputs)
        return output

    assert_agree(one_by_one, at_once, {"inputs": inputs}, 0.0)
    assert_gradients(at_once, [inputs])


def test_only_what_is_locked_and_drops_draws_a_seed() -> None:
    before = torch.get_rng_state()
    assert [layer.draw() for layer in (Dropout(0.5).train(), locked().eval(), locked(0.0))] == [None] * 3
    assert torch.equal(torch.get_rng_state(), before)
    inputs = random_tensor(3, 4, 7, seed=1)
    assert locked().eval()(inputs) is inputs
