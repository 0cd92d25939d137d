"""The models that are searched: a shape, trained by seqloom for so many updates, and sentences to translate."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from safetensors.torch import save_file
from shapes import TokenBatch, load_batches
from train_seqloom import trainer_of

from seqloom.data.batch import collate
from seqloom.text.tokenizer import Tokenizer


def train(shape: str, batches: Path, updates: int, threads: int, weights: Path) -> None:
    """Write a shape's weights after so many updates.

    The bias of shape B's readout is set to zero, as its peers have none; it starts there and counts for little.
    """
    trainer = trainer_of(shape, load_batches(batches), "auto", threads)
    groups = trainer._groups()
    for _ in range(updates):
        trainer._update(next(groups))
    tensors = {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()}
    if "decoder.readout.layer.bias" in tensors:
        tensors["decoder.readout.layer.bias"].zero_()
    save_file(tensors, weights)


def sentences(
    tokenizer: Tokenizer, texts: Sequence[str], size: int
) -> Iterator[tuple[list[int], TokenBatch]]:
    """Batches of as many sentences, alike in length, with the places of their sentences."""
    ids = tokenizer.encode_many(texts)
    order = sorted(range(len(ids)), key=lambda place: len(ids[place]))
    for start in range(0, len(order), size):
        places = order[start : start + size]
        batch = collate([ids[place] for place in places])
        source, lengths = batch.source.numpy(), batch.source_lengths.numpy()
        nothing = torch.zeros(len(places), 1, dtype=torch.int64).numpy()
        yield places, TokenBatch(source, lengths, nothing, nothing[:, 0])
