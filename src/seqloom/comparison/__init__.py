"""Several models, one corpus, one report."""
