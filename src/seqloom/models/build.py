"""From the section `model` of a configuration, and the sizes of the vocabularies, to a model."""

from torch import nn

from seqloom.base.errors import ConfigError
from seqloom.config.model import (
    DecoderConfig,
    EncoderConfig,
    ModelConfig,
    RecurrentDecoderConfig,
    RecurrentEncoderConfig,
    TransformerDecoderConfig,
)
from seqloom.layers.copying import Switch
from seqloom.layers.dropout import Dropout
from seqloom.layers.embedding import EmbeddedInput, Embedding, OutputLayer
from seqloom.layers.family import CELLS, AttentionSizes, recurrent_attention
from seqloom.layers.pooling import AttentionPooling, FinalState, LastPosition, MaxPooling, MeanPooling
from seqloom.layers.positions import NoPositions, positions
from seqloom.layers.subsampling import ConvolutionalFrontEnd
from seqloom.layers.transformer import CausalLayer
from seqloom.models.bridge import CopyBridge, ProjectionBridge, ZeroBridge
from seqloom.models.classifier import LabelNetwork
from seqloom.models.encoders import RecurrentEncoder, TransformerEncoder
from seqloom.models.language_model import CausalLayers, LanguageModel, RecurrentLayers
from seqloom.models.pointer_generator import PointerGenerator
from seqloom.models.pyramidal_encoder import PyramidalEncoder
from seqloom.models.recurrent_decoders import (
    AttendAfterDecoder,
    AttendBeforeDecoder,
    AttendBetweenDecoder,
    CellLayers,
    FixedContextDecoder,
)
from seqloom.models.seq2seq import Decoder, Seq2Seq
from seqloom.models.speech import CTCHead, CTCModel, HeardInput, SpeechModel, SpeechSeq2Seq
from seqloom.models.transformer_decoder import TransformerDecoder

PADDING = 0  # the id of <pad>, as text.vocabulary has it


def build_model(
    config: ModelConfig, source_symbols: int, target_symbols: int, placeless: range = range(0)
) -> Seq2Seq:
    """A model with fresh parameters, drawn from torch's default generator.

    source_symbols, target_symbols  sizes of the vocabularies, special symbols included; equal when shared
    placeless                       symbols of the source that have no position
    Raises  ConfigError for one embedding table over two vocabularies of different size
    """
    if config.share_embeddings and source_symbols != target_symbols:
        raise ConfigError(
            f"model.share_embeddings = true needs one vocabulary for both sides, but the source has {source_symbols} "
            f"symbols and the target {target_symbols}. Set text.shared = true, or model.share_embeddings = false."
        )
    source_embedding = Embedding(source_symbols, config.width, PADDING, config.embedding_rank)
    target_embedding = source_embedding
    if not config.share_embeddings:
        target_embedding = Embedding(target_symbols, config.width, PADDING, config.embedding_rank)
    encoder = build_encoder(config)
    model = Seq2Seq(
        source=_embedded(source_embedding, config.encoder, config, placeless),
        encoder=encoder,
        target=_embedded(target_embedding, config.decoder, config),
        decoder=build_decoder(config, encoder.memory_width, encoder.summary_width),
        output=OutputLayer(
            target_symbols, config.feature_width, target_embedding if config.tie_output else None
        ),
    )
    if not config.decoder.copying:
        return model
    return PointerGenerator(model, Switch(encoder.memory_width, config.feature_width, config.width))


def build_language_model(config: ModelConfig, symbols: int, window: int) -> LanguageModel:
    """A model with fresh parameters that goes on with text, made of what model.decoder says; it has no encoder.

    symbols  size of the vocabulary, special symbols included
    window   symbols that a Transformer sees at once
    """
    decoder = config.decoder
    embedding = Embedding(symbols, config.width, PADDING, config.embedding_rank)
    target = _embedded(embedding, decoder, config)
    output = OutputLayer(symbols, config.feature_width, embedding if config.tie_output else None)
    if isinstance(decoder, RecurrentDecoderConfig):
        return LanguageModel(target, _recurrent_layers(config, decoder), output)
    return LanguageModel(target, _causal_layers(config, decoder), output, window)


def _recurrent_layers(config: ModelConfig, decoder: RecurrentDecoderConfig) -> RecurrentLayers:
    """Cells, and a readout where their output has another width than the output layer reads (Merity et al. 2018)."""
    cells = _cells(config, decoder)
    readout = (
        cells.reading() if decoder.hidden != cells.readout else Dropout(cells.dropout, locked=cells.locked)
    )
    return RecurrentLayers(cells.stack(config.width), readout)


def _causal_layers(config: ModelConfig, decoder: TransformerDecoderConfig) -> CausalLayers:
    layers = [
        CausalLayer(
            config.width,
            heads=decoder.heads,
            feed_forward=decoder.feed_forward,
            norm=decoder.norm,
            rotary=decoder.positions == "rotary",
            dropout=config.decoder_dropout,
            attention_dropout=decoder.attention_dropout,
            recurrent=decoder.autoregression == "ssru",
        )
        for _ in range(decoder.layers)
    ]
    return CausalLayers(layers, config.width, decoder.norm)


def build_label_network(config: ModelConfig, symbols: int, labels: int, *, pooled: bool) -> LabelNetwork:
    """A classifier of texts, or of their positions, with fresh parameters.

    symbols, labels  sizes of the vocabulary, special symbols included, and of what is told apart
    pooled           whether a text has one label, or each position has its own
    """
    embedding = Embedding(symbols, config.width, PADDING, config.embedding_rank)
    encoder = build_encoder(config)
    return LabelNetwork(
        _embedded(embedding, config.encoder, config),
        encoder,
        build_pooling(config, encoder.memory_width) if pooled else None,
        OutputLayer(labels, encoder.memory_width),
        dropout=config.dropout,
        word_dropout=config.word_dropout,
    )


def build_pooling(config: ModelConfig, memory_width: int) -> nn.Module:
    """What makes one vector of a memory of that width."""
    if config.pooling == "attention":
        return AttentionPooling(memory_width, config.pooling_width or config.width)
    if config.pooling == "last":
        return FinalState() if config.encoder.kind == "recurrent" else LastPosition()
    return MeanPooling() if config.pooling == "mean" else MaxPooling()


def build_speech_model(config: ModelConfig, features: int, symbols: int) -> SpeechModel:
    """A model that hears, with fresh parameters, drawn from torch's default generator.

    features  F, of a frame · symbols  size of the vocabulary, special symbols included
    """
    encoder = build_encoder(config)
    front_end = ConvolutionalFrontEnd(
        features,
        config.width,
        layers=config.front_end.convolutions,
        channels=config.front_end.channels,
    )
    locked = config.encoder.kind == "recurrent" and config.encoder.locked_dropout
    source = HeardInput(front_end, _positions(config.encoder, config.width), config.dropout, locked=locked)
    ctc = CTCHead(encoder.memory_width, symbols) if config.ctc_weight else None
    if ctc is not None and config.ctc_weight == 1:
        return CTCModel(source, encoder, ctc)
    embedding = Embedding(symbols, config.width, PADDING, config.embedding_rank)
    return SpeechSeq2Seq(
        source=source,
        encoder=encoder,
        target=_embedded(embedding, config.decoder, config),
        decoder=build_decoder(config, encoder.memory_width, encoder.summary_width),
        output=OutputLayer(symbols, config.feature_width, embedding if config.tie_output else None),
        ctc=ctc,
    )


def build_encoder(config: ModelConfig) -> RecurrentEncoder | PyramidalEncoder | TransformerEncoder:
    """The encoder that the configuration describes."""
    encoder = config.encoder
    if isinstance(encoder, RecurrentEncoderConfig) and encoder.pyramid:
        return PyramidalEncoder(
            config.width,
            cell=encoder.cell,
            hidden=encoder.hidden,
            layers=encoder.layers,
            pyramid=encoder.pyramid,
            bidirectional=encoder.bidirectional,
            dropout=config.encoder_dropout,
            locked=encoder.locked_dropout,
            recurrent_dropout=encoder.recurrent_dropout,
        )
    if isinstance(encoder, RecurrentEncoderConfig):
        return RecurrentEncoder(
            config.width,
            cell=encoder.cell,
            hidden=encoder.hidden,
            layers=encoder.layers,
            bidirectional=encoder.bidirectional,
            dropout=config.encoder_dropout,
            locked=encoder.locked_dropout,
            recurrent_dropout=encoder.recurrent_dropout,
            residual=encoder.residual,
        )
    return TransformerEncoder(
        config.width,
        layers=encoder.layers,
        heads=encoder.heads,
        feed_forward=encoder.feed_forward,
        norm=encoder.norm,
        rotary=encoder.positions == "rotary",
        dropout=config.encoder_dropout,
        attention_dropout=encoder.attention_dropout,
    )


def build_decoder(config: ModelConfig, memory_width: int, summary_width: int) -> Decoder:
    """The decoder that the configuration describes, for a memory of those widths."""
    decoder = config.decoder
    if not isinstance(decoder, RecurrentDecoderConfig):
        return TransformerDecoder(
            config.width,
            memory_width,
            layers=decoder.layers,
            heads=decoder.heads,
            feed_forward=decoder.feed_forward,
            norm=decoder.norm,
            rotary=decoder.positions == "rotary",
            dropout=config.decoder_dropout,
            attention_dropout=decoder.attention_dropout,
            recurrent=decoder.autoregression == "ssru",
            coverage=decoder.coverage,
        )
    bridge = _bridge(decoder, summary_width)
    cells = _cells(config, decoder)
    if decoder.attention == "none":
        return FixedContextDecoder(
            config.width,
            summary_width,
            bridge,
            cells,
            feed_context=decoder.feed_context,
        )
    sizes = AttentionSizes(
        decoder.hidden,
        memory_width,
        decoder.attention_width,
        decoder.attention_heads,
        decoder.attention_window,
        decoder.attention_positions,
    )
    attention = recurrent_attention("coverage" if decoder.coverage else decoder.attention, sizes)
    if decoder.placement == "after":
        return AttendAfterDecoder(
            config.width, memory_width, bridge, attention, cells, input_feeding=decoder.input_feeding
        )
    placed = {"between": AttendBetweenDecoder, "before": AttendBeforeDecoder}[decoder.placement]
    return placed(config.width, memory_width, bridge, attention, cells)


def _cells(config: ModelConfig, decoder: RecurrentDecoderConfig) -> CellLayers:
    """What a recurrent decoder is made of."""
    return CellLayers(
        decoder.cell,
        decoder.hidden,
        decoder.layers,
        config.decoder_dropout,
        config.feature_width,
        locked=decoder.locked_dropout,
        recurrent_dropout=decoder.recurrent_dropout,
        residual=decoder.residual,
    )


def _bridge(decoder: RecurrentDecoderConfig, summary_width: int) -> nn.Module:
    cell = CELLS[decoder.cell]
    if decoder.bridge == "copy":
        return CopyBridge()
    if decoder.bridge == "zero":
        return ZeroBridge(decoder.hidden, decoder.layers, cell)
    return ProjectionBridge(summary_width, decoder.hidden, decoder.layers, cell)


def _embedded(
    embedding: Embedding,
    part: EncoderConfig | DecoderConfig,
    config: ModelConfig,
    placeless: range = range(0),
) -> EmbeddedInput:
    """What that part reads."""
    locked = part.kind == "recurrent" and part.locked_dropout
    positions = _positions(part, config.width)
    return EmbeddedInput(embedding, positions, config.dropout, locked=locked, placeless=placeless)


def _positions(part: EncoderConfig | DecoderConfig, width: int) -> nn.Module:
    """Transformers need to be told where a symbol stands; recurrence knows."""
    if part.kind == "recurrent":
        return NoPositions()
    return positions(part.positions, width, part.max_positions)
