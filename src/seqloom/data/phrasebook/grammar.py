"""All sentences of the phrasebook, one French for each English."""

from functools import cache

from seqloom.data.phrasebook import counting, daily, feelings, fixed, food, things, travel
from seqloom.data.phrasebook.words import Sentence

TOPICS = (fixed, things, feelings, daily, food, counting, travel)


@cache
def all_sentences() -> tuple[Sentence, ...]:
    """Every sentence once, topic by topic; the same on every machine.

    Raises ValueError when two rules translate the same English differently: the corpus is a function.
    """
    said: dict[str, Sentence] = {}
    for topic in TOPICS:
        for sentence in topic.sentences():
            known = said.setdefault(sentence.english, sentence)
            if known.french != sentence.french:
                raise ValueError(
                    f"{sentence.english!r} has two translations: {known.french!r} and {sentence.french!r}."
                )
    return tuple(said.values())
