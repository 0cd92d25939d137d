"""What makes the documentation's site: chapters that run, source that is quoted, a reference made from the code."""
