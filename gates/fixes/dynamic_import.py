"""A load by name becomes a question to the registry: `import_module("candidate.x").Y()` becomes `resolve("node:y")`.

Only where each use of what is loaded can be seen, and is the making of an object that an entry point of this repository
registers. Whatever else the gate finds is left as it is, with the reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Union

import libcst as cst

from gates.checks.source.dynamic_import import DynamicImport
from gates.errors import GatesError
from gates.facts.checkout import Checkout
from gates.facts.extractors.dynamic_loading import extract
from gates.facts.imports import Imports
from gates.facts.lanes import Lanes
from gates.facts.modules import Modules
from gates.facts.plugins import Plugins
from gates.finding import Finding
from gates.fixes.edit import Edit, Found, Mended, Unmended
from gates.fixes.python.following import Registered, Surroundings
from gates.fixes.python.import_block import imported_as, with_import
from gates.fixes.python.loads import Loads, Mendable
from gates.fixes.python.names import Names
from gates.fixes.python.rewriting import begun_like, rewritten
from gates.fixes.python.source import CannotRewrite, Source, read
from gates.fixes.python.unused_imports import unused_imports
from gates.fixes.repository import Repository

Mends = Sequence[tuple[Finding, Mendable]]
_NO_PLUGIN = "it loads no plugin of the groups that the policy names"


def mend(
    gate: DynamicImport,
    found: Found,
    checkout: Checkout,
    modules: Modules,
    plugins: Plugins,
    imports: Imports,
    lanes: Lanes,
) -> Iterator[Union[Edit, Unmended]]:
    """What can be done about each finding. GatesError where the policy does not say what is asked for a plugin."""
    repository = Repository(checkout, modules, imports, lanes)
    registry = _registry(gate, repository, plugins)
    for path, findings in found.by_path().items():
        yield from _File(repository, registry, path, findings).steps()


class _Registry(NamedTuple):
    """The function that is asked, whether it gives classes, and what is registered."""

    module: str
    function: str
    gives_class: bool
    registered: Registered


def _registry(gate: DynamicImport, repository: Repository, plugins: Plugins) -> _Registry:
    here = "gates.toml: [gates.dynamic-import] resolve"
    if gate.resolve is None:
        raise GatesError(f'{here} is not set; say what is asked for a plugin, like resolve = "lukhas.registry:resolve"')
    module, _, function = gate.resolve.partition(":")
    if not function.isidentifier() or not all(part.isidentifier() for part in module.split(".")):
        raise GatesError(f"{here} is '{gate.resolve}'; it must be module:function")
    if repository.is_ours(module) and not repository.has(module):
        raise GatesError(f"{here} is '{gate.resolve}', and this repository has no module {module}")
    return _Registry(module, function, gate.gives == "class", plugins.by_object(gate.groups))


@dataclass
class _File:
    """One file with findings."""

    repository: Repository
    registry: _Registry
    path: str
    findings: Sequence[Finding]

    def steps(self) -> Iterator[Union[Edit, Unmended]]:
        """What becomes of each finding."""
        try:
            if not any(finding.fix for finding in self.findings):
                raise CannotRewrite(_NO_PLUGIN)  # most files, for which nothing has to be taken apart
            content = self.repository.checkout.read(self.path)
            source = read(content)
            names = Names(source.module)
            mends, left = self._sorted(names)
            edit = self._edit(names, source, content, mends) if mends else None
        except CannotRewrite as why:
            yield from (_left(finding, why) for finding in self.findings)
            return
        yield from left
        if edit is not None:
            yield edit

    def _sorted(self, names: Names) -> tuple[Mends, Sequence[Unmended]]:
        loads = Loads(names, self.registry.registered, self._surroundings, self.registry.gives_class)
        calls = {names.place(call): call for call in names.calls if loads.is_load(call)}
        several = Counter((finding.line, finding.column) for finding in self.findings)
        mends: list[tuple[Finding, Mendable]] = []
        left: list[Unmended] = []
        for finding in self.findings:
            place = (finding.line, finding.column)
            try:
                if finding.fix is None:
                    raise CannotRewrite(_NO_PLUGIN)
                if several[place] > 1:
                    raise CannotRewrite("it may load one of several modules")
                if place not in calls:
                    raise CannotRewrite("it is no plain load of a module")
                mends.append((finding, loads.mendable(calls[place])))
            except CannotRewrite as why:
                left.append(_left(finding, why))
        return mends, left

    @property
    def _surroundings(self) -> Surroundings:
        repository = self.repository
        return Surroundings(
            repository.modules.name_of(self.path),
            repository.modules.package_of(self.path),
            repository.has,
            lambda word: repository.user_of(self.path, word),
        )

    def _edit(self, names: Names, source: Source, content: bytes, mends: Mends) -> Edit:
        why_not = self.repository.why_not_import(self.path, self.registry.module)
        if why_not is not None:
            raise CannotRewrite(why_not)
        changed = names.use_of("sys.path")
        if changed is not None:
            raise CannotRewrite(
                "sys.path is used in this file, and an import at its top comes first", names.line(changed)
            )
        function = self._function(names, mends)
        after = source.written(self._rewritten(names, mends, function))
        _refuse_new_findings(content, after, mends)
        return Edit(
            self.path, content, after, tuple(Mended(finding.line, _said(function, mend)) for finding, mend in mends)
        )

    def _function(self, names: Names, mends: Mends) -> str:
        """What the file calls the function that is asked. CannotRewrite where the name means something else in it."""
        module, function = self.registry.module, self.registry.function
        name = imported_as(names.module, module, function) or function
        for node in (swap.node for _, mend in mends for swap in mend.swaps):
            if names.is_bound(name, node) and names.meaning(name, node) != f"{module}.{function}":
                raise CannotRewrite(f"`{name}` means something else in this file")
        return name

    def _rewritten(self, names: Names, mends: Mends, function: str) -> cst.Module:
        replaced: dict[cst.CSTNode, cst.CSTNode] = {
            swap.node: _asked(function, swap.name) for _, mend in mends for swap in mend.swaps
        }
        dropped: set[cst.CSTNode] = {statement for _, mend in mends for statement in mend.dropped}
        for alias in (alias for _, mend in mends for alias in mend.aliases):
            is_wanted = alias.is_of_module and self._is_wanted(names, alias.name)
            if not is_wanted and all(names.is_within(use, {*replaced, *dropped}) for use in alias.uses):
                dropped.add(alias.statement)
        shortened, idle = unused_imports(names, {*replaced, *dropped}, lambda name: self._is_wanted(names, name))
        after = rewritten(names.module, {**replaced, **shortened}, dropped | idle)
        module, name = self.registry.module, self.registry.function
        if imported_as(names.module, module, name) is None:
            after = with_import(after, module, name, self.repository.is_ours)
        return begun_like(names.module, after)

    def _is_wanted(self, names: Names, name: str) -> bool:
        return names.written_as_text(name) is not None or self.repository.user_of(self.path, name) is not None


def _left(finding: Finding, why: CannotRewrite) -> Unmended:
    elsewhere = f" (line {why.line})" if why.line not in (0, finding.line) else ""
    reason = finding.message if finding.verdict == "opaque" else f"`{finding.subject}`: {why.reason}{elsewhere}"
    return Unmended(finding.path, finding.line, reason)


def _asked(function: str, name: str) -> cst.Call:
    return cst.Call(cst.Name(function), [cst.Arg(cst.SimpleString(f'"{name}"'))])


def _said(function: str, mend: Mendable) -> str:
    return " and ".join(dict.fromkeys(f'{function}("{swap.name}")' for swap in mend.swaps))


def _refuse_new_findings(before: bytes, after: bytes, mends: Mends) -> None:
    """What the gate looks at must be what it was, less what was mended; else the mend was none."""
    expected = _spellings(before) - Counter(finding.subject for finding, _ in mends)
    new = _spellings(after) - expected
    if new:
        raise CannotRewrite(f"the gate would then find `{min(new)}`")


def _spellings(content: bytes) -> Counter[str]:
    return Counter(site.spelling for site in extract(content) or () if not site.is_tentative)
