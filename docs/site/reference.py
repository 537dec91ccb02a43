"""The reference: pages made from the program itself when the site is made, under ``docs/reference/``.

Kept extensions were weighed: ``sphinxcontrib-openapi`` writes for the HTTP domain and knows nothing of scopes
that are alternatives, and ``sphinx-click`` wants the library that ``typer`` no longer stands on.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, cast

from typer.main import get_command

from api.app import create_app
from api.cli import app as command_line
from api.problems import status_of
from api.settings import Settings
from store.errors import YinzhengError
from verify.reasons import CATALOGUE

if TYPE_CHECKING:
    from sphinx.application import Sphinx

METHODS: Final = {"get": 0, "post": 1, "put": 2, "patch": 3, "delete": 4}
PLACES: Final = {"path": "地址 path", "query": "查询 query", "header": "请求头 header"}
PROBLEM: Final = "application/problem+json"
OPEN: Final = "公开 open to anybody"
BASE: Final = "$BASE"


def write(directory: Path) -> None:
    """Write the pages into a directory, those whose content changed only."""
    document = create_app(cast(Any, SimpleNamespace(settings=Settings(builtin_provider=False)))).openapi()
    pages = {f"{name}.md": text for name, text in api_pages(document)}
    pages |= {"commands.md": commands_page(), "reasons.md": reasons_page(), "errors.md": errors_page()}
    directory.mkdir(exist_ok=True)
    for old in directory.glob("*.md"):
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        path = directory / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def api_pages(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A page for each group of operations, and one of all schemas."""
    groups = defaultdict(list)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            groups[operation["tags"][0]].append((path, METHODS[method], method, operation))
    for tag, operations in groups.items():
        told = (_operation(path, method, operation, document) for path, _, method, operation in operations)
        yield f"api-{slug(tag)}", "\n".join([f"# {tag}\n", *told])
    schemas = document["components"]["schemas"]
    told = (_schema(name, schemas[name]) for name in sorted(schemas))
    yield "schemas", "\n".join(["# 数据结构 Schemas\n", *told])


def slug(tag: str) -> str:
    """The English part of a group's name as the name of a file."""
    return re.sub(r"[^a-z0-9]+", "-", tag.lower()).strip("-")


def _operation(path: str, method: str, operation: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    lines = [f"## {operation['summary']}\n", f"`{method.upper()} {path}`\n"]
    scopes = [f"`{scope}`" for each in operation.get("security", []) for scope in each["client"]]
    lines.append(f"权限 scope: {' 或 or '.join(scopes) or OPEN}\n")
    if "description" in operation:
        lines.append(operation["description"] + "\n")
    parameters = operation.get("parameters", [])
    if parameters:
        rows = [
            (_named(each), PLACES[each["in"]], _type(each["schema"]), each.get("description", ""))
            for each in parameters
        ]
        lines.append(_table(("参数 parameter", "位置 where", "类型 type", "含义 meaning"), rows))
    for kind, body in operation.get("requestBody", {}).get("content", {}).items():
        lines.append(f"请求 body `{kind}`: {_type(body['schema'])}\n")
        lines.append(_members(_resolved(body["schema"], document)))
    answers = []
    refusals = []
    for status, answer in sorted(operation["responses"].items()):
        content = answer.get("content", {})
        if list(content) == [PROBLEM]:
            refusals.append(status)
            continue
        kinds = "，".join(f"`{kind}` {_type(each.get('schema', {}))}" for kind, each in content.items())
        answers.append((status, kinds or "—", _plain(answer["description"])))
    lines.append(_table(("HTTP", "内容 content", "何时 when"), answers))
    if refusals:
        lines.append(f"错误 errors: {'、'.join(refusals)}，[Problem](schemas.md#problem)\n")
    lines.append(f"```sh\n{_curl(path, method, operation, document)}\n```\n")
    return "\n".join(lines)


def _plain(description: str) -> str:
    return "" if description == "Successful Response" else description


def _named(parameter: Mapping[str, Any]) -> str:
    return f"`{parameter['name']}`" + (" *" if parameter.get("required") else "")


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    lines = [f"## {name}\n"]
    if "description" in schema:
        lines.append(schema["description"].replace("``", "`") + "\n")
    lines.append(_members(schema) or _type(schema) + "\n")
    return "\n".join(lines)


def _members(schema: Mapping[str, Any]) -> str:
    required = schema.get("required", [])
    rows = [
        (f"`{key}`" + (" *" if key in required else ""), _type(each), each.get("description", ""))
        for key, each in schema.get("properties", {}).items()
    ]
    return _table(("成员 member", "类型 type", "含义 meaning"), rows) if rows else ""


def _type(schema: Mapping[str, Any]) -> str:
    """What a value is, with links to the schemas that it is made of."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](schemas.md#{name.lower()})"
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return " \\| ".join(dict.fromkeys(_type(each) for each in schema[key]))
    if "enum" in schema or "const" in schema:
        return " \\| ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    kind = str(schema.get("type", "any"))
    if kind == "array":
        return f"array of {_type(schema.get('items', {}))}"
    if isinstance(schema.get("additionalProperties"), Mapping):
        return f"object of {_type(schema['additionalProperties'])}"
    return kind + "".join(f", {schema[key]}" for key in ("format", "contentMediaType") if key in schema)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [tuple(head)]
    lines.append(("---",) * len(lines[0]))
    lines.extend(tuple(" ".join(cell.split()) for cell in row) for row in rows)
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _curl(path: str, method: str, operation: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    """A call with an example of each value that has to be there."""
    wanted = [each for each in operation.get("parameters", []) if each.get("required")]
    for each in wanted:
        if each["in"] == "path":
            path = path.replace(f"{{{each['name']}}}", str(_example(each, each["schema"], document)))
    asked = [each for each in wanted if each["in"] == "query"]
    queries = "&".join(f"{each['name']}={_example(each, each['schema'], document)}" for each in asked)
    words = ["curl -s"] + ([f"-X {method.upper()}"] if method not in {"get", "post"} else [])
    content = operation.get("requestBody", {}).get("content", {})
    if method == "post" and not content:
        words.append("-X POST")
    words.append(f'"{BASE}{path}{"?" + queries if queries else ""}"')
    if operation.get("security"):
        words.append('-H "Authorization: Bearer $TOKEN"')
    for kind, body in list(content.items())[:1]:
        if kind == "application/json":
            value = json.dumps(_example(body, body["schema"], document), ensure_ascii=False)
            words.append(f"-H \"Content-Type: {kind}\" \\\n  -d '{value}'")
        elif kind == "application/x-www-form-urlencoded":
            value = _example(body, body["schema"], document)
            words.append("\\\n  " + " ".join(f"-d {key}={each}" for key, each in value.items()))
        elif kind == "multipart/form-data":
            files = _resolved(body["schema"], document)["properties"]
            words.append("\\\n  " + " ".join(f"-F {key}=@FILE" for key in files))
        else:
            words.append(f'-H "Content-Type: {kind}" --data-binary @FILE')
    return " ".join(words)


def _resolved(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" in schema:
        found: Mapping[str, Any] = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
        return found
    return schema


def _example(holder: Mapping[str, Any], schema: Mapping[str, Any], document: Mapping[str, Any]) -> Any:
    """The example that is given for a value, or one that is made of those of its parts."""
    whole = _resolved(schema, document)
    for given in (holder, schema, whole):
        if "example" in given:
            return given["example"]
        if given.get("examples"):
            examples = given["examples"]
            return examples[0] if isinstance(examples, list) else next(iter(examples.values()))["value"]
    return _made_example(whole, document)


def _made_example(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Any:
    either = next((schema[key][0] for key in ("anyOf", "oneOf", "allOf") if key in schema), None)
    if either is not None:
        return _example({}, either, document)
    kind = str(schema.get("type"))
    if "enum" in schema or "const" in schema:
        return schema.get("enum", [schema.get("const")])[0]
    if kind == "object":
        properties = schema.get("properties", {})
        return {key: _example({}, properties[key], document) for key in schema.get("required", [])}
    if kind == "array":
        return [_example({}, schema["items"], document)]
    return {"integer": 1, "number": 1, "boolean": True}.get(kind, "…")


def commands_page() -> str:
    """All commands of ``yinzheng`` with what they take."""
    program: Any = get_command(command_line)
    lines = ["# 命令 Commands\n", program.help + "\n"]
    for name, command in program.commands.items():
        lines.extend(_command(f"yinzheng {name}", command, 2))
    return "\n".join(lines)


def reasons_page() -> str:
    """Every reason that a verdict can give, in groups."""
    groups = defaultdict(list)
    for code, entry in CATALOGUE.items():
        groups[code.split(".")[0]].append((f"`{code}`", f"`{entry.indication.value}`", f"{entry.zh} {entry.en}"))
    lines = ["# 理由 Reasons\n"]
    for family, rows in groups.items():
        lines += [f"## {family}\n", _table(("代码 code", "结论 verdict", "说明 what it says"), rows)]
    return "\n".join(lines)


def errors_page() -> str:
    """Every error that a caller can get, by its code."""
    groups = defaultdict(list)
    for error in sorted(_errors(YinzhengError), key=lambda error: error.code):
        row = (f"`{error.code}`", str(status_of(cast(YinzhengError, error))), f"{error.zh} {error.en}")
        groups[error.code.split(".")[0]].append(row)
    lines = ["# 错误 Errors\n"]
    for family, rows in groups.items():
        lines += [f"## {family}\n", _table(("代码 code", "HTTP", "说明 what it says"), rows)]
    return "\n".join(lines)


def _errors(family: type[YinzhengError]) -> Iterator[type[YinzhengError]]:
    for error in family.__subclasses__():
        if "code" in vars(error):
            yield error
        yield from _errors(error)


def _command(name: str, command: Any, level: int) -> Iterator[str]:
    yield f"{'#' * level} {name}\n"
    yield re.sub(r"\s*\n\s*\n\s*", "\n\n", (command.help or "").strip()) + "\n"
    if hasattr(command, "commands"):
        for each, inner in command.commands.items():
            yield from _command(f"{name} {each}", inner, level + 1)
        return
    rows = []
    for each in command.params:
        if each.param_type_name == "argument":
            rows.append((f"`{each.name.upper()}`" + (" *" if each.required else ""), each.help or ""))
        else:
            words = ", ".join(f"`{option}`" for option in (*each.opts, *each.secondary_opts))
            rows.append((words + (" *" if each.required else ""), each.help or ""))
    if rows:
        yield _table(("参数 parameter", "含义 meaning"), rows)


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages before Sphinx looks which there are."""
    app.connect("config-inited", lambda app, _: write(Path(app.srcdir) / "docs" / "reference"), priority=1)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
