"""Floor 6: finding the output, knowing only start / step / reorder."""
