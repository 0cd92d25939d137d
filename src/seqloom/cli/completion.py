"""What the shell offers when someone presses Tab."""

from pathlib import Path


def complete_preset(incomplete: str) -> list[tuple[str, str]]:
    """Presets, each with its line."""
    from seqloom.config.presets import preset_description, preset_names

    return [(name, preset_description(name)) for name in preset_names() if name.startswith(incomplete)]


def complete_override(incomplete: str) -> list[tuple[str, str]]:
    """Options of the configuration as `key=`; after the `=`, the words that may stand there."""
    from seqloom.config.options import all_options

    key, equals, _ = incomplete.partition("=")
    options = [option for option in all_options() if not option.is_table]
    if not equals:
        found = {f"{option.key}=": option.description for option in options if option.key.startswith(key)}
        return sorted(found.items())
    choices = [choice for option in options if option.key == key for choice in option.choices]
    return [(f"{key}={choice}", "") for choice in dict.fromkeys(choices)]


def complete_run(incomplete: str) -> list[str]:
    """Folders of runs: those in runs/, or below what has been typed."""
    typed = Path(incomplete or "runs/")
    above = typed if incomplete.endswith("/") or not incomplete else typed.parent
    try:
        folders = sorted(folder for folder in above.iterdir() if folder.is_dir())
    except OSError:
        return []
    runs = [folder for folder in folders if (folder / "resolved.json").is_file()]
    return [str(folder) for folder in runs or folders if str(folder).startswith(incomplete)]
