"""OpenNMT-py's beam search over given batches with seqloom's weights in its own model; prints JSON as search_seqloom.

The same function in another house: its outputs are compared with seqloom's, so that both are known to do the same work.
"""

import argparse
import json
import logging
import sys
import tempfile
import time
from pathlib import Path

import torch
from onmt.inputters.inputter import build_vocab
from onmt.model_builder import build_base_model
from onmt.translate import GNMTGlobalScorer
from onmt.translate.translator import Translator
from safetensors.torch import load_file
from shapes import PAD, load_batches
from torch import Tensor
from train_opennmt import PEER_PAD, PEER_UNK, options, peer_ids

Weights = dict[str, Tensor]


def rows(table: Tensor) -> Tensor:
    """A table by symbols, padding and the unknown symbol exchanged."""
    swapped = table.clone()
    swapped[[PEER_UNK, PEER_PAD]] = table[[1, PAD]]
    return swapped


def recurrent(ours: Weights) -> Weights:
    """Shape B's weights by its names."""
    theirs = {"generator.weight": rows(ours["output.table"]), "generator.bias": rows(ours["output.bias"])}
    for side, theirs_side in (("source", "encoder"), ("target", "decoder")):
        table = ours[f"{side}.embedding.table"]  # seqloom scales what it reads, OpenNMT-py doesn't
        name = f"{theirs_side}.embeddings.make_embedding.emb_luts.0.weight"
        theirs[name] = rows(table) * table.shape[1] ** 0.5
    kinds = {
        "input_weight": "weight_ih",
        "recurrent_weight": "weight_hh",
        "input_bias": "bias_ih",
        "recurrent_bias": "bias_hh",
    }
    for kind, its in kinds.items():
        theirs[f"encoder.rnn.{its}_l0"] = ours[f"encoder.layers.0.forward_cell.{kind}"]
        theirs[f"encoder.rnn.{its}_l0_reverse"] = ours[f"encoder.layers.0.backward_cell.{kind}"]
        theirs[f"decoder.rnn.layers.0.{its}"] = ours[f"decoder.stack.cells.0.{kind}"]
    theirs["decoder.attn.linear_in.weight"] = ours["decoder.attention.key_weight"].T
    state, context = ours["decoder.readout.layer.weight"].chunk(2, dim=1)
    theirs["decoder.attn.linear_out.weight"] = torch.cat([context, state], dim=1)
    return theirs


def transformer(ours: Weights) -> Weights:
    """Shape A's weights by its names."""
    table = rows(ours["source.embedding.table"])
    theirs = {"generator.weight": table, "generator.bias": rows(ours["output.bias"])}
    for side in ("encoder", "decoder"):
        theirs[f"{side}.embeddings.make_embedding.emb_luts.0.weight"] = table
        for kind in ("weight", "bias"):
            theirs[f"{side}.layer_norm.{kind}"] = ours[f"{side}.last_norm.{kind}"]
    parts = {
        "encoder.transformer": {
            "self_attention": "self_attn",
            "feed_forward": "feed_forward",
            "around_attention.norm": "layer_norm",
            "around_feed_forward.norm": "feed_forward.layer_norm",
        },
        "decoder.transformer_layers": {
            "self_attention": "self_attn",
            "source_attention": "context_attn",
            "feed_forward": "feed_forward",
            "around_self.norm": "layer_norm_1",
            "around_source.norm": "layer_norm_2",
            "around_feed_forward.norm": "feed_forward.layer_norm",
        },
    }
    layers = {
        "query_layer": "linear_query",
        "key_layer": "linear_keys",
        "value_layer": "linear_values",
        "output_layer": "final_linear",
        "inner_layer": "w_1",
        "outer_layer": "w_2",
    }
    for name, tensor in ours.items():
        side, _, rest = name.partition(".layers.")
        stack = {"encoder": "encoder.transformer", "decoder": "decoder.transformer_layers"}.get(side)
        if not rest or stack is None:
            continue
        number, _, inner = rest.partition(".")
        part = next(part for part in parts[stack] if inner.startswith(part + "."))
        layer, _, kind = inner.removeprefix(part + ".").rpartition(".")
        place = f"{stack}.{number}.{parts[stack][part]}"
        theirs[f"{place}.{layers[layer]}.{kind}" if layer else f"{place}.{kind}"] = tensor
    return theirs


def main() -> None:
    """Search, a little to warm up and then timed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shape")
    parser.add_argument("weights", type=Path)
    parser.add_argument("batches", type=Path)
    parser.add_argument("--beam", type=int, default=5)
    parser.add_argument("--longest", type=int, default=60)
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    sys.argv = sys.argv[:1]  # the peer's parser reads it too
    logging.disable(logging.INFO)
    torch.set_num_threads(asked.threads)
    with tempfile.TemporaryDirectory() as folder:
        told = options(asked.shape, Path(folder))
        vocabs = build_vocab(told, {"src": [], "tgt": []})
    vocabs["data_task"] = told.data_task
    model = build_base_model(told, vocabs).eval()
    ours = load_file(asked.weights)
    theirs = recurrent(ours) if asked.shape == "B" else transformer(ours)
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
    outputs: list[list[int]] = []
    seconds = 0.0
    batches = load_batches(asked.batches)
    for timed in (False, True):
        for batch in batches if timed else batches[:4]:
            given = {"src": peer_ids(batch.source), "srclen": torch.from_numpy(batch.source_lengths)}
            started = time.perf_counter()
            found = translator.translate_batch(given, False)
            seconds += (time.perf_counter() - started) * timed
            if timed:
                outputs += [
                    [token for token in best[0].tolist() if token != 3] for best in found["predictions"]
                ]
    print(json.dumps({"sentences_per_second": len(outputs) / seconds, "outputs": outputs}))


if __name__ == "__main__":
    main()
