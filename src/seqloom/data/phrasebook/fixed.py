"""Phrases that no rule makes: greetings, thanks, small talk. They are learned by heart, so always trained on."""

from collections.abc import Iterator

from seqloom.data.phrasebook.words import Sentence, Text

PHRASES = tuple(
    Text(english.strip(), french.strip())
    for english, _, french in (
        line.partition("=")
        for line in """
Hello! = Bonjour !
Hi! = Salut !
Good morning! = Bonjour !
Good evening! = Bonsoir !
Good night! = Bonne nuit !
Goodbye! = Au revoir !
See you tomorrow! = À demain !
See you soon! = À bientôt !
See you later! = À plus tard !
Have a nice day! = Bonne journée !
Have a nice evening! = Bonne soirée !
Have a nice weekend! = Bon week-end !
Have a good trip! = Bon voyage !
Enjoy your meal! = Bon appétit !
Good luck! = Bonne chance !
Happy birthday! = Joyeux anniversaire !
Merry Christmas! = Joyeux Noël !
Happy New Year! = Bonne année !
Happy holidays! = Joyeuses fêtes !
Congratulations! = Félicitations !
Welcome! = Bienvenue !
Well done! = Bravo !
Cheers! = Santé !
Bless you! = À vos souhaits !
Good idea! = Bonne idée !
Help! = Au secours !
Watch out! = Attention !
Of course! = Bien sûr !
What a pity! = Quel dommage !
What a surprise! = Quelle surprise !
Hello, sir. = Bonjour, monsieur.
Hello, ma'am. = Bonjour, madame.
Good evening, sir. = Bonsoir, monsieur.
Good evening, ma'am. = Bonsoir, madame.
How are you? = Comment ça va ?
How are you today? = Comment ça va aujourd'hui ?
How are your parents? = Comment vont vos parents ?
I am fine. = Je vais bien.
I am fine, thank you. = Je vais bien, merci.
I am very well, thank you. = Je vais très bien, merci.
Very well, thank you. = Très bien, merci.
Not bad. = Pas mal.
And you? = Et vous ?
What is your name? = Comment vous appelez-vous ?
What is his name? = Comment s'appelle-t-il ?
What is her name? = Comment s'appelle-t-elle ?
My name is Paul. = Je m'appelle Paul.
My name is Marie. = Je m'appelle Marie.
My name is Anna. = Je m'appelle Anna.
His name is Louis. = Il s'appelle Louis.
Nice to meet you! = Enchanté !
Where are you from? = D'où venez-vous ?
Where do you live? = Où habitez-vous ?
How old are you? = Quel âge avez-vous ?
What do you do for a living? = Que faites-vous dans la vie ?
Are you married? = Êtes-vous marié ?
Do you have any children? = Avez-vous des enfants ?
Do you speak English? = Parlez-vous anglais ?
Do you speak French? = Parlez-vous français ?
I speak a little French. = Je parle un peu français.
I do not speak French very well. = Je ne parle pas très bien français.
Do you understand? = Comprenez-vous ?
I understand. = Je comprends.
I do not understand. = Je ne comprends pas.
I know. = Je sais.
I do not know. = Je ne sais pas.
I think so. = Je crois que oui.
I hope so. = J'espère que oui.
I have no idea. = Je n'en ai aucune idée.
Can you help me? = Pouvez-vous m'aider ?
Can you help me, please? = Pouvez-vous m'aider, s'il vous plaît ?
Can you repeat, please? = Pouvez-vous répéter, s'il vous plaît ?
Can you speak more slowly? = Pouvez-vous parler plus lentement ?
Thank you. = Merci.
Thank you very much. = Merci beaucoup.
Thank you very much, sir. = Merci beaucoup, monsieur.
No, thank you. = Non, merci.
Yes, please. = Oui, s'il vous plaît.
Please. = S'il vous plaît.
You are welcome. = De rien.
Excuse me. = Excusez-moi.
I am sorry. = Je suis désolé.
I am very sorry. = Je suis vraiment désolé.
It does not matter. = Ça ne fait rien.
No problem. = Pas de problème.
Yes. = Oui.
No. = Non.
Maybe. = Peut-être.
All right. = D'accord.
It depends. = Ça dépend.
It is true. = C'est vrai.
It is not true. = Ce n'est pas vrai.
It is important. = C'est important.
It is easy. = C'est facile.
It is difficult. = C'est difficile.
It is possible. = C'est possible.
It is impossible. = C'est impossible.
It is too late. = Il est trop tard.
It is early. = Il est tôt.
It is my turn. = C'est mon tour.
It is his fault. = C'est sa faute.
What is this? = Qu'est-ce que c'est ?
Who is it? = Qui est-ce ?
What time is it? = Quelle heure est-il ?
It is half past three. = Il est trois heures et demie.
What day is it today? = Quel jour sommes-nous ?
What is the weather like? = Quel temps fait-il ?
What is happening? = Que se passe-t-il ?
What are you doing? = Que faites-vous ?
What are you looking for? = Que cherchez-vous ?
What do you want? = Que voulez-vous ?
What would you like to drink? = Que voulez-vous boire ?
What do you eat for breakfast? = Que mangez-vous au petit déjeuner ?
What is the matter? = Qu'est-ce qu'il y a ?
Where are the restrooms? = Où sont les toilettes ?
Where are you going? = Où allez-vous ?
Where are we? = Où sommes-nous ?
When are you leaving? = Quand partez-vous ?
Why are you laughing? = Pourquoi riez-vous ?
Why not? = Pourquoi pas ?
How much is it? = Combien ça coûte ?
How much does it cost? = Combien ça coûte ?
How do you say this in French? = Comment dit-on cela en français ?
Is it far? = Est-ce que c'est loin ?
Is it free? = Est-ce que c'est gratuit ?
Is this seat taken? = Est-ce que cette place est prise ?
Is anyone here? = Est-ce qu'il y a quelqu'un ?
There is nobody here. = Il n'y a personne ici.
Nobody knows. = Personne ne sait.
I do not know anybody here. = Je ne connais personne ici.
Someone is calling me. = Quelqu'un m'appelle.
I love you. = Je t'aime.
I miss you. = Tu me manques.
I agree. = Je suis d'accord.
I do not agree. = Je ne suis pas d'accord.
I am lost. = Je suis perdu.
I have a headache. = J'ai mal à la tête.
My feet hurt. = J'ai mal aux pieds.
I need a doctor. = J'ai besoin d'un médecin.
Call the police! = Appelez la police !
Come in! = Entrez !
Sit down, please. = Asseyez-vous, s'il vous plaît.
Wait a minute, please. = Attendez une minute, s'il vous plaît.
Come with me. = Venez avec moi.
Follow me, please. = Suivez-moi, s'il vous plaît.
Be careful! = Faites attention !
Hurry up! = Dépêchez-vous !
Let us go! = Allons-y !
The bill, please. = L'addition, s'il vous plaît.
A coffee, please. = Un café, s'il vous plaît.
A table for two, please. = Une table pour deux, s'il vous plaît.
Do you have a room for tonight? = Avez-vous une chambre pour ce soir ?
Do you accept credit cards? = Acceptez-vous les cartes de crédit ?
That is all, thank you. = C'est tout, merci.
The first street on the right. = La première rue à droite.
The second street on the left. = La deuxième rue à gauche.
""".strip().splitlines()
    )
)

# Said without their full stop as well, because people type that way.
BARE = (
    Text("I am happy", "Je suis heureux"),
    Text("I am sad", "Je suis triste"),
    Text("I am tired", "Je suis fatigué"),
    Text("I am hungry", "J'ai faim"),
    Text("I am thirsty", "J'ai soif"),
    Text("I am cold", "J'ai froid"),
    Text("She is happy", "Elle est heureuse"),
    Text("He is happy", "Il est heureux"),
    Text("She is tired", "Elle est fatiguée"),
    Text("We are happy", "Nous sommes heureux"),
    Text("I am fine", "Je vais bien"),
    Text("Thank you", "Merci"),
    Text("I do not know", "Je ne sais pas"),
    Text("I do not understand", "Je ne comprends pas"),
)
GREETINGS = (
    "Hello",
    "Good morning",
    "Good evening",
    "Good night",
    "Goodbye",
    "Happy birthday",
    "How are you",
)

# Small talk opens with a greeting, and often with a name.
OPENINGS = (
    Text("Hello", "Bonjour"),
    Text("Hi", "Salut"),
    Text("Good morning", "Bonjour"),
    Text("Good evening", "Bonsoir"),
)
SMALL_TALK = (Text("How are you", "Comment ça va"), Text("How are you today", "Comment ça va aujourd'hui"))
NAMES = ("", ", Paul", ", Louis", ", Marie", ", Anna")


def small_talk() -> Iterator[Sentence]:
    """How are you, Paul? Good morning. How are you? Hello, Anna. How are you today?"""
    for english, french in SMALL_TALK:
        for name in NAMES:
            yield Sentence(f"{english}{name}?", f"{french}{name} ?", fixed=True)
            for greeting, salut in OPENINGS:
                yield Sentence(f"{greeting}{name}. {english}?", f"{salut}{name}. {french} ?", fixed=True)


def sentences() -> Iterator[Sentence]:
    """Each phrase; the greetings and a few others also as typed in haste, without their mark."""
    for english, french in PHRASES:
        yield Sentence(english, french, fixed=True)
        if english.rstrip("!?.") in GREETINGS:
            yield Sentence(english.rstrip("!?."), french.rstrip("!?. "), fixed=True)
    for english, french in BARE:
        yield Sentence(english, french, fixed=True)
        yield Sentence(f"{english}.", f"{french}.", fixed=True)
    yield from small_talk()
