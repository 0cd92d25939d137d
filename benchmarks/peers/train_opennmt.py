"""OpenNMT-py's own trainer over given batches; prints its target tokens a second as JSON. Runs in its environment."""

import json
import logging
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from driver import training_arguments
from onmt.bin.train import _get_parser
from onmt.inputters.inputter import build_vocab
from onmt.model_builder import build_model
from onmt.trainer import build_trainer
from onmt.utils.optimizers import Optimizer
from onmt.utils.parse import ArgumentParser
from shapes import PAD, UNK, VOCABULARY, Ids, TokenBatch, endlessly, exchanged, load_batches

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


def peer_ids(ids: Ids) -> torch.Tensor:
    """By its numbers, with its axis of features."""
    return torch.from_numpy(exchanged(ids))[:, :, None]


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
    asked = training_arguments(__doc__).parse_args()
    logging.disable(logging.INFO)
    torch.set_num_threads(asked.threads)
    torch.manual_seed(1)
    batches = load_batches(asked.batches)
    with tempfile.TemporaryDirectory() as folder:
        told = options(asked.shape, Path(folder))
        vocabs = build_vocab(told, {"src": [], "tgt": []})
    if len(vocabs["src"]) != VOCABULARY or (vocabs["src"]["<unk>"], vocabs["src"]["<blank>"]) != (PAD, UNK):
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
