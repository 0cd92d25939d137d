"""A dialogue with a model, turn by turn: what it has heard so far, what it answers, where it looked for that."""

from typing import NamedTuple

from seqloom.base.errors import UsageError
from seqloom.config.tasks import task_named
from seqloom.data.dialogues import Turn, join_turns
from seqloom.pipeline.text_model import Model, Result
from seqloom.search.options import SamplingOptions, SearchOptions
from seqloom.text.segmented import SegmentedTokenizer

LOOKED_MOST = 3  # words that are named for each word of an answer


class Look(NamedTuple):
    """A word of the history, who said it, and the share of the attention that fell on it."""

    word: str
    speaker: str
    share: float


class Conversation:
    """Talks with a model of dialogues; it hears all turns so far, its own and those of others included.

    >>> talk = Conversation(seqloom.load("runs/bot"))
    >>> talk.say("hello").text
    'hello what can i help you with today'
    """

    def __init__(self, model: Model, options: SearchOptions | SamplingOptions | None = None) -> None:
        """options: how to search; as the configuration says if None. Raises UsageError for another task's model."""
        if task_named(model.config.task).source != "history":
            raise UsageError(
                f'The model is for task = "{model.config.task}", which has no turns to be answered.'
            )
        self.model = model
        self.options = options
        self.turns: list[Turn] = []
        self.last: Result | None = None

    @property
    def speakers(self) -> tuple[str, ...]:
        """Everyone who speaks in the training data."""
        source = self.model.tokenizers.source
        return source.atoms if isinstance(source, SegmentedTokenizer) else ()

    def say(self, text: str) -> Result:
        """Say something, as the user, and hear the answer."""
        data = self.model.config.data
        self.turns.append(Turn(data.user_speaker, text))
        self.last = self.model.translate([join_turns(self.turns)], self.options)[0]
        self.turns.append(Turn(data.bot_speaker, self.last.text))
        return self.last

    def put_in(self, speaker: str, text: str) -> None:
        """A turn of somebody else, to which nothing is answered, such as a fact of the knowledge base.

        Raises   UsageError for a speaker whom the model has not met in training
        """
        if speaker not in self.speakers:
            raise UsageError(
                f"The model has not met {speaker!r} in training. It knows {', '.join(self.speakers)}."
            )
        self.turns.append(Turn(speaker, text))

    def reset(self) -> None:
        """Begin a new dialogue."""
        self.turns, self.last = [], None

    def looks(self, most: int = LOOKED_MOST) -> list[tuple[str, list[Look]]]:
        """For each word of the last answer the words of the history that were looked at most, the most first.

        Raises   UsageError before the first answer, and for a model without attention
        """
        if self.last is None:
            raise UsageError("There is no answer yet to ask about. Say something first.")
        seen = self.last.word_attention
        speakers, speaker = [], ""
        for word in seen.source:
            name = word.removeprefix("⟨").removesuffix("⟩")
            speaker = name if word != name and name in self.speakers else speaker
            speakers.append(speaker)
        found = []
        for word, weights in zip(seen.target, seen.weights, strict=True):
            order = weights.argsort(kind="stable")[::-1][:most].tolist()
            looks = [Look(seen.source[place], speakers[place], float(weights[place])) for place in order]
            found.append((word, looks))
        return found
