"""French: elision, contraction, agreement, spacing, numbers, and how it words a clause.

The grammar writes every word in full ("je ne ai pas de amis"); `sentence` then spells it as the ear
wants it ("Je n'ai pas d'amis.").
"""

import re

from seqloom.data.phrasebook.words import Adjective, Clause, Gender, Noun, Subject, Verb

VOWELS = "aeiouyàâéèêëîïôùûœ"

# An h is mute ("l'hôtel") unless the word is one of these ("le hamster"); eight and eleven count with them.
ASPIRATED = ("hamster", "haricot", "harpe", "hibou", "hockey", "Hongrie", "huit", "onze")

IRREGULAR_PLURALS = {
    "bleu": "bleus",
    "carte postale": "cartes postales",
    "haricot vert": "haricots verts",
    "hibou": "hiboux",
    "jus d'orange": "jus d'orange",
    "marron": "marron",
    "pomme de terre": "pommes de terre",
}

ARTICLES = {"m": "le", "f": "la"}
POSSESSIVES = (  # masculine, feminine, plural
    ("mon", "ma", "mes"),
    ("ton", "ta", "tes"),
    ("son", "sa", "ses"),
    ("notre", "notre", "nos"),
    ("votre", "votre", "vos"),
    ("leur", "leur", "leurs"),
)
REFLEXIVES = ("me", "te", "se", "nous", "vous", "se")
NEGATIONS = {"not": "pas", "never": "jamais", "no longer": "plus", "nothing": "rien"}

BE = tuple("suis es est sommes êtes sont".split())
HAVE = tuple("ai as a avons avez ont".split())
GO = tuple("vais vas va allons allez vont".split())
IMPERFECT = {
    "être": "étais étais était étions étiez étaient".split(),
    "avoir": "avais avais avait avions aviez avaient".split(),
    "faire": "faisais faisais faisait faisions faisiez faisaient".split(),
    "neiger": ["neigeait"] * 6,
    "pleuvoir": ["pleuvait"] * 6,
    "y avoir": ["y avait"] * 6,
}

UNITS = (
    "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept "
    "dix-huit dix-neuf"
).split()
TENS = "_ _ vingt trente quarante cinquante soixante".split()


def opens_with_vowel(text: str) -> bool:
    """Whether a small word before `text` loses its vowel: true of a vowel and of a mute h."""
    return not text.startswith(ASPIRATED) and text[0].lower() in VOWELS + "h"


def spell(text: str) -> str:
    """Join small words to what follows: je ai -> j'ai, si il -> s'il, de le -> du, à les -> aux.

    Elision comes first, so that "de le hôtel" is "de l'hôtel" and not "du hôtel". A word after a hyphen
    ("est-ce", "donnez-le") stays whole.
    """
    text = " ".join(text.split()).replace(" ,", ",")
    text = _SMALL_WORD.sub(
        lambda found: f"{found[1][:-1]}'" if opens_with_vowel(found[2]) else found[0], text
    )
    for full, short in _CONTRACTIONS:
        text = full.sub(short, text)
    return text


_SMALL_WORD = re.compile(
    r"(?<![\w-])((?:je|me|te|se|le|la|de|ne|que|jusque|ce(?= est)|si(?= ils?\b))) (?=(\w+))", re.I
)
_CONTRACTIONS = tuple(
    (re.compile(rf"(?<![\w-]){full}\b(?!')"), short)
    for full, short in (("de le", "du"), ("de les", "des"), ("à le", "au"), ("à les", "aux"))
)


def sentence(text: str, mark: str = ".") -> str:
    """A capital in front, the mark at the end, with a space before ? and !."""
    text = spell(text)
    return text[0].upper() + text[1:] + (f" {mark}" if mark and mark in "?!" else mark)


def plural(word: str) -> str:
    """The plural of a noun or of an adjective's form."""
    if word in IRREGULAR_PLURALS:
        return IRREGULAR_PLURALS[word]
    if word.endswith(("s", "x", "z")):
        return word
    if word.endswith("al"):
        return word[:-2] + "aux"
    return word + ("x" if word.endswith(("au", "eu")) else "s")


def agree(adjective: Adjective, gender: Gender, *, many: bool = False) -> str:
    """The form of `adjective` for a gender and a number."""
    form = adjective.masculine if gender == "m" else adjective.feminine
    return plural(form) if many else form


def describe(noun: Noun, adjective: Adjective, *, many: bool = False) -> str:
    """Noun and adjective in their order: une maison blanche, but un vieil hôtel."""
    word = plural(noun.french) if many else noun.french
    form = agree(adjective, noun.gender, many=many)
    if not adjective.before:
        return f"{word} {form}"
    if adjective.vowel and noun.gender == "m" and not many and opens_with_vowel(word):
        form = adjective.vowel
    return f"{form} {word}"


def which(gender: Gender, *, many: bool = False) -> str:
    """quel, quelle, quels, quelles."""
    return ("quel" if gender == "m" else "quelle") + ("s" if many else "")


def definite(gender: Gender, *, many: bool = False) -> str:
    """le, la, les; `spell` makes l' of the first two before a vowel."""
    return "les" if many else ARTICLES[gender]


def indefinite(gender: Gender, *, many: bool = False) -> str:
    """un, une, des."""
    return "des" if many else "un" if gender == "m" else "une"


def demonstrative(gender: Gender, following: str, *, many: bool = False) -> str:
    """ce livre, cet hôtel, cette maison, ces arbres."""
    if many:
        return "ces"
    if gender == "f":
        return "cette"
    return "cet" if opens_with_vowel(following) else "ce"


def possessive(owner: Subject, gender: Gender, following: str, *, many: bool = False) -> str:
    """ma sœur, but mon école: a feminine takes the masculine form before a vowel."""
    masculine, feminine, several = POSSESSIVES[owner.person]
    if many:
        return several
    return masculine if gender == "m" or opens_with_vowel(following) else feminine


def number(value: int, gender: Gender = "m") -> str:
    """0 to 100 in words; only "un" agrees: vingt et une chaises.

    "et" joins 1 and 11 up to 71; from 60 the twenties count on (soixante-dix, quatre-vingt-dix); 80 alone has an s.
    """
    words = _number(value)
    return f"{words}e" if gender == "f" and re.search(r"\bun$", words) else words


def _number(value: int) -> str:
    if value < 20:
        return UNITS[value]
    if value == 100:
        return "cent"
    if value >= 80:
        return "quatre-vingts" if value == 80 else f"quatre-vingt-{UNITS[value - 80]}"
    tens = min(value // 10, 6)
    rest = value - 10 * tens
    if rest == 0:
        return TENS[tens]
    return TENS[tens] + (" et " if rest in (1, 11) else "-") + UNITS[rest]


def clause(clause: Clause) -> str:
    """Word order: subject, ne, me / te / se, verb, pas, souvent, the rest of the verb, complement.

    A question turns "vous" round (avez-vous) and puts "est-ce que" before everyone else.
    """
    subject, verb, after = clause.subject, clause.verb, NEGATIONS.get(clause.negation, "")
    finite, rest = _predicate(clause)
    reflexive = REFLEXIVES[subject.person] if verb.reflexive and clause.tense != "future" else ""
    before = f"ne {reflexive}" if clause.negation else reflexive
    if not clause.question:
        front = f"{subject.french} {before} {finite}"
    elif subject.french == "vous":
        front = f"{before} {finite}-vous"
    else:
        front = f"est-ce que {subject.french} {before} {finite}"
    complement = clause.complement.french_denied if clause.negation else clause.complement.french
    return f"{front} {after} {clause.adverb.french} {rest} {complement}"


def infinitive(verb: Verb, subject: Subject) -> str:
    """The infinitive, with the reflexive pronoun of whoever is meant: je veux me reposer."""
    return f"{REFLEXIVES[subject.person]} {verb.french}" if verb.reflexive else verb.french


def _predicate(clause: Clause) -> tuple[str, str]:
    """The verb that bends to the subject, and the participle or infinitive that follows it."""
    verb, subject = clause.verb, clause.subject
    if clause.tense == "future":
        return GO[subject.person], infinitive(verb, subject)
    if clause.tense == "imperfect":
        return IMPERFECT[verb.french][subject.person], ""
    if clause.tense == "present":
        return verb.present[subject.person], ""
    if verb.auxiliary == "avoir":
        return HAVE[subject.person], verb.participle
    return BE[subject.person], verb.participle + ("e" if subject.gender == "f" else "") + (
        "s" if subject.plural else ""
    )
