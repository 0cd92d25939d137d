"""Dialogues into pairs, in both formats; histories that lose their oldest turns."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.base.errors import DataError, UsageError
from seqloom.data.corpus import prepare_corpus
from seqloom.data.dialogues import (
    DialogueFiles,
    HistoryBound,
    Turn,
    answers,
    join_turns,
    split_turns,
    without_repeats,
)
from seqloom.data.faults import FaultReader
from seqloom.data.pairs import Pair
from seqloom.text.segmented import text_between, with_atoms
from seqloom.text.tokenizer import Tokenizer, train_tokenizer

BABI = """\
1 hi\thello what can i do
2 a table in rome\tapi_call rome
3 resto_rome R_rating 8
4 <SILENCE>\twhat about resto_rome

1 bye\tyou're welcome
"""
FIRST = "user\thi"
SECOND = f"{FIRST}\tbot\thello what can i do\tuser\ta table in rome"
THIRD = f"{SECOND}\tbot\tapi_call rome\tkb\tresto_rome R_rating 8\tuser\t<SILENCE>"
PAIRS = [
    Pair(FIRST, "hello what can i do"),
    Pair(SECOND, "api_call rome"),
    Pair(THIRD, "what about resto_rome"),
    Pair("user\tbye", "you're welcome"),
]


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def files(path: Path, **options: str) -> DialogueFiles:
    return DialogueFiles((path,), **options)


def as_json(*dialogues: list[tuple[str, str]]) -> str:
    rows = [{"turns": [{"speaker": who, "text": text} for who, text in turns]} for turns in dialogues]
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_an_example_is_an_answer_with_all_turns_before_it(tmp_path: Path) -> None:
    read = files(write(tmp_path, "a.txt", BABI))
    assert list(read.read()) == PAIRS
    assert list(read.groups()) == [0, 0, 0, 1]
    assert read.kind == "babi"


def test_the_number_one_begins_a_dialogue_even_without_an_empty_line(tmp_path: Path) -> None:
    read = files(write(tmp_path, "a.txt", BABI.replace("\n\n", "\n")))
    assert list(read.read()) == PAIRS
    assert list(read.groups()) == [0, 0, 0, 1]


def test_json_lines_name_their_speakers(tmp_path: Path) -> None:
    text = as_json(
        [
            ("guest", "hi"),
            ("clerk", "hello\tsir"),
            ("guest", "a\nroom"),
            ("kb", "room 7"),
            ("clerk", "room 7"),
        ],
        [("clerk", "welcome"), ("guest", "thanks"), ("clerk", "bye")],
    )
    read = files(write(tmp_path, "a.jsonl", text), bot="clerk")
    assert list(read.read()) == [
        Pair("guest\thi", "hello\tsir"),
        Pair("guest\thi\tclerk\thello sir\tguest\ta room\tkb\troom 7", "room 7"),
        Pair("clerk\twelcome\tguest\tthanks", "bye"),  # its first turn answers nothing
    ]
    assert list(read.groups()) == [0, 0, 1]


@given(st.lists(st.tuples(st.sampled_from(["user", "bot"]), st.text(max_size=9)), min_size=1, max_size=6))
def test_turns_go_into_a_source_and_out_again(turns: list[tuple[str, str]]) -> None:
    said = [Turn(who, " ".join(text.splitlines()).replace("\t", " ")) for who, text in turns]
    assert split_turns(join_turns([Turn(*turn) for turn in turns])) == said
    assert "\n" not in join_turns([Turn(*turn) for turn in turns])


def test_turns_are_told_once_to_whom_learns_a_vocabulary() -> None:
    assert list(without_repeats(pair.source for pair in PAIRS)) == [
        FIRST,
        "bot\thello what can i do\tuser\ta table in rome",
        "bot\tapi_call rome\tkb\tresto_rome R_rating 8\tuser\t<SILENCE>",
        "user\tbye",
    ]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "a.txt",
            "1 hi\thello\nhello\n",
            "a.txt:2: no number and blank at the start of the line; expected as in `1 hello`.",
        ),
        ("a.txt", "1 a\tb\tc\n", "a.txt:1: 2 tabs in the line; expected one between user and bot, or none."),
        (
            "a.jsonl",
            '{"turn": []}\n',
            "a.jsonl:1: no field 'turns', which holds the turns of a dialogue; found 'turn'.",
        ),
        ("a.jsonl", '{"turns": "hi"}\n', "a.jsonl:1: field 'turns' is a text; expected a list of turns."),
        ("a.jsonl", '{"turns": null}\n', "a.jsonl:1: field 'turns' is null; expected a list of turns."),
        (
            "a.jsonl",
            '{"turns": [1.5]}\n',
            "a.jsonl:1, turn 1: a number; expected an object with speaker and text.",
        ),
        (
            "a.jsonl",
            '{"turns": ["hi"]}\n',
            "a.jsonl:1, turn 1: a text; expected an object with speaker and text.",
        ),
        (
            "a.jsonl",
            '{"turns": [{"speaker": "bot", "txt": ""}]}\n',
            "a.jsonl:1, turn 1: no field 'text'; found 'speaker', 'txt'. Did you mean 'txt'?",
        ),
        (
            "a.jsonl",
            '{"turns": [{"speaker": " ", "text": ""}]}\n',
            "a.jsonl:1, turn 1: the speaker has no name.",
        ),
        ("a.jsonl", "[]\n", "a.jsonl:1: a JSON list; expected an object, as in {...}."),
    ],
)
def test_faults_name_file_line_and_turn(tmp_path: Path, name: str, text: str, message: str) -> None:
    read = files(write(tmp_path, name, text))
    with pytest.raises(DataError) as caught:
        list(read.read())
    assert str(caught.value) == f"{tmp_path}/{message}"
    reader = FaultReader(read)
    assert [pair for pair in reader.pairs() if pair and pair.source != FIRST] == []
    (fault,) = reader.faults
    assert fault.line == int(message.partition(":")[2].partition(":")[0].partition(",")[0])
    assert fault.detail.rstrip(".") in message.replace(", as in {...}", "")


def test_a_check_reads_the_same_pairs(tmp_path: Path) -> None:
    reader = FaultReader(files(write(tmp_path, "a.txt", BABI)))
    assert list(reader.pairs()) == [*PAIRS[:2], None, PAIRS[2], None, PAIRS[3]]
    assert reader.lines == [6]
    assert not reader.faults
    talks = as_json([("user", "hi"), ("bot", "hello"), ("user", "bye"), ("bot", "bye")], [("user", "hm")])
    reader = FaultReader(files(write(tmp_path, "b.jsonl", talks)))
    assert list(reader.pairs()) == [Pair("user\thi\tbot\thello\tuser\tbye", "bye"), None]
    assert not reader.faults


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        (["a.csv"], {}, r"a\.csv: the name doesn't tell how its dialogues are written\. Set data\.format to"),
        (["a.txt", "b.txt"], {}, r"Dialogues are read from one file; found a\.txt, b\.txt\."),
        ([], {}, "Dialogues are read from one file; found none"),
    ],
)
def test_files_that_hold_no_dialogues_are_refused(
    names: list[str], options: dict[str, str], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        list(DialogueFiles(tuple(map(Path, names)), **options).read())


def test_nobody_else_speaks_in_babi_s_format(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r'data\.bot_speaker = "clerk" speaks in no file of bAbI\'s format'):
        list(files(write(tmp_path, "a.txt", BABI), bot="clerk").read())


@pytest.fixture(scope="module")
def words() -> Tokenizer:
    sources = [pair.source for pair in PAIRS]
    lines = [*text_between(sources, "turns"), *(pair.target for pair in PAIRS)]
    return with_atoms(train_tokenizer(lines, kind="space", size=100), "turns", sources)


@pytest.mark.parametrize(
    ("longest", "kept"),
    [
        (22, THIRD),
        (21, THIRD.removeprefix(f"{FIRST}\t")),
        (20, THIRD.removeprefix(f"{FIRST}\t")),
        (19, "user\ta table in rome\tbot\tapi_call rome\tkb\tresto_rome R_rating 8\tuser\t<SILENCE>"),
        (13, "bot\tapi_call rome\tkb\tresto_rome R_rating 8\tuser\t<SILENCE>"),
        (9, "bot\tapi_call rome\tkb\tresto_rome R_rating 8\tuser\t<SILENCE>"),
        (8, "kb\tresto_rome R_rating 8\tuser\t<SILENCE>"),
        (2, "user\t<SILENCE>"),
        (1, "user\t"),
    ],
)
def test_the_oldest_turns_go_first(words: Tokenizer, longest: int, kept: str) -> None:
    bound = HistoryBound(words, longest)
    assert len(words.encode(THIRD)) == 22
    assert bound(THIRD) == kept
    assert len(words.encode(bound(THIRD))) <= longest


@given(st.integers(1, 25))
def test_no_turn_that_would_fit_is_left_out(longest: int) -> None:
    tokenizer = with_atoms(train_tokenizer([THIRD], kind="character", size=100), "turns", [THIRD])
    bound = HistoryBound(tokenizer, 3 * longest)
    short = bound(THIRD)
    assert len(tokenizer.encode(short)) <= 3 * longest
    kept, turns = len(split_turns(short)), split_turns(THIRD)
    if kept < len(turns) and short == join_turns(turns[-kept:]):
        assert len(tokenizer.encode(join_turns(turns[-kept - 1 :]))) > 3 * longest


def test_a_newest_turn_that_is_too_long_keeps_its_end(words: Tokenizer) -> None:
    bound = HistoryBound(words, 3)
    assert bound("user\thi\tbot\tx\tuser\ta table in rome") == "user\tin rome"
    assert bound("no turns here at all") == "no turns here at all"


@pytest.mark.parametrize(
    ("longest", "notice"),
    [
        (22, ""),
        (20, "its history has more than 20 symbols; the oldest turn was not read"),
        (9, "its history has more than 9 symbols; the 3 oldest turns were not read"),
    ],
)
def test_what_is_left_out_is_said(words: Tokenizer, longest: int, notice: str) -> None:
    assert HistoryBound(words, longest).notice(THIRD) == notice


def test_a_cut_turn_is_said(words: Tokenizer) -> None:
    notice = HistoryBound(words, 3).notice("user\ta table in rome")
    assert notice == "its last turn has more than 3 symbols; only its end was read"


def test_a_corpus_keeps_every_answer_and_says_whose_history_was_cut(words: Tokenizer, tmp_path: Path) -> None:
    read = files(write(tmp_path, "a.txt", BABI))
    corpus = prepare_corpus(
        read, words, words, tmp_path / "cache", max_length=9, keep_text=True, bound=HistoryBound(words, 9)
    )
    assert len(corpus) == 4
    assert corpus.text(2).source == "bot\tapi_call rome\tkb\tresto_rome R_rating 8\tuser\t<SILENCE>"
    assert max(corpus.source_lengths) == 9
    said = "In 2 of 4 examples the history is longer than 9 symbols; its oldest turns were left out."
    assert corpus.notices == (said,)
    again = prepare_corpus(
        read, words, words, tmp_path / "cache", max_length=9, keep_text=True, bound=HistoryBound(words, 9)
    )
    assert (again.key, again.notices) == (corpus.key, (said,))


def test_answers_of_another_speaker() -> None:
    turns = [Turn("a", "1"), Turn("b", "2"), Turn("b", "3"), Turn("a", "4")]
    assert list(answers(turns, "b")) == [Pair("a\t1", "2"), Pair("a\t1\tb\t2", "3")]
