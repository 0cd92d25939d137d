"""Floor 0: errors, shapes, randomness, files, progress. Imports nothing of seqloom."""
