"""The section `model`: widths, embeddings, and an encoder and a decoder of either kind.

Any encoder goes with any decoder. What doesn't go together is refused here, each in one sentence.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from seqloom.config.section import (
    Count,
    CountOrZero,
    Fraction,
    Layers,
    OptionalFraction,
    OptionalSize,
    Section,
    Share,
    Size,
    contradiction,
)

Cell = Literal[
    "elman",
    "elman_relu",
    "lstm",
    "lstm_layer_norm",
    "gru",
    "gru_reset_before",
    "sru",
    "ssru",
    "min_gru",
    "min_lstm",
]
TWO_STATES = ("lstm", "lstm_layer_norm", "sru", "ssru")
"""Cells that keep a memory beside their output."""
MEMORY_ALONE = ("sru", "ssru")
"""Those of them whose step reads the memory and not the output."""
NO_RECURRENT_WEIGHT = ("sru", "ssru", "min_gru", "min_lstm")
"""Cells whose state before meets no weight matrix."""
Attention = Literal["none", "additive", "dot", "general", "multi_head", "location", "local"]
Placement = Literal["between", "before", "after"]
Bridge = Literal["projection", "copy", "zero"]
Norm = Literal["pre", "post"]
Positions = Literal["sinusoidal", "learned", "rotary"]
Autoregression = Literal["attention", "ssru"]
Pooling = Literal["last", "mean", "max", "attention"]


class RecurrentEncoderConfig(Section):
    """A recurrent encoder: Elman, LSTM or GRU layers in one or two directions."""

    kind: Literal["recurrent"] = Field(default="recurrent", description="A recurrent encoder.")
    cell: Cell = Field(default="gru", description="The recurrent cell.")
    layers: Layers = Field(default=1, description="Layers on top of each other.")
    hidden: Size = Field(default=256, description="Width of the state, for each direction.")
    bidirectional: bool = Field(
        default=True,
        description="Read the source from both ends; the memory is then twice as wide as the state.",
    )
    dropout: OptionalFraction = Field(
        default=None, description="Dropout between this encoder's layers; unset, model.dropout."
    )
    locked_dropout: bool = Field(
        default=False,
        description="One dropout mask for all positions of a sequence, of the source's embeddings and between this "
        "encoder's layers (Gal and Ghahramani 2016).",
    )
    recurrent_dropout: Fraction = Field(
        default=0.0,
        description="Dropout of the cells' recurrent weights, drawn once a batch (Merity et al. 2018).",
    )
    residual: bool = Field(
        default=False,
        description="From the second layer on, add a layer's input to its output (Wu et al. 2016).",
    )
    pyramid: CountOrZero = Field(
        default=0,
        description="Topmost layers that read two positions of the layer below at once and so halve them (Chan et al. "
        "2016, listen, attend and spell); fewer than the layers.",
    )


class FrontEndConfig(Section):
    """What stands between frames of sound and the encoder."""

    convolutions: int = Field(
        default=2,
        ge=0,
        le=6,
        description="Convolutions over time and features, each of which halves the positions; 0 reads every frame.",
    )
    channels: Size = Field(default=32, description="Feature maps of each convolution.")


class TransformerStackConfig(Section):
    """What the Transformer's encoder and decoder have in common."""

    kind: Literal["transformer"] = Field(default="transformer", description="Transformer layers.")
    layers: Layers = Field(default=4, description="Layers on top of each other.")
    heads: Count = Field(default=4, description="Attention heads of a layer; they divide model.width.")
    feed_forward: Size = Field(default=256, description="Width of the feed-forward network within a layer.")
    norm: Norm = Field(
        default="pre", description="Layer normalisation before each sublayer (pre) or after it (post)."
    )
    positions: Positions = Field(
        default="sinusoidal", description="How a layer knows the order of the symbols."
    )
    dropout: OptionalFraction = Field(
        default=None,
        description="Dropout after each sublayer; unset, model.dropout.",
    )
    attention_dropout: Fraction = Field(default=0.0, description="Dropout of the attention weights.")
    max_positions: Count = Field(default=1024, description="Positions that learned positions can tell apart.")


class TransformerEncoderConfig(TransformerStackConfig):
    """A Transformer encoder."""

    feature_positions: bool = Field(
        default=True,
        description="Give features (data.feature_columns) positions too; without, their order says nothing (Wu et al. "
        "2021).",
    )


class RecurrentDecoderConfig(Section):
    """A recurrent decoder, with or without attention to the memory."""

    kind: Literal["recurrent"] = Field(default="recurrent", description="A recurrent decoder.")
    cell: Cell = Field(default="gru", description="The recurrent cell.")
    layers: Layers = Field(default=2, description="Layers on top of each other.")
    hidden: Size = Field(default=256, description="Width of the state.")
    attention: Attention = Field(
        default="additive",
        description="How well a memory position fits the state: scored by a small network (additive, "
        "Bahdanau et al. 2015), by products (dot, general, multi_head), by its place (location, local), or not (none).",
    )
    placement: Placement = Field(
        default="between",
        description="Where the context enters: the first layer asks and the upper layers read it (between, "
        "the fastest to train), before the cell (Bahdanau et al. 2015), or after it (Luong et al. 2015).",
    )
    input_feeding: bool = Field(
        default=False,
        description="Feed the attentional vector back with the next symbol (Luong et al. 2015, 3.3); needs "
        'placement = "after".',
    )
    coverage: bool = Field(
        default=False,
        description="Tell additive attention how much it has looked at each position so far (See et al. 2017), which "
        "makes it loop over the target in training.",
    )
    feed_context: bool = Field(
        default=False,
        description="Without attention: read the fixed context vector at every step (Cho et al. 2014), "
        "not in the starting state only (Sutskever et al. 2014).",
    )
    bridge: Bridge = Field(
        default="projection",
        description="The starting state: a learned projection of the encoder's summary, a copy of its last "
        "state, or zero.",
    )
    readout: OptionalSize = Field(
        default=None,
        description="Width of what the output layer reads, and input feeding feeds back; unset, model.width, which a "
        "tied output needs.",
    )
    attention_width: OptionalSize = Field(
        default=None, description="Width of the additive attention's network; unset, the decoder's hidden."
    )
    attention_heads: Count = Field(
        default=4, description="Heads of multi_head attention; they divide the memory's width."
    )
    attention_window: Count = Field(
        default=10, description="Positions that local attention sees on each side of its centre."
    )
    attention_positions: Size = Field(
        default=512,
        description="Positions that location attention can tell apart; no source may be longer, its end included.",
    )
    copying: bool = Field(
        default=False,
        description="Copy symbols of the source too, words outside the vocabulary included, by the attention to them "
        "(pointer-generator, See et al. 2017); needs text.shared.",
    )
    dropout: OptionalFraction = Field(
        default=None,
        description="Dropout between this decoder's stacked layers and after its readout; unset, model.dropout.",
    )
    locked_dropout: bool = Field(
        default=False,
        description="One dropout mask for all positions of a sequence, of the target's embeddings, between this "
        "decoder's layers and after its readout (Gal and Ghahramani 2016).",
    )
    recurrent_dropout: Fraction = Field(
        default=0.0,
        description="Dropout of the cells' recurrent weights, drawn once a batch (Merity et al. 2018).",
    )
    residual: bool = Field(
        default=False,
        description="From the second layer on, add a layer's input to its output (Wu et al. 2016); with attention "
        "between the layers, from the third on.",
    )

    @property
    def attends_between(self) -> bool:
        """Whether the attention stands between the first layer and the others."""
        return self.attention != "none" and self.placement == "between"


class TransformerDecoderConfig(TransformerStackConfig):
    """A Transformer decoder, with attention to the memory in every layer."""

    copying: bool = Field(
        default=False,
        description="Copy symbols of the source too, words outside the vocabulary included, by the attention to them "
        "(pointer-generator, See et al. 2017); needs text.shared.",
    )
    coverage: bool = Field(
        default=False,
        description="Attend to the source once more above the layers, for copying too, knowing how much was looked at "
        "so far (See et al. 2017), which makes it loop over the target in training.",
    )
    autoregression: Autoregression = Field(
        default="attention",
        description="How a layer reads what is written so far: by self-attention, or by a recurrence whose state "
        "doesn't grow (ssru, Kim et al. 2019).",
    )


EncoderConfig = Annotated[RecurrentEncoderConfig | TransformerEncoderConfig, Field(discriminator="kind")]
DecoderConfig = Annotated[RecurrentDecoderConfig | TransformerDecoderConfig, Field(discriminator="kind")]


class ModelConfig(Section):
    """The shape of the model."""

    width: Size = Field(default=256, description="Width of the embeddings, and of Transformer layers.")
    dropout: Fraction = Field(
        default=0.3,
        description="Dropout of the embeddings, and wherever encoder and decoder don't say their own.",
    )
    share_embeddings: bool = Field(
        default=True, description="One embedding table for source and target; needs text.shared."
    )
    embedding_rank: OptionalSize = Field(
        default=None,
        description="Factorise the embeddings through vectors of this size (Lan et al. 2020); unset, they are full.",
    )
    tie_output: bool = Field(
        default=True, description="The target's embedding table is the output layer too."
    )
    pooling: Pooling = Field(
        default="attention",
        description="How a classifier makes one vector of what the encoder gives for each position: the last state, "
        "the mean, the maximum of each number, or a mean weighted by attention (Yang et al. 2016).",
    )
    pooling_width: OptionalSize = Field(
        default=None,
        description="Width of the network that weighs the positions for attention pooling; unset, model.width.",
    )
    word_dropout: Fraction = Field(
        default=0.0,
        description="Share of the symbols that a classifier reads as <unk> in training, so that it relies on no single "
        "word and knows what an unknown one is worth (Iyyer et al. 2015).",
    )
    front_end: FrontEndConfig = Field(
        default_factory=FrontEndConfig, description="What frames of sound go through before the encoder."
    )
    ctc_weight: Share = Field(
        default=0.0,
        description="Share of the loss that is CTC's (Graves et al. 2006), for sound: 0 trains the attending decoder "
        "alone, 1 has CTC instead of a decoder, between them both are trained (Watanabe et al. 2017).",
    )
    encoder: EncoderConfig = Field(
        default_factory=RecurrentEncoderConfig, description="What reads the source; kind says which."
    )
    decoder: DecoderConfig = Field(
        default_factory=RecurrentDecoderConfig, description="What writes the target; kind says which."
    )

    @property
    def memory_width(self) -> int:
        """Width of what the encoder gives the decoder to read."""
        if isinstance(self.encoder, RecurrentEncoderConfig):
            return self.encoder.hidden * (2 if self.encoder.bidirectional else 1)
        return self.width

    @property
    def source_positions(self) -> dict[str, int]:
        """How many positions of a source can be told apart, by the options that bound them; {} without a bound."""
        found = {}
        encoder, decoder = self.encoder, self.decoder
        if encoder.kind == "transformer" and encoder.positions == "learned":
            found["model.encoder.max_positions"] = encoder.max_positions
        if decoder.kind == "recurrent" and decoder.attention == "location":
            found["model.decoder.attention_positions"] = decoder.attention_positions
        return found

    @property
    def frames_a_position(self) -> int:
        """Frames of sound that become one position of the memory."""
        pyramid = self.encoder.pyramid if isinstance(self.encoder, RecurrentEncoderConfig) else 0
        return 1 << (self.front_end.convolutions + pyramid)

    @property
    def feature_width(self) -> int:
        """Width of what the decoder gives the output layer."""
        if isinstance(self.decoder, RecurrentDecoderConfig) and self.decoder.readout:
            return self.decoder.readout
        return self.width

    @property
    def encoder_dropout(self) -> float:
        """The encoder's own dropout, or else model.dropout."""
        return self.dropout if self.encoder.dropout is None else self.encoder.dropout

    @property
    def decoder_dropout(self) -> float:
        """The decoder's own dropout, or else model.dropout."""
        return self.dropout if self.decoder.dropout is None else self.decoder.dropout

    @property
    def drops(self) -> bool:
        """Whether any dropout is above 0."""
        weights = ("recurrent_dropout", "attention_dropout")  # of which a stack has one or the other
        own = (getattr(stack, name, 0.0) for stack in (self.encoder, self.decoder) for name in weights)
        return any((self.dropout, self.encoder_dropout, self.decoder_dropout, *own))

    @model_validator(mode="after")
    def _check_parts(self) -> Self:
        if isinstance(self.encoder, TransformerEncoderConfig):
            _check_transformer("encoder", self.encoder, self.width)
        else:
            _check_recurrent("encoder", self.encoder)
            _check_pyramid(self.encoder)
        if isinstance(self.decoder, TransformerDecoderConfig):
            _check_transformer("decoder", self.decoder, self.width)
            _check_autoregression(self.decoder)
        else:
            _check_recurrent("decoder", self.decoder)
            _check_attention(self.decoder, self.memory_width)
            _check_additive(self.decoder)
            _check_fixed_context(self.decoder)
            _check_bridge(self.decoder, self)
            _check_readout(self.decoder, self)
        return self


def _check_transformer(part: str, stack: TransformerStackConfig, width: int) -> None:
    """Refuse heads that don't divide the width, and positions that need an even size."""
    key = f"model.{part}.heads"
    if width % stack.heads:
        raise contradiction(
            f"{key} = {stack.heads} does not divide model.width = {width}",
            f"Use {_nearest_divisors(width, stack.heads)}.",
            [key, "model.width"],
        )
    head_size = width // stack.heads
    if stack.positions == "rotary" and head_size % 2:
        raise contradiction(
            f'model.{part}.positions = "rotary" turns pairs of numbers, but a head of model.width / {key} = '
            f"{width} / {stack.heads} has {head_size}, an odd number",
            "Choose a width and heads whose quotient is even, or other positions.",
            [f"model.{part}.positions", key, "model.width"],
        )
    if stack.positions == "sinusoidal" and width % 2:
        raise contradiction(
            f'model.{part}.positions = "sinusoidal" needs an even width, but model.width = {width}',
            f"Set model.width = {width + 1}, or choose learned positions.",
            ["model.width", f"model.{part}.positions"],
        )


def _check_autoregression(decoder: TransformerDecoderConfig) -> None:
    """Refuse rotary positions where there are no queries and keys to turn."""
    if decoder.autoregression == "ssru" and decoder.positions == "rotary":
        raise contradiction(
            'model.decoder.positions = "rotary" turns the queries and keys of self-attention, but '
            'model.decoder.autoregression = "ssru" has none',
            'Set model.decoder.positions = "sinusoidal" or "learned", or '
            'model.decoder.autoregression = "attention".',
            ["model.decoder.positions", "model.decoder.autoregression"],
        )


def _check_recurrent(part: str, stack: RecurrentEncoderConfig | RecurrentDecoderConfig) -> None:
    """Refuse dropout of weights that a cell doesn't have, and residuals where no layer would add anything."""
    if stack.recurrent_dropout and stack.cell in NO_RECURRENT_WEIGHT:
        raise contradiction(
            f"model.{part}.recurrent_dropout = {stack.recurrent_dropout} drops elements of a recurrent weight matrix, "
            f'but model.{part}.cell = "{stack.cell}" has none',
            f'Leave it out, or choose another model.{part}.cell, such as "gru" or "lstm".',
            [f"model.{part}.recurrent_dropout", f"model.{part}.cell"],
        )
    between = isinstance(stack, RecurrentDecoderConfig) and stack.attends_between
    first = 3 if between else 2  # the second layer would read the context too, which makes its input wider
    if stack.residual and stack.layers < first:
        where = "third layer" if between else "second layer"
        why = ' with model.decoder.placement = "between"' if between else ""
        raise contradiction(
            f"model.{part}.residual = true adds a layer's input to its output from the {where} on{why}, but "
            f"model.{part}.layers = {stack.layers}",
            f"Set model.{part}.layers = {first}, or model.{part}.residual = false.",
            [f"model.{part}.residual", f"model.{part}.layers"],
        )


def _check_pyramid(encoder: RecurrentEncoderConfig) -> None:
    """Refuse a pyramid without a layer to stand on, and residuals between layers of different lengths."""
    if not encoder.pyramid:
        return
    if encoder.pyramid >= encoder.layers:
        raise contradiction(
            f"model.encoder.pyramid = {encoder.pyramid} layers read pairs of positions of a layer below, but "
            f"model.encoder.layers = {encoder.layers}",
            f"Set model.encoder.layers = {encoder.pyramid + 1}, or a lower pyramid.",
            ["model.encoder.pyramid", "model.encoder.layers"],
        )
    if encoder.residual:
        raise contradiction(
            f"model.encoder.residual = true adds a layer's input to its output, but model.encoder.pyramid = "
            f"{encoder.pyramid} makes the output half as long",
            "Set model.encoder.residual = false, or model.encoder.pyramid = 0.",
            ["model.encoder.residual", "model.encoder.pyramid"],
        )


def _nearest_divisors(width: int, heads: int) -> str:
    """Name the divisors of the width just below and just above the heads that were asked for."""
    divisors = [number for number in range(1, width + 1) if width % number == 0]
    below = [number for number in divisors if number < heads]
    above = [number for number in divisors if number > heads]
    return " or ".join(str(number) for number in below[-1:] + above[:1])


def _check_attention(decoder: RecurrentDecoderConfig, memory_width: int) -> None:
    """Refuse attention that cannot stand where it is placed, or cannot compare its query with the memory."""
    if decoder.input_feeding and (decoder.attention == "none" or decoder.placement != "after"):
        key, value = (
            ("attention", "none") if decoder.attention == "none" else ("placement", decoder.placement)
        )
        raise contradiction(
            "model.decoder.input_feeding = true feeds back what attention after the cell gives, but "
            f'model.decoder.{key} = "{value}"',
            'Leave out input_feeding, or set model.decoder.placement = "after" with an attention.',
            ["model.decoder.input_feeding", f"model.decoder.{key}"],
        )
    if decoder.copying and decoder.attention == "none":
        raise contradiction(
            'model.decoder.copying = true copies what attention looks at, but model.decoder.attention = "none"',
            "Set a model.decoder.attention, or model.decoder.copying = false.",
            ["model.decoder.copying", "model.decoder.attention"],
        )
    if decoder.attends_between and decoder.layers < 2:
        raise contradiction(
            'model.decoder.placement = "between" puts the attention between two layers, but '
            "model.decoder.layers = 1",
            'Set model.decoder.layers = 2, or model.decoder.placement = "before" or "after".',
            ["model.decoder.layers", "model.decoder.placement"],
        )
    if decoder.attention == "multi_head" and memory_width % decoder.attention_heads:
        raise contradiction(
            f"model.decoder.attention_heads = {decoder.attention_heads} does not divide the width of the encoder's "
            f"output, {memory_width}",
            f"Use {_nearest_divisors(memory_width, decoder.attention_heads)}.",
            ["model.decoder.attention_heads", "model.encoder.hidden", "model.width"],
        )
    if decoder.attention == "dot" and decoder.hidden != memory_width:
        raise contradiction(
            'model.decoder.attention = "dot" needs a query as wide as the memory, but model.decoder.hidden = '
            f"{decoder.hidden} and the encoder's output is {memory_width} wide",
            f'Set model.decoder.attention = "general", or model.decoder.hidden = {memory_width}.',
            ["model.decoder.attention", "model.decoder.hidden", "model.encoder.hidden", "model.width"],
        )


def _check_additive(decoder: RecurrentDecoderConfig) -> None:
    """Refuse what only additive attention has."""
    if decoder.attention_width is not None and decoder.attention != "additive":
        raise contradiction(
            f"model.decoder.attention_width = {decoder.attention_width} is read by additive attention only, "
            f'but model.decoder.attention = "{decoder.attention}"',
            'Leave it out, or set model.decoder.attention = "additive".',
            ["model.decoder.attention_width", "model.decoder.attention"],
        )
    if decoder.coverage and decoder.attention != "additive":
        raise contradiction(
            "model.decoder.coverage = true is known to additive attention only, but "
            f'model.decoder.attention = "{decoder.attention}"',
            'Set model.decoder.attention = "additive", or model.decoder.coverage = false.',
            ["model.decoder.coverage", "model.decoder.attention"],
        )


def _check_fixed_context(decoder: RecurrentDecoderConfig) -> None:
    """Refuse a context vector read beside attention, and a decoder that never sees the source."""
    if decoder.feed_context and decoder.attention != "none":
        raise contradiction(
            "model.decoder.feed_context = true reads one fixed context vector, but model.decoder.attention = "
            f'"{decoder.attention}" makes a new one at each step',
            'Set model.decoder.attention = "none", or model.decoder.feed_context = false.',
            ["model.decoder.feed_context", "model.decoder.attention"],
        )
    if decoder.attention == "none" and decoder.bridge == "zero" and not decoder.feed_context:
        raise contradiction(
            'model.decoder.attention = "none" with model.decoder.bridge = "zero" never shows the decoder '
            "the source",
            'Set model.decoder.bridge = "projection", or model.decoder.feed_context = true.',
            ["model.decoder.bridge", "model.decoder.attention", "model.decoder.feed_context"],
        )


def _check_readout(decoder: RecurrentDecoderConfig, model: ModelConfig) -> None:
    """Refuse to tie an output layer to embeddings of another width."""
    if decoder.readout not in (None, model.width) and model.tie_output:
        raise contradiction(
            "model.tie_output = true makes the embeddings the output layer, but model.decoder.readout = "
            f"{decoder.readout} and model.width = {model.width} differ",
            "Leave readout out, or set model.tie_output = false.",
            ["model.decoder.readout", "model.tie_output", "model.width"],
        )


def _check_bridge(decoder: RecurrentDecoderConfig, model: ModelConfig) -> None:
    """Refuse to copy an encoder's state that has another shape than the decoder's."""
    if decoder.bridge != "copy":
        return
    encoder = model.encoder
    keys = ["model.decoder.bridge"]
    if not isinstance(encoder, RecurrentEncoderConfig):
        difference, keys = 'model.encoder.kind = "transformer" has no state', [*keys, "model.encoder.kind"]
    elif encoder.layers != decoder.layers:
        difference = (
            f"model.encoder.layers = {encoder.layers} and model.decoder.layers = {decoder.layers} differ"
        )
        keys += ["model.encoder.layers", "model.decoder.layers"]
    elif (encoder.cell in TWO_STATES) != (decoder.cell in TWO_STATES):
        difference = f'model.encoder.cell = "{encoder.cell}" and model.decoder.cell = "{decoder.cell}" differ'
        keys += ["model.encoder.cell", "model.decoder.cell"]
    elif model.memory_width != decoder.hidden:
        difference = (
            f"the encoder's state is {model.memory_width} wide and model.decoder.hidden = {decoder.hidden}"
        )
        keys += ["model.decoder.hidden", "model.encoder.hidden", "model.encoder.bidirectional"]
    else:
        return
    raise contradiction(
        f'model.decoder.bridge = "copy" copies the encoder\'s last state, but {difference}',
        'Set model.decoder.bridge = "projection", or give both the same shape.',
        keys,
    )
