"""The weather, cities and countries, and finding one's way: à Paris, en Italie, au Canada, aux États-Unis."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from seqloom.data.phrasebook import people, verbs
from seqloom.data.phrasebook.draw import Draw, distinct
from seqloom.data.phrasebook.french import opens_with_vowel
from seqloom.data.phrasebook.phrase import NounPhrase, a, counted, own, phrase, say, tell, the, vary, write
from seqloom.data.phrasebook.words import (
    NOTHING,
    SILENT,
    Clause,
    Complement,
    Negation,
    Noun,
    Sentence,
    Subject,
    Tense,
    Text,
    Verb,
    plain,
)

IT = Subject("it", "il", 2)
THE_WEATHER = Subject("the weather", "il", 2)


def _some_weather(english: str, partitive: str, noun: str) -> Complement:
    """Weather that French "has": du vent, and after a negation de vent."""
    return Complement(english, f"{partitive} {noun}", english, f"de {noun}")


WEATHER = (
    (IT, verbs.BE_FAIRE, plain("cold", "froid")),
    (IT, verbs.BE_FAIRE, plain("hot", "chaud")),
    (IT, verbs.BE_FAIRE, plain("cool", "frais")),
    (THE_WEATHER, verbs.BE_FAIRE, plain("nice", "beau")),
    (THE_WEATHER, verbs.BE_FAIRE, plain("bad", "mauvais")),
    (IT, verbs.BE_Y_AVOIR, _some_weather("sunny", "de le", "soleil")),
    (IT, verbs.BE_Y_AVOIR, _some_weather("windy", "de le", "vent")),
    (IT, verbs.BE_Y_AVOIR, _some_weather("foggy", "de le", "brouillard")),
    (IT, verbs.BE_Y_AVOIR, _some_weather("stormy", "de le", "orage")),
    (IT, verbs.RAIN, NOTHING),
    (IT, verbs.SNOW, NOTHING),
)
SEASONS = (
    Text("in winter", "en hiver"),
    Text("in summer", "en été"),
    Text("in spring", "à le printemps"),
    Text("in the fall", "en automne"),
    Text("in the mountains", "à la montagne"),
    Text("by the sea", "à le bord de la mer"),
)
WEATHER_TIMES: dict[Tense, tuple[Text, ...]] = {
    "present": (SILENT, Text("today", "aujourd'hui"), Text("this morning", "ce matin")),
    "imperfect": (
        Text("yesterday", "hier"),
        Text("last night", "hier soir"),
        Text("this morning", "ce matin"),
    ),
    "past": (Text("yesterday", "hier"), Text("last week", "la semaine dernière")),
    "future": (Text("tomorrow", "demain"), Text("tonight", "ce soir"), Text("this weekend", "ce week-end")),
}


WEATHER_KINDS: tuple[Literal["present", "past", "future", "season"], ...] = (
    *("present", "present", "past", "future", "season"),
)


class Place(NamedTuple):
    """A place: its bare name, being there, and coming from there."""

    name: Text
    at: Text
    origin: Text


def _city(english: str, french: str) -> Place:
    return Place(Text(english, french), Text(f"in {english}", f"à {french}"), Text(english, f"de {french}"))


def _country(english: str, french: str, article: str) -> Place:
    """en and de for a feminine or a vowel (en Italie, d'Iran); au and du, aux and des for the others."""
    bare = article == "la" or (article == "le" and opens_with_vowel(french))
    at = f"en {french}" if bare else f"à {article} {french}"
    origin = f"de {french}" if bare else f"de {article} {french}"
    return Place(Text(english, f"{article} {french}"), Text(f"in {english}", at), Text(english, origin))


def _building(noun: Noun) -> Place:
    name = Text(f"the {noun.english}", the(phrase(noun)).french)
    return Place(
        name, Text(f"at {name.english}", f"à {name.french}"), Text(name.english, f"de {name.french}")
    )


CITIES = (
    _city("Paris", "Paris"),
    _city("London", "Londres"),
    _city("Lyon", "Lyon"),
    _city("Rome", "Rome"),
    _city("Berlin", "Berlin"),
    _city("Brussels", "Bruxelles"),
    _city("Geneva", "Genève"),
    _city("Lisbon", "Lisbonne"),
    _city("Montreal", "Montréal"),
    _city("Athens", "Athènes"),
    _city("Amsterdam", "Amsterdam"),
    _city("Oslo", "Oslo"),
)
COUNTRIES = (
    _country("France", "France", "la"),
    _country("Italy", "Italie", "la"),
    _country("Spain", "Espagne", "la"),
    _country("Germany", "Allemagne", "la"),
    _country("England", "Angleterre", "la"),
    _country("Belgium", "Belgique", "la"),
    _country("Hungary", "Hongrie", "la"),
    _country("Greece", "Grèce", "la"),
    _country("Canada", "Canada", "le"),
    _country("Japan", "Japon", "le"),
    _country("Portugal", "Portugal", "le"),
    _country("Mexico", "Mexique", "le"),
    _country("Morocco", "Maroc", "le"),
    _country("the United States", "États-Unis", "les"),
    _country("the Netherlands", "Pays-Bas", "les"),
)
BUILDINGS = (
    Noun("station", "gare", "f"),
    Noun("airport", "aéroport", "m"),
    Noun("bank", "banque", "f"),
    Noun("post office", "poste", "f"),
    Noun("hospital", "hôpital", "m"),
    Noun("pharmacy", "pharmacie", "f"),
    Noun("market", "marché", "m"),
    Noun("library", "bibliothèque", "f"),
    Noun("movie theater", "cinéma", "m"),
    Noun("supermarket", "supermarché", "m"),
    Noun("swimming pool", "piscine", "f"),
    Noun("theater", "théâtre", "m"),
    Noun("university", "université", "f"),
    Noun("town hall", "mairie", "f"),
    Noun("police station", "commissariat", "m"),
    Noun("stadium", "stade", "m"),
    Noun("harbor", "port", "m"),
    Noun("park", "parc", "m"),
    Noun("hotel", "hôtel", "m"),
    Noun("school", "école", "f"),
)
TOWN = tuple(map(_building, BUILDINGS))
TRANSPORT = (
    Text("by train", "en train"),
    Text("by bus", "en bus"),
    Text("by car", "en voiture"),
    Text("by taxi", "en taxi"),
    Text("by bike", "à vélo"),
)
RELATIONS = (
    Text("near", "près de"),
    Text("far from", "loin de"),
    Text("next to", "à côté de"),
    Text("across from", "en face de"),
    Text("behind", "derrière"),
    Text("in front of", "devant"),
)
BELONGINGS = (
    phrase(Noun("passport", "passeport", "m")),
    phrase(Noun("ticket", "billet", "m")),
    phrase(Noun("key", "clé", "f"), many=True),
    phrase(Noun("wallet", "portefeuille", "m")),
    phrase(Noun("glass", "lunette", "f"), many=True),
    phrase(Noun("glove", "gant", "m"), many=True),
    phrase(Noun("address", "adresse", "f")),
    phrase(Noun("notebook", "cahier", "m")),
    NounPhrase("luggage", "bagages", "m", many=True),
)
TIMES: dict[Tense, tuple[Text, ...]] = {
    "present": (SILENT, Text("today", "aujourd'hui"), Text("tomorrow", "demain")),
    "past": (SILENT, Text("yesterday", "hier"), Text("last week", "la semaine dernière")),
}


def sentences() -> Iterator[Sentence]:
    """The weather, journeys, home, the way, tickets, and what one loses."""
    yield from distinct("weather", 550, weather)
    yield from distinct("journey", 550, journey)
    yield from distinct("home", 350, home)
    yield from distinct("way", 450, way)
    yield from distinct("ticket", 85, ticket)
    yield from distinct("belonging", 250, belonging)


def weather(draw: Draw) -> Sentence:
    """It is cold in Paris. Is it going to rain tomorrow? It never snows by the sea."""
    it, verb, what = draw.one(WEATHER)
    where = draw.one((SILENT, SILENT, *(place.at for place in CITIES + COUNTRIES)))
    kind = draw.one(WEATHER_KINDS)
    if kind == "season":
        complement = what.then(draw.one(SEASONS))
        if draw.chance(3):
            return say(Clause(it, verb, complement, negation="never", habit=True))
        adverb = draw.one(
            (Text("often", "souvent"), Text("always", "toujours"), Text("sometimes", "parfois"))
        )
        return say(Clause(it, verb, complement, adverb=adverb, habit=True))
    tense: Tense = kind
    if tense == "past" and (verb.english == "be" or draw.chance(2)):
        tense = "imperfect"
    complement = what.then(where).then(draw.one(WEATHER_TIMES[tense]))
    mood = draw.one(("told", "told", "denied", "asked"))
    negation: Negation = (
        "" if mood != "denied" else "no longer" if kind == "present" and draw.chance(3) else "not"
    )
    return say(Clause(it, verb, complement, tense, negation, question=mood == "asked"))


def journey(draw: Draw) -> Sentence | None:
    """She is going to Italy tomorrow. We went to the station by bus. Did they arrive in Paris yesterday?"""
    who, place = draw.one(people.ANYONE), draw.one(draw.one((CITIES, COUNTRIES, TOWN, TOWN)))
    to = Text(f"to {place.name.english}", place.at.french)
    back = Text(f"from {place.name.english}", place.origin.french)
    verb, there = draw.one(
        ((verbs.GO, to), (verbs.GO, to), (verbs.ARRIVE, place.at), (verbs.COME_BACK, back))
    )
    if verb is verbs.GO and draw.chance(4):
        go = plain(f"to go {to.english}", f"aller {to.french}")
        return tell(Clause(who, draw.one((verbs.WANT, verbs.WOULD_LIKE)), go, question=draw.chance(4)))
    tense: Tense = draw.one(("present", "past", "past"))
    rides = verb is verbs.GO and place not in COUNTRIES and draw.chance(3)
    ending = draw.one(TRANSPORT if rides else TIMES[tense])
    return vary(draw, Clause(who, verb, plain(*there).then(ending), tense))


def home(draw: Draw) -> Sentence | None:
    """She lives in Canada. They come from Hungary. We no longer work at the hospital. Do you like Japan?"""
    who = draw.one(people.ANYONE)
    kind = draw.one(("live", "live", "come", "be", "work", "like"))
    place = draw.one(TOWN if kind == "work" else CITIES + COUNTRIES + (TOWN if kind == "be" else ()))
    if kind == "come":
        origin = plain(f"from {place.origin.english}", place.origin.french)
        return _held(draw, who, verbs.COME, origin, lasting=False)
    if kind == "like":
        return _held(draw, who, draw.one((verbs.LIKE, verbs.KNOW)), plain(*place.name), lasting=False)
    if kind == "be" and draw.chance(2):
        return say(Clause(who, verbs.BE, plain(*place.at).then(Text("yesterday", "hier")), "imperfect"))
    verb = {"live": verbs.LIVE, "be": verbs.BE, "work": verbs.WORK}[kind]
    return _held(draw, who, verb, plain(*place.at), lasting=True)


def _held(draw: Draw, who: Subject, verb: Verb, complement: Complement, *, lasting: bool) -> Sentence | None:
    """Said, denied or asked; what lasts may also be over: no longer."""
    if lasting and draw.chance(5):
        return say(Clause(who, verb, complement, negation="no longer", habit=True))
    return vary(draw, Clause(who, verb, complement, habit=True))


def way(draw: Draw) -> Sentence:
    """Where is the station? The bank is next to the post office. Turn left after the theater."""
    number = draw.below(len(TOWN))
    here, there = TOWN[number].name, TOWN[(number + 1 + draw.below(len(TOWN) - 1)) % len(TOWN)].name
    relation = draw.one(RELATIONS)
    related = Text(f"{relation.english} {there.english}", f"{relation.french} {there.french}")
    kind = draw.below(14)
    if kind < 5:
        return write(f"{here.english} is {related.english}", f"{here.french} est {related.french}")
    if kind == 5:
        return write(
            f"is {here.english} {related.english}", f"est-ce que {here.french} est {related.french}", "?"
        )
    if kind == 6:
        return write(f"{here.english} is not {related.english}", f"{here.french} ne est pas {related.french}")
    if kind == 7:
        side = draw.one((Text("left", "gauche"), Text("right", "droite")))
        return write(
            f"turn {side.english} after {here.english}", f"tournez à {side.french} après {here.french}"
        )
    if kind == 8:
        return write(f"the bus stops {related.english}", f"le bus s'arrête {related.french}")
    if kind == 9:
        near = a(phrase(BUILDINGS[number]))
        return write(
            f"is there {near.english} near here", f"est-ce que il y a {near.french} près de ici", "?"
        )
    asked = draw.one(
        (
            (f"where is {here.english}", f"où est {here.french}", "?"),
            (
                f"how do I get to {here.english}, please",
                f"comment aller à {here.french}, s'il vous plaît",
                "?",
            ),
            (f"does this bus go to {here.english}", f"est-ce que ce bus va à {here.french}", "?"),
            (f"go straight ahead to {here.english}", f"allez tout droit jusque à {here.french}", "."),
        )
    )
    return write(*asked)


def ticket(draw: Draw) -> Sentence:
    """I would like two tickets to Lyon, please. When does the next train to Rome leave?"""
    city = draw.one(CITIES).name
    tickets = counted(1 + draw.below(4), Noun("ticket", "billet", "m"))
    return write(
        *draw.one(
            (
                (
                    f"I would like {tickets.english} to {city.english}, please",
                    f"je voudrais {tickets.french} pour {city.french}, s'il vous plaît",
                ),
                (
                    f"when does the next train to {city.english} leave",
                    f"quand part le prochain train pour {city.french}",
                    "?",
                ),
                (f"the train to {city.english} is late", f"le train pour {city.french} est en retard"),
                (f"the plane from {city.english} has arrived", f"l'avion de {city.french} est arrivé"),
                (
                    f"how long does it take to get to {city.english}",
                    f"combien de temps faut-il pour aller à {city.french}",
                    "?",
                ),
            )
        )
    )


def belonging(draw: Draw) -> Sentence | None:
    """He lost his passport. Did you forget your glasses? We are looking for our luggage."""
    who = draw.one(people.ANYONE)
    verb = draw.one((verbs.LOSE, verbs.FORGET, verbs.FIND, verbs.LOOK_FOR))
    tense: Tense = "present" if verb is verbs.LOOK_FOR else "past"
    return vary(draw, Clause(who, verb, own(draw.one(BELONGINGS), who), tense))
