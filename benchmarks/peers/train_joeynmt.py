"""JoeyNMT's model, loss and optimiser over given batches; prints target tokens a second as JSON. In its environment.

The update is that of its TrainManager (_train_step, then clipping and the optimiser), without its data loading,
logging and validation.
"""

import json
import logging
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import torch
from driver import training_arguments
from joeynmt.batch import Batch
from joeynmt.builders import build_gradient_clipper, build_optimizer
from joeynmt.model import build_model
from joeynmt.vocabulary import Vocabulary
from shapes import VOCABULARY, TokenBatch, endlessly, exchanged, load_batches

SPECIALS = SimpleNamespace(
    unk_token="<unk>",
    pad_token="<pad>",
    bos_token="<s>",
    eos_token="</s>",
    sep_token=None,
    lang_tags=[],
    unk_id=0,
    pad_id=1,
    bos_id=2,
    eos_id=3,
    sep_id=None,
)
TRAINING = {
    "optimizer": "adam",
    "learning_rate": 0.001,
    "adam_betas": [0.9, 0.98],
    "clip_grad_norm": 1.0,
    "clip_grad_val": None,
}
TRANSFORMER = {
    "type": "transformer",
    "num_layers": 4,
    "num_heads": 4,
    "hidden_size": 128,
    "ff_size": 256,
    "dropout": 0.3,
    "layer_norm": "pre",
    "embeddings": {"embedding_dim": 128, "scale": True, "dropout": 0.3},
}
RECURRENT = {"type": "recurrent", "rnn_type": "lstm", "num_layers": 1, "dropout": 0.3}
MODELS: dict[str, dict[str, Any]] = {
    "A": {
        "initializer": "xavier_uniform",
        "embed_initializer": "xavier_uniform",
        "tied_embeddings": True,
        "tied_softmax": True,
        "encoder": TRANSFORMER,
        "decoder": TRANSFORMER,
    },
    "B": {
        "encoder": {
            **RECURRENT,
            "hidden_size": 256,
            "bidirectional": True,
            "embeddings": {"embedding_dim": 256, "dropout": 0.3},
        },
        "decoder": {
            **RECURRENT,
            "hidden_size": 512,
            "hidden_dropout": 0.3,
            "attention": "luong",
            "input_feeding": True,
            "init_hidden": "last",
            "embeddings": {"embedding_dim": 256, "dropout": 0.3},
        },
    },
}


def peer_batches(batches: list[TokenBatch]) -> Iterator[Batch]:
    """As its data loader makes them, each anew: sorting alters them."""
    for batch in endlessly(batches):
        yield Batch(
            src=torch.from_numpy(exchanged(batch.source)),
            src_length=torch.from_numpy(batch.source_lengths),
            src_prompt_mask=None,
            trg=torch.from_numpy(exchanged(batch.target)),
            trg_prompt_mask=None,
            indices=torch.arange(len(batch.source)),
            device=torch.device("cpu"),
            pad_index=SPECIALS.pad_id,
            eos_index=SPECIALS.eos_id,
        )


def main() -> None:
    """Train for a while, then time."""
    asked = training_arguments(__doc__).parse_args()
    logging.disable(logging.INFO)
    torch.set_num_threads(asked.threads)
    torch.manual_seed(1)
    vocabulary = Vocabulary([f"w{number}" for number in range(VOCABULARY - 4)], SPECIALS)
    model = build_model(MODELS[asked.shape], vocabulary, vocabulary)
    model.loss_function = ("crossentropy", 0.1)
    optimiser = build_optimizer(TRAINING, model.parameters())
    clip = build_gradient_clipper(TRAINING)
    stream = peer_batches(load_batches(asked.batches))
    model.train()
    tokens, started, loss = 0, 0.0, 0.0
    for update in range(asked.warmup + asked.updates):
        if update == asked.warmup:
            tokens, started = 0, time.perf_counter()
        batch = next(stream)
        batch.sort_by_src_length()
        summed, _, _, _ = model(return_type="loss", **vars(batch))
        loss = summed.item() / batch.ntokens
        batch.normalize(summed, normalization="tokens").backward()
        clip(parameters=model.parameters())
        optimiser.step()
        optimiser.zero_grad()
        tokens += batch.ntokens
    print(
        json.dumps(
            {
                "tokens_per_second": tokens / (time.perf_counter() - started),
                "parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
                "loss": loss,
            }
        )
    )


if __name__ == "__main__":
    main()
