"""Floor 5: encoders and decoders made of layers, behind encode / start / step / reorder."""
