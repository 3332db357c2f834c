"""`.gates/`, the tool's own folder in a repository, which keeps itself out of git."""

from __future__ import annotations

from pathlib import Path

OWN_FOLDER = ".gates"


def make(folder: Path, is_ours: bool = False) -> None:
    """Make the folder. `.gates/`, where it lies in that, ignores itself; and so does a new one that `is_ours`."""
    own = next((each for each in (folder, *folder.parents) if each.name == OWN_FOLDER), None)
    hidden = own or (folder if is_ours and not folder.exists() else None)
    folder.mkdir(parents=True, exist_ok=True)
    if hidden is not None and not (hidden / ".gitignore").exists():
        (hidden / ".gitignore").write_text("*\n", "utf-8")
