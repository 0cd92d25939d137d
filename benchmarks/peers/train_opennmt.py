"""OpenNMT-py's own trainer over given batches; prints its target tokens a second as JSON. Runs in its environment."""

import argparse
import json
import logging
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from onmt.bin.train import _get_parser
from onmt.inputters.inputter import build_vocab
from onmt.model_builder import build_model
from onmt.trainer import build_trainer
from onmt.utils.optimizers import Optimizer
from onmt.utils.parse import ArgumentParser
from shapes import PAD, VOCABULARY, TokenBatch, endlessly, load_batches

OPTIONS = {
    "A": """
        -encoder_type transformer -decoder_type transformer -enc_layers 4 -dec_layers 4 -hidden_size 128
        -word_vec_size 128 -transformer_ff 256 -heads 4 -dropout 0.3 -attention_dropout 0.3 -position_encoding
        -add_qkvbias -add_ffnbias -share_embeddings -share_decoder_embeddings -param_init 0 -param_init_glorot""",
    "B": """
        -encoder_type brnn -decoder_type rnn -rnn_type LSTM -enc_layers 1 -dec_layers 1 -hidden_size 512
        -word_vec_size 256 -global_attention general -input_feed 1 -dropout 0.3""",
}
ALL = """
    -share_vocab -optim adam -learning_rate 0.001 -adam_beta2 0.98 -label_smoothing 0.1 -max_grad_norm 1
    -normalization tokens -batch_type tokens -batch_size 2048 -report_every 1000000000"""
PEER_UNK, PEER_PAD = 0, 1  # build_vocab puts <unk>, <blank>, <s>, </s> first


def options(shape: str, folder: Path) -> Any:
    """The options as `onmt_train` parses and completes them."""
    vocabulary = folder / "vocabulary"
    vocabulary.write_text("".join(f"w{number}\n" for number in range(VOCABULARY - 4)))
    data = folder / "config.yaml"
    data.write_text(f"data: {{corpus: {{path_src: {vocabulary}, path_tgt: {vocabulary}}}}}\n")
    told = ["-config", str(data), "-src_vocab", str(vocabulary), "-save_model", str(folder / "model")]
    asked, _ = _get_parser().parse_known_args(told + (ALL + OPTIONS[shape]).split())
    asked.data = {}  # the batches come from here, not from files
    ArgumentParser.validate_train_opts(asked)
    ArgumentParser.update_model_opts(asked)
    ArgumentParser.validate_model_opts(asked)
    asked.data_task = asked.model_task
    asked.decoder_start_token = "<s>"
    asked.default_specials = ["<unk>", "<blank>", "<s>", "</s>"]
    return asked


def peer_ids(ids: Any) -> torch.Tensor:
    """Exchange padding and the unknown symbol, and add the axis of features."""
    tensor = torch.from_numpy(ids)
    swapped = torch.where(tensor == PAD, PEER_PAD, torch.where(tensor == PEER_PAD, PEER_UNK, tensor))
    return swapped[:, :, None]


def peer_batches(batches: list[TokenBatch]) -> Iterator[tuple[dict[str, torch.Tensor], int]]:
    """As the trainer takes them."""
    ready = [
        {
            "src": peer_ids(batch.source),
            "srclen": torch.from_numpy(batch.source_lengths),
            "tgt": peer_ids(batch.target),
            "tgtlen": torch.from_numpy(batch.target_lengths),
        }
        for batch in batches
    ]
    while True:
        for batch in ready:
            yield dict(batch), 0


def main() -> None:
    """Train for a while, then time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shape")
    parser.add_argument("batches", type=Path)
    parser.add_argument("--warmup", type=int, default=20)
    parser.add_argument("--updates", type=int, default=100)
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    sys.argv = sys.argv[:1]  # the peer's parser reads it too
    logging.disable(logging.INFO)
    torch.set_num_threads(asked.threads)
    torch.manual_seed(1)
    batches = load_batches(asked.batches)
    with tempfile.TemporaryDirectory() as folder:
        told = options(asked.shape, Path(folder))
        vocabs = build_vocab(told, {"src": [], "tgt": []})
    if len(vocabs["src"]) != VOCABULARY or vocabs["src"]["<blank>"] != PEER_PAD:
        raise SystemExit("OpenNMT-py built another vocabulary than this driver expects.")
    model = build_model(told, told, vocabs, None, -1)
    optimiser = Optimizer.from_opt(model, told)
    trainer = build_trainer(told, -1, model, vocabs, optimiser)
    model.train()
    stream = peer_batches(batches)
    trainer.train(stream, asked.warmup)
    counted = endlessly(batches)
    tokens = [next(counted).target_tokens for _ in range(asked.warmup + asked.updates)][asked.warmup :]
    started = time.perf_counter()
    statistics = trainer.train(stream, asked.warmup + asked.updates)
    seconds = time.perf_counter() - started
    print(
        json.dumps(
            {
                "tokens_per_second": sum(tokens) / seconds,
                "parameters": sum(p.numel() for p in model.parameters()),
                "loss": statistics.xent(),
            }
        )
    )


if __name__ == "__main__":
    main()
