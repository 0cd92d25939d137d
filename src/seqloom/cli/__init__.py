"""Floor 11: one file a verb."""
