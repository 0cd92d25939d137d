"""Who the sentences are about."""

from seqloom.data.phrasebook.words import Subject

I = Subject("I", "je", 0)  # noqa: E741 - the word itself
HE = Subject("he", "il", 2)
SHE = Subject("she", "elle", 2, "f")
WE = Subject("we", "nous", 3, plural=True)
THEY = Subject("they", "ils", 5, plural=True)

# English "you" hides a choice that French must make. Here it is always the same: "tu" where feelings are spoken
# of, and the polite "vous", to one man, everywhere else.
TU = Subject("you", "tu", 1)
VOUS = Subject("you", "vous", 4)

PAUL = Subject("Paul", "Paul", 2)
LOUIS = Subject("Louis", "Louis", 2)
MARIE = Subject("Marie", "Marie", 2, "f")
ANNA = Subject("Anna", "Anna", 2, "f")
MARIE_AND_ANNA = Subject("Marie and Anna", "Marie et Anna", 5, "f", True)
PAUL_AND_MARIE = Subject("Paul and Marie", "Paul et Marie", 5, "m", True)
FATHER = Subject("my father", "mon père", 2)
MOTHER = Subject("my mother", "ma mère", 2, "f")
BROTHER = Subject("my brother", "mon frère", 2)
SISTER = Subject("my sister", "ma sœur", 2, "f")
SISTERS = Subject("my sisters", "mes sœurs", 5, "f", True)
PARENTS = Subject("my parents", "mes parents", 5, plural=True)
UNCLE = Subject("our uncle", "notre oncle", 2)
AUNT = Subject("our aunt", "notre tante", 2, "f")
CHILDREN = Subject("the children", "les enfants", 5, plural=True)
GIRLS = Subject("the girls", "les filles", 5, "f", True)
YOUR_BROTHER = Subject("your brother", "ton frère", 2)
YOUR_SISTER = Subject("your sister", "ta sœur", 2, "f")
YOUR_FRIEND = Subject("your friend", "ton ami", 2)
YOUR_PARENTS = Subject("your parents", "tes parents", 5, plural=True)

PRONOUNS = (I, VOUS, HE, SHE, WE, THEY)
FAMILY = (FATHER, MOTHER, BROTHER, SISTER, SISTERS, PARENTS, UNCLE, AUNT, CHILDREN, GIRLS)
FRIENDS = (PAUL, LOUIS, MARIE, ANNA, MARIE_AND_ANNA, PAUL_AND_MARIE)
ANYONE = (*PRONOUNS * 4, *FAMILY, *FRIENDS)  # pronouns several times: they are most of what people say
ADULTS = tuple(who for who in ANYONE if who not in (CHILDREN, GIRLS))
