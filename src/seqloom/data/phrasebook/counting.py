"""Numbers to a hundred, the time of day, days and dates."""

from collections.abc import Iterator
from functools import partial

from seqloom.data.phrasebook import english, french, people, verbs
from seqloom.data.phrasebook.draw import Draw, distinct
from seqloom.data.phrasebook.phrase import counted, own, phrase, say, write
from seqloom.data.phrasebook.words import Clause, Noun, Sentence, Text, plain

COLLECTED = (
    Noun("stamp", "timbre", "m"),
    Noun("coin", "pièce", "f"),
    Noun("photo", "photo", "f"),
    Noun("euro", "euro", "m"),
    Noun("postcard", "carte postale", "f"),
    Noun("candle", "bougie", "f"),
)
GATHERED = (  # and where they are
    (Noun("student", "étudiant", "m"), Text("in the class", "dans la classe")),
    (Noun("page", "page", "f"), Text("in this book", "dans ce livre")),
    (Noun("tree", "arbre", "m"), Text("in the park", "dans le parc")),
    (Noun("seat", "place", "f"), Text("in the theater", "dans le théâtre")),
)
EURO, MINUTE, DAY = Noun("euro", "euro", "m"), Noun("minute", "minute", "f"), Noun("day", "jour", "m")

PARTS_OF_AN_HOUR = (  # English before the hour, French behind it; "to" looks to the next hour in both
    Text("five past", "cinq"),
    Text("ten past", "dix"),
    Text("a quarter past", "et quart"),
    Text("twenty past", "vingt"),
    Text("twenty-five past", "vingt-cinq"),
    Text("half past", "et demie"),
    Text("twenty-five to", "moins vingt-cinq"),
    Text("twenty to", "moins vingt"),
    Text("a quarter to", "moins le quart"),
    Text("ten to", "moins dix"),
    Text("five to", "moins cinq"),
)
SCHEDULE = (
    Text("the train leaves at", "le train part à"),
    Text("the bus arrives at", "le bus arrive à"),
    Text("the store closes at", "le magasin ferme à"),
    Text("the museum opens at", "le musée ouvre à"),
    Text("the movie starts at", "le film commence à"),
    Text("the meeting is at", "la réunion est à"),
    Text("dinner is at", "le dîner est à"),
    Text("we are open until", "nous sommes ouverts jusque à"),
    Text("wait until", "attendez jusque à"),
    Text("come before", "venez avant"),
    Text("please call after", "appelez après"),
)
DAYS = (
    Text("Monday", "lundi"),
    Text("Tuesday", "mardi"),
    Text("Wednesday", "mercredi"),
    Text("Thursday", "jeudi"),
    Text("Friday", "vendredi"),
    Text("Saturday", "samedi"),
    Text("Sunday", "dimanche"),
)
MONTHS = (
    (Text("January", "janvier"), 31),
    (Text("February", "février"), 28),
    (Text("March", "mars"), 31),
    (Text("April", "avril"), 30),
    (Text("May", "mai"), 31),
    (Text("June", "juin"), 30),
    (Text("July", "juillet"), 31),
    (Text("August", "août"), 31),
    (Text("September", "septembre"), 30),
    (Text("October", "octobre"), 31),
    (Text("November", "novembre"), 30),
    (Text("December", "décembre"), 31),
)
EVENTS = (
    Text("the meeting is", "la réunion est"),
    Text("the party is", "la fête est"),
    Text("the exam is", "l'examen est"),
    Text("the concert is", "le concert est"),
    Text("the wedding is", "le mariage est"),
    Text("we are leaving", "nous partons"),
    Text("she is arriving", "elle arrive"),
    Text("they are coming back", "ils reviennent"),
)
BIRTHDAY = phrase(Noun("birthday", "anniversaire", "m"))
CLOSING = (
    Text("the museum is", "le musée est fermé"),
    Text("the bakery is", "la boulangerie est fermée"),
    Text("the library is", "la bibliothèque est fermée"),
    Text("the stores are", "les magasins sont fermés"),
    Text("the pharmacies are", "les pharmacies sont fermées"),
)


def sentences() -> Iterator[Sentence]:
    """Each number and each day of the month some times, then times of day and weekdays."""
    for value in range(1, 101):
        yield from distinct(f"amount {value}", 7, partial(amount, value))
    yield from distinct("time", 550, time)
    for day in range(1, 32):
        yield from distinct(f"date {day}", 10, partial(date, day))
    yield from weekdays()


def amount(value: int, draw: Draw) -> Sentence | None:
    """I have twenty-one stamps. She is thirty years old. It costs fifteen euros."""
    who = draw.one(people.ANYONE)
    kind = draw.one(("have", "have", "age", "cost", "are", "last", "leave", "number"))
    if kind == "have":
        return say(Clause(who, verbs.HAVE, counted(value, draw.one(COLLECTED))))
    if value == 1 and kind in ("age", "are"):
        return None
    if kind == "age":
        age = plain(f"{english.number(value)} years old", f"{french.number(value)} ans")
        return say(Clause(who, verbs.BE_AVOIR, age))
    if kind == "cost":
        price = counted(value, EURO)
        return write(f"it costs {price.english}", f"ça coûte {price.french}")
    if kind == "are":
        noun, place = draw.one(GATHERED)
        there = counted(value, noun).then(place)
        return write(f"there are {there.english}", f"il y a {there.french}")
    if kind == "last":
        duration = counted(value, MINUTE)
        return write(f"the lesson lasts {duration.english}", f"la leçon dure {duration.french}")
    if kind == "leave":
        delay = counted(value, draw.one((MINUTE, DAY)))
        return write(f"the boat leaves in {delay.english}", f"le bateau part dans {delay.french}")
    if value == 80:
        return None  # in a number that names and does not count, eighty loses its s
    line = Text(english.number(value), french.number(value))
    return write(
        f"bus number {line.english} goes to the station", f"le bus numéro {line.french} va à la gare"
    )


def time(draw: Draw) -> Sentence:
    """It is half past three. The train leaves at a quarter to five."""
    now = _clock(draw)
    kind = draw.one(("it is", "it is", "is it", "schedule", "schedule", "schedule", "gets up", "appointment"))
    if kind == "it is":
        return write(f"it is {now.english}", f"il est {now.french}")
    if kind == "is it":
        return write(f"is it already {now.english}", f"est-ce que il est déjà {now.french}", "?")
    if kind == "schedule":
        event = draw.one(SCHEDULE)
        return write(f"{event.english} {now.english}", f"{event.french} {now.french}")
    who, at = draw.one(people.ANYONE), Text(f"at {now.english}", f"à {now.french}")
    if kind == "gets up":
        return say(Clause(who, verbs.GET_UP, plain(*at), habit=True))
    appointment = plain(f"an appointment {at.english}", f"rendez-vous {at.french}")
    return say(Clause(who, verbs.HAVE, appointment))


def _clock(draw: Draw) -> Text:
    """A time of day: half past three / trois heures et demie; French says noon and midnight for twelve."""
    hour = 1 + draw.below(11)
    spoken = f"{french.number(hour, 'f')} heure{'s' if hour > 1 else ''}"
    kind = draw.one(("part", "part", "part", "full", "full", "of the day", "noon"))
    if kind == "noon":
        return draw.one((Text("noon", "midi"), Text("midnight", "minuit")))
    if kind == "part":
        part = draw.one(PARTS_OF_AN_HOUR)
        return Text(f"{part.english} {english.number(hour)}", f"{spoken} {part.french}")
    oclock = f"{english.number(hour)} o'clock"
    if kind == "full":
        return Text(oclock, spoken)
    if draw.chance(2):
        return Text(f"{oclock} in the morning", f"{spoken} de le matin")
    late = hour > 5
    return Text(
        f"{oclock} in the {'evening' if late else 'afternoon'}",
        f"{spoken} {'de le soir' if late else 'de la après-midi'}",
    )


def date(day: int, draw: Draw) -> Sentence | None:
    """My birthday is on the third of May. French counts only the first: le premier mai, le deux mai."""
    month, length = draw.one(MONTHS)
    if day > length:
        return None
    in_english = f"the {english.ordinal(day)} of {month.english}"
    in_french = f"le {'premier' if day == 1 else french.number(day)} {month.french}"
    kind = draw.one(("birthday", "today", "event", "event"))
    if kind == "birthday":
        birthday = own(BIRTHDAY, draw.one((people.I, people.VOUS, people.HE, people.SHE)))
        return write(f"{birthday.english} is on {in_english}", f"{birthday.french} est {in_french}")
    if kind == "today":
        return write(f"today is {in_english}", f"aujourd'hui, c'est {in_french}")
    event = draw.one(EVENTS)
    return write(f"{event.english} on {in_english}", f"{event.french} {in_french}")


def weekdays() -> Iterator[Sentence]:
    """The party is on Friday: vendredi. The museum is closed on Mondays: le lundi, every one of them."""
    for day in DAYS:
        yield write(f"today is {day.english}", f"aujourd'hui, c'est {day.french}")
        yield write(f"tomorrow is {day.english}", f"demain, c'est {day.french}")
        yield write(f"see you on {day.english}", f"à {day.french}", "!")
        for event in EVENTS:
            yield write(f"{event.english} on {day.english}", f"{event.french} {day.french}")
        for place in CLOSING:
            yield write(f"{place.english} closed on {day.english}s", f"{place.french} le {day.french}")
