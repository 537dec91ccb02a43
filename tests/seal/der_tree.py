"""DER as a tree whose nodes can be bent, with lengths that stay right, so that damage reaches the deepest reader."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field

from hypothesis import strategies as st

from keys import der

_WRAPPERS = (0x04, 0x03)
_TAGS = (0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0C, 0x13, 0x16, 0x17, 0x18, 0x30, 0x31, 0xA0, 0xA3)
_WAYS = ("retag", "empty", "odd", "drop", "double", "graft", "reverse", "flip", "deepen")
_ODD = (
    b"",
    b"\x00",
    b"\xff" * 9,
    bytes(300),
    b"\x80",
    "\u202e印".encode(),
    b"20261301000000Z",
    b"00000000000000Z",
    b"99991231235959Z",
    b"490101000000Z",
    b"\x30\x80",
    b"\x2a\x81\x1c\xcf\x55" * 20,
)


@dataclass
class Node:
    """An element; those that hold others have no contents of their own."""

    tag: int
    contents: bytes = b""
    prefix: bytes = b""
    """What stands before the elements within: the count of unused bits."""
    children: list[Node] = field(default_factory=list)

    def encode(self) -> bytes:
        inside = self.prefix + b"".join(each.encode() for each in self.children) if self.children else self.contents
        return der.tlv(self.tag, inside)

    def all(self) -> list[Node]:
        found, waiting = [], [self]
        while waiting:
            node = waiting.pop()
            found.append(node)
            waiting.extend(node.children)
        return found


def parse(data: bytes) -> Node:
    """The tree of one element, through octet and bit strings that hold elements themselves."""
    (node,) = _parse_all(data)
    return node


def _parse_all(data: bytes) -> list[Node]:
    found, at = [], 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length >= 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(data[at : at + size], "big"), at + size
        if at + length > len(data):
            raise ValueError("cut short")
        found.append(_node(tag, data[at : at + length]))
        at += length
    return found


def _node(tag: int, contents: bytes) -> Node:
    if tag & 0x20:
        return Node(tag, contents, children=_parse_all(contents))
    if tag in _WRAPPERS:
        prefix = contents[:1] if tag == _WRAPPERS[1] else b""
        if contents[len(prefix) : len(prefix) + 1] == b"\x30":
            try:
                return Node(tag, contents, prefix, _parse_all(contents[len(prefix) :]))
            except (ValueError, IndexError):
                pass
    return Node(tag, contents)


def bent(data: st.DataObject, whole: bytes, most: int = 3) -> bytes:
    """A structure with a few of its elements bent."""
    root = parse(whole)
    for _ in range(data.draw(st.integers(1, most))):
        nodes = root.all()
        _bend(data, nodes[data.draw(st.integers(0, len(nodes) - 1))], nodes)
    return root.encode()


def _bend(data: st.DataObject, node: Node, nodes: list[Node]) -> None:
    match data.draw(st.sampled_from(_WAYS)):
        case "retag":
            node.tag = data.draw(st.sampled_from(_TAGS))
        case "empty":
            node.contents, node.children = b"", []
        case "odd":
            node.contents, node.children = data.draw(st.sampled_from(_ODD)), []
        case "drop" if node.children:
            del node.children[data.draw(st.integers(0, len(node.children) - 1))]
        case "double" if node.children:
            node.children *= data.draw(st.integers(2, 5))
            del node.children[200:]
        case "graft":
            other = nodes[data.draw(st.integers(0, len(nodes) - 1))]
            node.children = [*node.children, deepcopy(other)][:200]
        case "reverse":
            node.children.reverse()
        case "flip" if node.contents and not node.children:
            flipped = bytearray(node.contents)
            flipped[data.draw(st.integers(0, len(flipped) - 1))] ^= 1 << data.draw(st.integers(0, 7))
            node.contents = bytes(flipped)
        case "deepen":
            inner = Node(node.tag, node.contents, node.prefix, node.children)
            node.tag, node.children = 0x30, [inner]
        case _:
            node.contents += b"\x00"
