"""How people are, what they do for a living, and who is taller than whom."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from seqloom.data.phrasebook import english, french, people, verbs
from seqloom.data.phrasebook.draw import Draw, distinct
from seqloom.data.phrasebook.phrase import quality, say, tell, vary
from seqloom.data.phrasebook.words import (
    Adjective,
    Clause,
    Complement,
    Sentence,
    Subject,
    Tense,
    Text,
    Verb,
    plain,
)

FEELING_SENTENCES, PROFESSION_SENTENCES = 64, 22  # for each mood, each profession


@dataclass(frozen=True)
class Mood:
    """A state of mind or body: an adjective when it has a feminine, else a phrase that never changes.

    verb      what French uses for "be": être (je suis triste) or avoir (j'ai faim)
    very      whether one can be very much so
    passing   whether it comes and goes, and so has a time
    """

    english: str
    french: str
    feminine: str = ""
    verb: Verb = verbs.BE
    very: bool = True
    passing: bool = True

    def of(self, subject: Subject) -> Complement:
        form = self.feminine if self.feminine and subject.gender == "f" else self.french
        return plain(self.english, french.plural(form) if self.feminine and subject.plural else form)


@dataclass(frozen=True)
class Profession:
    """A profession; in French it stands without article: elle est pilote."""

    english: str
    french: str
    feminine: str
    english_feminine: str = ""

    def of(self, subject: Subject) -> Complement:
        name = self.english_feminine if self.english_feminine and subject.gender == "f" else self.english
        form = self.feminine if subject.gender == "f" else self.french
        if subject.plural:
            return plain(english.plural(name), french.plural(form))
        return plain(f"{english.article(name)} {name}", form)


MOODS = (
    Mood("happy", "heureux", "heureuse"),
    Mood("sad", "triste", "triste"),
    Mood("tired", "fatigué", "fatiguée"),
    Mood("sick", "malade", "malade"),
    Mood("ready", "prêt", "prête", very=False),
    Mood("busy", "occupé", "occupée"),
    Mood("nervous", "nerveux", "nerveuse"),
    Mood("proud", "fier", "fière"),
    Mood("surprised", "surpris", "surprise"),
    Mood("worried", "inquiet", "inquiète"),
    Mood("disappointed", "déçu", "déçue"),
    Mood("calm", "calme", "calme"),
    Mood("jealous", "jaloux", "jalouse"),
    Mood("alone", "seul", "seule", very=False),
    Mood("glad", "content", "contente"),
    Mood("angry", "en colère"),
    Mood("late", "en retard"),
    Mood("in a good mood", "de bonne humeur", very=False),
    Mood("on vacation", "en vacances", very=False),
    Mood("hungry", "faim", verb=verbs.BE_AVOIR),
    Mood("thirsty", "soif", verb=verbs.BE_AVOIR),
    Mood("cold", "froid", verb=verbs.BE_AVOIR),
    Mood("hot", "chaud", verb=verbs.BE_AVOIR),
    Mood("afraid", "peur", verb=verbs.BE_AVOIR),
    Mood("sleepy", "sommeil", verb=verbs.BE_AVOIR),
    Mood("right", "raison", verb=verbs.BE_AVOIR, very=False, passing=False),
    Mood("wrong", "tort", verb=verbs.BE_AVOIR, very=False, passing=False),
)

PROFESSIONS = (
    Profession("doctor", "médecin", "médecin"),
    Profession("teacher", "enseignant", "enseignante"),
    Profession("nurse", "infirmier", "infirmière"),
    Profession("student", "étudiant", "étudiante"),
    Profession("baker", "boulanger", "boulangère"),
    Profession("lawyer", "avocat", "avocate"),
    Profession("actor", "acteur", "actrice", "actress"),
    Profession("engineer", "ingénieur", "ingénieure"),
    Profession("cook", "cuisinier", "cuisinière"),
    Profession("farmer", "agriculteur", "agricultrice"),
    Profession("musician", "musicien", "musicienne"),
    Profession("singer", "chanteur", "chanteuse"),
    Profession("waiter", "serveur", "serveuse", "waitress"),
    Profession("dancer", "danseur", "danseuse"),
    Profession("pilot", "pilote", "pilote"),
    Profession("journalist", "journaliste", "journaliste"),
    Profession("dentist", "dentiste", "dentiste"),
    Profession("artist", "artiste", "artiste"),
    Profession("architect", "architecte", "architecte"),
    Profession("secretary", "secrétaire", "secrétaire"),
)

# The comparative, and the adjective of both languages.
COMPARED = (
    ("taller", Adjective("tall", "grand", "grande")),
    ("older", Adjective("old", "âgé", "âgée")),
    ("younger", Adjective("young", "jeune", "jeune")),
    ("stronger", Adjective("strong", "fort", "forte")),
    ("richer", Adjective("rich", "riche", "riche")),
    ("funnier", Adjective("funny", "drôle", "drôle")),
    ("nicer", Adjective("nice", "sympathique", "sympathique")),
    ("faster", Adjective("fast", "rapide", "rapide")),
    ("more patient", Adjective("patient", "patient", "patiente")),
    ("more intelligent", Adjective("intelligent", "intelligent", "intelligente")),
    ("more serious", Adjective("serious", "sérieux", "sérieuse")),
    ("more polite", Adjective("polite", "poli", "polie")),
    ("more generous", Adjective("generous", "généreux", "généreuse")),
    ("more curious", Adjective("curious", "curieux", "curieuse")),
)
PRONOUNS_AFTER_THAN = (
    (people.I, Text("me", "moi")),
    (people.VOUS, Text("you", "vous")),
    (people.HE, Text("him", "lui")),
    (people.SHE, Text("her", "elle")),
    (people.WE, Text("us", "nous")),
    (people.THEY, Text("them", "eux")),
)
OTHERS = (
    *PRONOUNS_AFTER_THAN,
    *((who, Text(who.english, who.french)) for who in (*people.FAMILY, *people.FRIENDS)),
)

SUBJECTS = (
    *(people.I, people.TU, people.HE, people.SHE, people.WE, people.THEY) * 3,
    *(people.YOUR_BROTHER, people.YOUR_SISTER, people.YOUR_PARENTS, people.YOUR_FRIEND),
    *people.FAMILY,
    *people.FRIENDS,
)
WHEN: dict[Tense, tuple[Text, ...]] = {
    "present": (Text("today", "aujourd'hui"), Text("now", "maintenant"), Text("this morning", "ce matin")),
    "imperfect": (Text("yesterday", "hier"), Text("last night", "hier soir")),
    "future": (Text("tomorrow", "demain"), Text("tonight", "ce soir")),
}
ADVERBS = (Text("often", "souvent"), Text("always", "toujours"), Text("sometimes", "parfois"))

GOOD_MOODS = tuple(mood for mood in MOODS if mood.english in ("happy", "glad", "calm", "in a good mood"))
BAD_MOODS = tuple(
    mood for mood in MOODS if mood.english in ("sad", "nervous", "worried", "angry", "disappointed")
)
GOOD_REASONS = (
    Text("because the weather is nice", "parce que il fait beau"),
    Text("because it is sunny", "parce que il y a de le soleil"),
    Text("because dinner is ready", "parce que le dîner est prêt"),
    Text("because tomorrow is Sunday", "parce que demain, c'est dimanche"),
    Text("when it snows", "quand il neige"),
    Text("when the weather is nice", "quand il fait beau"),
    Text("if everything goes well", "si tout va bien"),
    Text("if it does not rain", "si il ne pleut pas"),
)
BAD_REASONS = (
    Text("because the weather is bad", "parce que il fait mauvais"),
    Text("because it is raining", "parce que il pleut"),
    Text("because the train is late", "parce que le train est en retard"),
    Text("because there is no more coffee", "parce que il ne y a plus de café"),
    Text("because it is too late", "parce que il est trop tard"),
    Text("when it rains", "quand il pleut"),
    Text("when there is too much noise", "quand il y a trop de bruit"),
    Text("if it rains", "si il pleut"),
)


def sentences() -> Iterator[Sentence]:
    """Moods, their reasons, professions and comparisons."""
    for mood in MOODS:
        yield from distinct(mood.english, FEELING_SENTENCES, partial(feeling, mood))
    yield from distinct("reason", 250, reason)
    for work in PROFESSIONS:
        yield from distinct(work.english, PROFESSION_SENTENCES, partial(profession, work))
    yield from distinct("comparison", 400, comparison)


def feeling(mood: Mood, draw: Draw) -> Sentence | None:
    """I am happy. She is not hungry. Were they tired yesterday?"""
    subject = draw.one(SUBJECTS)
    clause = Clause(subject, mood.verb, mood.of(subject))
    kind = draw.one(("plain", "plain", "denied", "denied", "asked", "very", "often", "when", "when"))
    if kind == "denied":
        return say(replace(clause, negation=draw.one(("not", "not", "never", "no longer"))))
    if kind == "asked":
        asks_itself = mood.english in ("late", "right", "wrong")
        return say(clause.asked()) if asks_itself else tell(clause.asked())
    if kind == "very" and mood.very:
        very = plain(f"very {clause.complement.english}", f"très {clause.complement.french}")
        return say(replace(clause, complement=very))
    if kind == "often":
        return say(replace(clause, adverb=draw.one(ADVERBS)))
    if kind == "when" and mood.passing:
        tense = draw.one(tuple(WHEN))
        timed = clause.complement.then(draw.one(WHEN[tense]))
        return tell(replace(clause, complement=timed, tense=tense, question=draw.chance(4)))
    return say(clause)


def reason(draw: Draw) -> Sentence:
    """I am sad because it is raining."""
    subject = draw.one(SUBJECTS)
    moods, reasons = draw.one(((GOOD_MOODS, GOOD_REASONS), (BAD_MOODS, BAD_REASONS)))
    mood = draw.one(moods)
    return say(Clause(subject, mood.verb, mood.of(subject).then(draw.one(reasons))))


def profession(job: Profession, draw: Draw) -> Sentence | None:
    """My sister is an engineer. He wants to become a pilot."""
    subject = draw.one(people.ANYONE)
    work = job.of(subject)
    kind = draw.one(("is", "is", "is no longer", "becomes", "wants"))
    if kind == "is":
        return vary(draw, Clause(subject, verbs.BE, work))
    if kind == "is no longer":
        return say(Clause(subject, verbs.BE, work, negation="no longer"))
    if kind == "becomes":
        return say(Clause(subject, verbs.BECOME, work, draw.one(("past", "future"))))
    become = plain(f"to become {work.english}", f"devenir {work.french}")
    return vary(draw, Clause(subject, verbs.WANT, become))


def comparison(draw: Draw) -> Sentence | None:
    """Marie is taller than Paul. I am not as patient as him."""
    subject, (other, than) = draw.one(people.ANYONE), draw.one(OTHERS)
    if _names(subject) & _names(other):
        return None
    comparative, adjective = draw.one(COMPARED)
    form = quality(subject, adjective)
    asked = draw.chance(5)
    if draw.chance(2):
        words = plain(f"{comparative} than {than.english}", f"plus {form.french} que {than.french}")
        return say(Clause(subject, verbs.BE, words, question=asked))
    if comparative.startswith("more ") and draw.chance(3):
        words = plain(f"less {form.english} than {than.english}", f"moins {form.french} que {than.french}")
        return say(Clause(subject, verbs.BE, words, question=asked))
    words = plain(f"as {form.english} as {than.english}", f"aussi {form.french} que {than.french}")
    return say(
        Clause(subject, verbs.BE, words, negation="" if asked else draw.one(("", "not")), question=asked)
    )


def _names(subject: Subject) -> set[str]:
    """Who is meant, so that nobody is compared with himself: Paul, with Paul and Marie."""
    return {word.rstrip("s") for word in subject.english.split()} - {"my", "our", "the", "and"}
