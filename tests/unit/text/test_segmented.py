"""Texts with parts: turns and columns, with atoms that are whole whatever tokenizer reads what is between them."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.base.errors import DamagedModelError, DataError
from seqloom.text.segmented import (
    SegmentedTokenizer,
    check_cells,
    segments,
    split_features,
    text_between,
    with_atoms,
)
from seqloom.text.tokenizer import TRAINED, Tokenizer, load_tokenizer, train_tokenizer
from seqloom.text.vocabulary import UNK

INFLECTION = ("text", "features")
LEMMAS = ["walk\tV;PST", "run\tV;PRS;NOM(3,SG)"]
TALK = ["user\thello there\tbot\thi", "user\tbye\tbot\tsee you\tkb\thouse rating 8"]


@pytest.fixture(scope="module")
def inflecting() -> SegmentedTokenizer:
    between = list(text_between(LEMMAS, INFLECTION))
    return with_atoms(train_tokenizer(between, kind="character", size=100), INFLECTION, LEMMAS)


@pytest.fixture(scope="module")
def talking() -> SegmentedTokenizer:
    return with_atoms(train_tokenizer(text_between(TALK, "turns"), kind="space", size=100), "turns", TALK)


@pytest.mark.parametrize(
    ("cell", "features"),
    [
        ("V;PST", ["V", "PST"]),
        ("V;PRS;NOM(3,SG)", ["V", "PRS", "NOM(3,SG)"]),
        ("N;ABL(PL;PSS(2,PL))", ["N", "ABL", "PL", "PSS(2,PL)"]),
        ("Case=Nom|Number=Sing", ["Case=Nom", "Number=Sing"]),
        ("V PST", ["V", "PST"]),
        (" ; ()", []),
    ],
)
def test_features_are_split_where_they_end(cell: str, features: list[str]) -> None:
    assert split_features(cell) == features


def test_the_pieces_of_columns_and_of_turns(
    inflecting: SegmentedTokenizer, talking: SegmentedTokenizer
) -> None:
    ids = inflecting.encode("run\tV;PRS;NOM(3,SG)")
    assert inflecting.pieces(ids) == ["r", "u", "n", "|", "⟨V⟩", "⟨PRS⟩", "⟨NOM(3,SG)⟩"]
    assert inflecting.decode(ids) == "run"
    assert [(group.text, group.start, group.stop) for group in inflecting.word_groups(ids)][:3] == [
        ("run", 0, 3),
        ("|", 3, 4),
        ("⟨V⟩", 4, 5),
    ]
    assert talking.pieces(talking.encode(TALK[0])) == ["⟨user⟩", "hello", "there", "⟨bot⟩", "hi"]
    assert talking.atoms == ("bot", "kb", "user")


def test_atoms_have_the_ids_behind_those_of_the_tokenizer_between(inflecting: SegmentedTokenizer) -> None:
    known = len(inflecting.base)
    assert inflecting.atom_ids == range(known, known + 5)
    assert len(inflecting) == known + 5
    ids = inflecting.encode("walk\tV;PST")
    assert [index in inflecting.atom_ids for index in ids] == [False] * 4 + [True] * 3
    assert ids[:4] == inflecting.base.encode("walk")


def test_an_atom_that_training_has_not_seen_is_unknown(inflecting: SegmentedTokenizer) -> None:
    assert inflecting.encode("run\tV;XXX")[-1] == UNK
    assert inflecting.unknown_atoms("run\tV;XXX;XXX") == ["XXX"]
    assert inflecting.unknown_atoms("run\tV;PST") == []


def test_a_text_without_a_tab_is_read_as_the_tokenizer_between_reads_it(
    talking: SegmentedTokenizer, inflecting: SegmentedTokenizer
) -> None:
    assert talking.encode("hello user") == talking.base.encode("hello user")
    assert inflecting.encode("V;PST") == inflecting.base.encode("V;PST")


def test_the_last_speaker_may_have_said_nothing(talking: SegmentedTokenizer) -> None:
    assert talking.pieces(talking.encode("user\thi\tbot")) == ["⟨user⟩", "hi", "⟨bot⟩"]
    assert talking.encode("user\t\tbot\thi") == talking.encode("user\t  \tbot\thi")


@pytest.mark.parametrize("kind", TRAINED)
@pytest.mark.parametrize("layout", ["turns", INFLECTION])
@settings(deadline=None, max_examples=40)
@given(cells=st.lists(st.text("abc é;()\u0301", max_size=8), min_size=2, max_size=2), seed=st.integers(0, 9))
def test_what_is_between_the_atoms_is_read_as_it_would_be_alone(
    tokenizers: dict[str, Tokenizer], kind: str, layout: "str", cells: list[str], seed: int
) -> None:
    base = tokenizers[kind]
    text = "\t".join(cells)
    tokenizer = with_atoms(base, layout, [text])  # type: ignore[arg-type]
    ids = tokenizer.encode(text)
    expected: list[int] = []
    for part in segments(text, layout):  # type: ignore[arg-type]
        expected += (
            [tokenizer.atom_ids[tokenizer.atoms.index(part.text)]] if part.atomic else base.encode(part.text)
        )
    assert ids == expected
    assert tokenizer.encode_many([text, "", text]) == [ids, [], ids]
    assert len(tokenizer.pieces(ids)) == len(ids) == len(tokenizer.word_numbers(text, ids))
    groups = tokenizer.word_groups(ids)
    assert [group.start for group in groups] == [0, *(group.stop for group in groups)][: len(groups)]
    sampled = tokenizer.sample(text, 0.5, np.random.default_rng(seed))
    assert tokenizer.decode(sampled) == tokenizer.decode(ids)


def test_each_id_has_the_number_of_its_word(
    inflecting: SegmentedTokenizer, talking: SegmentedTokenizer
) -> None:
    text = "run\tV;PST"
    assert inflecting.word_numbers(text, inflecting.encode(text)) == [0, 0, 0, 1, 1, 1]
    assert talking.word_numbers(TALK[0], talking.encode(TALK[0])) == [0, 1, 2, 3, 4]
    assert talking.word_numbers("hello bye", talking.encode("hello bye")) == [0, 1]


def test_what_copies_reads_unknown_words_behind_the_atoms(talking: SegmentedTokenizer) -> None:
    reader = talking.reading("user\thello rome rome\tbot\tmilan")
    ids = reader.encode("user\thello rome rome\tbot\tmilan")
    assert [index - len(talking) for index in ids if index >= len(talking)] == [0, 0, 1]
    assert reader.atom_ids == talking.atom_ids
    assert len(reader) == len(talking) + 2
    assert reader.decode(reader.encode("hello milan")) == "hello milan"
    assert reader.pieces(ids)[2:5] == ["rome", "rome", "⟨bot⟩"]
    assert talking.reading("user\thello") is talking
    assert talking.encode("milan") == [UNK]


@pytest.mark.parametrize("layout", ["turns", INFLECTION])
def test_saved_and_loaded_it_gives_the_same_ids(
    tokenizers: dict[str, Tokenizer], layout: str, tmp_path: Path
) -> None:
    made = with_atoms(tokenizers["bpe"], layout, ["user\thello", "a\tb"])  # type: ignore[arg-type]
    made.save(tmp_path / "source")
    read = load_tokenizer(tmp_path / "source")
    assert isinstance(read, SegmentedTokenizer)
    assert (read.layout, read.atoms, read.fingerprint()) == (made.layout, made.atoms, made.fingerprint())
    assert read.encode("user\twe talk") == made.encode("user\twe talk")


def test_fingerprints_tell_atoms_and_layouts_apart(tokenizers: dict[str, Tokenizer]) -> None:
    base = tokenizers["byte"]
    made = [
        SegmentedTokenizer(base, "turns", ["bot"]),
        SegmentedTokenizer(base, "turns", ["user"]),
        SegmentedTokenizer(base, INFLECTION, ["bot"]),
        SegmentedTokenizer(tokenizers["character"], "turns", ["bot"]),
    ]
    assert len({tokenizer.fingerprint() for tokenizer in made}) == 4


def test_damage_is_named(tokenizers: dict[str, Tokenizer], tmp_path: Path) -> None:
    SegmentedTokenizer(tokenizers["character"], "turns", ["bot"]).save(tmp_path)
    tokenizers["word"].save(tmp_path / "base")
    with pytest.raises(
        DamagedModelError, match=r"segments\.json belongs to another tokenizer than the one in base/"
    ):
        load_tokenizer(tmp_path)
    with pytest.raises(DamagedModelError, match=r"here doesn't say what its parts are .* it was altered"):
        SegmentedTokenizer.from_json(b'{"layout": "turns"}', "here", tokenizers["word"])


@pytest.mark.parametrize(
    ("text", "found"), [("run", "1 column"), ("run\tV\tPST", "3 columns"), ("\ta\t", "3 columns")]
)
def test_another_number_of_columns_is_refused(text: str, found: str) -> None:
    with pytest.raises(DataError) as caught:
        check_cells(text, 2, "line 7")
    assert str(caught.value) == (
        f"line 7 has {found}; the model reads 2, with a tab between two, as its training data has them."
    )


@pytest.mark.parametrize("text", ["run\tV;PST", "", "  "])
def test_the_right_number_of_columns_and_nothing_at_all_are_let_through(text: str) -> None:
    check_cells(text, 2, "line 7")
    assert text.count("\t") in (0, 1)
