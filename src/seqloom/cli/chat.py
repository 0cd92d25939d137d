"""`seqloom chat`: talk with a model of dialogues."""

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from seqloom.cli.arriving import Line, in_pieces, read_inputs
from seqloom.cli.places import Others, Run
from seqloom.cli.texts import one_line

if TYPE_CHECKING:
    from seqloom.pipeline import Conversation

EXAMPLES = """
\b
Examples:
  seqloom chat runs/bot
      Talks in the terminal: /help says what else can be typed, Ctrl-D ends.
  printf 'hello\\na table in rome please\\n' | seqloom chat runs/bot
      One line out for each line in; all lines are one dialogue.
"""
QUIT = "/quit"
HELP = (
    ("/reset", "begin a new dialogue"),
    ("/why", "where the last answer looked"),
    ("/history", "all turns so far"),
    ("/as NAME TEXT", "put in a turn of another speaker, such as a fact: /as kb rome_8stars R_rating 8"),
    ("/help", "this"),
    (QUIT, "end, as Ctrl-D does"),
)
PROMPT = "> "


def chat(
    run: Run,
    beam: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Hypotheses kept at each step; 1 is greedy.")
    ] = None,
    ensemble: Others = [],  # noqa: B006 - typer copies it
) -> None:
    """Talk with a model of dialogues.

    It hears all that was said before, as much as it was trained with; an empty line says nothing.
    """
    from seqloom.pipeline import Conversation, Model, load_as
    from seqloom.training.searching import search_options

    model = load_as(Model, [run, *ensemble], "chat")
    talk = Conversation(model, search_options(model.config.search, beam=beam, n_best=1))
    people = sys.stdin.isatty()
    if people:
        print("Say something and press Enter; /help says what else there is, Ctrl-D ends.", file=sys.stderr)
    answer = answer_in_terminal if people else answer_in_pipe
    _prompt(people)
    for piece in in_pieces(read_inputs([]), 1):
        for line in piece:
            if people and line.text.strip() == QUIT:
                return
            print(answer(talk, line), flush=True)
        _prompt(people)
    if people:
        print()


def _prompt(people: bool) -> None:
    if people:
        print(PROMPT, end="", flush=True)


def answer_in_terminal(talk: "Conversation", line: Line) -> str:
    """What stands below what was typed."""
    return "\n".join(_answer(talk, line))


def answer_in_pipe(talk: "Conversation", line: Line) -> str:
    """One line, whatever is answered."""
    return one_line("; ".join(_answer(talk, line)))


def _answer(talk: "Conversation", line: Line) -> list[str]:
    """The lines that answer a line."""
    from seqloom.base.errors import UsageError

    text = line.text.strip()
    if not text.startswith("/"):
        return [_said(talk, text, line.where)] if text else [""]
    word, _, rest = text.partition(" ")
    try:
        return COMMANDS[word](talk, rest.strip()) if word in COMMANDS else _unknown(word)
    except UsageError as error:
        return [str(error)]


def _said(talk: "Conversation", text: str, where: str) -> str:
    result = talk.say(text)
    if result.notice:
        print(f"seqloom: {where}: {result.notice}", file=sys.stderr)
    return one_line(result.text)


def _unknown(word: str) -> list[str]:
    from difflib import get_close_matches

    near = get_close_matches(word, COMMANDS, n=1)
    return [f"There is no {word}. " + (f"Did you mean {near[0]}?" if near else "/help says what there is.")]


def _reset(talk: "Conversation", rest: str) -> list[str]:  # noqa: ARG001 - one face for all commands
    talk.reset()
    return ["A new dialogue."]


def _help(talk: "Conversation", rest: str) -> list[str]:  # noqa: ARG001
    wide = max(len(command) for command, _ in HELP)
    return [f"{command:{wide}}  {sentence}" for command, sentence in HELP]


def _history(talk: "Conversation", rest: str) -> list[str]:  # noqa: ARG001
    return [f"{turn.speaker}: {turn.text}" for turn in talk.turns] or ["Nothing was said yet."]


def _put_in(talk: "Conversation", rest: str) -> list[str]:
    speaker, _, text = rest.partition(" ")
    if not text.strip():
        return ["Write who speaks and what: /as NAME TEXT"]
    talk.put_in(speaker, text.strip())
    return [f"{speaker}: {text.strip()}"]


def _why(talk: "Conversation", rest: str) -> list[str]:  # noqa: ARG001
    lines = []
    for word, looks in talk.looks():
        seen = ", ".join(
            f"{look.word} {100 * look.share:.0f} %" + (f" ({look.speaker})" if look.speaker else "")
            for look in looks
        )
        lines.append(f"{word} ← {seen}")
    return lines


def _quit(talk: "Conversation", rest: str) -> list[str]:  # noqa: ARG001
    return ["A pipe ends where its input does."]  # a person has gone by now


COMMANDS: Mapping[str, Callable[["Conversation", str], list[str]]] = {
    "/reset": _reset,
    "/why": _why,
    "/history": _history,
    "/as": _put_in,
    "/help": _help,
    QUIT: _quit,
}
