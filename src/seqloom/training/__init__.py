"""Floor 7: loss, optimiser, schedule, loop and checkpoints."""
