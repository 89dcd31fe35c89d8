"""`any`, a dynamic value as restricted msgpack: docs/schema_wire.md, section 5."""

import base64
import math
import struct

from .wire import Refused, Reader

LARGEST = 2**53 - 1
# By first byte: the size of the number that follows, and the first value that needs this form
# because no shorter one can hold it.
INTEGERS = {0xCC: (1, 128), 0xCD: (2, 1 << 8), 0xCE: (4, 1 << 16), 0xCF: (8, 1 << 32)}
NEGATIVES = {0xD0: (1, -33), 0xD1: (2, -129), 0xD2: (4, -32769), 0xD3: (8, -(1 << 31) - 1)}
LENGTHS = {
    0xD9: ("text", 1, 32), 0xDA: ("text", 2, 1 << 8), 0xDB: ("text", 4, 1 << 16),
    0xC4: ("binary", 1, 0), 0xC5: ("binary", 2, 1 << 8), 0xC6: ("binary", 4, 1 << 16),
    0xDC: ("array", 2, 16), 0xDD: ("array", 4, 1 << 16),
    0xDE: ("map", 2, 16), 0xDF: ("map", 4, 1 << 16),
}  # fmt: skip


def decode_any(data, max_depth, max_items):
    """The value that all of `data` is, in the JSON form of the captures."""
    decoder = _Decoder(data, max_depth, max_items)
    value = decoder.value(1)
    if not decoder.reader.is_at_end():
        raise Refused("dynamic")
    return value


class _Decoder:
    def __init__(self, data, max_depth, max_items):
        self.reader = Reader(data, "dynamic")
        self.max_depth, self.items_left = max_depth, max_items

    def count_item(self):
        self.items_left -= 1
        require(self.items_left >= 0)

    def big_endian(self, size, signed=False):
        return int.from_bytes(self.reader.bytes(size), "big", signed=signed)

    def value(self, depth):
        """One value; a value in a container is one deeper than it."""
        self.count_item()
        require(depth <= self.max_depth)
        first = self.reader.uint(1)
        if first < 0x80:
            return first
        if first >= 0xE0:
            return first - 0x100
        if first in (0xC0, 0xC2, 0xC3):
            return {0xC0: None, 0xC2: False, 0xC3: True}[first]
        if first in INTEGERS:
            size, least = INTEGERS[first]
            number = self.big_endian(size)
            require(least <= number <= LARGEST)
            return number
        if first in NEGATIVES:
            size, most = NEGATIVES[first]
            number = self.big_endian(size, signed=True)
            require(-LARGEST <= number <= most)
            return number
        if first == 0xCB:
            return self.float64()
        return self.sized(first, depth)

    def float64(self):
        (number,) = struct.unpack(">d", self.reader.bytes(8))
        require(math.isfinite(number) and not (number.is_integer() and abs(number) <= LARGEST))
        return number

    def sized(self, first, depth):
        """Text, binary, array or map: the fix forms, or a length in its shortest form."""
        kind, length = self.kind_and_length(first)
        if kind == "text":
            return self.text(length)
        if kind == "binary":
            return {"$bytes": base64.b64encode(self.reader.bytes(length)).decode()}
        if kind == "array":
            return [self.value(depth + 1) for _ in range(length)]
        entries, before = {}, None
        for _ in range(length):
            self.count_item()
            key_kind, key_length = self.kind_and_length(self.reader.uint(1))
            require(key_kind == "text")
            key = self.text(key_length)
            units = key.encode("utf-16-be")
            require(key != "__proto__" and (before is None or units > before))
            entries[key], before = self.value(depth + 1), units
        return entries

    def kind_and_length(self, first):
        if 0xA0 <= first <= 0xBF:
            return "text", first & 0x1F
        if 0x90 <= first <= 0x9F:
            return "array", first & 0x0F
        if 0x80 <= first <= 0x8F:
            return "map", first & 0x0F
        require(first in LENGTHS)
        kind, size, least = LENGTHS[first]
        length = self.big_endian(size)
        require(length >= least)
        return kind, length

    def text(self, length):
        try:
            text = self.reader.bytes(length).decode("utf-8")
        except UnicodeDecodeError:
            raise Refused("dynamic") from None
        require(not text.startswith("\ufeff"))
        return text


def require(holds):
    """Refuses unless the rule holds."""
    if not holds:
        raise Refused("dynamic")
