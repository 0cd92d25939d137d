"""Sentences about a noun and an adjective: the heart of the phrasebook, and what the combinations test."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from seqloom.data.phrasebook import french, people, verbs
from seqloom.data.phrasebook.draw import Draw, distinct
from seqloom.data.phrasebook.lexicon import ADJECTIVES, FIELDS, Field
from seqloom.data.phrasebook.phrase import (
    NounPhrase,
    a,
    as_subject,
    counted,
    own,
    phrase,
    quality,
    say,
    tell,
    the,
    this,
    write,
)
from seqloom.data.phrasebook.words import (
    SILENT,
    Adjective,
    Clause,
    Complement,
    Noun,
    Sentence,
    Subject,
    Tense,
    Text,
    plain,
)

SENTENCES_EACH = 5  # for every noun with every adjective of its field

TIMES = {
    "past": (SILENT, Text("yesterday", "hier"), Text("this morning", "ce matin")),
    "future": (SILENT, Text("tomorrow", "demain"), Text("today", "aujourd'hui")),
    "present": (SILENT,),
    "perfect": (SILENT,),
}
OWNERS = (people.I, people.VOUS, people.HE, people.SHE, people.WE, people.THEY)
MINE = (
    Text("mine", "moi"),
    Text("yours", "vous"),
    Text("his", "lui"),
    Text("hers", "elle"),
    Text("ours", "nous"),
    Text("theirs", "eux"),
)
WEARERS = (people.I, people.SHE, people.MARIE, people.ANNA, people.SISTER, people.MOTHER, people.AUNT)
SHORT_NUMBERS = (2, 3, 4, 5, 6, 10)

Frame = Callable[[Draw, Field, Noun, Adjective], Sentence | None]


def sentences() -> Iterator[Sentence]:
    """A few sentences for each noun with each adjective of its field."""
    for field in FIELDS:
        for noun in field.nouns:
            for name in field.adjectives.split():
                yield from _about(field, noun, ADJECTIVES[name])


def _about(field: Field, noun: Noun, adjective: Adjective) -> Iterator[Sentence]:
    """Sentences of any frame about one noun and one adjective, each marked with both."""
    together = (noun.english, adjective.english)

    def rule(draw: Draw) -> Sentence | None:
        sentence = draw.one(FRAMES)(draw, field, noun, adjective)
        return sentence and sentence._replace(combination=together)

    return distinct(f"{noun.english} {adjective.english}", SENTENCES_EACH, rule)


def acts(draw: Draw, field: Field, noun: Noun, adjective: Adjective) -> Sentence | None:
    """She is looking for her red car."""
    verb = draw.one(field.verbs)
    wears = verb is verbs.WEAR
    tense: Tense = draw.one(verb.tenses)
    clause = Clause(draw.one(WEARERS if wears else people.ANYONE), verb, tense=tense)
    kind = draw.one(("told", "told", "denied", "asked"))
    if kind == "denied" and verb is verbs.PREFER:
        return None  # correct, but nobody talks so
    if kind == "denied" and tense == "past":
        clause = replace(clause, tense="perfect", negation="never")
    elif kind == "denied":
        ends = verb in (verbs.HAVE, verbs.WANT, verbs.LIKE) and draw.chance(2)
        clause = replace(clause, negation="no longer" if ends else "not")
    objects = _objects(draw, field, clause, noun, adjective, many=not wears and draw.chance(3))
    complement = objects.then(draw.one(TIMES[clause.tense]))
    return tell(replace(clause, complement=complement, question=kind == "asked"))


def _objects(
    draw: Draw, field: Field, clause: Clause, noun: Noun, adjective: Adjective, *, many: bool
) -> Complement:
    """The noun with an article that its verb allows: one has a car, and likes the car."""
    described = phrase(noun, adjective, many=many)
    kinds = ["a", "the", "this"]
    if clause.verb in (verbs.LIKE, verbs.PREFER):
        kinds = ["the", "this"]
    elif clause.verb is verbs.HAVE or clause.tense == "perfect":
        kinds = ["a"]
    elif field.owned and clause.verb is not verbs.BUY and not clause.subject.english.startswith("the "):
        kinds.append("own")
    if many and not clause.negation:
        kinds.append("counted")
    kind = draw.one(kinds)
    if kind == "own":
        return own(described, clause.subject)
    if kind == "counted":
        return counted(draw.one(SHORT_NUMBERS), noun, adjective)
    return {"a": a, "the": the, "this": this}[kind](described)


def is_so(draw: Draw, field: Field, noun: Noun, adjective: Adjective) -> Sentence | None:
    """My car is red. These cars are not red. Is the car too small?"""
    if not adjective.predicative:
        return None
    subject = _somebodys(draw, field, phrase(noun, many=draw.chance(3)))
    if draw.chance(3):
        return say(Clause(subject, verbs.BE, quality(subject, adjective), negation="not"))
    degree = draw.one(("", "", *adjective.degrees))
    return say(Clause(subject, verbs.BE, quality(subject, adjective, degree), question=draw.chance(3)))


def _somebodys(draw: Draw, field: Field, noun: NounPhrase) -> Subject:
    """The noun as a subject: the car, this car, or her car."""
    options = [the(noun), this(noun)]
    if field.owned:
        options.append(own(noun, draw.one(OWNERS)))
    return as_subject(draw.one(options), noun)


def there_is(draw: Draw, field: Field, noun: Noun, adjective: Adjective) -> Sentence:
    """There is a red car near the harbor. Are there any red cars near the harbor?"""
    described = phrase(noun, adjective, many=draw.chance(2))
    thing, be, place = a(described), "are" if described.many else "is", field.place
    kind = draw.one(("there is", "there is", "there is no", "is there"))
    if kind == "there is":
        return write(f"there {be} {thing.english} {place.english}", f"il y a {thing.french} {place.french}")
    if kind == "is there":
        asked = f"{be} there {thing.english_denied} {place.english}"
        return write(asked, f"est-ce que il y a {thing.french} {place.french}", "?")
    none = f"il ne y a pas {thing.french_denied} {place.french}"
    return write(f"there {be} no {described.english} {place.english}", none)


def where_is(draw: Draw, field: Field, noun: Noun, adjective: Adjective) -> Sentence:
    """Where is my red car?"""
    described = phrase(noun, adjective, many=draw.chance(3))
    words = own(described, draw.one(OWNERS)) if field.owned else the(described)
    be, est = ("are", "sont") if described.many else ("is", "est")
    return write(f"where {be} {words.english}", f"où {est} {words.french}", "?")


def here_is(draw: Draw, field: Field, noun: Noun, adjective: Adjective) -> Sentence:
    """Here is your red car."""
    described = phrase(noun, adjective, many=draw.chance(3))
    words = own(described, draw.one(OWNERS)) if field.owned else draw.one((a, the))(described)
    return write(f"here {'are' if described.many else 'is'} {words.english}", f"voici {words.french}")


def this_is(draw: Draw, field: Field, noun: Noun, adjective: Adjective) -> Sentence:
    """This is a red car. These are not red cars. Is it a red car? Is this a German waiter?"""
    described = phrase(noun, adjective, many=draw.chance(3))
    thing, one = a(described).french, a(described).english
    if described.many:
        if draw.chance(3):
            return write(f"these are not {described.english}", f"ce ne sont pas {thing}")
        return write(f"these are {described.english}", f"ce sont {thing}")
    kind = draw.one(("told", "denied", "asked"))
    it = "it" if field.owned else "this"  # a person is no "it"
    if kind == "told":
        return write(f"this is {one}", f"c'est {thing}")
    if kind == "denied":
        return write(f"{it} is not {one}", f"ce n'est pas {thing}")
    return write(f"is {it} {one}", f"est-ce que c'est {thing}", "?")


def what_a(draw: Draw, field: Field, noun: Noun, adjective: Adjective) -> Sentence | None:  # noqa: ARG001
    """What a beautiful car!"""
    if not adjective.degrees:
        return None
    described = phrase(noun, adjective, many=draw.chance(3))
    which = french.which(noun.gender, many=described.many)
    one = described.english if described.many else a(described).english
    return write(f"what {one}", f"{which} {described.french}", "!")


def costs(draw: Draw, field: Field, noun: Noun, adjective: Adjective) -> Sentence | None:
    """How much does this red car cost?"""
    if not field.owned:
        return None
    described = phrase(noun, adjective, many=draw.chance(3))
    words = draw.one((the, this))(described)
    do, cost = ("do", "coûtent") if described.many else ("does", "coûte")
    return write(f"how much {do} {words.english} cost", f"combien {cost} {words.french}", "?")


def is_mine(draw: Draw, field: Field, noun: Noun, adjective: Adjective) -> Sentence | None:
    """The red car is mine. This red car is not ours."""
    if not field.owned:
        return None
    described = phrase(noun, adjective, many=draw.chance(3))
    subject, owner = as_subject(draw.one((the, this))(described), described), draw.one(MINE)
    owned = plain(owner.english, f"à {owner.french}")
    return say(Clause(subject, verbs.BE, owned, negation="not" if draw.chance(3) else ""))


def wishes(draw: Draw, field: Field, noun: Noun, adjective: Adjective) -> Sentence | None:
    """I would like a red car, please. Would you like a red car?"""
    if not field.owned:
        return None
    wished = a(phrase(noun, adjective, many=draw.chance(3)))
    if draw.chance(3):
        return say(Clause(people.VOUS, verbs.WOULD_LIKE, wished, question=True))
    please = Text(", please", ", s'il vous plaît")
    subject = draw.one((people.I, people.WE))
    return say(Clause(subject, verbs.WOULD_LIKE, wished.then(please) if draw.chance(2) else wished))


def needs(draw: Draw, field: Field, noun: Noun, adjective: Adjective) -> Sentence | None:
    """She needs a red car. In French she has "besoin de" it, and a plural then stands bare."""
    if not field.owned:
        return None
    described = phrase(noun, adjective, many=draw.chance(3))
    needed = a(described).french_denied if described.many else f"de {a(described).french}"
    english = described.english if described.many else a(described).english
    need = plain(english, f"besoin {needed}")
    return say(Clause(draw.one(people.ANYONE), verbs.NEED, need, negation="not" if draw.chance(3) else ""))


FRAMES: tuple[Frame, ...] = (
    *(acts,) * 8,
    *(is_so,) * 5,
    *(there_is,) * 2,
    where_is,
    here_is,
    this_is,
    what_a,
    costs,
    is_mine,
    wishes,
    needs,
)
