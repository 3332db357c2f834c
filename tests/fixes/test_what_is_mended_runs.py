"""What comes out runs: with the plugins installed, and a registry that discovers and builds them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkout.repository import Repository
from tests.fixes.registered import outcome
from tests.registry.plugin_package import PluginPackage

ROOT = Path(__file__).parents[2]
NODES = "lukhas.cognitive_nodes"
ANNOUNCED = {
    NODES: {"greeter": "acme.greeting:Greeter", "gaps": "runtime.lanes.production.gaps:Gaps"},
    "lukhas.adapters": {"mail": "acme.mail:Mail"},
}
POLICY = (
    '[gates.dynamic-import]\nallowed_in = ["acme/registry.py"]\nresolve = "acme.registry:resolve"\n'
    f'groups = {{"{NODES}" = "node", "lukhas.adapters" = "adapter"}}\n'
)
PLUGINS = {
    "acme/__init__.py": "",
    "acme/greeting.py": (
        'class Greeter:\n    lane = "production"\n\n    def greet(self, name):\n        return f"hello {name}"\n'
    ),
    "acme/mail.py": (
        'class Mail:\n    lane = "production"\n\n    @classmethod\n    def create(cls):\n        return cls()\n\n'
        '    def send(self):\n        return "sent"\n'
    ),
    # Written before it asks for anything: what is discovered first.
    "acme/registry.py": (
        "from runtime.registry.discovery import auto_discover\n"
        "from runtime.registry.registry import Registry\n\n"
        'registry = Registry(on_duplicate="shadow")\n'
        'auto_discover(registry, "auto")\n'
        "resolve = registry.resolve\n"
    ),
}
OTHER = """
class Other:
    def greet(self, name):
        return "from elsewhere"


held = registry.override("node:greeter", Other())
held.__enter__()
"""
SERVICE = '''"""Says what each plugin says."""

import importlib
from importlib import import_module as load

NAME = "acme.mail"


def greet():
    module = importlib.import_module("acme.greeting")  # by name
    return module.Greeter().greet("world")


def send():
    return getattr(load(NAME), "Mail")().send()


def both():
    Greeter = load("acme.greeting").Greeter
    return [Greeter().greet(name) for name in "ab"] + [__import__("acme.mail").mail.Mail().send()]


def gaps():
    return type(load("runtime.lanes.production.gaps").Gaps()).__name__


if __name__ == "__main__":
    print(greet(), send(), both(), gaps())
'''


@pytest.fixture
def acme(tmp_path: Path) -> Repository:
    """A repository that announces its plugins, installed in place."""
    made = Repository(tmp_path / "acme")
    PluginPackage("acme", "1.0", PLUGINS, {**ANNOUNCED, NODES: {"greeter": "acme.greeting:Greeter"}}).install(made.root)
    sections = [
        f'[project.entry-points."{group}"]\n' + "".join(f'{name} = "{value}"\n' for name, value in entries.items())
        for group, entries in ANNOUNCED.items()
    ]
    made.write("pyproject.toml", '[project]\nname = "acme"\nversion = "1.0"\n\n' + "\n".join(sections))
    made.write("policies/gates.toml", POLICY)
    made.commit(service=SERVICE)
    return made


def said(root: Path) -> str:
    """What service.py prints, run by itself."""
    done = subprocess.run(
        [sys.executable, "service.py"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(root), str(ROOT)]), "PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
        capture_output=True,
        encoding="utf-8",
    )
    return done.stdout


def test_the_service_says_the_same_by_way_of_the_registry(acme: Repository) -> None:
    before = said(acme.root)

    result = outcome(acme.open())
    assert result.after is not None
    acme.write("service.py", result.after)

    assert result.left == ()
    assert b"import_module" not in result.after
    assert b"importlib" not in result.after
    assert b"__import__" not in result.after
    assert said(acme.root) == before == "hello world sent ['hello a', 'hello b', 'sent'] Gaps\n"


def test_it_is_the_registry_that_is_asked(acme: Repository) -> None:
    result = outcome(acme.open())
    acme.write("service.py", result.after or b"")
    registry = (acme.root / "acme/registry.py").read_text("utf-8")
    acme.write("acme/registry.py", registry + OTHER)

    assert said(acme.root).startswith("from elsewhere sent ['from elsewhere', ")


def test_a_plugin_that_nobody_installed_is_missed(acme: Repository) -> None:
    result = outcome(acme.open())
    acme.write("service.py", result.after or b"")
    (acme.root / "acme-1.0.dist-info/entry_points.txt").write_text("", "utf-8")

    with pytest.raises(subprocess.CalledProcessError) as failed:
        said(acme.root)

    assert "no plugin is called 'node:greeter'" in failed.value.stderr
