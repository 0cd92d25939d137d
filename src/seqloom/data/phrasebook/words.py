"""What a sentence is made of, before either language spells it.

This is the abstract half of the grammar: a `Clause` says who does what, when, and whether it is denied or
asked. `english.py` and `french.py` each turn the same clause into their own words.
"""

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

Gender = Literal["m", "f"]
Tense = Literal["present", "past", "perfect", "imperfect", "future"]
Negation = Literal["", "not", "never", "no longer", "nothing"]


class Text(NamedTuple):
    """The same thing said in both languages."""

    english: str
    french: str


SILENT = Text("", "")


class Sentence(NamedTuple):
    """A finished pair, with what the splits must know about it."""

    english: str
    french: str
    combination: tuple[str, str] | None = None  # (noun, adjective) that stand together in it, in English
    fixed: bool = False  # learned by heart, so always in the training part


@dataclass(frozen=True)
class Noun:
    """A noun in the singular; the plurals follow by rule or stand among the irregular ones."""

    english: str
    french: str
    gender: Gender


@dataclass(frozen=True)
class Adjective:
    """An adjective; its plurals follow by rule.

    before      True for the few that stay in front of a French noun: une petite maison
    vowel       the masculine form before a vowel or a mute h: un bel homme
    degrees     the words that may strengthen it: "very", "too"
    predicative False where French says something else after "être": a new car is not "nouvelle" but "neuve"
    """

    english: str
    masculine: str
    feminine: str
    before: bool = False
    vowel: str = ""
    degrees: tuple[str, ...] = ()
    predicative: bool = True


@dataclass(frozen=True)
class Subject:
    """Who acts. `person` counts je, tu, il or elle, nous, vous, ils or elles from 0."""

    english: str
    french: str
    person: int
    gender: Gender = "m"
    plural: bool = False


@dataclass(frozen=True)
class Verb:
    """A verb of both languages; `present` holds the six French persons, which may differ from any rule.

    progressive  English says what happens now with -ing: "she is looking for", but "she wants"
    tenses       those in which an everyday sentence would use it
    auxiliary    the French perfect's: "avoir", or "être", whose participle agrees with the subject
    reflexive    French adds me, te, se, nous, vous, se
    """

    english: str
    french: str
    present: tuple[str, ...]
    participle: str
    progressive: bool = False
    tenses: tuple[Tense, ...] = ("present", "past", "future")
    auxiliary: str = "avoir"
    reflexive: bool = False


@dataclass(frozen=True)
class Complement:
    """What follows the verb; after a negation it may change: "some bread", "any bread"; "du pain", "de pain"."""

    english: str = ""
    french: str = ""
    english_denied: str = ""
    french_denied: str = ""

    def then(self, text: Text) -> "Complement":
        """The same with `text` after it, denied or not."""
        return Complement(
            f"{self.english} {text.english}",
            f"{self.french} {text.french}",
            f"{self.english_denied} {text.english}",
            f"{self.french_denied} {text.french}",
        )


def plain(english: str, french: str) -> Complement:
    """A complement that a negation leaves alone."""
    return Complement(english, french, english, french)


NOTHING = Complement()


@dataclass(frozen=True)
class Clause:
    """Who does what; `adverb` is one of those that stand by the verb, such as often / souvent.

    `habit` tells English to say what is usual ("she works every day") and not what is going on.
    """

    subject: Subject
    verb: Verb
    complement: Complement = NOTHING
    tense: Tense = "present"
    negation: Negation = ""
    question: bool = False
    adverb: Text = SILENT
    habit: bool = False

    def asked(self) -> "Clause":
        """The same as a question."""
        return replace(self, question=True)
