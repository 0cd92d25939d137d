"""The layers of the Transformer (Vaswani et al. 2017), normalised after each part or before it (Xiong et al. 2020)."""

import torch
from torch import Tensor, nn

from seqloom.layers.attention import MultiHeadAttention, start_glorot
from seqloom.layers.dropout import Dropout
from seqloom.layers.linear import Linear
from seqloom.layers.positions import rotate
from seqloom.layers.scan_cells import SSRUCell

KeysAndValues = tuple[Tensor, Tensor]  # (B, H, S, K) each
Past = tuple[Tensor, ...]  # keys and values of what is written, or a recurrence's state, (N, D) each


class FeedForward(nn.Module):
    """max(0, x W + b) W' + b', the same at every position (section 3.3)."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.inner_layer = Linear(width, inner)
        self.outer_layer = Linear(inner, width)
        start_glorot(self.inner_layer, self.outer_layer)

    def forward(self, inputs: Tensor) -> Tensor:
        """inputs (B, T, D) -> (B, T, D)."""
        outputs: Tensor = self.outer_layer(torch.relu_(self.inner_layer(inputs)))
        return outputs


class Residual(nn.Module):
    """inputs + dropout(part(inputs)), normalised on the way in (pre) or out (post); `open` and `close` it."""

    def __init__(self, width: int, norm: str, dropout: float) -> None:
        super().__init__()
        if norm not in ("pre", "post"):
            raise ValueError(f'norm = "{norm}"; expected pre or post.')
        self.pre = norm == "pre"
        self.norm = nn.LayerNorm(width)
        self.dropout = Dropout(dropout)

    def open(self, inputs: Tensor) -> Tensor:
        """What the part reads."""
        return self.norm(inputs) if self.pre else inputs

    def close(self, inputs: Tensor, outputs: Tensor) -> Tensor:
        """What goes on upwards."""
        total = self.dropout(outputs, inputs)
        return total if self.pre else self.norm(total)


class TransformerEncoderLayer(nn.Module):
    """Self-attention, then the feed-forward part."""

    def __init__(
        self,
        width: int,
        *,
        heads: int,
        feed_forward: int,
        norm: str,
        rotary: bool,
        dropout: float,
        attention_dropout: float,
    ) -> None:
        super().__init__()
        self.rotary = rotary
        self.self_attention = MultiHeadAttention(width, width, heads, attention_dropout)
        self.feed_forward = FeedForward(width, feed_forward)
        self.around_attention = Residual(width, norm, dropout)
        self.around_feed_forward = Residual(width, norm, dropout)

    def forward(self, inputs: Tensor, visible: Tensor) -> Tensor:
        """inputs (B, S, D), visible (B, S) True where there is something to see -> (B, S, D)."""
        read = self.around_attention.open(inputs)
        query = self.self_attention.query(read)
        keys, values = self.self_attention.keys_and_values(read)
        if self.rotary:
            query, keys = rotate(query), rotate(keys)
        outputs, _ = self.self_attention(query, keys, values, visible)
        inputs = self.around_attention.close(inputs, outputs)
        outputs = self.feed_forward(self.around_feed_forward.open(inputs))
        return self.around_feed_forward.close(inputs, outputs)


class LookingBack(nn.Module):
    """What layers share that read what is written so far: by self-attention, or by a recurrence in its place."""

    def __init__(
        self, width: int, *, heads: int, rotary: bool, attention_dropout: float, recurrent: bool
    ) -> None:
        super().__init__()
        if recurrent and rotary:
            raise ValueError("rotary positions turn queries and keys, of which a recurrent layer has none.")
        self.rotary = rotary
        self.recurrence = SSRUCell(width, width) if recurrent else None
        if self.recurrence is None:
            self.self_attention = MultiHeadAttention(width, width, heads, attention_dropout)

    def look_back(self, read: Tensor, past: Past) -> tuple[Tensor, Past]:
        """read (N, T, D) -> what each position makes of itself and those before (N, T, D), the past with them."""
        if self.recurrence is not None:
            found: tuple[Tensor, Past] = self.recurrence(read, past)
            return found
        query = self.self_attention.query(read)
        keys, values = self.self_attention.keys_and_values(read)
        start = past[0].shape[2]
        if self.rotary:
            query, keys = rotate(query, start), rotate(keys, start)
        if start:
            keys, values = torch.cat([past[0], keys], dim=2), torch.cat([past[1], values], dim=2)
        outputs, _ = self.self_attention(query, keys, values, None, causal=start)
        return outputs, (keys, values)


class CausalLayer(LookingBack):
    """Self-attention over what is written so far, then the feed-forward part: a decoder's layer without a source.

    With `recurrent` an SSRU stands in the place of self-attention, as in TransformerDecoderLayer.
    """

    def __init__(
        self,
        width: int,
        *,
        heads: int,
        feed_forward: int,
        norm: str,
        rotary: bool,
        dropout: float,
        attention_dropout: float,
        recurrent: bool = False,
    ) -> None:
        super().__init__(
            width, heads=heads, rotary=rotary, attention_dropout=attention_dropout, recurrent=recurrent
        )
        self.feed_forward = FeedForward(width, feed_forward)
        self.around_self = Residual(width, norm, dropout)
        self.around_feed_forward = Residual(width, norm, dropout)

    def start(self, rows: int) -> Past:
        """What is written before the first position: nothing, for so many rows."""
        if self.recurrence is not None:
            return self.recurrence.start(rows)
        attention = self.self_attention
        size = attention.query_layer.out_features // attention.heads
        nothing = attention.query_layer.weight.new_zeros(rows, attention.heads, 0, size)
        return nothing, nothing

    def forward(self, inputs: Tensor, past: Past) -> tuple[Tensor, Past]:
        """Write T more positions: inputs (N, T, D), the past -> (N, T, D), the past with T more positions."""
        outputs, past = self.look_back(self.around_self.open(inputs), past)
        inputs = self.around_self.close(inputs, outputs)
        outputs = self.feed_forward(self.around_feed_forward.open(inputs))
        return self.around_feed_forward.close(inputs, outputs), past


class TransformerDecoderLayer(LookingBack):
    """Self-attention over what is written so far, attention over the source, then the feed-forward part.

    With `recurrent` an SSRU stands in the place of self-attention, residual and normalisation around it as before: a
    state of one vector instead of keys and values that grow (Kim et al. 2019, section 3.2).
    """

    def __init__(
        self,
        width: int,
        memory_width: int,
        *,
        heads: int,
        feed_forward: int,
        norm: str,
        rotary: bool,
        dropout: float,
        attention_dropout: float,
        recurrent: bool = False,
    ) -> None:
        super().__init__(
            width, heads=heads, rotary=rotary, attention_dropout=attention_dropout, recurrent=recurrent
        )
        self.source_attention = MultiHeadAttention(width, memory_width, heads, attention_dropout)
        self.feed_forward = FeedForward(width, feed_forward)
        self.around_self = Residual(width, norm, dropout)
        self.around_source = Residual(width, norm, dropout)
        self.around_feed_forward = Residual(width, norm, dropout)

    def start(self, source: KeysAndValues) -> Past:
        """What is written before the first position, for each row of the memory."""
        if self.recurrence is not None:
            return self.recurrence.start(len(source[0]))
        nothing = source[0][:, :, :0]
        return nothing, nothing

    def forward(
        self,
        inputs: Tensor,
        past: Past,
        source: KeysAndValues,
        visible: Tensor,
        *,
        beam: int = 1,
        alignment: bool = False,
    ) -> tuple[Tensor, Past, Tensor | None]:
        """Write T more positions; one call serves training (an empty past) and search (mostly T = 1).

        inputs       (N, T, D)
        past         keys and values (N, H, P, K) of the positions written before, P of them, perhaps none; or the
                     recurrence's state after them
        source       keys and values (B, H, S, K) of the memory, N = B * beam, a sentence's rows side by side
        visible      (B, S) bool, where the memory has something to see
        Returns      (N, T, D), the past with T more positions, alignment (N, H, T, S) if asked
        """
        outputs, past = self.look_back(self.around_self.open(inputs), past)
        inputs = self.around_self.close(inputs, outputs)

        query = beside(self.source_attention.query(self.around_source.open(inputs)), beam)
        outputs, weights = self.source_attention(query, *source, visible, alignment=alignment)
        inputs = self.around_source.close(inputs, outputs.reshape(inputs.shape))

        outputs = self.feed_forward(self.around_feed_forward.open(inputs))
        if weights is not None and beam > 1:  # (B, H, W T, S) -> (N, H, T, S)
            weights = weights.unflatten(2, (beam, -1)).transpose(1, 2).flatten(0, 1)
        return self.around_feed_forward.close(inputs, outputs), past, weights


def beside(query: Tensor, beam: int) -> Tensor:
    """Lay the rows of one sentence side by side as positions: (B W, H, T, K) -> (B, H, W T, K)."""
    if beam == 1:
        return query
    return query.unflatten(0, (-1, beam)).transpose(1, 2).flatten(2, 3)
