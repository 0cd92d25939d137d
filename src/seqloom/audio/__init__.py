"""Floor 2: sound to frames of features, without torch."""
