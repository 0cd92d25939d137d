"""Floor 1: every option of a run, read strictly from TOML and the command line."""
