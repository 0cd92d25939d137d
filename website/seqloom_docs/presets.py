"""The reference of presets: each recipe as it is kept."""


def presets_page() -> str:
    """The page in Markdown."""
    from seqloom.config.presets import preset_description, preset_names, preset_text

    parts = [
        "# Presets\n\nComplete recipes to start from: `seqloom train mine/config.toml preset=NAME`. "
        "What each reached, and by which command, stands in `benchmarks/results/`.\n"
    ]
    for name in preset_names():
        text = "\n".join(
            line for line in preset_text(name).splitlines() if not line.startswith("description = ")
        )
        described = preset_description(name).rstrip(".")
        parts.append(f"## {name}\n\n{described[0].upper()}{described[1:]}.\n\n```toml\n{text.strip()}\n```\n")
    return "\n".join(parts)
