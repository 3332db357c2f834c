"""What each form of pyproject.toml, setup.py and INI files says of code: the line, what it names, and how."""

from __future__ import annotations

import pytest

from gates.facts.extractors.carriers import ini_file, setup_py, toml_file
from gates.facts.extractors.carriers.use import Use

FORMS = {
    "toml_file: entry points of every builder": (
        """\
[project.scripts]
shop = "shop.main:run"
[project.gui-scripts]
window = "shop.window:run"
[project.entry-points."shop.plugins"]
one = "shop.one:One"
[tool.poetry.scripts]
long = { callable = "shop.long:run", extras = ["x"], type = "console" }
[tool.flit.entrypoints."shop.plugins"]
two = "shop.two:Two"
""",
        [
            "2 name shop.main: registers as a command",
            "4 name shop.window: registers as a command",
            "6 name shop.one: registers",
            "8 name shop.long: registers as a command",
            "10 name shop.two: registers",
        ],
    ),
    "toml_file: tasks": (
        """\
[tool.pdm.scripts]
call = { call = "shop.tasks:build(1)" }
run = { cmd = "python -m shop.run", help = "python -m shop.nothing", env = { PYTHONPATH = "lib" } }
[tool.poe.tasks]
one = "python tools/one.py"
all = { sequence = ["python tools/two.py"] }
[tool.taskipy.tasks]
three = "python -m shop.three"
""",
        [
            "2 word shop.tasks.build: tool.pdm.scripts.call.callable",
            "3 name shop.run: runs",
            "3 search lib: puts on the path of imports",
            "5 file tools/one.py: runs",
            "6 file tools/two.py: runs",
            "8 name shop.three: runs",
        ],
    ),
    "toml_file: tox in toml": (
        """\
[tool.tox.env_run_base]
commands = [["python", "-m", "shop.check"]]
set_env = { PYTHONPATH = "lib" }
[tool.tox.env.lint]
commands_pre = [["python", "tools/lint.py"]]
""",
        [
            "3 search lib: puts on the path of imports",
            "1 file tools/lint.py: runs",
            "2 name shop.check: runs",
        ],
    ),
    "toml_file: tox in a text in toml": (
        '''\
[tool.tox]
legacy_tox_ini = """
[testenv]
commands =
    python -m shop.check
"""
''',
        [
            "4 name shop.check: runs",
        ],
    ),
    "toml_file: pytest": (
        """\
[tool.pytest.ini_options]
pythonpath = ["lib"]
addopts = ["-p", "shop.plugin"]
[tool.pytest]
addopts = "-p shop.more"
""",
        [
            "2 search lib: puts on the path of imports",
            "5 name shop.more: runs",
            "3 name shop.plugin: runs",
            "5 name shop.more: runs",
        ],
    ),
    "toml_file: builders": (
        """\
[build-system]
build-backend = "backend"
backend-path = ["tools"]
[tool.hatch.build.hooks.custom]
path = "tools/hook.py"
[tool.poetry.build]
script = "tools/build.py"
""",
        [
            "3 search tools: puts on the path of imports",
            "5 file tools/hook.py: runs",
            "7 file tools/build.py: runs",
        ],
    ),
    "toml_file: setuptools": (
        """\
[tool.setuptools]
packages = ["shop.parts"]
py-modules = ["single"]
[tool.setuptools.package-dir]
shop = "source/shop"
""",
        [
            "2 word shop.parts: tool.setuptools.packages",
            "5 root source: installs under another name",
            "5 ships source/shop: installs under another name",
            "2 ships shop/parts: installs under another name",
            "2 ships single: installs under another name",
        ],
    ),
    "toml_file: setuptools finds": (
        """\
[tool.setuptools.packages.find]
where = ["./source"]
include = ["shop*"]
""",
        [
            "2 root source: installs under another name",
            "1 ships source: installs under another name",
            "1 ships shop: installs under another name",
        ],
    ),
    "toml_file: hatch": (
        """\
[tool.hatch.build]
dev-mode-dirs = ["./source"]
[tool.hatch.build.targets.wheel]
packages = ["source/shop"]
sources = ["source"]
[tool.hatch.build.targets.wheel.force-include]
"labs/new.py" = "shop/new.py"
[tool.hatch.build.targets.other]
sources = { "labs" = "shop/labs" }
[tool.hatch.build.targets.sdist]
sources = ["nothing"]
""",
        [
            "1 root source: installs under another name",
            "7 given labs/new.py as shop.new: installs under another name",
            "5 root source: installs under another name",
            "1 root source: installs under another name",
            "1 ships source/shop: installs under another name",
            "9 given labs as shop.labs: installs under another name",
        ],
    ),
    "toml_file: poetry": (
        """\
[tool.poetry]
packages = [{ include = "shop", from = "source", to = "there" }]
""",
        [
            "2 given source/shop as there.shop: installs under another name",
        ],
    ),
    "toml_file: others": (
        """\
[tool.flit.module]
name = "shop"
[tool.pdm.build]
package-dir = "source"
[tool.uv.build-backend]
module-name = "shop"
module-root = "./lib"
[tool.maturin]
python-source = "python"
[tool.scikit-build.wheel.packages]
"shop/core" = "source/core"
""",
        [
            "1 ships shop: installs under another name",
            "1 ships shop: installs under another name",
            "4 root source: installs under another name",
            "7 root lib: installs under another name",
            "9 root python: installs under another name",
            "11 given source/core as shop.core: installs under another name",
        ],
    ),
    "toml_file: cut off": (
        """\
[project.scripts
shop = "shop.main:run"
""",
        [
            "1 unparsed project.scripts: Expected ']' at the end of a table declaration (at line 1, column 17)",
            "2 unparsed shop.main: Expected ']' at the end of a table declaration (at line 1, column 17)",
        ],
    ),
    "setup_py: package_dir": (
        """\
from setuptools import setup
MORE = {"labs": "source/labs"}
setup(package_dir={"": "source", **MORE})
""",
        [
            "3 root source: installs under another name",
            "3 ships source: installs under another name",
            "2 root source: installs under another name",
            "2 ships source/labs: installs under another name",
        ],
    ),
    "setup_py: packages": (
        """\
from setuptools import find_packages, setup
setup(packages=find_packages(where="source", include=["shop*"]))
""",
        [
            "2 root source: installs under another name",
            "2 ships source: installs under another name",
            "2 ships shop: installs under another name",
        ],
    ),
    "setup_py: py_modules": (
        """\
import setuptools
setuptools.setup(packages=["shop.parts"], py_modules=["single"])
""",
        [
            "2 ships shop/parts: installs under another name",
            "2 ships single: installs under another name",
        ],
    ),
    "setup_py: a table of words": (
        """\
from setuptools import setup
WORDS = {"scripts": ["bin/shop"], **{}}
setup(**WORDS)
setup(**dict(test_suite="shop.tests"))
""",
        [
            "2 file bin/shop: registers",
            "4 name shop.tests: runs",
        ],
    ),
    "setup_py: entry points": (
        """\
from setuptools import setup
setup(entry_points={"console_scripts": ["shop = shop.main:run"], "shop.plugins": "one = shop.one:One"})
""",
        [
            "2 name shop.main: registers as a command",
            "2 name shop.one: registers",
        ],
    ),
    "setup_py: entry points as text": (
        '''\
from setuptools import setup
TEXT = """
[console_scripts]
shop = shop.main:run
"""
setup(entry_points=TEXT)
''',
        [
            "4 name shop.main: registers",
        ],
    ),
    "ini_file: setuptools": (
        """\
[options]
package_dir =
    =source
    labs = source/labs
packages = shop.parts
py_modules = single
scripts =
    bin/shop
[options.packages.find]
where = ./source
include = shop*, labs
[options.entry_points]
console_scripts =
    shop = shop.main:run
""",
        [
            "3 root source: installs under another name",
            "3 ships source: installs under another name",
            "4 root source: installs under another name",
            "4 ships source/labs: installs under another name",
            "5 ships shop/parts: installs under another name",
            "6 ships single: installs under another name",
            "8 file bin/shop: registers",
            "10 root source: installs under another name",
            "10 ships source: installs under another name",
            "11 ships shop: installs under another name",
            "11 ships labs: installs under another name",
            "14 name shop.main: registers as a command",
        ],
    ),
    "ini_file: pytest": (
        """\
[pytest]
pythonpath = lib
addopts = -p shop.plugin
""",
        [
            "2 search lib: puts on the path of imports",
            "3 name shop.plugin: runs",
        ],
    ),
    "ini_file: tox": (
        """\
[testenv]
changedir = tools
setenv =
    PYTHONPATH = {toxinidir}/lib
commands =
    py39: {envpython} -m shop.check {posargs:tests}
    - python lint.py
""",
        [
            "4 search ./lib in tools: puts on the path of imports",
            "6 name shop.check in tools: runs",
            "7 file lint.py in tools: runs",
        ],
    ),
    "ini_file: systemd": (
        """\
[Service]
WorkingDirectory=/srv/shop
Environment="PYTHONPATH=lib" "MODE=%i"
ExecStart=-/usr/bin/python3 -m shop.serve
""",
        [
            "3 search lib in /srv/shop: puts on the path of imports",
            "4 name shop.serve in /srv/shop: runs",
        ],
    ),
    "ini_file: supervisor": (
        """\
[program:shop]
command=python -m shop.serve --port %(port)d
environment=PYTHONPATH="lib",MODE=quick
directory=/srv
""",
        [
            "2 name shop.serve in /srv: runs",
            "3 search lib in /srv: puts on the path of imports",
        ],
    ),
    "ini_file: logging": (
        """\
[handler_file]
class=shop.logs.Handler
args=(shop.logs.place(), "a")
""",
        [
            "2 word shop.logs.Handler: class",
        ],
    ),
    "ini_file: flake8": (
        """\
[flake8:local-plugins]
extension =
    X1 = shop.lint:Plugin
""",
        [
            "3 word shop.lint.Plugin: plugins",
        ],
    ),
    "ini_file: cut off": (
        """\
[options
shop.parts = shop.main
""",
        [
            "2 unparsed shop.parts: line 1: is in no section",
            "2 unparsed shop.main: line 1: is in no section",
        ],
    ),
}
EXTRACTORS = {"toml_file": toml_file, "setup_py": setup_py, "ini_file": ini_file}


def told(use: Use) -> str:
    where = f" {'as' if use.kind == 'given' else 'in'} {use.folder}" if use.folder else ""
    return f"{use.line} {use.kind} {use.text}{where}: {use.way}"


@pytest.mark.parametrize("form", FORMS)
def test_what_a_form_names_is_said_with_its_line(form: str) -> None:
    content, expected = FORMS[form]

    uses = EXTRACTORS[form.partition(":")[0]].extract(content.encode())

    assert [told(use) for use in uses or ()] == expected
