"""`seqloom summarize`: one summary for each line, file or record."""

from seqloom.cli.writing import writing_verb
from seqloom.cli.writing_options import Kind

EXAMPLES = """
\b
Examples:
  seqloom summarize runs/mine new.jsonl --field body --output done.jsonl
      Each line of new.jsonl with one field more, "summary".
  seqloom summarize runs/mine mails --document --beside summary
      Each file of a folder as one text: mails/a.txt gets mails/a.txt.summary.

\b
Without --document each line is a text of its own. Lines end at \\n only; text
is UTF-8; an empty text gives an empty line.
--scores   SCORE, a tab, TEXT
--json     one object a line: source, text, score, log_probability, and with
           --n-best alternatives
--beside, --output FOLDER   results that are there stay, so that the same
           command goes on where it was stopped
"""
summarize = writing_verb(
    Kind(
        verb="summarize",
        task="summarization",
        doing="Summarizing",
        field="summary",
        document="whole",
        help="Summarize texts: one summary for each line, file or record.",
        help_files='Texts, folders, or quoted patterns as "mails/*.txt"; stdin if none, or for "-".',
        help_document="A file is one text, whose lines are read together.",
    )
)
