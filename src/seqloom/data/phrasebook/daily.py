"""What people do all day, want to do, must do, do not do at all, and are told to do."""

from collections.abc import Iterator
from functools import partial
from typing import Literal, NamedTuple

from seqloom.data.phrasebook import french, people, verbs
from seqloom.data.phrasebook.draw import Draw, distinct
from seqloom.data.phrasebook.phrase import say, tell, write
from seqloom.data.phrasebook.words import (
    NOTHING,
    SILENT,
    Clause,
    Complement,
    Negation,
    Sentence,
    Tense,
    Text,
    Verb,
    plain,
)

ACTIVITY_SENTENCES = 36  # for each activity


class Activity(NamedTuple):
    """What one does. `times` says what may be added: any time, only whole days, or not even "now"."""

    verb: Verb
    complement: Complement = NOTHING
    times: Literal["any", "days", "habit"] = "any"


def _one(english: str, french_article: str, french_noun: str) -> Complement:
    """An indefinite object: a letter / une lettre, denied: de lettre."""
    return Complement(english, f"{french_article} {french_noun}", english, f"de {french_noun}")


ACTIVITIES = (
    Activity(verbs.COOK, plain("dinner", "le dîner"), "days"),
    Activity(verbs.DANCE),
    Activity(verbs.DANCE, plain("the tango", "le tango")),
    Activity(verbs.DO, plain("the dishes", "la vaisselle")),
    Activity(verbs.DO, plain("the laundry", "la lessive")),
    Activity(verbs.DO, plain("the shopping", "les courses")),
    Activity(verbs.GET_DRESSED, plain("in the bathroom", "dans la salle de bains"), "days"),
    Activity(verbs.GET_UP, plain("at six o'clock", "à six heures"), "habit"),
    Activity(verbs.GO_TO_BED, plain("at ten o'clock", "à dix heures"), "habit"),
    Activity(verbs.HAVE_FUN),
    Activity(verbs.LEARN, plain("French", "le français"), "days"),
    Activity(verbs.LEARN, plain("English", "l'anglais"), "days"),
    Activity(verbs.LISTEN, plain("the radio", "la radio")),
    Activity(verbs.LISTEN, Complement("music", "de la musique", "music", "de musique")),
    Activity(verbs.PLAY, plain("soccer", "à le football")),
    Activity(verbs.PLAY, plain("hockey", "à le hockey")),
    Activity(verbs.PLAY, plain("cards", "à les cartes")),
    Activity(verbs.PLAY, plain("the piano", "de le piano")),
    Activity(verbs.PLAY, plain("the violin", "de le violon")),
    Activity(verbs.PLAY, plain("the harp", "de la harpe")),
    Activity(verbs.READ, plain("the newspaper", "le journal")),
    Activity(verbs.READ, _one("a magazine", "un", "magazine")),
    Activity(verbs.REST),
    Activity(verbs.SING),
    Activity(verbs.SLEEP, plain("on the sofa", "sur le canapé")),
    Activity(verbs.SPEAK, plain("French", "français")),
    Activity(verbs.SPEAK, plain("with the neighbors", "avec les voisins")),
    Activity(verbs.STAY, plain("at home", "à la maison")),
    Activity(verbs.STUDY, plain("at the library", "à la bibliothèque")),
    Activity(verbs.SWIM, plain("in the sea", "dans la mer")),
    Activity(verbs.TAKE, plain("the train", "le train")),
    Activity(verbs.TAKE, _one("a shower", "une", "douche")),
    Activity(verbs.WAIT_FOR, plain("the bus", "le bus")),
    Activity(verbs.WALK, plain("in the park", "dans le parc")),
    Activity(verbs.WATCH, plain("television", "la télévision")),
    Activity(verbs.WORK, NOTHING, "days"),
    Activity(verbs.WORK, plain("at home", "à la maison"), "days"),
    Activity(verbs.WRITE, _one("a letter", "une", "lettre")),
)

DAYS = (
    Text("every day", "tous les jours"),
    Text("on Mondays", "le lundi"),
    Text("on Sundays", "le dimanche"),
)
HABITS = (
    *DAYS,
    Text("every morning", "tous les matins"),
    Text("every evening", "tous les soirs"),
    Text("after work", "après le travail"),
)
ADVERBS = (Text("often", "souvent"), Text("always", "toujours"), Text("sometimes", "parfois"))
WHEN: dict[Tense, tuple[Text, ...]] = {  # whole days first
    "present": (SILENT, Text("now", "maintenant")),
    "past": (
        Text("yesterday", "hier"),
        Text("last night", "hier soir"),
        Text("last week", "la semaine dernière"),
    ),
    "future": (
        Text("tomorrow", "demain"),
        Text("tonight", "ce soir"),
        Text("next week", "la semaine prochaine"),
    ),
}

KINDS: tuple[Literal["present", "past", "future", "habit", "often"], ...] = (
    *("present", "present", "past", "past", "future", "habit", "habit", "often"),
)

# Verbs that lead to another verb, and how they join it to themselves.
LEADING = (
    (verbs.WANT, Text("to", "")),
    (verbs.CAN, SILENT),
    (verbs.MUST, SILENT),
    (verbs.LIKE, Text("to", "")),
    (verbs.WOULD_LIKE, Text("to", "")),
    (verbs.NEED, Text("to", "besoin de")),
)

ANYTHING = Complement(english_denied="anything")
NOTHING_TO = (verbs.SEE, verbs.HEAR, verbs.UNDERSTAND, verbs.EAT, verbs.DRINK, verbs.SAY, verbs.BUY, verbs.DO)

ORDERS = (
    (Text("open", "ouvrez"), (Text("the door", "la porte"), Text("the window", "la fenêtre"))),
    (Text("open", "ouvrez"), (Text("your suitcase", "votre valise"), Text("this letter", "cette lettre"))),
    (Text("close", "fermez"), (Text("the door", "la porte"), Text("the window", "la fenêtre"))),
    (Text("close", "fermez"), (Text("the book", "le livre"), Text("your eyes", "les yeux"))),
    (Text("take", "prenez"), (Text("the train", "le train"), Text("your umbrella", "votre parapluie"))),
    (Text("look at", "regardez"), (Text("the map", "le plan"), Text("this picture", "cette photo"))),
    (Text("listen to", "écoutez"), (Text("the teacher", "l'enseignant"), Text("this song", "cette chanson"))),
    (Text("wait for", "attendez"), (Text("the bus", "le bus"), Text("my sister", "ma sœur"))),
    (Text("bring", "apportez"), (Text("the menu", "la carte"), Text("the key", "la clé"))),
    (Text("close", "fermez"), (Text("your suitcase", "votre valise"), Text("the box", "la boîte"))),
)
WARNINGS = (
    (Text("open", "ouvrez"), (Text("the door", "la porte"), Text("the window", "la fenêtre"))),
    (Text("open", "ouvrez"), (Text("this letter", "cette lettre"), Text("the box", "la boîte"))),
    (Text("close", "fermez"), (Text("the door", "la porte"), Text("your eyes", "les yeux"))),
    (Text("take", "prenez"), (Text("the train", "le train"), Text("the bus", "le bus"))),
    (Text("wait for", "attendez"), (Text("the bus", "le bus"), Text("my sister", "ma sœur"))),
    (Text("forget", "oubliez"), (Text("the key", "la clé"), Text("your passport", "votre passeport"))),
    (Text("touch", "touchez"), (Text("the plates", "les assiettes"), Text("the paintings", "les tableaux"))),
)


def sentences() -> Iterator[Sentence]:
    """Activities, the verbs that lead to them, nothing at all, and orders."""
    for doing in ACTIVITIES:
        name = f"{doing.verb.english} {doing.complement.english}"
        yield from distinct(name, ACTIVITY_SENTENCES, partial(activity, doing))
    yield from distinct("leading", 450, leading)
    yield from distinct("nothing", 150, nothing)
    yield from orders()


def activity(doing: Activity, draw: Draw) -> Sentence | None:
    """She is dancing. They never work at home. We went to bed at ten o'clock yesterday."""
    subject, (verb, complement, times) = draw.one(people.ANYONE), doing
    kind = draw.one(KINDS)
    if kind == "habit":
        negation: Negation = draw.one(("", "", "not", "never", "no longer"))
        moment = draw.one(HABITS if times == "any" else DAYS)
        if negation == "never" and moment.english.startswith("every"):
            return None  # nobody never works every day
        timed = complement.then(moment)
        question = not negation and draw.chance(3)
        return tell(Clause(subject, verb, timed, negation=negation, question=question, habit=True))
    if kind == "often":
        return say(Clause(subject, verb, complement, adverb=draw.one(ADVERBS), habit=True))
    if kind == "present" and times == "habit":
        return None
    moments = WHEN[kind] if times == "any" or kind == "present" else WHEN[kind][:1]
    timed = complement.then(draw.one(moments))
    negation = "not" if draw.chance(4) else ""
    return tell(Clause(subject, verb, timed, kind, negation, question=not negation and draw.chance(3)))


def leading(draw: Draw) -> Sentence | None:
    """He wants to sing. We cannot swim in the sea. Would you like to dance?"""
    subject, (verb, complement, _) = draw.one(people.ANYONE), draw.one(ACTIVITIES)
    lead, to = draw.one(LEADING)
    infinitive = french.infinitive(verb, subject)
    led = Complement(
        f"{to.english} {verb.english} {complement.english}",
        f"{to.french} {infinitive} {complement.french}",
        f"{to.english} {verb.english} {complement.english_denied}",
        f"{to.french} {infinitive} {complement.french_denied}",
    )
    kind = draw.one(("told", "told", "denied", "asked"))
    if (kind == "denied" and lead is verbs.WOULD_LIKE) or (kind == "asked" and lead is verbs.MUST):
        return None  # correct, but nobody talks so
    if kind == "denied":
        return say(Clause(subject, lead, led, negation=draw.one(("not", "not", "no longer"))))
    clause = Clause(subject, lead, led, question=kind == "asked")
    return say(clause) if lead is verbs.CAN else tell(clause)


def nothing(draw: Draw) -> Sentence:
    """I do not see anything. She did not say anything."""
    verb = draw.one(NOTHING_TO)
    return say(Clause(draw.one(people.ANYONE), verb, ANYTHING, draw.one(verb.tenses), "nothing"))


def orders() -> Iterator[Sentence]:
    """Open the door, please. Do not forget the key."""
    for (english, french_verb), objects in ORDERS:
        for thing in objects:
            yield write(f"{english} {thing.english}", f"{french_verb} {thing.french}")
            please = f"{french_verb} {thing.french}, s'il vous plaît"
            yield write(f"{english} {thing.english}, please", please)
    for (english, french_verb), objects in WARNINGS:
        for thing in objects:
            yield write(f"do not {english} {thing.english}", f"ne {french_verb} pas {thing.french}")
