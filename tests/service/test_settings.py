from __future__ import annotations

import re

import pytest

from runtime.errors import ConfigurationFault
from runtime.settings import VARIABLES, Settings, from_environment, misspelt, told


def test_nothing_said_is_the_embedded_default_on_loopback() -> None:
    settings = from_environment({"PATH": "/bin", "LUKHAS_TOKEN": ""})

    assert settings == Settings()
    assert settings.lanes == ("production",)
    assert settings.store.startswith("sqlite:///")


@pytest.mark.parametrize(
    ("word", "lanes"),
    [
        ("production", ("production",)),
        ("prod", ("production",)),
        ("integration", ("production", "integration")),
        ("canary", ("production", "integration")),
        ("candidate", ("production", "integration", "candidate")),
    ],
)
def test_each_lane_adds_to_the_one_before_and_former_names_are_read(word: str, lanes: tuple[str, ...]) -> None:
    assert from_environment({"LUKHAS_LANE": word}).lanes == lanes


@pytest.mark.parametrize(
    ("variable", "word", "right"),
    [
        ("LUKHAS_PLUGIN_DISCOVERY", "yes", "auto, off"),
        ("LUKHAS_LANE", "labs", "production, integration, candidate"),
        ("LUKHAS_PORT", "http", "whole number"),
        ("LUKHAS_PORT", "65536", "65535"),
        ("LUKHAS_PORT", "٣", "whole number"),
        ("LUKHAS_BUDGET", "nan", "seconds"),
        ("LUKHAS_BUDGET", "inf", "seconds"),
        ("LUKHAS_BUDGET", "0", "seconds"),
        ("LUKHAS_BUDGET", "fast", "seconds"),
        ("LUKHAS_SAMPLING", "1.5", "0 to 1"),
        ("LUKHAS_LANE", "PROD", "production, integration, candidate"),
        ("LUKHAS_STORE", "mysql://x", "sqlite:///"),
        ("LUKHAS_STORE", "memory:mine", "memory: alone"),
        ("LUKHAS_STORE", "sqlite:///", "the path of a file"),
        ("LUKHAS_STORE", "sqlite:////srv/", "the path of a file"),
        ("LUKHAS_STORE", "sqlite:///:memory:", "memory: for what may be forgotten"),
        ("LUKHAS_EMBEDDER", "word2vec:x", "ngrams, or model2vec:MODEL"),
        ("LUKHAS_EMBEDDER", "model2vec:", "ngrams, or model2vec:MODEL"),
        ("LUKHAS_OTLP", "localhost:4318", "http://"),
        ("LUKHAS_NATS", "localhost", "nats://"),
        ("LUKHAS_IN_FLIGHT", "0", "1 to"),
        ("LUKHAS_DUPLICATES", "maybe", "error, shadow"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_variable_value_and_what_is_right(
    variable: str, word: str, right: str
) -> None:
    with pytest.raises(ConfigurationFault) as caught:
        from_environment({variable: word})

    line = str(caught.value)
    assert line.startswith(f"{variable} is {word!r}")
    assert right in line
    assert "\n" not in line


def test_a_token_that_is_wrong_is_not_shown() -> None:
    with pytest.raises(ConfigurationFault) as caught:
        from_environment({"LUKHAS_TOKEN": "hunter2"})

    assert "hunter2" not in str(caught.value)


def test_of_a_url_that_is_refused_no_password_is_shown() -> None:
    with pytest.raises(ConfigurationFault, match=re.escape("postgres+other://...@host/memories")) as caught:
        from_environment({"LUKHAS_STORE": "postgres+other://me:hunter2@host/memories"})

    assert "hunter2" not in str(caught.value)


def test_the_command_line_is_read_as_the_variables_are() -> None:
    settings = told(Settings(), {"port": "0", "store": "memory:", "host": None})

    assert (settings.port, settings.store, settings.host) == (0, "memory:", "127.0.0.1")
    with pytest.raises(ConfigurationFault, match="--port is '65536'; use a whole number from 0 to 65535"):
        told(Settings(), {"port": "65536"})
    with pytest.raises(ConfigurationFault, match="LUKHAS_TOKEN is not set"):
        told(Settings(), {"host": "0.0.0.0"})


def test_a_variable_that_is_nearly_a_setting_is_told_of_and_others_are_not() -> None:
    lines = misspelt({"LUKHAS_BUDGT": "1", "LUKHAS_PERF": "1", "LUKHAS_STORE": "memory:", "PATH": "/bin"})

    assert lines == ["LUKHAS_BUDGT is no setting; did you mean LUKHAS_BUDGET?"]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.1", "example.org"])
def test_an_address_that_others_can_reach_needs_a_token(host: str) -> None:
    with pytest.raises(ConfigurationFault, match="LUKHAS_TOKEN is not set"):
        from_environment({"LUKHAS_HOST": host})

    assert from_environment({"LUKHAS_HOST": host, "LUKHAS_TOKEN": "sixteen-or-longer"}).beyond_loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.1.2.3"])
def test_loopback_needs_none(host: str) -> None:
    assert not from_environment({"LUKHAS_HOST": host}).beyond_loopback


def test_every_setting_has_its_variable() -> None:
    assert sorted(variable.field for variable in VARIABLES) == sorted(Settings._fields)
