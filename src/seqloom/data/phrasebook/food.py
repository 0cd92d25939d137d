"""Eating and drinking: the partitive (du pain, de l'eau), and what a negation or a quantity makes of it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from seqloom.data.phrasebook import people, verbs
from seqloom.data.phrasebook.draw import Draw, distinct
from seqloom.data.phrasebook.phrase import (
    NounPhrase,
    as_subject,
    counted,
    own,
    phrase,
    quality,
    say,
    some,
    tell,
    the,
    vary,
    write,
)
from seqloom.data.phrasebook.words import (
    SILENT,
    Adjective,
    Clause,
    Complement,
    Negation,
    Noun,
    Sentence,
    Subject,
    Text,
    plain,
)

DISHES = (
    Noun("bread", "pain", "m"),
    Noun("cheese", "fromage", "m"),
    Noun("chicken", "poulet", "m"),
    Noun("chocolate", "chocolat", "m"),
    Noun("fish", "poisson", "m"),
    Noun("ham", "jambon", "m"),
    Noun("ice cream", "glace", "f"),
    Noun("meat", "viande", "f"),
    Noun("rice", "riz", "m"),
    Noun("salad", "salade", "f"),
    Noun("soup", "soupe", "f"),
)
INGREDIENTS = (
    Noun("butter", "beurre", "m"),
    Noun("garlic", "ail", "m"),
    Noun("honey", "miel", "m"),
    Noun("jam", "confiture", "f"),
    Noun("oil", "huile", "f"),
    Noun("salt", "sel", "m"),
    Noun("sugar", "sucre", "m"),
)
DRINKS = (
    Noun("beer", "bière", "f"),
    Noun("coffee", "café", "m"),
    Noun("milk", "lait", "m"),
    Noun("orange juice", "jus d'orange", "m"),
    Noun("tea", "thé", "m"),
    Noun("water", "eau", "f"),
    Noun("wine", "vin", "m"),
)
COUNTED = (
    Noun("apple", "pomme", "f"),
    Noun("carrot", "carotte", "f"),
    Noun("cherry", "cerise", "f"),
    Noun("egg", "œuf", "m"),
    Noun("green bean", "haricot vert", "m"),
    Noun("mushroom", "champignon", "m"),
    Noun("onion", "oignon", "m"),
    Noun("orange", "orange", "f"),
    Noun("potato", "pomme de terre", "f"),
    Noun("strawberry", "fraise", "f"),
    Noun("tomato", "tomate", "f"),
    Noun("vegetable", "légume", "m"),
)
SOLID = tuple(map(phrase, DISHES)) + tuple(phrase(noun, many=True) for noun in COUNTED)
LIQUID = tuple(map(phrase, DRINKS))
ALL = SOLID + LIQUID + tuple(map(phrase, INGREDIENTS))
LIKED = tuple(food for food in ALL if food.english not in ("oil", "salt"))

TASTES = (
    Adjective("good", "bon", "bonne", degrees=("very",)),
    Adjective("cold", "froid", "froide", degrees=("very", "too")),
    Adjective("delicious", "délicieux", "délicieuse"),
    Adjective("expensive", "cher", "chère", degrees=("very", "too")),
)
EATEN = (
    Text("for lunch", "à le déjeuner"),
    Text("for dinner", "à le dîner"),
    Text("on Fridays", "le vendredi"),
)
DRUNK = (
    Text("after lunch", "après le déjeuner"),
    Text("in the evening", "le soir"),
    Text("on Fridays", "le vendredi"),
)
PAST = (SILENT, Text("yesterday", "hier"), Text("this morning", "ce matin"))
FUTURE = (SILENT, Text("tomorrow", "demain"), Text("tonight", "ce soir"))


class Measure(NamedTuple):
    """A quantity, and what it measures; in French its "de" takes no article."""

    english: str
    french: str
    foods: tuple[NounPhrase, ...]
    vague: bool = False  # one has it or eats it, and does not order it


def _named(words: str) -> tuple[NounPhrase, ...]:
    wanted = words.split(", ")
    return tuple(food for food in ALL if food.english in wanted)


UNCOUNTED = tuple(food for food in SOLID + LIQUID if not food.many)
MANY = tuple(food for food in SOLID if food.many)
SOLD_BY_WEIGHT = tuple(food for food in MANY if food.english != "eggs")
MEASURES = (
    Measure("a bottle of", "une bouteille de", _named("water, milk, wine, beer, oil, orange juice")),
    Measure("a glass of", "un verre de", _named("water, milk, wine, beer, orange juice")),
    Measure("a cup of", "une tasse de", _named("coffee, tea")),
    Measure("a kilo of", "un kilo de", SOLD_BY_WEIGHT + _named("rice, sugar, meat, fish")),
    Measure("a piece of", "un morceau de", _named("bread, cheese, chicken, chocolate, meat")),
    Measure("a slice of", "une tranche de", _named("bread, ham, cheese")),
    Measure("a lot of", "beaucoup de", SOLID + LIQUID, vague=True),
    Measure("enough", "assez de", SOLID + LIQUID, vague=True),
    Measure("too much", "trop de", UNCOUNTED, vague=True),
    Measure("too many", "trop de", MANY, vague=True),
    Measure("a little", "un peu de", UNCOUNTED, vague=True),
)


def sentences() -> Iterator[Sentence]:
    """Portions, habits, tastes, quantities, and what is said at table."""
    yield from distinct("portion", 500, portion)
    yield from distinct("diet", 300, diet)
    yield from distinct("taste", 300, taste)
    yield from distinct("quantity", 400, quantity)
    yield from distinct("without", 40, without)
    for rule in (remark, in_the_fridge, at_table):
        yield from distinct(rule.__name__, 120, rule)


def portion(draw: Draw) -> Sentence | None:
    """We are eating some soup. Do you have any bread? She did not buy any meat."""
    verb, foods = draw.one(
        (
            (verbs.EAT, SOLID),
            (verbs.DRINK, LIQUID),
            (verbs.WANT, ALL),
            (verbs.BUY, ALL),
            (verbs.HAVE, ALL),
            (verbs.WOULD_LIKE, ALL),
        )
    )
    food, tense = draw.one(foods), draw.one(verb.tenses)
    times = {"past": PAST, "future": FUTURE}.get(tense, (SILENT,))
    clause = Clause(_eater(draw, food), verb, some(food).then(draw.one(times)), tense)
    if verb is verbs.WOULD_LIKE:
        return tell(replace(clause, question=draw.chance(3)))
    return vary(draw, clause)


def _eater(draw: Draw, food: NounPhrase) -> Subject:
    """Anyone; but beer and wine are for adults."""
    return draw.one(people.ADULTS if food.english in ("beer", "wine") else people.ANYONE)


def diet(draw: Draw) -> Sentence:
    """He never drinks coffee. They eat fish on Fridays. English says no "some" for a habit."""
    verb, foods = draw.one(((verbs.EAT, SOLID), (verbs.DRINK, LIQUID), (verbs.BUY, SOLID)))
    food = draw.one(foods)
    eaten = Complement(food.english, some(food).french, food.english, some(food).french_denied)
    negation: Negation = draw.one(("", "not", "never", "no longer"))
    if verb is not verbs.BUY and (not negation or draw.chance(3)):
        eaten = eaten.then(draw.one(EATEN if verb is verbs.EAT else DRUNK))
    elif not negation:
        eaten = eaten.then(Text("every week", "toutes les semaines"))
    return say(Clause(_eater(draw, food), verb, eaten, negation=negation, habit=True))


def taste(draw: Draw) -> Sentence | None:
    """I like coffee. Do you like fish? What one likes in general takes the article in French."""
    food = draw.one(LIKED)
    subject = _eater(draw, food)
    liked = plain(food.english, the(food).french)
    if draw.chance(2):
        return vary(draw, Clause(subject, verbs.LIKE, liked))
    return say(Clause(subject, draw.one((verbs.LOVE, verbs.HATE, verbs.PREFER)), liked))


def quantity(draw: Draw) -> Sentence | None:
    """I would like a bottle of water, please. She eats too much chocolate."""
    measure = draw.one(MEASURES)
    food = draw.one(measure.foods)
    subject = _eater(draw, food)
    measured = plain(f"{measure.english} {food.english}", f"{measure.french} {food.french}")
    if measure.vague:
        verb = verbs.HAVE if draw.chance(2) else verbs.EAT if food in SOLID else verbs.DRINK
        denied = measure.english == "enough" and draw.chance(2)
        return say(Clause(subject, verb, measured, negation="not" if denied else "", habit=True))
    if draw.chance(3):
        wish = measured.then(Text(", please", ", s'il vous plaît"))
        return say(Clause(draw.one((people.I, people.WE)), verbs.WOULD_LIKE, wish))
    verb = draw.one((verbs.WANT, verbs.BUY))
    return tell(Clause(subject, verb, measured, draw.one(verb.tenses), question=draw.chance(3)))


def without(draw: Draw) -> Sentence:
    """I drink my coffee without sugar."""
    subject = draw.one((*people.PRONOUNS, *people.FAMILY))
    drink = own(draw.one(_named("coffee, tea")), subject)
    manner = draw.one((Text("without sugar", "sans sucre"), Text("without milk", "sans lait")))
    return say(Clause(subject, verbs.DRINK, drink.then(manner), habit=True))


def remark(draw: Draw) -> Sentence | None:
    """The soup is cold. Are the strawberries expensive?"""
    food, adjective = draw.one(SOLID + LIQUID), draw.one(TASTES)
    subject = as_subject(the(food), food)
    if draw.chance(3):
        degree = draw.one(("", *adjective.degrees))
        return say(Clause(subject, verbs.BE, quality(subject, adjective, degree)))
    return vary(draw, Clause(subject, verbs.BE, quality(subject, adjective)))


def in_the_fridge(draw: Draw) -> Sentence:
    """There is no more milk. Are there any eggs in the fridge?"""
    food = draw.one(ALL)
    be, portion_of = "are" if food.many else "is", some(food)
    kind = draw.one(("there is", "is there", "no", "no more"))
    if kind == "there is":
        return write(
            f"there {be} {portion_of.english} in the fridge", f"il y a {portion_of.french} dans le frigo"
        )
    if kind == "is there":
        asked = f"est-ce que il y a {portion_of.french} dans le frigo"
        return write(f"{be} there {portion_of.english_denied} in the fridge", asked, "?")
    if kind == "no":
        none = f"il ne y a pas {portion_of.french_denied} dans le frigo"
        return write(f"there {be} no {food.english} in the fridge", none)
    return write(f"there {be} no more {food.english}", f"il ne y a plus {portion_of.french_denied}")


def at_table(draw: Draw) -> Sentence:
    """Pass me the salt, please. How much does the cheese cost? I would like six eggs, please."""
    food = draw.one(ALL)
    definite = the(food)
    kind = draw.one(("pass", "can you", "cost", "count"))
    if kind == "pass":
        return write(f"pass me {definite.english}, please", f"passez-moi {definite.french}, s'il vous plaît")
    if kind == "can you":
        asked = f"pouvez-vous me passer {definite.french}, s'il vous plaît"
        return write(f"can you pass me {definite.english}, please", asked, "?")
    if kind == "cost":
        do, cost = ("do", "coûtent") if food.many else ("does", "coûte")
        return write(f"how much {do} {definite.english} cost", f"combien {cost} {definite.french}", "?")
    eggs = counted(draw.one(range(2, 13)), draw.one(COUNTED))
    return write(f"I would like {eggs.english}, please", f"je voudrais {eggs.french}, s'il vous plaît")
