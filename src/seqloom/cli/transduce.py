"""`seqloom transduce`: one line of symbols out for each line in."""

from seqloom.cli.writing import writing_verb
from seqloom.cli.writing_options import Kind

EXAMPLES = """
\b
Examples:
  echo "ablak" | seqloom transduce runs/hungarian
      The pronunciation of a word.
  printf 'run\\tV;PST\\n' | seqloom transduce runs/english --n-best 3 --json
      Three inflected forms: a line holds the columns that training has read
      (data.source_columns), with a tab between two.

\b
Lines end at \\n only; text is UTF-8; an empty line gives an empty line.
RUN may be a folder of runs (seqloom train --seeds): they decide together.
--beside, --output FOLDER   results that are there stay, so that the same
           command goes on where it was stopped
"""
transduce = writing_verb(
    Kind(
        verb="transduce",
        task="transduction",
        doing="Transducing",
        field="form",
        document="none",
        help="Turn words into other forms of them: pronounce, inflect, transliterate.",
        help_files='What to read, folders, or quoted patterns as "words/*.tsv"; stdin if none, or for "-".',
        help_document="Not for words.",
    )
)
