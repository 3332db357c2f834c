"""What the names in one tree mean: where each comes from, and who uses it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from typing import NamedTuple, Optional, Union

import libcst as cst
from libcst import metadata
from libcst.metadata import Assignment, ClassScope, GlobalScope, ImportAssignment, QualifiedNameSource

_MOST_ALIASES = 5


class Imported(NamedTuple):
    """A name that an import binds: the statement, the part of it that does, and where the name is used."""

    name: str
    statement: cst.BaseSmallStatement
    alias: cst.ImportAlias
    uses: tuple[cst.CSTNode, ...]
    is_of_module: bool


class Alias(NamedTuple):
    """A name that one plain assignment gives to a function: the statement, and where the name is used."""

    statement: cst.Assign
    uses: tuple[cst.CSTNode, ...]
    is_of_module: bool

    @property
    def name(self) -> str:
        """The name."""
        target = self.statement.targets[0].target
        assert isinstance(target, cst.Name)
        return target.value


class Names:
    """A tree with its scopes. `module` is the tree whose nodes are asked about."""

    def __init__(self, module: cst.Module) -> None:
        wrapper = metadata.MetadataWrapper(module)
        self.module = wrapper.module
        self._parents = wrapper.resolve(metadata.ParentNodeProvider)
        self._scopes = wrapper.resolve(metadata.ScopeProvider)
        self._positions = wrapper.resolve(metadata.PositionProvider)
        # As libcst counts lines: a form feed ends none.
        self._lines = self.module.code.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        seen = _Seen()
        self.module.visit(seen)
        self.calls = tuple(seen.calls)
        self._attributes = tuple(seen.attributes)
        self._texts = {node.evaluated_value: node for node in reversed(seen.texts)}

    def parent(self, node: cst.CSTNode) -> cst.CSTNode:
        """The node that holds this one."""
        return self._parents[node]

    def around(self, node: cst.CSTNode) -> Iterator[tuple[cst.CSTNode, cst.CSTNode]]:
        """(child, parent) from the node up to the module."""
        while node is not self.module:
            parent = self._parents[node]
            yield node, parent
            node = parent

    def caught_around(self, node: cst.CSTNode) -> set[str]:
        """The exceptions that are caught or suppressed, by name, where the node fails; up to the function around it."""
        caught: list[cst.CSTNode] = []
        for child, parent in self.around(node):
            if isinstance(parent, (cst.FunctionDef, cst.Lambda)):
                break
            if isinstance(parent, (cst.Try, cst.TryStar)) and child is parent.body:
                caught += [handler.type for handler in parent.handlers if handler.type is not None]
            elif isinstance(parent, cst.With) and child is parent.body:
                caught += parent.items
        return mentioned(caught)

    def is_within(self, node: cst.CSTNode, regions: Set[cst.CSTNode]) -> bool:
        """Whether the node is one of the regions, or lies in one."""
        return node in regions or any(parent in regions for _, parent in self.around(node))

    def line(self, node: cst.CSTNode) -> int:
        """Its line, from 1."""
        return self._positions[node].start.line

    def place(self, node: cst.CSTNode) -> tuple[int, int]:
        """Line and column as findings have them: from 1, the column in bytes of UTF-8."""
        start = self._positions[node].start
        before = self._lines[start.line - 1][: start.column]
        return start.line, len(before.encode("utf-8", "surrogatepass")) + 1

    def meaning(self, name: Union[str, cst.CSTNode], at: Optional[cst.CSTNode] = None) -> Optional[str]:
        """The one dotted name that an expression has by way of imports, or as a builtin: `importlib.import_module`.

        Of a bare name, what it means `at` a node.
        """
        place = name if isinstance(name, cst.CSTNode) else at
        scope = self._scopes.get(place) if place is not None else None
        found = set(scope.get_qualified_names_for(name)) if scope is not None else set()
        if len(found) != 1:
            return None
        (one,) = found
        return None if one.source is QualifiedNameSource.LOCAL else one.name

    def is_bound(self, name: str, node: cst.CSTNode) -> bool:
        """Whether the name means anything where the node stands, other than a builtin."""
        scope = self._scopes.get(node)
        return scope is not None and any(isinstance(one, Assignment) for one in scope[name])

    def only_binding(self, target: cst.Name) -> Optional[Assignment]:
        """The assignment that this target is, where nothing else binds the name, and it is no attribute of a class."""
        scope = self._scopes.get(target)
        found = scope[target.value] if scope is not None else set()
        if len(found) != 1:
            return None
        (one,) = found
        if not isinstance(one, Assignment) or one.node is not target or isinstance(one.scope, ClassScope):
            return None
        return one

    def constant(self, use: cst.Name) -> Optional[cst.BaseExpression]:
        """What a name is worth that one plain assignment binds."""
        scope = self._scopes.get(use)
        found = scope[use.value] if scope is not None else set()
        if len(found) != 1:
            return None
        (one,) = found
        target = one.node if isinstance(one, Assignment) else None
        statement = self._parents[self._parents[target]] if isinstance(target, cst.Name) else None
        return statement.value if isinstance(statement, cst.Assign) and len(statement.targets) == 1 else None

    def aliased(self, function: cst.BaseExpression) -> tuple[Optional[str], tuple[Alias, ...]]:
        """What an expression means, `meaning`, and the names that stand for it: `load = importlib.import_module`."""
        aliases: list[Alias] = []
        while isinstance(function, cst.Name) and self.meaning(function) is None and len(aliases) < _MOST_ALIASES:
            value = self.constant(function)
            if value is None:
                break
            (binding,) = self._scopes[function][function.value]  # type: ignore[index]  # it has this one constant
            assert isinstance(binding, Assignment)
            statement = self._parents[value]
            assert isinstance(statement, cst.Assign)
            aliases.append(Alias(statement, tuple(self.uses(binding)), self.is_of_module(binding)))
            function = value
        return self.meaning(function), tuple(aliases)

    @staticmethod
    def uses(binding: Assignment) -> list[cst.CSTNode]:
        """Where the name is used."""
        return [access.node for access in binding.references]

    @staticmethod
    def is_of_module(binding: Assignment) -> bool:
        """Whether the name belongs to the module, so that others can import it."""
        return isinstance(binding.scope, GlobalScope)

    def use_of(self, dotted: str) -> Optional[cst.Attribute]:
        """The first place where what has this dotted name by way of imports is used: "sys.path"."""
        tail = dotted.rpartition(".")[2]
        found = (node for node in self._attributes if node.attr.value == tail and self.meaning(node) == dotted)
        return next(found, None)

    def written_as_text(self, name: str) -> Optional[cst.SimpleString]:
        """Where the name stands as a text: in `__all__`, or for getattr."""
        return self._texts.get(name)

    def imports(self) -> Iterator[Imported]:
        """Every name that an import binds."""
        for scope in {scope for scope in self._scopes.values() if scope is not None}:
            for one in scope.assignments:
                alias = _alias(one) if isinstance(one, ImportAssignment) else None
                if alias is not None and isinstance(one, ImportAssignment):
                    assert isinstance(one.node, cst.BaseSmallStatement)
                    uses = tuple(self.uses(one))
                    yield Imported(one.name, one.node, alias, uses, self.is_of_module(one))


class _Seen(cst.CSTVisitor):
    """The calls, the attributes and the texts of a file, in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[cst.Call] = []
        self.attributes: list[cst.Attribute] = []
        self.texts: list[cst.SimpleString] = []

    def visit_Call(self, node: cst.Call) -> None:
        self.calls.append(node)

    def visit_Attribute(self, node: cst.Attribute) -> None:
        self.attributes.append(node)

    def visit_SimpleString(self, node: cst.SimpleString) -> None:
        self.texts.append(node)


def _alias(one: ImportAssignment) -> Optional[cst.ImportAlias]:
    """The part of an import that binds the name: `import a.b` binds a, and a.b."""
    listed = getattr(one.node, "names", ())
    for alias in () if isinstance(listed, cst.ImportStar) else listed:
        if one.name == alias.evaluated_alias:
            return alias  # type: ignore[no-any-return]
        if alias.evaluated_alias is None and f"{alias.evaluated_name}.".startswith(f"{one.name}."):
            return alias  # type: ignore[no-any-return]
    return None


def mentioned(nodes: Iterable[cst.CSTNode]) -> set[str]:
    """The bare names within these nodes, and the last parts of dotted ones."""
    found: set[str] = set()

    class Mentioned(cst.CSTVisitor):
        def visit_Name(self, node: cst.Name) -> None:
            found.add(node.value)

    for node in nodes:
        node.visit(Mentioned())
    return found


def text_of(node: Optional[cst.CSTNode]) -> Optional[str]:
    """The text that a literal is; None for whatever is none, and for bytes."""
    value = node.evaluated_value if isinstance(node, (cst.SimpleString, cst.ConcatenatedString)) else None
    return value if isinstance(value, str) else None
