"""What the command line has that no verb can read, in one sentence: a word too many, no such option, no number."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from seqloom.base.errors import SeqloomError, UsageError


def explain_mistyped(error: BaseException) -> UsageError | None:
    """The same in a sentence, for an error that the parser has raised; None for every other.

    The parser keeps its classes to itself in some versions, so they are known by their names.
    """
    kind = "" if isinstance(error, SeqloomError) else type(error).__name__
    if kind == "NoSuchOption":
        return UsageError(_no_option(error))
    if kind == "MissingParameter":
        return UsageError(f"{_parser_said(error)} Type it as in: {_usage(error)}")
    if kind == "BadParameter":
        return UsageError(_bad_value(error))
    if kind in ("UsageError", "BadOptionUsage", "BadArgumentUsage"):
        return UsageError(f"{_parser_said(error)} {_help(error)}")
    return None


def refuse_repeated(given: Sequence[Any]) -> None:
    """Refuse an option that is given again where it has one value, of which the parser would take the last.

    given   the options and arguments as the parser has read them, once for each time
    """
    for option, times in Counter(given).items():
        if times > 1 and option.param_type_name == "option" and not option.multiple:
            names = " or ".join([*option.opts, *option.secondary_opts])
            raise UsageError(f"{names} is given {times} times; expected once. Leave out all but one.")


def _no_option(error: Any) -> str:
    near = [option for option in error.possibilities or () if option not in ("--help", "-h")]
    hint = f"Did you mean {' or '.join(near)}?" if near else _help(error)
    return f"There is no option {error.option_name}. {hint}"


def _bad_value(error: Any) -> str:
    """What was typed, and the number that is expected in its place."""
    faults: list[Any] = getattr(error.__cause__, "errors", list)()
    if error.param is None or not faults:
        return _parser_said(error)
    bounds = {
        "of at least": getattr(error.param, "min", None),
        "of at most": getattr(error.param, "max", None),
    }
    told = [f"{words} {bound:g}" for words, bound in bounds.items() if bound is not None]
    real = "float" in faults[0]["type"] or any(isinstance(bound, float) for bound in bounds.values())
    expected = " ".join(["a number" if real else "a whole number", " and ".join(told)]).rstrip()
    return f'{error.param.opts[-1]} is "{faults[0]["input"]}"; expected {expected}.'


def _parser_said(error: Any) -> str:
    """The parser's own sentence, with a full stop."""
    text = " ".join(str(error.format_message()).split())
    return text if text.endswith((".", "?")) else f"{text}."


def _usage(error: Any) -> str:
    """The command with its arguments, as its help shows it."""
    return " ".join(error.ctx.get_usage().removeprefix("Usage: ").split())


def _help(error: Any) -> str:
    command = error.ctx.command_path if error.ctx else "seqloom VERB"
    return f"`{command} --help` says what can be typed."
