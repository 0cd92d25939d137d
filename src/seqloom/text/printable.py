"""Symbols as people can see them, on the axes of a plot or in a table."""


def printable(text: str) -> str:
    """Show a space as ▁ and a control, format or other unprintable character by its code point, as <U+200D>."""
    shown = text.replace(" ", "▁")
    if shown.isprintable():
        return shown
    return "".join(c if c.isprintable() else f"<U+{ord(c):04X}>" for c in shown)
