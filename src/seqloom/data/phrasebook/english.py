"""English: its spelling rules, and how it words a clause."""

from seqloom.data.phrasebook.words import Clause, Subject

IRREGULAR_PLURALS = {
    "man": "men", "woman": "women", "mouse": "mice", "scarf": "scarves", "knife": "knives",
    "child": "children", "shelf": "shelves",
}  # fmt: skip

IRREGULAR_VERBS = {  # past, participle
    "be": ("was", "been"),
    "become": ("became", "become"),
    "buy": ("bought", "bought"),
    "choose": ("chose", "chosen"),
    "come": ("came", "come"),
    "do": ("did", "done"),
    "drink": ("drank", "drunk"),
    "eat": ("ate", "eaten"),
    "find": ("found", "found"),
    "forget": ("forgot", "forgotten"),
    "get": ("got", "gotten"),
    "go": ("went", "gone"),
    "have": ("had", "had"),
    "hear": ("heard", "heard"),
    "know": ("knew", "known"),
    "leave": ("left", "left"),
    "lose": ("lost", "lost"),
    "make": ("made", "made"),
    "read": ("read", "read"),
    "say": ("said", "said"),
    "see": ("saw", "seen"),
    "sell": ("sold", "sold"),
    "sing": ("sang", "sung"),
    "sleep": ("slept", "slept"),
    "speak": ("spoke", "spoken"),
    "swim": ("swam", "swum"),
    "take": ("took", "taken"),
    "understand": ("understood", "understood"),
    "wear": ("wore", "worn"),
    "write": ("wrote", "written"),
}

DOUBLED = {"forget", "get", "swim"}  # forgetting, getting, swimming
MODALS = {"can", "must", "would like"}
NEGATIONS = {"": "", "not": "not", "never": "never", "no longer": "no longer", "nothing": "not"}

UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()
IRREGULAR_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth", "twenty": "twentieth", "thirty": "thirtieth",
}  # fmt: skip


def article(phrase: str) -> str:
    """ "a" or "an", by the sound that `phrase` opens with."""
    silent_h, consonant_u = phrase.startswith("hour"), phrase.startswith(("university", "one "))
    return "an" if silent_h or (phrase[0].lower() in "aeiou" and not consonant_u) else "a"


def plural(noun: str) -> str:
    """cars, boxes, cities, men."""
    if noun in IRREGULAR_PLURALS:
        return IRREGULAR_PLURALS[noun]
    return _with_s(noun)


def third_person(verb: str) -> str:
    """The form after he, she, it; only the first word changes: looks for."""
    first, rest = _first_word(verb)
    return {"have": "has", "be": "is"}.get(first, _with_s(first)) + rest


def past(verb: str) -> str:
    """looked for, bought."""
    first, rest = _first_word(verb)
    return (IRREGULAR_VERBS[first][0] if first in IRREGULAR_VERBS else _with_ed(first)) + rest


def participle(verb: str) -> str:
    """looked for, seen: the form after "has"."""
    first, rest = _first_word(verb)
    return (IRREGULAR_VERBS[first][1] if first in IRREGULAR_VERBS else _with_ed(first)) + rest


def progressive(verb: str) -> str:
    """looking for, dancing, getting up."""
    first, rest = _first_word(verb)
    if first in DOUBLED:
        first += first[-1]
    elif first.endswith("e") and not first.endswith(("ee", "be")):
        first = first[:-1]
    return f"{first}ing{rest}"


def number(value: int) -> str:
    """0 to 100 in words: twenty-one."""
    if value == 100:
        return "one hundred"
    if value < 20:
        return UNITS[value]
    return TENS[value // 10] + (f"-{UNITS[value % 10]}" if value % 10 else "")


def ordinal(value: int) -> str:
    """1 to 39 in words: twenty-first."""
    *head, last = number(value).split("-")
    return "-".join([*head, IRREGULAR_ORDINALS.get(last, f"{last}th")])


def possessive(owner: Subject) -> str:
    """my, your, his, her, our, their: in English it is the owner that counts, in French the thing."""
    if owner.person == 2:
        return "her" if owner.gender == "f" else "his"
    return ("my", "your", "", "our", "your", "their")[owner.person]


def clause(clause: Clause) -> str:
    """Word order: subject, auxiliary, not / never / often, verb, complement; a question swaps the first two."""
    auxiliary, verb = _predicate(clause)
    if (clause.negation in ("not", "nothing") or clause.question) and not auxiliary:
        auxiliary, verb = _do(clause), clause.verb.english
    front = [auxiliary, clause.subject.english] if clause.question else [clause.subject.english, auxiliary]
    # "any" also serves questions, except offers: "Do you see any boats?", "Do you want some tea?"
    offer = clause.verb.english in ("want", "would like")
    denied = clause.negation or (clause.question and not offer)
    complement = clause.complement.english_denied if denied else clause.complement.english
    words = [*front, NEGATIONS[clause.negation], clause.adverb.english, verb, complement]
    return " ".join(word for word in words if word)


def sentence(text: str, mark: str = ".") -> str:
    """A capital in front, one space between words, the mark at the end."""
    text = " ".join(text.split()).replace("can not", "cannot").replace(" ,", ",")
    return text[0].upper() + text[1:] + mark


def be(subject: Subject, *, before_now: bool = False) -> str:
    """am, is, are; was, were."""
    first, third = subject.person == 0, subject.person == 2
    if before_now:
        return "was" if first or third else "were"
    return "am" if first else "is" if third else "are"


def _predicate(clause: Clause) -> tuple[str, str]:
    """The auxiliary, if there is one, and the rest of the verb."""
    verb, subject, tense = clause.verb.english, clause.subject, clause.tense
    if tense == "future":
        return be(subject), f"going to {verb}"
    if tense == "perfect":
        return ("has" if subject.person == 2 else "have"), participle(verb)
    if verb == "be":
        return be(subject, before_now=tense == "imperfect"), ""
    if verb in MODALS:
        auxiliary, _, rest = verb.partition(" ")
        return auxiliary, rest
    if tense == "imperfect":
        return be(subject, before_now=True), progressive(verb)
    if tense == "past":
        return "", past(verb)
    if clause.verb.progressive and not clause.habit:
        return be(subject), progressive(verb)
    return "", third_person(verb) if subject.person == 2 else verb


def _do(clause: Clause) -> str:
    if clause.tense == "past":
        return "did"
    return "does" if clause.subject.person == 2 else "do"


def _first_word(verb: str) -> tuple[str, str]:
    first, space, rest = verb.partition(" ")
    return first, space + rest


def _with_s(word: str) -> str:
    if word.endswith(("s", "x", "ch", "sh")) or word in ("do", "go", "potato", "tomato"):
        return word + "es"
    if word.endswith("y") and word[-2] not in "aeiou":
        return word[:-1] + "ies"
    return word + "s"


def _with_ed(verb: str) -> str:
    if verb.endswith("e"):
        return verb + "d"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ied"
    return verb + "ed"
