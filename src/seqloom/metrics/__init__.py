"""Floor 6: one face over the field's metrics."""
