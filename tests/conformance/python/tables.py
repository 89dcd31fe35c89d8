"""What both ends know of a protocol: docs/schema_wire.md, sections 2 and 7; docs/protocol.md, 10.1.

`Table` reads one table of a capture's `schema.json` and makes everything derived in it anew: the
numbers of channels and messages, the wire text, the protocol id, the largest bodies.
"""

import json

from .blocks import decode_block, fields, fixed_bits, is_packed, length_range, quantized_grid
from .noise import sha256
from .wire import Refused

PRIORITIES = {
    "input": 6, "reliable-ordered": 5, "reliable-unordered": 5, "reliable-latest": 4, "sequenced": 3, "unreliable": 2,
}  # fmt: skip
DEFAULT_REDUNDANCY = 3


class Table:
    """One version of a protocol."""

    def __init__(self, protocol_name, table):
        self.name, self.version, self.id = protocol_name, table["version"], table["id"]
        self.channels, self.messages = table["channels"], table["messages"]
        self.wire, self.projection = table["wire"], table["projection"]

    def decode(self, channel_number, body, sender):
        """Name and value of a message body (schema_wire, section 2)."""
        names = self.channels[channel_number]["messages"]
        number = 0
        if len(names) > 1:
            if not body:
                raise Refused("short")
            number, body = body[0], body[1:]
        if number >= len(names):
            raise Refused("unknownMessage")
        message = self.messages[names[number]]
        if message["from"] not in ("both", sender):
            raise Refused("direction")
        return names[number], decode_block(message["struct"], body)

    def differences(self):
        """What the documents say otherwise than this table."""
        lines = self.wire_text()
        if lines != self.wire:
            yield f"wire text of {self.name} {self.version}: {lines!r} instead of {self.wire!r}"
        if sha256(lines.encode())[:8].hex() != self.id:
            yield f"protocol id of {self.name} {self.version}"
        names = [channel["name"] for channel in self.channels]
        if names != sorted(names, key=utf16) or len(names) > 63:
            yield f"channels of {self.name} are not numbered by name"
        for channel in self.channels:
            yield from self.channel_differences(channel)
        for name, message in self.messages.items():
            channel = self.channels[message["channel"]]
            if channel["messages"][message["indexInChannel"]] != name:
                yield f"number of {name} on its channel"
            yield from grid_differences(name, message["struct"])

    def channel_differences(self, channel):
        """Numbers of messages, largest body, defaults."""
        where, names = f"channel {channel['name']} of {self.name}", channel["messages"]
        if names != sorted(names, key=utf16):
            yield f"{where}: messages are not numbered by name"
        largest = max(largest_block(self.messages[name]["struct"]) for name in names) + (len(names) > 1)
        if largest != channel["maxMessageBytes"]:
            yield f"{where}: maxMessageBytes is {largest} by the documents, {channel['maxMessageBytes']} here"
        if channel["priority"] != PRIORITIES[channel["delivery"]] or channel["weight"] != 1:
            yield f"{where}: priority or weight is not the default"
        if channel["redundancy"] != (DEFAULT_REDUNDANCY if channel["delivery"] == "input" else 0):
            yield f"{where}: redundancy is not the default"

    def wire_text(self):
        """The text that the protocol id is the hash of (section 7)."""
        lines = ["tickwire schema 1", f"protocol {self.name}"]
        for channel in self.channels:
            lines.append(f"channel {channel['index']} {channel['delivery']}")
            for number, name in enumerate(channel["messages"]):
                message = self.messages[name]
                lines.append(f"message {name} from {message['from']} at {channel['index']}.{number}")
                lines += type_lines(message["struct"], 1)
        return "\n".join(lines)


def utf16(name):
    """Names are compared by UTF-16 code units."""
    return name.encode("utf-16-be")


def type_lines(node, depth):
    """Lines of a type, indented by one space for each level of nesting."""
    kind = node["kind"]
    if kind == "struct":
        return [line for field in fields(node) for line in type_lines(field["node"], depth)]
    lines = [" " * depth + type_line(node)]
    for inner in ("inner", "element", "key"):
        if inner in node:
            lines += type_lines(node[inner], depth + 1)
    if kind == "map":
        lines += type_lines(node["value"], depth + 1)
    for variant in node.get("variants", ()):
        lines.append(" " * (depth + 1) + f"variant {variant['name']}")
        lines += type_lines(variant["struct"], depth + 2)
    return lines


def type_line(node):
    """How a type is written; numbers as ECMAScript prints them."""
    kind = node["kind"]
    if kind == "float":
        return f"f{node['bits']}"
    if kind == "int":
        return f"int({node['min']},{node['max']})"
    if kind == "quantized":
        grid = node["grid"]
        return f"quantized({number(grid['min'])},{number(grid['max'])},{grid['steps']})"
    if kind == "angle":
        return f"angle({node['bits']})"
    if kind == "quaternion":
        return f"quat({node['bits']})"
    if kind == "enum":
        return f"enum({','.join(json.dumps(value, ensure_ascii=False) for value in node['values'])})"
    if kind == "bytes" and node["minBytes"] > 0:
        return f"bytes(={node['minBytes']})"
    if kind in ("string", "bytes"):
        return f"{kind}({node['maxBytes']})"
    if kind == "any":
        return f"any({node['maxBytes']},{node['maxDepth']},{node['maxItems']})"
    if kind == "array":
        return f"array({node['min']},{node['max']})"
    return f"map({node['max']})" if kind == "map" else kind


def number(value):
    """A number as ECMAScript prints it, for the magnitudes that declarations have."""
    return str(int(value)) if float(value).is_integer() else repr(value)


def largest_block(node):
    """Largest size of a block."""
    return (fixed_bits(node) + 7) // 8 + largest_tail(node)


def largest_tail(node):
    """Largest size of what follows the fixed part."""
    kind = node["kind"]
    if kind == "struct":
        return sum(largest_tail(field["node"]) for field in fields(node))
    if kind in ("string", "bytes", "any"):
        return node["maxBytes"]
    if kind == "varint":
        return 5
    if kind == "optional":
        return largest_block(node["inner"])
    if kind == "union":
        return max(largest_block(variant["struct"]) for variant in node["variants"])
    if kind == "map":
        return node["max"] * (-(-(fixed_bits(node["key"]) + fixed_bits(node["value"])) // 8)
                              + largest_tail(node["key"]) + largest_tail(node["value"]))  # fmt: skip
    if kind == "array":
        element, count = node["element"], node["max"]
        return -(-count * fixed_bits(element) // 8) if is_packed(element) else count * largest_block(element)
    return 0


def grid_differences(where, node):
    """Derived numbers in the tree that section 4 derives otherwise."""
    kind = node["kind"]
    if kind == "struct":
        for field in node["fields"]:
            yield from grid_differences(f"{where}.{field['name']}", field["node"])
    elif kind == "quantized":
        grid = node["grid"]
        derived = quantized_grid(grid["min"], grid["max"], grid["steps"])
        if derived != (grid["center"], grid["origin"], grid["stepSize"]):
            yield f"{where}: center, origin and size are {derived}"
    if "bits" in node and kind not in ("quaternion", "any", "string", "bytes", "array", "map", "union"):
        if kind != "quantized" and node["bits"] != fixed_bits(node):
            yield f"{where}: {fixed_bits(node)} bits, not {node['bits']}"
    elif "bits" in node and kind != "quaternion":
        least, most = length_range(node)
        if (most - least).bit_length() != node["bits"]:
            yield f"{where}: a length of {node['bits']} bits"
