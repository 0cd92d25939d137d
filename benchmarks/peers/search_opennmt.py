"""OpenNMT-py's beam search over given batches with seqloom's weights in its own model; prints JSON as search_seqloom.

The same function in another house: its outputs are compared with seqloom's, so that both are known to do the same work.
"""

import logging
import tempfile
from pathlib import Path
from typing import Any

import torch
from driver import peer_output, search_arguments, time_search
from onmt.inputters.inputter import build_vocab
from onmt.model_builder import build_base_model
from onmt.translate import GNMTGlobalScorer
from onmt.translate.translator import Translator
from safetensors.torch import load_file
from shapes import TokenBatch, load_batches
from torch import Tensor
from train_opennmt import options, peer_ids
from weights import OPENNMT, peer_weights


def main() -> None:
    """Search, timed."""
    asked = search_arguments(__doc__).parse_args()
    logging.disable(logging.INFO)
    torch.set_num_threads(asked.threads)
    with tempfile.TemporaryDirectory() as folder:
        told = options(asked.shape, Path(folder))
        vocabs = build_vocab(told, {"src": [], "tgt": []})
    vocabs["data_task"] = told.data_task
    model = build_base_model(told, vocabs).eval()
    theirs = peer_weights(asked.shape, load_file(asked.weights), OPENNMT)
    expected = {name for name, _ in model.named_parameters()} | {"generator.weight"}
    wanted = {name: tensor for name, tensor in theirs.items() if name in model.state_dict()}
    if missing := sorted(expected - set(wanted)):
        raise SystemExit(f"No weights for {', '.join(missing)}.")
    tensors = model.state_dict()
    for name, tensor in wanted.items():
        tensors[name].copy_(tensor)
    scorer = GNMTGlobalScorer(alpha=0.0, beta=0.0, length_penalty="none", coverage_penalty="none")
    translator = Translator(
        model,
        vocabs,
        beam_size=asked.beam,
        max_length=asked.longest,
        max_length_ratio=0,
        stepwise_penalty=False,
        dump_beam="",
        global_scorer=scorer,
    )

    def prepare(batch: TokenBatch) -> dict[str, Tensor]:
        return {"src": peer_ids(batch.source), "srclen": torch.from_numpy(batch.source_lengths)}

    def search(given: dict[str, Tensor]) -> Any:
        return translator.translate_batch(given, False)

    def outputs(found: Any) -> list[list[int]]:
        return [peer_output(hypotheses[0].numpy()) for hypotheses in found["predictions"]]

    time_search(load_batches(asked.batches), prepare, search, outputs)


if __name__ == "__main__":
    main()
