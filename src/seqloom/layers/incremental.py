"""One position more in all layers of a Transformer decoder, in one compiled call.

A search that translates one sentence takes a few rows a position further, and the same few operations for each of
them, layer after layer, cost more to call than to compute. The readable twin is `TransformerDecoderLayer`, called a
layer at a time. It stands alone where layers turn their queries by rotary positions or have an SSRU.
"""

import ctypes
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from seqloom.layers import kernels
from seqloom.layers.transformer import KeysAndValues, Past, TransformerDecoderLayer


class Step(ctypes.Structure):
    """The sizes of a step, as loops/incremental.cpp has them."""

    _fields_ = [
        (name, ctypes.c_int64)
        for name in ("rows", "beam", "layers", "heads", "width", "inner", "written", "stored", "pre")
    ]


class Source(ctypes.Structure):
    """Where keys or values of a memory (B, H, S, K) lie: the first, and the steps along the first three axes."""

    _fields_ = [("start", ctypes.c_void_p), ("steps", ctypes.c_int64 * 3)]


def lay_together(layers: Sequence[TransformerDecoderLayer], last_norm: nn.Module) -> Tensor | None:
    """Move the layers' weights into one piece of memory, columns together, in the order in which a step reads them.

    They stay the layers' parameters, to be trained no more. None for layers that no compiled step is written for.
    """
    if any(layer.rotary or layer.recurrence is not None for layer in layers):
        return None
    modules: list[nn.Module] = []
    for layer in layers:
        own, source, feed_forward = layer.self_attention, layer.source_attention, layer.feed_forward
        modules += [layer.around_self.norm, own.query_layer, own.key_layer, own.value_layer, own.output_layer]
        modules += [layer.around_source.norm, source.query_layer, source.output_layer]
        modules += [layer.around_feed_forward.norm, feed_forward.inner_layer, feed_forward.outer_layer]
    if isinstance(last_norm, nn.LayerNorm):
        modules.append(last_norm)
    places = [(module, name) for module in modules for name in ("weight", "bias")]
    columns = [getattr(module, name).detach().t() for module, name in places]
    together = torch.cat([column.flatten() for column in columns])
    pieces = together.split([column.numel() for column in columns])
    for (module, name), column, piece in zip(places, columns, pieces, strict=True):
        setattr(module, name, nn.Parameter(piece.view(column.shape).t(), requires_grad=False))
    return together


def decoder_step(
    layers: Sequence[TransformerDecoderLayer],
    together: Tensor,
    inputs: Tensor,
    past: Sequence[Past],
    parents: Tensor | None,
    source: Sequence[KeysAndValues],
    visible: Tensor,
    *,
    beam: int,
    alignment: bool,
) -> tuple[Tensor, tuple[Past, ...], Tensor | None]:
    """Write one position more.

    together  what `lay_together` gave for these layers
    inputs    (N, 1, D) float32
    past      each layer's keys and values (N', H, P, K) of the positions before
    parents   (N,) the row of the past that each row continues; None where each continues its own
    source    each layer's keys and values (B, H, S, K) of the memory, N = B * beam, a sentence's rows side by side
    visible   (B, S) bool
    Returns   features (N, 1, D), the past of all N rows, and the last layer's alignment (N, 1, S) if asked, heads
              averaged
    """
    rows, _, width = inputs.shape
    _, heads, written, size = past[0][0].shape
    first = layers[0]
    sizes = Step(
        rows,
        beam,
        len(layers),
        heads,
        width,
        first.feed_forward.inner_layer.out_features,
        written,
        visible.shape[1],
        first.around_self.pre,
    )
    before = [tensor.contiguous() for layer in past for tensor in layer]
    addresses = (ctypes.c_void_p * len(before))(*(tensor.data_ptr() for tensor in before))
    memory = [Source(tensor.data_ptr(), tensor.stride()[:3]) for layer in source for tensor in layer]
    newer = inputs.new_empty(len(before), rows, heads, written + 1, size)
    features = inputs.clone(memory_format=torch.contiguous_format)
    looked = inputs.new_empty(rows, 1, visible.shape[1]) if alignment else None
    kernels.call(
        "decoder_step",
        inputs.dtype,
        sizes,
        together,
        parents,
        addresses,
        (Source * len(memory))(*memory),
        visible.contiguous(),
        newer,
        features,
        looked,
    )
    parts = newer.unbind(0)
    return features, tuple(zip(parts[::2], parts[1::2], strict=True)), looked
