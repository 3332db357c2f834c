"""Small distributions that announce plugins: laid on the path as an installer leaves them, or packed as a wheel."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple


class PluginPackage(NamedTuple):
    """`modules`: paths to source. `announced`: group to the lines of its section."""

    name: str
    version: str
    modules: Mapping[str, str]
    announced: Mapping[str, Mapping[str, str]]

    def install(self, folder: Path) -> Path:
        """Lay it below a folder that will be on the path."""
        for path, content in self._files().items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(content, encoding="utf-8")
        return folder

    def wheel(self, folder: Path) -> Path:
        """Pack it for a real installer."""
        files = self._files()
        record = f"{self._info}/RECORD"
        files[record] = "".join(f"{path},{_digest(text)},{len(text.encode())}\n" for path, text in files.items())
        files[record] += f"{record},,\n"
        path = folder / f"{self._stem}-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return path

    @property
    def _stem(self) -> str:
        return f"{self.name.replace('-', '_')}-{self.version}"

    @property
    def _info(self) -> str:
        return f"{self._stem}.dist-info"

    def _files(self) -> dict[str, str]:
        sections = [
            f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
            for group, entries in self.announced.items()
        ]
        return {
            **self.modules,
            f"{self._info}/METADATA": f"Metadata-Version: 2.1\nName: {self.name}\nVersion: {self.version}\n\nAbout.\n",
            f"{self._info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{self._info}/entry_points.txt": "\n".join(sections),
        }


def _digest(text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
    return f"sha256={digest}"
