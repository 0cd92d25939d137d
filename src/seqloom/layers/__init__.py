"""Floor 4: the parts of the models, readable beside their papers; sizes only."""
