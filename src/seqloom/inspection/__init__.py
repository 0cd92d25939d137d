"""Floor 8: pictures and figures of what a model did."""
