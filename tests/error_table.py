"""The tables of `docs/errors.md`, read from the source: every place that makes an error says its code and words there.

`error_table.py --write` puts them right; a test holds the page against them. Nothing is run: the syntax tree knows.
"""

import argparse
import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "src" / "voxwire"
DOCUMENT = ROOT / "docs" / "errors.md"
#: Parts of the package that clients of a server never meet.
LEFT_OUT = {"testing", "cli", "config"}


class Maker(NamedTuple):
    """What makes an error: the table that it stands in, where its parts stand among the arguments, its usual type."""

    table: str
    code: str
    param: str
    message: str
    type: str = "invalid_request_error"


MAKERS = {
    "ClientError": Maker("events", "code", "param", "0"),
    "ErrorOccurred": Maker("events", "code", "param", "message"),
    "Unsupported": Maker("fields", "", "param", "message"),
    "StatusDetails": Maker("failures", "code", "", "message", "server_error"),
    "EngineError": Maker("failures", "1", "", "2", "server_error"),
    "RequestRefused": Maker("refusals", "code", "param", "1"),
}
HEADS = {
    "events": ("code", "type", "param", "message"),
    "fields": ("param", "message"),
    "failures": ("code", "type", "message"),
    "refusals": ("status", "code", "type", "param", "message"),
}
#: Calls that say what they are given.
PLAIN = {"shorten", "str", "len", "int", "repr"}

Names = Mapping[str, ast.expr]


class Row(NamedTuple):
    """One error; `status` of refusals alone."""

    table: str
    status: str
    code: str
    type: str
    param: str
    message: str


def begin(table: str) -> str:
    return f"<!-- {table}: made by `make errors-table` -->"


def end(table: str) -> str:
    return f"<!-- {table}: end -->"


# --- reading expressions --------------------------------------------------------------------------


def words(node: ast.expr | None, names: Names) -> list[str]:
    """What an expression may say; what is only known at run time stands in braces."""
    match node:
        case None:
            return [""]
        case ast.Constant(value=None):
            return [""]
        case ast.Constant(value=value):
            return [str(value)]
        case ast.JoinedStr(values=values):
            return ["".join("/".join(words(value, names)) for value in values)]
        case ast.FormattedValue(value=value):
            return ["/".join(words(value, names))]
        case ast.IfExp(body=body, orelse=other):
            return [*words(body, names), *words(other, names)]
        case ast.BinOp(left=left, op=ast.Add(), right=right) if not isinstance(left, ast.Name):
            return ["/".join(words(left, names)) + "/".join(words(right, names))]
        case ast.Subscript(value=ast.Name(id=name)) if isinstance(found := names.get(name), ast.Dict):
            return [word for value in found.values for word in words(value, names)]
        case ast.Name(id=name) if name in names:
            return words(names[name], {known: value for known, value in names.items() if known != name})
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return [f"{{{name}}}"]
        case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name in PLAIN:
            return words(first, names)
    return ["{…}"]


def assigned(body: list[ast.stmt]) -> dict[str, ast.expr]:
    """Names that are given a text, or texts by key, in these statements."""
    found: dict[str, ast.expr] = {}
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                name, value = node.targets[0].id, node.value
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
                name, value = node.target.id, node.value
            else:
                continue
            several = name in found
            found[name] = value
            if several or not isinstance(value, ast.Constant | ast.JoinedStr | ast.Dict):
                found[name] = ast.Name(id=name)
    return {name: value for name, value in found.items() if not isinstance(value, ast.Name)}


# --- finding what makes errors ----------------------------------------------------------------------


class Module(NamedTuple):
    tree: ast.Module
    names: dict[str, ast.expr]


def argument(call: ast.Call, where: str) -> ast.expr | None:
    if where.isdigit():
        return call.args[int(where)] if int(where) < len(call.args) else None
    return next((keyword.value for keyword in call.keywords if keyword.arg == where), None)


def name_of(call: ast.Call) -> str:
    """What is called; an engine's error of a class of its own hands its code up."""
    match call.func:
        case ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr="__init__") if len(call.args) == 3:
            return "EngineError"
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


class Reader:
    """All modules; helpers that are handed code or message are read where they are called."""

    def __init__(self) -> None:
        paths = (path for path in sorted(SOURCES.rglob("*.py")) if path.relative_to(SOURCES).parts[0] not in LEFT_OUT)
        trees = [ast.parse(path.read_text(encoding="utf-8")) for path in paths]
        self._shared = {name: value for tree in trees for name, value in assigned(_statements(tree)).items()}
        self._modules = [Module(tree, self._shared | assigned(_statements(tree))) for tree in trees]
        self._helpers: dict[tuple[str, ast.Module | None], tuple[ast.FunctionDef, ast.Call]] = {}
        while self._find_helpers():
            pass

    def rows(self) -> set[Row]:
        found = {row for module in self._modules for row in self._of_module(module)}
        endpoints = [endpoint for module in self._modules for endpoint in _endpoints(module.tree)]
        return {one for row in found for one in _of_each(row, endpoints)}

    def _find_helpers(self) -> bool:
        before = len(self._helpers)
        for module in self._modules:
            for function in ast.walk(module.tree):
                if isinstance(function, ast.FunctionDef):
                    for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
                        if self._is_handed(call, function, module.tree):
                            self._helpers[_key(function.name, module.tree)] = function, call
        return len(self._helpers) > before

    def _is_handed(self, call: ast.Call, function: ast.FunctionDef, tree: ast.Module) -> bool:
        """Whether an error's code or its whole message is an argument of the function that makes it."""
        own = {each.arg for each in (*function.args.args, *function.args.kwonlyargs)} - {"self"}
        return any(
            isinstance(value, ast.Name) and value.id in own
            for made, names in self._made(call, {}, tree)
            for maker in [MAKERS[name_of(made)]]
            for value in (argument(made, maker.code), argument(made, maker.message))
            if value is not None
            for value in [names.get(value.id, value) if isinstance(value, ast.Name) else value]
        )

    def _made(self, call: ast.Call, names: Names, tree: ast.Module) -> Iterator[tuple[ast.Call, Names]]:
        """The call that makes the error, and what its names are: through helpers to the bottom."""
        name = name_of(call)
        if name in MAKERS:
            yield call, names
        elif found := self._helpers.get(_key(name, tree)):
            function, inner = found
            parameters = [each.arg for each in function.args.args if each.arg != "self"]
            optional = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
            given = {each.arg: default for each, default in optional if default is not None}
            given |= zip(parameters, call.args, strict=False)
            given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
            yield from self._made(inner, {**names, **given}, tree)

    def _of_module(self, module: Module) -> Iterator[Row]:
        for scope, call in _calls(module.tree):
            if scope is not None and self._helpers.get(_key(scope.name, module.tree), (None, None))[1] is call:
                continue
            local = module.names | (assigned(scope.body) if scope else {})
            for made, names in self._made(call, local, module.tree):
                yield from _rows(made, names)


def _key(name: str, tree: ast.Module) -> tuple[str, ast.Module | None]:
    """Private helpers are those of their own module."""
    return name, tree if name.startswith("_") else None


def _statements(tree: ast.Module) -> list[ast.stmt]:
    """Those of the module itself."""
    return [each for each in tree.body if isinstance(each, ast.Assign | ast.AnnAssign)]


def _calls(tree: ast.AST, scope: ast.FunctionDef | None = None) -> Iterator[tuple[ast.FunctionDef | None, ast.Call]]:
    """Every call with the function that it stands in."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Call):
            yield scope, node
        yield from _calls(node, node if isinstance(node, ast.FunctionDef) else scope)


def _endpoints(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Stage and words of each `Failures` of a module (`voxwire.engines.remote.endpoint_failures`)."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Name(id="Failures"),
                args=[ast.Constant(value=str(stage)), ast.Constant(value=str(what))],
            ):
                yield stage, what


def _of_each(row: Row, endpoints: Sequence[tuple[str, str]]) -> Iterator[Row]:
    """A failure that every endpoint may have, for each of them."""
    if "{stage}" not in row.code:
        yield row
        return
    for stage, what in endpoints:
        yield row._replace(code=row.code.replace("{stage}", stage), message=row.message.replace("{what}", what))


def _rows(call: ast.Call, names: Names) -> Iterator[Row]:
    maker = MAKERS[name_of(call)]
    codes = words(argument(call, maker.code), names) if maker.code else ["unsupported_value"]
    status = words(argument(call, "0"), names)[0] if maker.table == "refusals" else ""
    kind = words(argument(call, "type"), names)[0] or maker.type
    param = "/".join(words(argument(call, maker.param), names)) if maker.param else ""
    said = "/".join(words(argument(call, maker.message), names))
    for code in codes:
        if code and "{" not in code.replace("{stage}", ""):  # else an error is passed on that was made elsewhere
            yield Row(maker.table, status, code, kind, param, said)


# --- the page -----------------------------------------------------------------------------------------


def tables() -> dict[str, str]:
    """Each table of the page, its markers included."""
    rows = sorted(Reader().rows())
    return {name: table(name, [row for row in rows if row.table == name]) for name in HEADS}


def table(name: str, rows: list[Row]) -> str:
    head = HEADS[name]
    lines = [begin(name), f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    lines += dict.fromkeys(f"| {' | '.join(cell(row, column) for column in head)} |" for row in rows)
    return "\n".join([*lines, end(name)])


def cell(row: Row, column: str) -> str:
    value = str(getattr(row, column)).replace("|", "\\|").replace("\n", " ")
    return f"`{value}`" if column in {"code", "type", "param"} and value else value


def put_right(page: str) -> str:
    for name, made in tables().items():
        before, _, rest = page.partition(begin(name))
        page = before + made + rest.partition(end(name))[2]
    return page


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    page = DOCUMENT.read_text(encoding="utf-8")
    made = put_right(page)
    if parser.parse_args().write:
        DOCUMENT.write_text(made, encoding="utf-8")
        return 0
    return 0 if made == page else 1


if __name__ == "__main__":
    sys.exit(main())
