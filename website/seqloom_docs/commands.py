"""The reference of commands: what `seqloom VERB --help` says, verb by verb."""

from typing import Any

WIDTH = 90  # letters a line


def commands_page() -> str:
    """The page in Markdown."""
    from typer.main import get_command

    from seqloom.cli.main import app

    group: Any = get_command(app)
    parts = ["# Commands\n\nWhat each verb says of itself with `--help`.\n", _help(group, "seqloom", None)]
    with _context(group, "seqloom", None) as context:
        for verb in group.list_commands(context):
            command = group.get_command(context, verb)
            parts.append(f"## {verb}\n\n{_help(command, verb, context)}")
    return "\n".join(parts)


def _context(command: Any, name: str, parent: Any) -> Any:
    return command.make_context(
        name, [], parent=parent, resilient_parsing=True, terminal_width=WIDTH, max_content_width=WIDTH
    )


def _help(command: Any, name: str, parent: Any) -> str:
    with _context(command, name, parent) as context:
        return f"``` {{ .text .printed }}\n{command.get_help(context).rstrip()}\n```\n"
