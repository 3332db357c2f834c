"""What a YAML file says of code: workflows and other CI, compose files, hooks, settings of logging and frameworks.

It is read as a tree of nodes, which know their lines; no value of it is ever made.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Optional

import yaml

from gates.facts.extractors.carriers.keys import by_key
from gates.facts.extractors.carriers.names import salvaged
from gates.facts.extractors.carriers.places import Places
from gates.facts.extractors.carriers.running import by_script, by_source, by_variable, by_words
from gates.facts.extractors.carriers.use import Use
from gates.facts.extractors.commands import HOLE

# The parser in C where PyYAML was built with it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 40
_MANY = 16

# Under these stands what a shell runs: a text, a list of texts, or (where it is one command) a list of words.
_TEXTS = frozenset(
    "run script before_script after_script install before_install after_success after_failure commands cmds cmd "
    "inlinescript bash startcommand buildcommand predeploycommand release_command postcreatecommand entry exec "
    "shell_command test".split()
)
_WORDS = frozenset("command entrypoint args test cmd".split())
_ENVIRONMENTS = frozenset("env environment variables envvars environment_variables env_variables".split())
_FOLDERS = ("working-directory", "working_directory", "working_dir", "workdir", "workingdir", "dir", "chdir")
_EXPRESSION = re.compile(r"\$\{\{\s*(?P<name>[\w.-]+)?[^}]*\}\}|\{\{[^}]*\}\}|\$\[\[[^\]]*\]\]")


class _Around(NamedTuple):
    """What holds for a part of the file: variables, the values of a matrix, the folder that commands run in."""

    variables: Mapping[str, tuple[str, ...]]
    folder: str = ""
    shell: str = ""


def extract(source: bytes) -> Optional[tuple[Use, ...]]:
    """What it names."""
    text = source.decode("utf-8-sig", "replace")
    try:
        trees = list(yaml.compose_all(text, _LOADER))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        return tuple(salvaged(text, f"line {mark.line + 1}: is no YAML" if mark else str(error)))
    places = Places(text)
    reader = _Reader(places)
    return tuple(dict.fromkeys(use for tree in trees for use in reader.uses(tree, _Around({})))) or None


class _Reader:
    def __init__(self, places: Places) -> None:
        self._places = places
        self._seen: set[int] = set()  # a node may stand at several places (anchors), even within itself

    def uses(self, node: Any, around: _Around, key: str = "", depth: int = 0) -> Iterator[Use]:
        """What a node and all below it names."""
        if node is None or depth > _DEEPEST or (not isinstance(node, yaml.ScalarNode) and id(node) in self._seen):
            return
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            yield from self._of_mapping(node, around, depth)
        elif isinstance(node, yaml.SequenceNode):
            for child in node.value:
                yield from self.uses(child, around, key, depth + 1)
        elif key:
            yield from by_key(key, node.value, self._near(node), node.start_mark.line + 1)

    def _of_mapping(self, node: Any, around: _Around, depth: int) -> Iterator[Use]:
        pairs = [(key.value, value) for key, value in node.value if isinstance(key, yaml.ScalarNode)]
        around = _inside(pairs, around)
        yield from self._command_and_arguments(pairs, around)
        for key, value in pairs:
            name = key.lower()
            if name == "matrix":
                pass  # its values count where they are used
            elif name in _ENVIRONMENTS and not isinstance(value, yaml.ScalarNode):
                yield from self._environment(value, around)
            elif name == "run" and isinstance(value, yaml.MappingNode):
                if _child(value, "command") is None:  # of Heroku: a process by its name
                    for _, process in value.value:
                        yield from self._texts(process, around)
                yield from self.uses(value, around, "", depth + 1)
            elif name in _WORDS and isinstance(value, yaml.SequenceNode) and _is_one_command(value):
                pass  # said above
            elif name in _TEXTS or name in _WORDS:
                yield from self._texts(value, around)
                if not isinstance(value, yaml.ScalarNode):
                    yield from self.uses(value, around, "", depth + 1)
            else:
                yield from self.uses(value, around, key, depth + 1)

    def _command_and_arguments(self, pairs: Sequence[tuple[str, Any]], around: _Around) -> Iterator[Use]:
        """A command given word by word: Docker's entrypoint before its command, Kubernetes' command before its args."""
        lists = {key.lower(): value for key, value in pairs if isinstance(value, yaml.SequenceNode)}
        texts = {key.lower(): value for key, value in pairs if isinstance(value, yaml.ScalarNode)}
        if "entrypoint" in texts and "command" in texts:
            text = f"{texts['entrypoint'].value} {texts['command'].value}"
            line = texts["command"].start_mark.line + 1
            yield from by_script(text, self._near(texts["command"]), line, around.variables, around.folder)
        chosen = [lists[key] for key in ("entrypoint", "command", "cmd", "args", "test") if key in lists]
        nodes = [word for value in chosen if _is_one_command(value) for word in value.value]
        if nodes:
            words = [_EXPRESSION.sub(HOLE, word.value) for word in nodes]
            words = words[1:] if words[0] in ("CMD", "CMD-SHELL") else words
            first, last = nodes[0].start_mark.line + 1, nodes[-1].end_mark.line + 1
            places = self._places.reaching(max(last - first, 0))
            if len(words) == 1:
                yield from by_script(words[0], places, first, around.variables, around.folder)
            else:
                yield from by_words(words, places, first, around.folder)

    def _texts(self, node: Any, around: _Around) -> Iterator[Use]:
        if isinstance(node, yaml.ScalarNode):
            yield from self._script(node, around)
        elif isinstance(node, yaml.SequenceNode):
            for child in node.value:
                if isinstance(child, (yaml.ScalarNode, yaml.SequenceNode)):
                    yield from self._texts(child, around)

    def _script(self, node: Any, around: _Around) -> Iterator[Use]:
        line = node.start_mark.line + (2 if node.style in ("|", ">") else 1)
        places = self._near(node)
        for text in _spelled(node.value, around.variables):
            if around.shell.startswith("python"):
                yield from by_source(text, line, places)
            else:
                yield from by_script(text, places, line, around.variables, around.folder)

    def _near(self, node: Any) -> Places:
        """Places that look for a word within the node's own lines, where its text does not keep them."""
        lines = node.end_mark.line - node.start_mark.line
        return self._places.reaching(0 if node.style == "|" else lines)

    def _environment(self, node: Any, around: _Around) -> Iterator[Use]:
        for name, value, line in _variables(node):
            yield from by_variable(name, _EXPRESSION.sub(HOLE, value), self._places, line, around.folder)


def _inside(pairs: Sequence[tuple[str, Any]], around: _Around) -> _Around:
    """What holds within a mapping."""
    variables = dict(around.variables)
    folder, shell = around.folder, around.shell
    for key, value in pairs:
        name = key.lower()
        if name in _ENVIRONMENTS:
            for variable, text, _ in _variables(value):
                variables[variable] = variables[f"env.{variable}"] = (text,)
        elif name == "strategy":
            variables.update(_matrix(value))
        elif name == "defaults":
            run = _child(value, "run")
            folder = _text(_child(run, "working-directory")) or folder
            shell = _text(_child(run, "shell")) or shell
        elif name in _FOLDERS:
            folder = _EXPRESSION.sub("", _text(value)).lstrip("/") or folder
        elif name == "shell":
            shell = _text(value)
    return _Around(variables, folder, shell)


def _matrix(strategy: Any) -> dict[str, tuple[str, ...]]:
    """The values of each key of a workflow's matrix."""
    found: dict[str, tuple[str, ...]] = {}
    matrix = _child(strategy, "matrix")
    for key, value in matrix.value if isinstance(matrix, yaml.MappingNode) else ():
        listed = value.value if isinstance(value, yaml.SequenceNode) else ()
        if getattr(key, "value", "") == "include":
            pairs = [pair for entry in listed if isinstance(entry, yaml.MappingNode) for pair in entry.value]
        else:
            pairs = [(key, entry) for entry in listed]
        for name, entry in pairs:
            if isinstance(entry, yaml.ScalarNode):
                known = f"matrix.{name.value}"
                found[known] = (*found.get(known, ()), entry.value)[:_MANY]
    return found


def _spelled(text: str, variables: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """A text with its `${{ expressions }}` replaced, in each of the ways that a matrix has."""
    used = [match["name"] for match in _EXPRESSION.finditer(text) if match["name"] in variables]
    names = sorted(set(used))
    for values in itertools.islice(itertools.product(*(variables[name] for name in names)), _MANY):
        now = dict(zip(names, values))
        yield _EXPRESSION.sub(lambda match: now.get(match["name"], HOLE), text)  # noqa: B023


def _variables(node: Any) -> Iterator[tuple[str, str, int]]:
    """Name, value and line of each variable: of a mapping, of `NAME=value`, or of `{name: ..., value: ...}`."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and isinstance(value, yaml.ScalarNode):
                yield key.value, value.value, value.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for entry in node.value:
            if isinstance(entry, yaml.ScalarNode):
                name, _, text = entry.value.partition("=")
                yield name, text, entry.start_mark.line + 1
            else:
                name, value = _text(_child(entry, "name")), _child(entry, "value")
                if name and isinstance(value, yaml.ScalarNode):
                    yield name, value.value, value.start_mark.line + 1


def _child(node: Any, name: str) -> Any:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((value for key, value in pairs if getattr(key, "value", None) == name), None)


def _text(node: Any) -> str:
    return node.value if isinstance(node, yaml.ScalarNode) else ""


def _is_one_command(node: Any) -> bool:
    """Whether a list holds the words of one command, and not several commands."""
    texts = [word.value for word in node.value if isinstance(word, yaml.ScalarNode)]
    return len(texts) == len(node.value) > 0 and not any(re.search(r"\s-|\s\S+\.py\b", text) for text in texts[:1])
