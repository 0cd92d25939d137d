"""Noun phrases in both languages at once: "a red car" and "une voiture rouge" are made by the same call."""

from dataclasses import dataclass, replace

from seqloom.data.phrasebook import english, french
from seqloom.data.phrasebook.draw import Draw
from seqloom.data.phrasebook.words import (
    Adjective,
    Clause,
    Complement,
    Gender,
    Noun,
    Sentence,
    Subject,
    plain,
)

DEGREES = {"": "", "very": "très", "too": "trop"}


@dataclass(frozen=True)
class NounPhrase:
    """A noun with its adjective, still without article: "red cars", "voitures rouges"."""

    english: str
    french: str
    gender: Gender
    many: bool = False
    adjective_first: bool = False  # in French


def phrase(noun: Noun, adjective: Adjective | None = None, *, many: bool = False) -> NounPhrase:
    """The noun, with its adjective where each language puts it, in the singular or the plural."""
    word = english.plural(noun.english) if many else noun.english
    if adjective is None:
        return NounPhrase(word, french.plural(noun.french) if many else noun.french, noun.gender, many)
    described = french.describe(noun, adjective, many=many)
    return NounPhrase(f"{adjective.english} {word}", described, noun.gender, many, adjective.before)


def a(noun: NounPhrase) -> Complement:
    """a car / some cars; une voiture / des voitures, but de petites voitures. Denied: any cars, de voitures."""
    denied = f"de {noun.french}"
    if not noun.many:
        article = french.indefinite(noun.gender)
        with_article = f"{english.article(noun.english)} {noun.english}"
        return Complement(with_article, f"{article} {noun.french}", with_article, denied)
    some = denied if noun.adjective_first else f"des {noun.french}"
    return Complement(f"some {noun.english}", some, f"any {noun.english}", denied)


def the(noun: NounPhrase) -> Complement:
    """the car, the cars; la voiture, les voitures."""
    return plain(f"the {noun.english}", f"{french.definite(noun.gender, many=noun.many)} {noun.french}")


def this(noun: NounPhrase) -> Complement:
    """this car / these cars."""
    article = french.demonstrative(noun.gender, noun.french, many=noun.many)
    return plain(f"{'these' if noun.many else 'this'} {noun.english}", f"{article} {noun.french}")


def own(noun: NounPhrase, owner: Subject) -> Complement:
    """The owner's: my car, her cars."""
    article = french.possessive(owner, noun.gender, noun.french, many=noun.many)
    return plain(f"{english.possessive(owner)} {noun.english}", f"{article} {noun.french}")


def some(noun: NounPhrase) -> Complement:
    """A part of what is not counted: some bread / du pain; denied: any bread / de pain."""
    partitive = "des" if noun.many else f"de {french.definite(noun.gender)}"
    return Complement(
        f"some {noun.english}", f"{partitive} {noun.french}", f"any {noun.english}", f"de {noun.french}"
    )


def counted(value: int, noun: Noun, adjective: Adjective | None = None) -> Complement:
    """one car, twenty-one cars; une voiture, vingt et une voitures."""
    counted_noun = phrase(noun, adjective, many=value > 1)
    return plain(
        f"{english.number(value)} {counted_noun.english}",
        f"{french.number(value, noun.gender)} {counted_noun.french}",
    )


def quality(subject: Subject, adjective: Adjective, degree: str = "") -> Complement:
    """What the subject is, agreeing with it in French: red, very old, too small."""
    form = french.agree(adjective, subject.gender, many=subject.plural)
    return plain(f"{degree} {adjective.english}", f"{DEGREES[degree]} {form}")


def as_subject(complement: Complement, noun: NounPhrase) -> Subject:
    """A noun phrase with its article, as one who acts: the red car stands ..."""
    return Subject(complement.english, complement.french, 5 if noun.many else 2, noun.gender, noun.many)


def say(clause: Clause, combination: tuple[str, str] | None = None, *, mark: str = "") -> Sentence:
    """The clause as a finished sentence; it ends in ? when it asks, else in a full stop."""
    end = mark or ("?" if clause.question else ".")
    return Sentence(
        english.sentence(english.clause(clause), end),
        french.sentence(french.clause(clause), end),
        combination,
    )


def tell(clause: Clause) -> Sentence | None:
    """As `say`, but nothing for what nobody asks about himself: "Do I like fish?", "Are we dentists?"."""
    return None if clause.question and clause.subject.person in (0, 3) else say(clause)


def vary(draw: Draw, clause: Clause) -> Sentence | None:
    """The clause, told, denied or asked."""
    kind = draw.one(("told", "told", "denied", "asked"))
    return tell(replace(clause, negation="not" if kind == "denied" else "", question=kind == "asked"))


def write(
    in_english: str, in_french: str, mark: str = ".", *, combination: tuple[str, str] | None = None
) -> Sentence:
    """A sentence whose two sides are given whole, still to be spelled."""
    return Sentence(english.sentence(in_english, mark), french.sentence(in_french, mark), combination)
