"""Integers, varints and refusals: docs/protocol.md, section 1; docs/schema_wire.md, section 5."""


class Refused(Exception):
    """A peer's bytes break a rule; the reason is the name that the documents give it."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


class Reader:
    """Reads little-endian fields one after the other; `reason` names what is refused."""

    def __init__(self, data, reason, at=0):
        self.data, self.reason, self.at = data, reason, at

    def bytes(self, count):
        """`bytes[n]`: as they are."""
        taken = self.data[self.at : self.at + count]
        if len(taken) != count:
            raise Refused(self.reason)
        self.at += count
        return taken

    def uint(self, size):
        """`u8` to `u64`, by their size in bytes."""
        return int.from_bytes(self.bytes(size), "little")

    def varint(self):
        """At most 32 bits in 1 to 5 bytes, seven bits a byte; only the shortest form is valid."""
        value = 0
        for index in range(5):
            byte = self.uint(1)
            value |= (byte & 0x7F) << (7 * index)
            if byte < 0x80:
                if (byte == 0 and index > 0) or (index == 4 and byte > 0x0F):
                    break
                return value
        raise Refused(self.reason)

    def rest(self):
        """Everything up to the end."""
        return self.bytes(len(self.data) - self.at)

    def is_at_end(self):
        """Whether everything has been read."""
        return self.at == len(self.data)
