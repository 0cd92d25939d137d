"""Floor 3: corpora on disk, and the batches drawn from them."""
