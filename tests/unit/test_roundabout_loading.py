"""What loads in a roundabout way: wherever the exact look finds a site, the wide scan has said yes before."""

from __future__ import annotations

import ast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gates.facts.extractors.launchers import LAUNCHERS, METHODS, OF_CONF, SETTINGS, VARIABLES
from gates.facts.extractors.loader_tokens import may_load
from gates.facts.extractors.loading_sites import loading_sites

# What is read with the rest of a file only: by these names alone nobody says that a framework reads them.
ORDINARY = frozenset({"imports", "include"})
FRAMES = (
    "import {module}\n{module}.{name}({given})",
    "import {module} as {alias}\n{alias}.{name}({given})",
    "import {module} as {alias}\nother = {alias}\nother.{name}({given})",
    "from {module} import {name} as {alias}\n{alias}({given})",
    "from {module} import {name}\nvalue = {name}\nvalue({given})",
    "from {package} import {last} as {alias}\n{alias}.{name}({given})",
    "from {package} import {last}\n{last}.{name}({given})",
    "from {module} import (\n    {name},\n)\n{name}({given})",
    "import {module}\ngetattr({module}, {name!r})({given})",
    "import {module}\nclass Held:\n    call = {module}.{name}\nHeld.call({given})",
    "from {module} import *\n{name}({given})",
)
MADE = (
    "import {module}\n{module}.{owner}().{name}({given})",
    "from {module} import {owner}\nmade = {owner}()\nmade.{name}({given})",
    "import {module} as {alias}\nmade = {alias}.{owner}()\nmade.{name}({given})",
    "from {module} import {owner}\nclass Own({owner}):\n    pass\nOwn().{name}({given})",
)
GIVEN = (
    "'x.y'",
    "['python', '-m', 'x.y']",
    "'python -m x.y'",
    "1, ['python', '-m', 'x.y']",
    "0, 'python', ['python', '-m', 'x.y']",
    "'python', '-m', 'x.y'",
    "0, 'x'",
    "{'handlers': {'a': {'class': 'x.y'}}}",
    "'import x.y'",
    "0, 'import x.y'",
    "b'cx.y\\nz\\n.'",
    "'>>> import x.y'",
    "0, 'python', 'python', '-m', 'x.y'",
    "'PYTHONPATH', 'x'",
    "['-p', 'x.y']",
    "['x.y:app']",
    "'__import__(\"x.y\")'",
    "z",
)
SET = (
    "{name} = ['x.y']",
    "{name} += ['x.y']",
    "{name}: list = ['x.y']",
    "first = {name} = ['x.y']",
    "{name}, second = ['x.y'], 2",
    "if z:\n    {name} = ['x.y']",
    "try:\n    {name} = ('x.y',)\nfinally:\n    pass",
    "from base import *\n{name}.append('x.y')",
    "from base import {name}\n{name}.extend(['x.y'])",
    "from base import *\n{name}['a'] = {{'BACKEND': 'x.y'}}",
    "from base import *\n{name}['a']['b'].update(BACKEND='x.y')",
    "{name} = \\\n    'x.y'",
    "{name} = {{'a': {{'BACKEND': 'x.y', 'ENGINE': 'x.y', 'class': 'x.y'}}}}",
)


@st.composite
def launches(draw: st.DrawFn) -> str:
    """A file that may launch something, by any launcher there is."""
    name = draw(st.sampled_from(sorted(LAUNCHERS)))
    module, _, last = name.rpartition(".")
    package, _, owner = module.rpartition(".")
    frames = [one for one in FRAMES if "{package}" not in one or package]
    code = draw(st.sampled_from([*frames, *(MADE if owner[:1].isupper() else ())]))
    given = draw(st.sampled_from(GIVEN))
    is_made = "{owner}" in code
    parts = {"module": package if is_made else module, "package": package, "last": owner, "owner": owner, "name": last}
    text: str = code.format(**parts, given=given, alias=draw(st.sampled_from(("sp", "run", "m_", "x1"))))
    return text


@st.composite
def settings_of_frameworks(draw: st.DrawFn) -> str:
    """A module with a setting that some framework reads, set or changed in some way."""
    return draw(st.sampled_from(SET)).format(name=draw(st.sampled_from(sorted(SETTINGS.keys() - ORDINARY))))


@st.composite
def methods(draw: st.DrawFn) -> str:
    """A call of a method that says enough by its name; a variable or an application that is told what to load."""
    method = draw(st.sampled_from(sorted(METHODS)))
    variable, kept = draw(st.sampled_from(sorted(VARIABLES))), draw(st.sampled_from(sorted(OF_CONF)))
    application = draw(st.sampled_from(("app", "celery", "self.app", "current_app")))
    return draw(
        st.sampled_from(
            (
                f"def function(mocker, monkeypatch, loader, conf):\n    mocker.{method}('x.y', 1)",
                f"def function(monkeypatch):\n    monkeypatch.{method}('x.y', 1)",
                f"def function(loader):\n    loader.{method}('x.y')",
                f"def function(thing):\n    thing.{method}(['x.y'])",
                f"import os\nos.environ[{variable!r}] = 'x.y'",
                f"from os import environ as kept\nkept.setdefault({variable!r}, 'x.y')",
                f"import os\nos.putenv({variable!r}, 'x.y')",
                f"{application}.conf.{kept} = ['x.y']",
                f"{application}.conf[{kept!r}] = ['x.y']",
                f"{application}.conf.update({kept}=['x.y'])",
            )
        )
    )


@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(launches(), settings_of_frameworks(), methods()))
def test_the_wide_scan_says_yes_wherever_the_exact_look_finds_something_roundabout(code: str) -> None:
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return

    if loading_sites(tree):
        assert may_load(code.encode())


@pytest.mark.parametrize("name", sorted(SETTINGS.keys() - ORDINARY))
def test_every_setting_is_looked_at_however_little_else_the_module_holds(name: str) -> None:
    code = f"{name} = {{'BACKEND': 'x.y'}}\n" if SETTINGS[name] == "settings" else f"{name} = ['x.y']\n"

    assert may_load(code.encode())
    assert loading_sites(ast.parse(code))


@pytest.mark.parametrize("name", sorted(LAUNCHERS))
def test_every_launcher_launches_something_in_one_of_the_ways_that_are_tried(name: str) -> None:
    module, _, last = name.rpartition(".")
    codes = [f"import {module.split('.')[0]}\n{name}({given})" for given in GIVEN]
    codes += [f"import {module}\n{name}({word}='x.y')" for word in {one.keyword for one in LAUNCHERS[name]} if word]
    codes += [f"import {name.split('.')[0]}\n{module}().{last}({given})" for given in GIVEN]

    codes += [f"from {module} import {last}\n{last}({given})" for given in GIVEN]

    assert any(loading_sites(ast.parse(code)) and may_load(code.encode()) for code in codes)
