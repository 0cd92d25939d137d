"""Dialogues from files to a model that is talked to; what it hears, what it doesn't, where it looks."""

from pathlib import Path

import pytest

import seqloom
from seqloom.base.errors import UsageError
from seqloom.data.dialogues import Turn
from seqloom.pipeline import Conversation, Model
from seqloom.text.segmented import SegmentedTokenizer
from small_tasks import write_dialogues

pytestmark = pytest.mark.usefixtures("machine_as_before")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("talk")
    seqloom.train(write_dialogues(folder / "bot"), folder / "runs" / "bot")
    return folder / "runs" / "bot"


@pytest.fixture
def talk(run: Path) -> Conversation:
    return Conversation(seqloom.load(run, device="cpu", threads=1))


def test_speakers_are_symbols_of_the_vocabulary_and_names_are_whole(run: Path) -> None:
    model = seqloom.load(run, device="cpu", threads=1)
    source = model.tokenizers.source
    assert isinstance(source, SegmentedTokenizer)
    assert source.atoms == ("bot", "kb", "user")
    assert source is model.tokenizers.target  # which copying needs
    assert model.copies
    assert "anna" in source.pieces(source.encode("anna"))


def test_each_answer_hears_all_turns_before_it(talk: Conversation) -> None:
    first = talk.say("hello")
    talk.put_in("kb", "zoe R_room 9")
    second = talk.say("which room")
    assert first.source == "user\thello"
    assert second.source == f"user\thello\tbot\t{first.text}\tkb\tzoe R_room 9\tuser\twhich room"
    assert talk.turns[-1] == Turn("bot", second.text)
    talk.reset()
    assert talk.say("hello").text == first.text
    assert len(talk.turns) == 2


def test_where_it_looked_is_told_word_by_word(talk: Conversation) -> None:
    with pytest.raises(UsageError, match="There is no answer yet to ask about"):
        talk.looks()
    talk.say("hello there")
    looks = talk.looks(most=2)
    assert [word for word, _ in looks] == list(talk.last.word_attention.target)  # type: ignore[union-attr]
    for _, seen in looks:
        assert len(seen) == 2
        assert seen[0].share >= seen[1].share >= 0
        assert {look.word for look in seen} <= {"⟨user⟩", "hello", "there", "</s>"}
        assert {look.speaker for look in seen} == {"user"}


def test_strangers_are_refused(talk: Conversation) -> None:
    with pytest.raises(UsageError) as caught:
        talk.put_in("clerk", "hello")
    assert str(caught.value) == "The model has not met 'clerk' in training. It knows bot, kb, user."
    assert talk.turns == []


def test_a_long_history_loses_its_oldest_turns_and_says_so(run: Path) -> None:
    model = seqloom.load(run, device="cpu", threads=1)
    short = Model(
        model.network,
        model.tokenizers,
        model.config.model_copy(update={"data": model.config.data.model_copy(update={"max_length": 8})}),
        model.machine,
    )
    history = "user\thello\tbot\twhat is your name\tuser\ti am anna\tkb\tanna R_room 3"
    kept = "kb\tanna R_room 3"
    (whole,), (part,) = short.translate([history]), short.translate([kept])
    assert whole.notice == "its history has more than 8 symbols; the 2 oldest turns were not read"
    assert part.notice == ""
    assert (
        whole.text
        == short.translate([history.partition("user\ti am")[1] + history.partition("user\ti am")[2]])[0].text
    )
    (stranger,) = short.translate(["clerk\thello"])
    assert stranger.notice == "the model has not seen the speaker clerk in training"


def test_it_is_scored_by_response_and_by_dialogue(run: Path) -> None:
    import json

    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    scores = [row for row in rows if row["event"] == "validation"][-1]
    assert scores["signatures"] == {"response_accuracy": "exact|n:16", "dialogue_accuracy": "exact|n:4"}
    assert 0 <= scores["dialogue_accuracy"] <= scores["response_accuracy"] <= 100


def test_only_models_of_dialogues_talk(loaded: Model) -> None:
    with pytest.raises(
        UsageError, match='The model is for task = "translation", which has no turns to be answered'
    ):
        Conversation(loaded)
