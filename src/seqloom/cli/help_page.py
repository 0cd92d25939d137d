"""How a verb's help is laid out: the usage as one would type it, then its arguments, its options, its examples."""

from typing import Any

from typer.core import TyperCommand

from seqloom.cli.mistyped import refuse_repeated


class Verb(TyperCommand):
    """A verb: plain names for its arguments, without the types that the parser knows them by."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As the parser reads them, but that an option of one value is given once."""
        if not ctx.resilient_parsing:
            refuse_repeated(self.make_parser(ctx).parse_args(args=list(args))[-1])
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """`RUN [FILE]... [OPTIONS]`: what must be there first."""
        options, *arguments = super().collect_usage_pieces(ctx)
        return [*(piece.replace("{", "").replace("}", "") for piece in arguments), options]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The arguments and the options, each with its sentence."""
        records: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record and parameter.param_type_name == "argument":
                name, sentence = record
                records["Arguments"].append((name.partition(" <")[0], sentence.replace("  [required]", "")))
            elif record:
                records["Options"].append(record)
        for title, rows in records.items():
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)
