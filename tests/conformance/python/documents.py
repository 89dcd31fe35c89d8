"""Reads the documents themselves: sections, blocks of code, declarations, vectors.

The payloads of handshakes and queries are decoded with the declarations that docs/protocol.md
prints, not with a copy of them.
"""

import re
from pathlib import Path

DOCS = Path(__file__).parents[3] / "docs"
PROTOCOL = (DOCS / "protocol.md").read_text("utf-8")
SCHEMA_WIRE = (DOCS / "schema_wire.md").read_text("utf-8")
CAPTURES = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


def section(document, title):
    """Text below the heading that begins with `title`, up to the next heading."""
    found = re.search(rf"^#+ {re.escape(title)}\b.*?\n(.*?)(?=^#+ |\Z)", document, re.M | re.S)
    if not found:
        raise ValueError(f"no section {title}")
    return found[1]


def code_blocks(text):
    """Contents of the fenced blocks of a section."""
    return re.findall(r"^```\w*\n(.*?)^```$", text, re.M | re.S)


# --- Declarations ---------------------------------------------------------------------------------

INTEGERS = {f"{sign}{width}": (sign, width) for sign in "ui" for width in (8, 16, 32)}
LEAVES = {
    "bool": {"kind": "bool"},
    "varint": {"kind": "varint"},
    "f32": {"kind": "float", "bits": 32},
    "f64": {"kind": "float", "bits": 64},
    "tick": {"kind": "int", "min": 0, "max": 2**32 - 1},
}


def declaration(text):
    """The type that a declaration in the words of the documents is, as a tree for blocks.py."""
    # What stands behind two spaces is a remark.
    lines = [re.sub(r"(?<=\S) {2,}.*", "", line) for line in text.splitlines()]
    tokens = re.findall(r'[A-Za-z_]\w*|"[^"]*"|-?\d[\d.]*|[{}():.]', " ".join(lines))
    node, rest = _type(tokens)
    if rest:
        raise ValueError(f"cannot read {rest}")
    return node


def _type(tokens):
    name, rest = tokens[0], tokens[1:]
    if name in ("{", "struct"):
        node, rest = _struct(tokens if name == "{" else rest)
    else:
        arguments, rest = _arguments(rest) if rest[:1] == ["("] else ([], rest)
        node, rest = _union(arguments, rest) if name == "union" else (_named(name, arguments), rest)
    while rest[:2] == [".", "optional"]:
        node, rest = {"kind": "optional", "inner": node}, rest[4:]
    return node, rest


def _struct(tokens):
    fields, rest = [], tokens[1:]
    while rest[0] != "}":
        node, after = _type(rest[2:])
        fields.append({"name": rest[0], "node": node})
        rest = after
    return {"kind": "struct", "fields": fields}, rest[1:]


def _union(arguments, tokens):
    variants, rest = _struct(tokens)
    listed = [{"name": variant["name"], "struct": variant["node"]} for variant in variants["fields"]]
    return {"kind": "union", "tag": arguments[0], "variants": listed}, rest


def _arguments(tokens):
    """What stands between parentheses: texts, types, and options in braces as one dictionary."""
    values, rest = [], tokens[1:]
    while rest[0] != ")":
        if rest[0].startswith('"'):
            values, rest = [*values, rest[0][1:-1]], rest[1:]
        elif rest[0] == "{":
            end = rest.index("}")
            values.append({rest[at]: int(rest[at + 2]) for at in range(1, end, 3)})
            rest = rest[end + 1 :]
        else:
            node, rest = _type(rest)
            values.append(node)
    return values, rest[1:]


def _named(name, arguments):
    options = arguments[-1] if arguments and isinstance(arguments[-1], dict) else {}
    if name in LEAVES:
        return LEAVES[name]
    if name in INTEGERS:
        sign, width = INTEGERS[name]
        least = 0 if sign == "u" else -(1 << (width - 1))
        return {"kind": "int", "min": least, "max": least + (1 << width) - 1}
    if name == "enum":
        return {"kind": "enum", "values": arguments}
    if name == "string":
        return {"kind": "string", "maxBytes": options["maxBytes"]}
    if name == "bytes":
        least = options.get("length", 0)
        return {"kind": "bytes", "minBytes": least, "maxBytes": options.get("maxBytes", least)}
    if name == "array":
        return {"kind": "array", "element": arguments[0], "min": options.get("min", 0), "max": options["max"]}
    raise ValueError(f"cannot read a declaration of {name}")


# --- Payloads: sections 6.1, 6.2, 22 and 23 -------------------------------------------------------

HELLO = declaration(code_blocks(section(PROTOCOL, "6.1 HELLO"))[0])
ACCEPT = declaration(code_blocks(section(PROTOCOL, "6.2 ACCEPT"))[0])
CONNECT_TICKET, SEALED_TICKET, RESUME_TICKET = (
    declaration(block) for block in code_blocks(section(PROTOCOL, "22 Tickets"))
)
QUERY_INFO, QUERY_SCHEMA = (
    declaration(text) for text in re.findall(r"`(struct \{.*?\})`", section(PROTOCOL, "23 Query"))
)


# --- Appendix B -----------------------------------------------------------------------------------


def vectors():
    """Appendix B: by section, by label, a text or the bytes of a hexadecimal block."""
    marked = re.search(r"<!-- vectors: begin -->(.*?)<!-- vectors: end -->", PROTOCOL, re.S)[1]
    found = {}
    for number, body in re.findall(r"^### (B\.\d+) (.*?)(?=^### |\Z)", marked, re.M | re.S):
        found[number] = {}
        for block in code_blocks(body):
            for label, digits in re.findall(r"^(\S.*):\n((?:  .*\n)+)", block, re.M):
                found[number][label] = bytes.fromhex("".join(digits.split()))
            for label, value in re.findall(r"^(\S.*?): (.*[^:\n])$", block, re.M):
                found[number][label] = value
    return found
