"""The batches that every contestant trains on: Multi30k in a joint vocabulary, as seqloom cuts them."""

import itertools
from pathlib import Path

import numpy as np
from provenance import multi30k
from shapes import BATCH_TOKENS, VOCABULARY, TokenBatch, save_batches

from seqloom.config.read import build_config
from seqloom.config.schema import Config
from seqloom.data.loader import iterate_batches
from seqloom.text.tokenizer import Tokenizer
from seqloom.text.vocabulary import BOS
from seqloom.training.seq2seq import prepare
from seqloom.training.vocabularies import train_tokenizers


def configuration(vocabulary: int) -> Config:
    """Multi30k in a joint vocabulary of that size."""
    return build_config(
        {
            "task": "translation",
            "data": {"train": [str(path) for path in multi30k("train")]},
            "text": {"tokenizer": "bpe", "vocabulary_size": vocabulary, "shared": True},
        }
    )


def joint_tokenizer(vocabulary: int) -> Tokenizer:
    """Its tokenizer, of both languages."""
    return train_tokenizers(configuration(vocabulary)).source


def make_batches(folder: Path, count: int, vocabulary: int = VOCABULARY) -> Path:
    """The first batches of a training, epoch after epoch, in a file within the folder."""
    config = configuration(vocabulary)
    prepared = prepare(config, train_tokenizers(config), folder, lambda _: None)
    batches: list[TokenBatch] = []
    epochs = (
        iterate_batches(prepared.train, seed=1, epoch=epoch, tokens_per_batch=BATCH_TOKENS)
        for epoch in itertools.count()
    )
    for batch in itertools.islice(itertools.chain.from_iterable(epochs), count):
        if batch.target_output is None or batch.target_lengths is None:
            raise SystemExit("A training batch has targets.")
        target = np.concatenate([np.full((len(batch), 1), BOS), batch.target_output.numpy()], axis=1)
        source = batch.source.numpy(), batch.source_lengths.numpy()
        batches.append(TokenBatch(*source, target, batch.target_lengths.numpy() + 1))
    path = folder / f"batches-{vocabulary}.npz"
    save_batches(path, batches)
    return path
