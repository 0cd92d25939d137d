"""seqloom's weights as those of OpenNMT-py and of eole, its descendant: the same tensors under other names.

Imported by the drivers, which run in the peers' environments: torch is all that it needs.
"""

from dataclasses import dataclass

import numpy as np
import torch
from shapes import exchanged
from torch import Tensor

Weights = dict[str, Tensor]
Renaming = tuple[tuple[str, str], ...]  # a part of seqloom's name, and what stands there in the peer's

CELLS: Renaming = (
    *(
        (f"encoder.layers.0.{direction}.{ours}", f"encoder.rnn.{theirs}_l0{ending}")
        for direction, ending in (("forward_cell", ""), ("backward_cell", "_reverse"))
        for ours, theirs in (
            ("input_weight", "weight_ih"),
            ("recurrent_weight", "weight_hh"),
            ("input_bias", "bias_ih"),
            ("recurrent_bias", "bias_hh"),
        )
    ),
    ("decoder.stack.cells.0.input_weight", "decoder.rnn.layers.0.weight_ih"),
    ("decoder.stack.cells.0.recurrent_weight", "decoder.rnn.layers.0.weight_hh"),
    ("decoder.stack.cells.0.input_bias", "decoder.rnn.layers.0.bias_ih"),
    ("decoder.stack.cells.0.recurrent_bias", "decoder.rnn.layers.0.bias_hh"),
)
LAYERS: Renaming = (
    ("self_attention.", "self_attn."),
    ("source_attention.", "context_attn."),
    ("query_layer", "linear_query"),
    ("key_layer", "linear_keys"),
    ("value_layer", "linear_values"),
    ("output_layer", "final_linear"),
    ("last_norm", "layer_norm"),
    ("decoder.layers.", "decoder.transformer_layers."),
)


@dataclass(frozen=True)
class Names:
    """source, target  its tables of embeddings
    shared          every name of the one table that shape A has
    layers          its Transformer's layers, where it doesn't call them as its relative does
    """

    source: str
    target: str
    shared: tuple[str, ...]
    layers: Renaming


OPENNMT = Names(
    source="encoder.embeddings.make_embedding.emb_luts.0.weight",
    target="decoder.embeddings.make_embedding.emb_luts.0.weight",
    shared=(
        "encoder.embeddings.make_embedding.emb_luts.0.weight",
        "decoder.embeddings.make_embedding.emb_luts.0.weight",
        "generator.weight",
    ),
    layers=(
        ("encoder.layers.", "encoder.transformer."),
        ("around_attention.norm", "layer_norm"),
        ("around_self.norm", "layer_norm_1"),
        ("around_source.norm", "layer_norm_2"),
        ("around_feed_forward.norm", "feed_forward.layer_norm"),
        ("inner_layer", "w_1"),
        ("outer_layer", "w_2"),
    ),
)
EOLE = Names(
    source="src_emb.embeddings.weight",
    target="tgt_emb.embeddings.weight",
    shared=("src_emb.embeddings.weight",),  # it ties the others itself
    layers=(
        ("encoder.layers.", "encoder.transformer_layers."),
        ("around_attention.norm", "input_layernorm"),
        ("around_self.norm", "input_layernorm"),
        ("around_source.norm", "precontext_layernorm"),
        ("around_feed_forward.norm", "post_attention_layernorm"),
        ("feed_forward.inner_layer", "mlp.gate_up_proj"),
        ("feed_forward.outer_layer", "mlp.down_proj"),
    ),
)


def peer_weights(shape: str, ours: Weights, names: Names) -> Weights:
    """The weights of shape A or B by a peer's names."""
    return recurrent(ours, names) if shape == "B" else transformer(ours, names)


def recurrent(ours: Weights, names: Names) -> Weights:
    """Shape B's weights by its names."""
    theirs = {its: ours[name] for name, its in CELLS}
    theirs |= {"generator.weight": rows(ours["output.table"]), "generator.bias": rows(ours["output.bias"])}
    for name, its in (("source.embedding.table", names.source), ("target.embedding.table", names.target)):
        theirs[its] = rows(ours[name]) * ours[name].shape[1] ** 0.5  # seqloom scales what it reads
    theirs["decoder.attn.linear_in.weight"] = ours["decoder.attention.key_weight"].T
    state, context = ours["decoder.readout.layer.weight"].chunk(2, dim=1)
    theirs["decoder.attn.linear_out.weight"] = torch.cat([context, state], dim=1)
    return theirs


def transformer(ours: Weights, names: Names) -> Weights:
    """Shape A's weights by its names."""
    theirs = dict.fromkeys(names.shared, rows(ours["source.embedding.table"]))
    theirs["generator.bias"] = rows(ours["output.bias"])
    for name, tensor in ours.items():
        if name.startswith(("encoder.", "decoder.")):
            theirs[renamed(name, (*names.layers, *LAYERS))] = tensor
    return theirs


def renamed(name: str, renaming: Renaming) -> str:
    """The name with each part in the peer's words."""
    for ours, theirs in renaming:
        name = name.replace(ours, theirs)
    return name


def rows(table: Tensor) -> Tensor:
    """A table by symbols, padding and the unknown symbol exchanged."""
    return table[torch.from_numpy(exchanged(np.arange(len(table))))]
