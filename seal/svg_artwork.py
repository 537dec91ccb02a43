"""Reading an uploaded SVG as a drawing of ours: filled paths of one colour, in true size, and nothing else.

What is not on the list of elements and attributes is refused with what to do about it, rather than dropped: a drawing
without a part of it is another drawing. The parser is Expat, which knows no entity but XML's own five as long as there
is no document type; one that has a document type is refused before it can declare any, so there is nothing to expand
and nothing to fetch, and no other parser of XML reads the file afterwards.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn
from xml.parsers import expat

from fontTools.svgLib.path import parse_path

from seal.drawing import Artwork, Shape
from seal.errors import PictureRefusedError
from seal.outlines import Command, Outline, OutlinePen

LARGEST_BYTES = 1024 * 1024
_MOST_ELEMENTS, _DEEPEST, _MOST_COMMANDS = 5_000, 32, 100_000
_OVERHANG_MM = 0.1
_SVG = "http://www.w3.org/2000/svg"
_XML = "http://www.w3.org/XML/1998/namespace"

_SHAPES = {
    "path": {"d"},
    "rect": {"x", "y", "width", "height"},
    "circle": {"cx", "cy", "r"},
    "ellipse": {"cx", "cy", "rx", "ry"},
    "polygon": {"points"},
}
_COMMON = {"id", "transform", "fill", "fill-rule", "fill-opacity", "opacity", "stroke", "style"}
_ROOT = {"width", "height", "viewBox", "version"}
_SILENT = {"title", "desc"}
_HARMLESS = {"fill-rule": "nonzero", "fill-opacity": "1", "opacity": "1", "stroke": "none"}
"""Presentation attributes that may stand there with the value that changes nothing."""

_MM = {"mm": 1.0, "cm": 10.0, "in": 25.4, "pt": 25.4 / 72}
_LENGTH = re.compile(r"([0-9]+(?:\.[0-9]+)?)(mm|cm|in|pt)", re.ASCII)
_NUMBER = r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?"
_NUMBERS = re.compile(rf"{_NUMBER}(?:[\s,]+{_NUMBER})*", re.ASCII)
_PATH = re.compile(r"[MmZzLlHhVvCcSsQqTtAa0-9eE+\-.,\s]*", re.ASCII)
_TRANSFORM = re.compile(r"\s*(matrix|translate|scale|rotate)\s*\(([^()]*)\)\s*,?", re.ASCII)
_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_RGB = re.compile(r"rgb\(\s*([0-9]{1,3})\s*,\s*([0-9]{1,3})\s*,\s*([0-9]{1,3})\s*\)", re.ASCII)
_NAMED = {"black": "#000000", "red": "#FF0000"}

_Matrix = tuple[float, float, float, float, float, float]
_IDENTITY: _Matrix = (1, 0, 0, 1, 0, 0)


@dataclass(frozen=True)
class _Context:
    """What an element hands down."""

    matrix: _Matrix
    fill: str
    drawing: bool
    """Whether shapes may stand here; within a title nothing may."""


def read_svg(data: bytes) -> Artwork:
    """The drawing in an SVG: paths, rectangles, circles, ellipses and polygons in groups, all filled with one colour.

    :raises PictureRefusedError: it is none, is larger than a megabyte, has no size in millimetres, has other elements
        or attributes than those (text, images, scripts, styles, references, strokes ...), or reaches out of its box.
    """
    if len(data) > LARGEST_BYTES:
        _refuse("SVG 文件超过 1 MB。", "the SVG is larger than 1 MB.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        _refuse("SVG 文件须采用 UTF-8 编码。", "the SVG has to be in UTF-8.")
    reader = _Reader()
    reader.read(text)
    return reader.artwork()


class _Reader:
    """Takes the events of one document."""

    def __init__(self) -> None:
        self._stack: list[_Context] = []
        self._shapes: list[Shape] = []
        self._colours: set[str] = set()
        self._size = (0.0, 0.0)
        self._elements = 0
        self._commands = 0

    def read(self, text: str) -> None:
        parser = expat.ParserCreate("utf-8", " ")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._doctype
        parser.EntityDeclHandler = self._doctype
        parser.ProcessingInstructionHandler = self._instruction
        try:
            parser.Parse(text.encode("utf-8"), True)
        except expat.ExpatError as error:
            _refuse(f"不是完好的 XML（第 {error.lineno} 行）。", f"it is no sound XML (line {error.lineno}).")

    def artwork(self) -> Artwork:
        if not self._shapes:
            _refuse("文件中没有图形。", "it draws nothing.")
        if len(self._colours) != 1:
            _refuse(
                "只能使用一种颜色，且不得有底色，请删除背景并统一颜色。",
                "it may have one colour and no background; remove the background and use one colour.",
            )
        width, height = self._size
        return Artwork("uploaded", width, height, self._colours.pop(), tuple(self._shapes))

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > _MOST_ELEMENTS or len(self._stack) >= _DEEPEST:
            _refuse("图形过于复杂，请简化。", "it is too complex; simplify it.")
        namespace, _, tag = name.rpartition(" ")
        if namespace != _SVG:
            _refuse(
                f"含有 SVG 以外的元素“{_shown(tag)}”，请另存为“普通 SVG”。",
                f"it has an element {_shown(tag)!r} that is not SVG's; save it as plain SVG.",
            )
        if not self._stack:
            self._open_root(tag, _plain(attributes, _COMMON | _ROOT))
        elif not self._stack[-1].drawing:
            _refuse("标题或说明中不能有元素。", "a title holds text only.")
        elif tag in _SILENT:
            self._stack.append(_Context(_IDENTITY, "", drawing=False))
        elif tag in {"g", "defs"}:
            inside = _inherit(self._stack[-1], _plain(attributes, _COMMON))
            # What is defined and used nowhere is not drawn; an editor leaves an empty one.
            self._stack.append(inside if tag == "g" else _Context(_IDENTITY, "", drawing=False))
        elif tag in _SHAPES:
            own = _plain(attributes, _COMMON | _SHAPES[tag])
            context = _inherit(self._stack[-1], own)
            self._draw(tag, own, context)
            self._stack.append(_Context(_IDENTITY, "", drawing=False))
        else:
            _refuse_element(tag)

    def _end(self, _: str) -> None:
        self._stack.pop()

    def _text(self, text: str) -> None:
        if text.strip() and not (self._stack and not self._stack[-1].drawing):
            _refuse("含有文字，请先将文字转换为轮廓。", "it has text; convert text to outlines.")

    def _doctype(self, *_: object) -> None:
        _refuse("不得含有 DOCTYPE 或实体声明，请删除。", "it may have no document type or entities; remove them.")

    def _instruction(self, *_: object) -> None:
        _refuse("不得含有处理指令或样式表引用。", "it may have no processing instruction or style sheet.")

    def _open_root(self, tag: str, attributes: dict[str, str]) -> None:
        if tag != "svg":
            _refuse("不是 SVG 文件。", "it is no SVG.")
        width, height = _length(attributes.get("width")), _length(attributes.get("height"))
        left, top, across, down = _numbers(attributes.get("viewBox", ""), 4)
        if min(across, down, width, height) <= 0 or abs(across / down - width / height) > 0.001 * width / height:
            _refuse(
                "viewBox 的比例须与 width、height 一致。",
                "the viewBox has to have the proportions of width and height.",
            )
        self._size = (round(width, 3), round(height, 3))
        scale = width / across
        # from user units, y downwards, to millimetres from the lower left corner
        page: _Matrix = (scale, 0, 0, -scale, -left * scale, self._size[1] + top * scale)
        self._stack.append(_inherit(_Context(page, "#000000", drawing=True), attributes))

    def _draw(self, tag: str, attributes: dict[str, str], context: _Context) -> None:
        if context.fill == "none":
            return
        outline = _outline(_PATHS[tag](attributes)).transformed(context.matrix)
        self._commands += len(outline.commands)
        if self._commands > _MOST_COMMANDS:
            _refuse("图形过于复杂，请简化。", "it is too complex; simplify it.")
        if not outline.commands:
            return
        width, height = self._size
        for x, y in outline.points():
            across, up = -_OVERHANG_MM <= x <= width + _OVERHANG_MM, -_OVERHANG_MM <= y <= height + _OVERHANG_MM
            if not (across and up):  # no number is within bounds that is none
                _refuse("图形超出画布。", "it reaches out of its box.")
        self._shapes.append(Shape.of("picture", outline))
        self._colours.add(context.fill)


def _plain(attributes: dict[str, str], allowed: set[str]) -> dict[str, str]:
    """The attributes, those in ``style`` among them; all of them on the list."""
    found: dict[str, str] = {}
    for name, value in attributes.items():
        if name == f"{_XML} space":
            continue
        if name not in allowed:
            _refuse_attribute(name.rpartition(" ")[2])
        if name != "style":
            found[name] = value.strip()
    for declaration in filter(str.strip, attributes.get("style", "").split(";")):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name not in allowed - {"style", "id"} or name in _ROOT:
            _refuse_attribute(name)
        found[name] = value
    for name, harmless in _HARMLESS.items():
        if found.get(name, harmless) != harmless:
            _refuse_attribute(name)
    return found


def _inherit(outer: _Context, attributes: dict[str, str]) -> _Context:
    matrix = outer.matrix
    if "transform" in attributes:
        matrix = _times(matrix, _transform(attributes["transform"]))
    fill = _colour(attributes["fill"]) if "fill" in attributes else outer.fill
    return _Context(matrix, fill, drawing=True)


def _colour(value: str) -> str:
    if value == "none":
        return value
    if value in _NAMED:
        return _NAMED[value]
    if _HEX.fullmatch(value):
        digits = value[1:].upper()
        return f"#{digits}" if len(digits) == 6 else "#" + "".join(2 * digit for digit in digits)
    rgb = _RGB.fullmatch(value)
    if rgb is None or any(int(part) > 255 for part in rgb.groups()):
        _refuse(
            "填充须为 #RRGGBB 形式的单一颜色（不得使用渐变或引用）。",
            "a fill is one colour written #RRGGBB, no gradient and no reference.",
        )
    return "#" + "".join(f"{int(part):02X}" for part in rgb.groups())


def _length(value: str | None) -> float:
    found = _LENGTH.fullmatch((value or "").strip())
    if found is None:
        _refuse(
            '须以毫米写明 width 和 height，例如 width="42mm"。', 'it has to have width and height, as in width="42mm".'
        )
    return float(found[1]) * _MM[found[2]]


def _numbers(text: str, count: int | None = None) -> list[float]:
    text = text.strip()
    numbers = [float(part) for part in re.split(r"[\s,]+", text)] if _NUMBERS.fullmatch(text) else []
    if (count is not None and len(numbers) != count) or not all(map(math.isfinite, numbers)):
        _refuse("含有无效的数值。", "it has numbers that are none.")
    return numbers


def _transform(text: str) -> _Matrix:
    matrix, place = _IDENTITY, 0
    while place < len(text):
        found = _TRANSFORM.match(text, place)
        if found is None:
            _refuse_attribute("transform")
        matrix = _times(matrix, _step(found[1], _numbers(found[2])))
        place = found.end()
    return matrix


def _step(name: str, numbers: list[float]) -> _Matrix:
    match name, numbers:
        case "matrix", [a, b, c, d, e, f]:
            return (a, b, c, d, e, f)
        case "translate", [x, *rest] if len(rest) < 2:
            return (1, 0, 0, 1, x, rest[0] if rest else 0)
        case "scale", [x, *rest] if len(rest) < 2:
            return (x, 0, 0, rest[0] if rest else x, 0, 0)
        case "rotate", [degrees]:
            turn = math.radians(degrees)
            return (math.cos(turn), math.sin(turn), -math.sin(turn), math.cos(turn), 0, 0)
        case "rotate", [degrees, x, y]:
            there = _times((1, 0, 0, 1, x, y), _step("rotate", [degrees]))
            return _times(there, (1, 0, 0, 1, -x, -y))
    return _refuse_attribute("transform")


def _times(outer: _Matrix, inner: _Matrix) -> _Matrix:
    a, b, c, d, e, f = outer
    g, h, i, j, k, m = inner
    return (a * g + c * h, b * g + d * h, a * i + c * j, b * i + d * j, a * k + c * m + e, b * k + d * m + f)


def _outline(path: str) -> Outline:
    """The closed contours of path data; a line back to the start is left out, because closing draws it."""
    if not _PATH.fullmatch(path):
        _refuse("路径数据无效。", "it has path data that are none.")
    pen = OutlinePen(None)
    try:
        parse_path(" ".join(path.split()), pen)
    except (ValueError, IndexError, ArithmeticError, AssertionError):
        _refuse("路径数据无效。", "it has path data that are none.")
    commands: list[Command] = []
    contour: list[Command] = []
    for command in pen.commands:
        if command[0] != "Z":
            contour.append(command)
            continue
        if contour and contour[-1] == ("L", contour[0][1]):
            contour.pop()
        if len(contour) > 1:
            commands += [*contour, command]
        contour = []
    return Outline(tuple(commands))


def _rectangle(attributes: dict[str, str]) -> str:
    x, y, width, height = (_one(attributes, name) for name in ("x", "y", "width", "height"))
    return f"M{x!r},{y!r}h{width!r}v{height!r}h{-width!r}z"


def _ellipse(attributes: dict[str, str]) -> str:
    x, y = _one(attributes, "cx"), _one(attributes, "cy")
    across = _one(attributes, "rx" if "rx" in attributes else "r")
    down = _one(attributes, "ry" if "ry" in attributes else "r")
    half = f"A{across!r} {down!r} 0 0 0"
    return f"M{x - across!r},{y!r}{half} {x + across!r} {y!r}{half} {x - across!r} {y!r}z"


def _polygon(attributes: dict[str, str]) -> str:
    numbers = _numbers(attributes.get("points", ""))
    if len(numbers) < 6 or len(numbers) % 2:
        _refuse("多边形的顶点无效。", "it has a polygon without corners.")
    return "M" + " ".join(map(repr, numbers)) + "z"


def _one(attributes: dict[str, str], name: str) -> float:
    return _numbers(attributes.get(name, "0"), 1)[0]


_PATHS: dict[str, Callable[[dict[str, str]], str]] = {
    "path": lambda attributes: attributes.get("d", ""),
    "rect": _rectangle,
    "circle": _ellipse,
    "ellipse": _ellipse,
    "polygon": _polygon,
}


def _shown(text: str) -> str:
    return "".join(each for each in text[:30] if each.isprintable())


def _refuse_element(tag: str) -> NoReturn:
    advice = {
        "text": ("请先将文字转换为轮廓", "convert text to outlines"),
        "image": ("请只使用矢量图形，或上传 PNG", "use vectors only, or upload a PNG"),
        "script": ("不得含有脚本", "scripts are not allowed"),
        "style": ("请将样式写入各图形的 fill 属性", "write the fill of each shape as an attribute"),
        "use": ("请取消克隆，使用独立的图形", "unlink clones"),
    }
    zh, en = advice.get(tag, ("请转换为路径后另存为“普通 SVG”", "convert it to paths and save as plain SVG"))
    _refuse(f"含有不允许的元素“{_shown(tag)}”，{zh}。", f"it has an element {_shown(tag)!r}; {en}.")


def _refuse_attribute(name: str) -> NoReturn:
    advice = {
        "stroke": ("请将描边转换为轮廓", "convert strokes to outlines"),
        "fill-rule": ("请合并路径，使用非零填充规则", "combine paths by the non-zero rule"),
        "opacity": ("不得半透明", "nothing may be translucent"),
        "fill-opacity": ("不得半透明", "nothing may be translucent"),
    }
    zh, en = advice.get(name, ("请删除后另存为“普通 SVG”", "remove it and save as plain SVG"))
    _refuse(f"含有不允许的属性“{_shown(name)}”，{zh}。", f"it has an attribute {_shown(name)!r}; {en}.")


def _refuse(problem_zh: str, problem_en: str) -> NoReturn:
    raise PictureRefusedError(problem_zh=problem_zh, problem_en=problem_en)
