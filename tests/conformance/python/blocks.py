"""Blocks: how a value of a declared type is laid out. docs/schema_wire.md, sections 1 to 6.

A type is a tree of nodes, as in `schema.json` of a capture or as `declarations.py` makes it from
the text of a document. Values are made in the JSON form of the captures: bytes are base64, an
absent optional is left out, a union is its variant's properties and the name of the variant.
"""

import base64
import math
import struct

from .dynamic import decode_any
from .wire import Reader, Refused

ABSENT = object()


def decode_block(node, data):
    """The value that all of `data` is (section 3)."""
    bits = Bits(data)
    value = block(node, bits)
    if bits.at != 8 * len(data):
        raise Refused("trailing")
    return value


class Bits:
    """A byte sequence as bits, least significant first (section 1)."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def uint(self, width):
        """An unsigned integer of `width` bits."""
        end = self.at + width
        if end > 8 * len(self.data):
            raise Refused("short")
        covering = int.from_bytes(self.data[self.at // 8 : (end + 7) // 8], "little")
        value = covering >> (self.at % 8) & ((1 << width) - 1)
        self.at = end
        return value

    def align(self):
        """Skips padding, which is zero."""
        if self.uint(-self.at % 8) != 0:
            raise Refused("padding")

    def bytes(self, count):
        """Bytes are always aligned."""
        start = self.at // 8
        if start + count > len(self.data):
            raise Refused("short")
        self.at += 8 * count
        return self.data[start : start + count]

    def varint(self):
        """Section 5; where the bytes end is told from an over-long form."""
        start = self.at // 8
        if all(byte >= 0x80 for byte in self.data[start : start + 5]) and len(self.data) - start < 5:
            raise Refused("short")
        reader = Reader(self.data, "varint", start)
        value = reader.varint()
        self.at = 8 * reader.at
        return value


# --- Sections 2 and 3: blocks ---------------------------------------------------------------------


def block(node, bits):
    """fixed(type) · align · tail(type)"""
    if bits.at + fixed_bits(node) > 8 * len(bits.data):
        raise Refused("short")
    head = fixed(node, bits)
    bits.align()
    return tail(node, head, bits)


def fields(struct_node):
    """The fields that the version in use carries."""
    return [field for field in struct_node["fields"] if field.get("carried", True)]


def length_range(node):
    """Smallest and largest length, count or variant number of a node that has one in its fixed part."""
    kind = node["kind"]
    if kind == "bytes":
        return node["minBytes"], node["maxBytes"]
    if kind == "array":
        return node["min"], node["max"]
    if kind == "map":
        return 0, node["max"]
    if kind == "union":
        return 0, len(node["variants"]) - 1
    return (1 if kind == "any" else 0), node["maxBytes"]


SIZED = ("string", "bytes", "any", "array", "map", "union")


def fixed_bits(node):
    """Width of the fixed part: a property of the declaration alone."""
    kind = node["kind"]
    if kind == "struct":
        return sum(fixed_bits(field["node"]) for field in fields(node))
    if kind in SIZED:
        least, most = length_range(node)
        return (most - least).bit_length()
    if kind == "optional":
        return 1
    return 0 if kind == "varint" else leaf_bits(node)


def fixed(node, bits):
    """What the fixed part says: values of leaves, lengths, counts, variant numbers."""
    kind = node["kind"]
    if kind == "struct":
        return [fixed(field["node"], bits) for field in fields(node)]
    if kind in SIZED:
        least, most = length_range(node)
        value = least + bits.uint((most - least).bit_length())
        if value > most:
            raise Refused("tag" if kind == "union" else "count")
        return value
    if kind == "optional":
        return bits.uint(1)
    return None if kind == "varint" else leaf(node, bits)


def tail(node, head, bits):
    """The rest of a value whose fixed part said `head`."""
    kind = node["kind"]
    if kind == "struct":
        pairs = [(field, tail(field["node"], part, bits)) for field, part in zip(fields(node), head)]
        return {field["name"]: value for field, value in pairs if value is not ABSENT}
    if kind == "varint":
        return bits.varint()
    if kind == "string":
        return text(bits.bytes(head))
    if kind == "bytes":
        return base64.b64encode(bits.bytes(head)).decode()
    if kind == "any":
        return decode_any(bits.bytes(head), node["maxDepth"], node["maxItems"])
    if kind == "array":
        return elements(node["element"], head, bits)
    if kind == "map":
        return entries(node, head, bits)
    if kind == "optional":
        return block(node["inner"], bits) if head else ABSENT
    if kind == "union":
        variant = node["variants"][head]
        return {node["tag"]: variant["name"], **block(variant["struct"], bits)}
    return head


# --- Section 4: leaves ----------------------------------------------------------------------------


def leaf_bits(node):
    """Width of a leaf."""
    kind = node["kind"]
    if kind == "int":
        return (node["max"] - node["min"]).bit_length()
    if kind == "quantized":
        return node["grid"]["steps"].bit_length()
    if kind == "enum":
        return (len(node["values"]) - 1).bit_length()
    if kind == "quaternion":
        return 2 + 3 * node["bits"]
    if kind == "compressedFloat":
        return float_grid(node)[2].bit_length()
    return 1 if kind == "bool" else node["bits"]


def leaf(node, bits):
    """Value of a leaf."""
    kind, u = node["kind"], None
    if kind == "quaternion":
        return quaternion(node["bits"], bits)
    u = bits.uint(leaf_bits(node))
    if kind == "bool":
        return u == 1
    if kind == "int":
        return in_range(node["min"] + u, node["max"])
    if kind == "enum":
        if u >= len(node["values"]):
            raise Refused("tag")
        return node["values"][u]
    if kind == "float":
        (number,) = struct.unpack("<f" if node["bits"] == 32 else "<d", u.to_bytes(node["bits"] // 8, "little"))
        if not math.isfinite(number):
            raise Refused("notFinite")
        return number
    if kind == "quantized":
        return quantized(node["grid"], in_range(u, node["grid"]["steps"]))
    if kind == "compressedFloat":
        return compressed_float(node, u)
    if kind == "angle":
        turn = 1 << node["bits"]
        return (u - turn if 2 * u >= turn else u) * (2 * math.pi / turn)
    raise ValueError(f"docs/schema_wire.md knows no leaf {kind}")


def in_range(value, most):
    """A number that is at most `most`."""
    if value > most:
        raise Refused("range")
    return value


def quantized_grid(least, most, steps):
    """`center`, `origin` and `size` of a step; `steps` was made even when the range is symmetric."""
    if least == -most:
        center = steps // 2
        return center, 0, most / center
    return 0, least, (most - least) / steps


def quantized(grid, k):
    """Value of step `k`: the ends are exact."""
    if k in (0, grid["steps"]):
        return grid["max"] if k else grid["min"]
    center, origin, size = quantized_grid(grid["min"], grid["max"], grid["steps"])
    return origin + (k - center) * size


def float32(number):
    """The nearest binary32; one operation in binary64, rounded by this, is one in binary32."""
    return struct.unpack("<f", struct.pack("<f", number))[0]


def float_grid(node):
    """`min`, `delta` and `quanta` of a compressed float."""
    least, most, resolution = (float32(node[name]) for name in ("min", "max", "resolution"))
    delta = float32(most - least)
    values = min(max(float32(delta / resolution), 1), 4294967040)
    return least, delta, math.ceil(values)


def compressed_float(node, u):
    """((u / quanta) × delta) + min, in float32 arithmetic."""
    least, delta, quanta = float_grid(node)
    share = float32(float32(in_range(u, quanta)) / quanta)
    return float32(float32(share * delta) + least)


def quaternion(n, bits):
    """The three smaller components, and the largest one from the length of 1."""
    largest, half = bits.uint(2), (1 << (n - 1)) - 1
    small = [bits.uint(n) - half for _ in range(3)]
    others = [number for number in range(4) if number != largest]
    if any(component > half for component in small):
        raise Refused("quaternion")
    square = 2 * half**2 - sum(component**2 for component in small)
    for number, component in zip(others, small):
        if square < component**2 or (square == component**2 and number < largest):
            raise Refused("quaternion")
    scale = 1 / (half * math.sqrt(2))
    values = [component * scale for component in small]
    values.insert(largest, math.sqrt(square) * scale)
    return dict(zip("xyzw", values))


# --- Section 5: variable parts --------------------------------------------------------------------


def text(data):
    """Well-formed UTF-8 without U+0000."""
    if b"\0" in data:
        raise Refused("text")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("text") from None


def is_packed(element):
    """Whether elements of an array follow each other without padding."""
    return not has_tail(element) and fixed_bits(element) <= 32


def has_tail(node):
    """Whether a type puts anything behind its fixed part."""
    if node["kind"] == "struct":
        return any(has_tail(field["node"]) for field in fields(node))
    return node["kind"] in (*SIZED, "varint", "optional")


def elements(element, count, bits):
    """The elements of an array."""
    packed = is_packed(element)
    needed = (count * fixed_bits(element) + 7) // 8 if packed else count * smallest(element)
    require_bytes(needed, bits)
    if not packed:
        return [block(element, bits) for _ in range(count)]
    values = [tail(element, fixed(element, bits), bits) for _ in range(count)]
    bits.align()
    return values


def entries(node, count, bits):
    """The entries of a map, their keys strictly ascending."""
    entry = entry_struct(node)
    require_bytes(count * smallest(entry), bits)
    values, before = {}, None
    for _ in range(count):
        pair = block(entry, bits)
        order = key_order(node["key"], pair["key"])
        if before is not None and order <= before:
            raise Refused("keyOrder")
        values[str(pair["key"])], before = pair["value"], order
    return values


def entry_struct(node):
    """A map's entry: a struct of key and value."""
    return {"kind": "struct", "fields": [{"name": name, "node": node[name]} for name in ("key", "value")]}


def key_order(key_node, key):
    """What keys are compared by."""
    if key_node["kind"] == "enum":
        return key_node["values"].index(key)
    return key.encode() if key_node["kind"] == "string" else key


# --- Section 6: smallest sizes --------------------------------------------------------------------


def require_bytes(needed, bits):
    """Refuses a claim that the bytes at hand cannot keep, before anything is made for it."""
    if bits.at // 8 + needed > len(bits.data):
        raise Refused("short")


def smallest(node):
    """Smallest size of a block, in bytes."""
    return (fixed_bits(node) + 7) // 8 + smallest_tail(node)


def smallest_tail(node):
    """Smallest size of what follows the fixed part."""
    kind = node["kind"]
    if kind == "struct":
        return sum(smallest_tail(field["node"]) for field in fields(node))
    if kind in ("varint", "any"):
        return 1
    if kind == "bytes":
        return node["minBytes"]
    if kind == "array":
        element, count = node["element"], node["min"]
        return (count * fixed_bits(element) + 7) // 8 if is_packed(element) else count * smallest(element)
    if kind == "union":
        return min(smallest(variant["struct"]) for variant in node["variants"])
    return 0
