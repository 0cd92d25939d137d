"""`seqloom translate`: one line out for each line in."""

from seqloom.cli.writing import writing_verb
from seqloom.cli.writing_options import Kind

EXAMPLES = """
\b
Examples:
  echo "How are you?" | seqloom translate runs/mine
      From stdin to stdout: an answer to each line as it comes.
  seqloom translate runs/mine texts --document --beside de
      Every file of a folder, sentence by sentence: texts/new.en becomes
      texts/new.en.de, with its blank lines and spacing.

\b
Without --document, line n out belongs to line n in.
Lines end at \\n only; text is UTF-8; an empty line gives an empty line.
--scores   SCORE, a tab, TEXT
--json     one object a line: source, text, score, log_probability, and with
           --n-best alternatives
--beside, --output FOLDER   results that are there stay, so that the same
           command goes on where it was stopped
"""
translate = writing_verb(
    Kind(
        verb="translate",
        task="translation",
        doing="Translating",
        field="translation",
        document="sentences",
        help="Translate text, line by line, as it comes.",
        help_files='Text to translate, folders, or quoted patterns as "texts/*.en"; stdin if none, or for "-".',
        help_document="Translate sentence by sentence; blank lines and spacing stay as they are.",
    )
)
