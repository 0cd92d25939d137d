import numpy as np
import pytest
import sentencepiece

from seqloom.base.errors import DamagedModelError
from seqloom.text.normalise import Normaliser
from seqloom.text.subword import SubwordTokenizer, train_subword_tokenizer
from seqloom.text.subword_training import SubwordKind
from seqloom.text.vocabulary import BOS, EOS, PAD, UNK

HOSTILE = [
    "",
    " ",
    "   leading, double  and trailing  ",
    "▁ is U+2581 ▁▁ here▁",
    "▅ \t\0\r\x7f\x1b[31m",
    "<s> </s> <pad> <unk> <0x41>",
    "a" + "\u0301\u0323" * 50_000,
    "👨\u200d👩\u200d👧 🇫🇷 ﷽",
    "\u200fשלום \u202eעולם\u202c 123 مرحبا",
    "\ufeff\ufffe\uffff\U0010ffff\ue000",
    "日本語の文です。",
]


@pytest.fixture(params=["unigram", "bpe"])
def tokenizer(request: pytest.FixtureRequest, tokenizers: dict[str, SubwordTokenizer]) -> SubwordTokenizer:
    return tokenizers[request.param]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_comes_back(tokenizer: SubwordTokenizer, text: str) -> None:
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == tokenizer.normalise(text)
    assert not {PAD, UNK, BOS, EOS} & set(ids)
    assert tokenizer.encode_many([text, "ok", text]) == [ids, tokenizer.encode("ok"), ids]
    for strength in (0.3, 1.0):
        drawn = tokenizer.sample(text, strength, np.random.default_rng(1))
        assert tokenizer.decode(drawn) == tokenizer.normalise(text)


def test_a_megabyte_on_one_line(tokenizer: SubwordTokenizer) -> None:
    text = "x" * 500_000 + " " + "日" * 150_000 + " house" * 10_000
    assert tokenizer.decode(tokenizer.encode(text)) == text
    shorter = "x" * 5_000 + " house" * 1_000
    assert tokenizer.decode(tokenizer.sample(shorter, 0.5, np.random.default_rng(0))) == shorter


def test_ids_are_those_of_plain_sentencepiece(tokenizer: SubwordTokenizer, corpus: list[str]) -> None:
    plain = sentencepiece.SentencePieceProcessor(model_proto=tokenizer._model)
    assert tokenizer.encode_many(corpus) == plain.encode(corpus, out_type=int)


def test_words_are_pieces(tokenizer: SubwordTokenizer) -> None:
    ids = [*tokenizer.encode("We walked the house."), EOS]
    assert "".join(tokenizer.pieces(ids)) == "▁We▁walked▁the▁house.</s>"
    assert len(ids) < 14
    assert [group.text for group in tokenizer.word_groups(ids)] == [
        "We",
        "walked",
        "the",
        "house",
        ".",
        "</s>",
    ]


def test_made_up_ids_decode_to_one_line(tokenizer: SubwordTokenizer) -> None:
    names = [tokenizer.pieces([index])[0] for index in range(len(tokenizer))]
    line_feed, half = names.index("<0x0A>"), names.index("<0xC3>")
    house = tokenizer.encode("house")
    assert tokenizer.decode([BOS, *house, line_feed, half, *house, PAD, UNK, EOS]) == "house▁\ufffd house"


def test_lowercase(corpus: list[str]) -> None:
    tokenizer = train_subword_tokenizer(corpus, kind="bpe", size=330, normaliser=Normaliser(lowercase=True))
    assert tokenizer.decode(tokenizer.encode("THEY PLAY ÇA")) == "they play ça"


def test_bytes_that_are_no_model_of_ours(tokenizer: SubwordTokenizer) -> None:
    other: SubwordKind = "bpe" if tokenizer.kind == "unigram" else "unigram"
    with pytest.raises(DamagedModelError, match=f"The model is of kind {tokenizer.kind}; expected {other}"):
        SubwordTokenizer(other, tokenizer._model, Normaliser())
    for model in (b"", b"x", tokenizer._model[:2000]):
        with pytest.raises(DamagedModelError, match="no sentencepiece model; it was cut short or altered"):
            SubwordTokenizer(tokenizer.kind, model, Normaliser())
