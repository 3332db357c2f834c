"""The tool's own folder keeps itself out of git, and no other folder."""

from __future__ import annotations

from pathlib import Path

from gates import own_folder


def ignoring(root: Path) -> list[str]:
    return [file.parent.relative_to(root).as_posix() for file in root.rglob(".gitignore")]


def test_whatever_lies_in_the_own_folder_is_ignored_from_its_top(tmp_path: Path) -> None:
    own_folder.make(tmp_path / ".gates/cache/deep", is_ours=True)
    own_folder.make(tmp_path / ".gates/evidence")

    assert ignoring(tmp_path) == [".gates"]
    assert (tmp_path / ".gates/.gitignore").read_text("utf-8") == "*\n"


def test_a_new_folder_elsewhere_ignores_itself_only_where_it_is_ours(tmp_path: Path) -> None:
    (tmp_path / "standing").mkdir()
    own_folder.make(tmp_path / "standing", is_ours=True)
    own_folder.make(tmp_path / "kept", is_ours=True)
    own_folder.make(tmp_path / "evidence")

    assert ignoring(tmp_path) == ["kept"]


def test_what_a_person_wrote_into_the_ignore_file_stays(tmp_path: Path) -> None:
    (tmp_path / ".gates").mkdir()
    (tmp_path / ".gates/.gitignore").write_text("mine\n", "utf-8")

    own_folder.make(tmp_path / ".gates/cache")

    assert (tmp_path / ".gates/.gitignore").read_text("utf-8") == "mine\n"
