import subprocess
import sys

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from seqloom.base.errors import ConfigError, DataError, EncodingFault
from seqloom.text.tokenizer import TRAINED, Tokenizer, WordGroup, train_tokenizer
from seqloom.text.vocabulary import EOS, PAD, SPECIALS, UNK
from seqloom.text.words import split_words

any_text = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.text(st.sampled_from("ae st▁ ?'é\u0301\t\0👍\u200d\r"), max_size=40),
)


def squeeze(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("kind", ["byte", "unigram", "bpe"])
@settings(deadline=None, max_examples=120)
@given(text=any_text, strength=st.sampled_from([0.1, 0.6, 1.0]), seed=st.integers(0, 9))
@example(text=" ▁ \n▁", strength=1.0, seed=0)
@example(text="</s><0x0A> \ufffd", strength=0.6, seed=0)
def test_any_text_comes_back(
    tokenizers: dict[str, Tokenizer], kind: str, text: str, strength: float, seed: int
) -> None:
    tokenizer = tokenizers[kind]
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == tokenizer.normalise(text)
    assert all(len(SPECIALS) <= index < len(tokenizer) for index in ids)
    assert tokenizer.encode_many([text]) == [ids]
    drawn = tokenizer.sample(text, strength, np.random.default_rng(seed))
    assert tokenizer.decode(drawn) == tokenizer.normalise(text)


@pytest.mark.parametrize("kind", TRAINED)
@settings(deadline=None, max_examples=60)
@given(text=any_text, seed=st.integers(0, 9))
def test_word_groups_cover_each_position_once_and_spell_the_text(
    tokenizers: dict[str, Tokenizer], kind: str, text: str, seed: int
) -> None:
    tokenizer = tokenizers[kind]
    ids = [*tokenizer.sample(text, 0.5, np.random.default_rng(seed)), EOS, PAD]
    groups = tokenizer.word_groups(ids)
    assert [position for group in groups for position in range(group.start, group.stop)] == list(
        range(len(ids))
    )
    assert groups[-2:] == [
        WordGroup("</s>", len(ids) - 2, len(ids) - 1),
        WordGroup("<pad>", len(ids) - 1, len(ids)),
    ]
    assert squeeze("".join(group.text for group in groups[:-2])) == squeeze(tokenizer.decode(ids))


@pytest.mark.parametrize("kind", TRAINED)
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_whatever_a_model_makes_up_decodes_to_one_line(
    tokenizers: dict[str, Tokenizer], kind: str, data: st.DataObject
) -> None:
    tokenizer = tokenizers[kind]
    ids = data.draw(st.lists(st.integers(0, len(tokenizer) - 1), max_size=30))
    text = tokenizer.decode(ids)
    assert "\n" not in text
    assert all(piece and piece.isprintable() for piece in tokenizer.pieces(ids))
    assert len(tokenizer.pieces(ids)) == len(ids)
    spelled = [index for index in ids if index >= len(SPECIALS)]
    words = [group.text for group in tokenizer.word_groups(spelled)]
    assert squeeze("".join(words)) == squeeze(tokenizer.decode(spelled))


@pytest.mark.parametrize("kind", TRAINED)
def test_sizes_and_kinds(tokenizers: dict[str, Tokenizer], kind: str, corpus: list[str]) -> None:
    tokenizer = tokenizers[kind]
    assert tokenizer.kind == kind
    assert tokenizer.pieces([0, 1, 2, 3]) == list(SPECIALS)
    exact = {"byte": 260, "unigram": 340, "bpe": 420}
    at_most = {
        "word": 4 + len({token for line in corpus for token in split_words(line)}),
        "space": 4 + len({word for line in corpus for word in line.split()}),
        "character": 4 + len(set("".join(corpus))),
    }
    assert len(tokenizer) == (exact | at_most)[kind]


@pytest.mark.parametrize("kind", TRAINED)
def test_a_lone_surrogate_is_refused(tokenizers: dict[str, Tokenizer], kind: str) -> None:
    with pytest.raises(EncodingFault, match=r"Character 2 of the text is the lone surrogate U\+DC80"):
        tokenizers[kind].encode("a\udc80")
    with pytest.raises(EncodingFault, match=r"lone surrogate U\+DC80"):
        tokenizers[kind].encode_many(["ok", "a\udc80"])


@pytest.mark.parametrize("kind", TRAINED)
def test_ids_of_another_tokenizer_are_refused(tokenizers: dict[str, Tokenizer], kind: str) -> None:
    tokenizer = tokenizers[kind]
    for read in (tokenizer.decode, tokenizer.pieces, tokenizer.word_groups):
        with pytest.raises(DataError, match=rf"Id {len(tokenizer)} is outside the vocabulary"):
            read([4, len(tokenizer)])
    ids = tokenizer.encode("house")
    assert tokenizer.decode(np.array(ids)) == tokenizer.decode(ids)  # type: ignore[arg-type]


def test_fingerprints_tell_tokenizers_apart(tokenizers: dict[str, Tokenizer], corpus: list[str]) -> None:
    def make(**change: object) -> str:
        arguments = {"kind": "bpe", "size": 340, **change}
        return train_tokenizer(corpus, **arguments).fingerprint()  # type: ignore[arg-type]

    assert make(kind="unigram") == tokenizers["unigram"].fingerprint()
    assert make(threads=1, seed=5) == make()  # neither matters here
    prints = [
        make(),
        make(size=341),
        make(kind="unigram"),
        make(form="NFKC"),
        make(lowercase=True),
        make(kind="byte"),
    ]
    assert len({*prints, make(kind="byte", form="none")}) == 7


def test_a_sample_of_the_lines_is_used() -> None:
    lines = [f"w{number}" for number in range(1_000)]

    def words(seed: int) -> set[str]:
        tokenizer = train_tokenizer(iter(lines), kind="word", size=5_000, seed=seed, sample_lines=50)
        return set(tokenizer.pieces(range(4, len(tokenizer))))

    assert len(words(0)) == 50
    assert words(0) == words(0) != words(1)


def test_form_and_lowercase_are_kept(corpus: list[str]) -> None:
    for kind in TRAINED:
        tokenizer = train_tokenizer([*corpus, "fin ab"], kind=kind, size=320, form="NFKC", lowercase=True)
        assert tokenizer.normalise("ﬁN ＡＢ") == "fin ab"
        assert tokenizer.decode(tokenizer.encode("ﬁN ＡＢ")) == "fin ab"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"kind": "BPE"},
            r"kind 'BPE' is unknown; use one of word, space, character, byte, unigram, bpe\. Did you mean 'bpe'\?",
        ),
        ({"kind": "sentence"}, r"kind 'sentence' is unknown; use one of"),
        ({"size": 4}, "size is 4; expected 5 or more"),
        ({"sample_lines": 0}, "sample_lines is 0; expected 1 or more"),
        ({"threads": 0}, "threads is 0; expected 1 or more"),
        ({"form": "nfd"}, "form 'nfd' is unknown"),
    ],
)
def test_wrong_arguments(change: dict[str, object], message: str, corpus: list[str]) -> None:
    with pytest.raises(ConfigError, match=message):
        train_tokenizer(corpus, **{"kind": "word", "size": 100, **change})  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["word", "character", "unigram", "bpe"])
def test_an_empty_corpus(kind: str) -> None:
    with pytest.raises(DataError, match="every line is empty"):
        train_tokenizer(["", "  "], kind=kind, size=300)


def test_no_torch() -> None:
    program = "import sys, seqloom.text.tokenizer; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize("kind", TRAINED)
@settings(deadline=None, max_examples=60)
@given(text=any_text)
@example(text="Xyzzy, 漢字\u2028</s> (Xyzzy)")
def test_a_tokenizer_that_reads_a_text_knows_all_of_it(
    tokenizers: dict[str, Tokenizer], kind: str, text: str
) -> None:
    tokenizer = tokenizers[kind]
    reader = tokenizer.reading(text)
    ids, own = reader.encode(text), tokenizer.encode(text)
    assert UNK not in ids
    assert [index if index < len(tokenizer) else UNK for index in ids] == own
    unknown = [index for index in dict.fromkeys(ids) if index >= len(tokenizer)]
    assert unknown == list(range(len(tokenizer), len(reader)))  # numbered as they come
    assert (reader is tokenizer) == (not unknown)
    expected = tokenizer.normalise(text)
    if kind == "word":  # which uses this sign itself
        expected = expected.replace("￭", "■")
    assert squeeze(reader.decode(ids)) == squeeze(expected)
    assert "\n" not in reader.decode(ids)
    assert "<unk>" not in reader.pieces(ids)
    assert sum(group.stop - group.start for group in reader.word_groups(ids)) == len(ids)


def test_a_copied_word_is_shown_as_itself() -> None:
    tokenizer = train_tokenizer(["my name is"], kind="word", size=10)
    assert len(tokenizer) == 7
    reader = tokenizer.reading("Xyzzy is Plugh, Xyzzy")
    assert reader.encode("Xyzzy Plugh Frob") == [7, 8, UNK]
    assert reader.pieces([7, 9, 8]) == ["Xyzzy", ",", "Plugh"]
    assert reader.decode([8, 9, 7]) == "Plugh, Xyzzy"
    assert [group.text for group in reader.word_groups([7, 8])] == ["Xyzzy", "Plugh"]
    assert tokenizer.encode("Xyzzy") == [UNK]


@pytest.fixture(scope="session")
def by_form(corpus: list[str], tokenizers: dict[str, Tokenizer]) -> dict[str, dict[str, Tokenizer]]:
    folded = {
        kind: train_tokenizer(corpus, kind=kind, size=len(tokenizer), form="NFKC")
        for kind, tokenizer in tokenizers.items()
    }
    return {"NFC": tokenizers, "NFKC": folded}


@pytest.mark.parametrize("kind", TRAINED)
@pytest.mark.parametrize("form", ["NFC", "NFKC"])
@settings(deadline=None, max_examples=60)
@given(words=st.lists(st.text(min_size=1), max_size=6), seed=st.integers(0, 9), data=st.data())
def test_each_id_has_the_number_of_the_word_that_it_spells(
    by_form: dict[str, dict[str, Tokenizer]],
    kind: str,
    form: str,
    words: list[str],
    seed: int,
    data: st.DataObject,
) -> None:
    """Each word alone, in letters that the tokenizer may not know, is what its ids in the whole text spell."""
    words = [word for text in words for word in text.split()]
    blanks = st.sampled_from(
        [" ", "  ", *(["\t", " \u3000"] if kind != "character" else [])]
    )  # unknown to that one
    text = "".join(data.draw(blanks) + word for word in words) + data.draw(st.sampled_from(["", " "]))
    tokenizer = by_form[form][kind]
    ids = tokenizer.sample(text, 0.5, np.random.default_rng(seed))
    numbers = tokenizer.word_numbers(text, ids)
    assert len(numbers) == len(ids)
    assert numbers == sorted(numbers)
    spelled = [
        squeeze(tokenizer.decode([i for i, n in zip(ids, numbers, strict=True) if n == number]))
        for number in range(len(words))
    ]
    alone = [squeeze(tokenizer.decode(tokenizer.encode(word))) for word in words]
    assert spelled == alone


@pytest.mark.parametrize("kind", TRAINED)
def test_the_words_are_those_of_the_text_as_it_was_given(tokenizers: dict[str, Tokenizer], kind: str) -> None:
    tokenizer = tokenizers[kind]
    text = " Aujourd'hui, il  aime l'école ?"
    ids = tokenizer.encode(text)
    numbers = tokenizer.word_numbers(text, ids)
    words = [
        squeeze(tokenizer.decode([i for i, number in zip(ids, numbers, strict=True) if number == word]))
        for word in range(5)
    ]
    assert words == ["Aujourd'hui,", "il", "aime", "l'école", "?"]
    assert tokenizer.word_numbers("", []) == []
