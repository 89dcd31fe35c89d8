"""Frames of a DATA packet's plaintext: docs/protocol.md, section 9."""

from dataclasses import dataclass, field

from .protection import expand_packet_number
from .wire import Reader, Refused

MALFORMED = "malformedFrames"
MOST_FRAMES = 64
MOST_PAIRS = 31
MOST_REASON_BYTES = 200
SMALLEST_PART = 256


@dataclass
class Frame:
    """One frame: its name, its fields under the names of the captures, its body if it has one."""

    name: str
    fields: dict = field(default_factory=dict)
    body: bytes = b""

    def asks_for_ack(self):
        """The last column of the table of section 9."""
        return self.name not in ("ACK", "CLOSE", "TIME")


def parse_frames(plaintext, channels):
    """All frames but PAD, in order, and the number of PAD frames. `channels` are those of the schema."""
    reader, frames, pads = Reader(plaintext, MALFORMED), [], 0
    while not reader.is_at_end():
        kind = reader.uint(1)
        if kind == 0:
            pads += 1
            continue
        frames.append(parse_frame(kind, reader, channels))
        require(len(frames) <= MOST_FRAMES)
    return frames, pads


def parse_frame(kind, reader, channels):
    """The frame whose type byte was `kind`."""
    if kind >= 0x80:
        return parse_fragment(kind, reader, channels)
    if kind >= 0x40:
        return parse_message(kind, reader, channels)
    require(kind in CONTROL)
    return CONTROL[kind](reader)


def parse_ack(reader):
    """Section 9.1. `runs` is the first run, then a gap and a run by turns."""
    largest, delay, runs = reader.uint(2), reader.uint(1), [reader.varint()]
    count = reader.uint(1)
    require(count <= MOST_PAIRS)
    runs += [reader.varint() for _ in range(2 * count)]
    require(all(run > 0 for run in runs))
    return Frame("ACK", {"largest": largest, "delay": delay, "runs": runs})


def parse_close(reader):
    """Code and reason; ill-formed UTF-8 is no fault."""
    code, length = reader.varint(), reader.uint(1)
    require(length <= MOST_REASON_BYTES)
    return Frame("CLOSE", {"code": code, "reason": reader.bytes(length).decode("utf-8", "replace")})


def parse_probe(reader):
    """Zeros up to the end of the packet."""
    padding = reader.rest()
    require(not any(padding))
    return Frame("PROBE", {"bytes": len(padding)})


CONTROL = {
    0x01: lambda reader: Frame("PING"),
    0x02: parse_ack,
    0x03: parse_close,
    0x04: lambda reader: Frame("PATH_CHALLENGE", {"data": reader.bytes(8).hex()}),
    0x05: lambda reader: Frame("PATH_RESPONSE", {"data": reader.bytes(8).hex()}),
    0x06: lambda reader: Frame("TIME", {"tick": reader.uint(4), "microseconds": reader.uint(2)}),
    0x07: lambda reader: Frame("CREDIT", {"channel": reader.varint(), "limit": reader.varint()}),
    0x08: parse_probe,
}


def parse_channel(bits, escape, reader, channels):
    """The channel number of a type byte, or the one that follows when all its bits are set."""
    number = bits
    if bits == escape:
        number = reader.varint()
        require(number >= escape)
    require(number < len(channels))
    return number


def parse_message(kind, reader, channels):
    """Section 9.2. A type byte is `0 1 L c c c c c`."""
    channel = parse_channel(kind & 0x1F, 0x1F, reader, channels)
    fields = {"channel": channel}
    if channels[channel]["delivery"] != "unreliable":
        fields["sequence"] = reader.uint(2)
    body = reader.bytes(reader.varint()) if kind & 0x20 else reader.rest()
    return Frame("MESSAGE", {**fields, "bytes": len(body)}, body)


def parse_fragment(kind, reader, channels):
    """Section 9.3. A type byte is `1 L c c c c c c`."""
    channel = parse_channel(kind & 0x3F, 0x3F, reader, channels)
    sequence, part, count = reader.uint(2), reader.varint(), reader.varint()
    body = reader.bytes(reader.varint()) if kind & 0x40 else reader.rest()
    require(count >= 2 and part < count)
    require(len(body) >= (1 if part == count - 1 else SMALLEST_PART))
    fields = {"channel": channel, "sequence": sequence, "part": part, "partCount": count, "bytes": len(body)}
    return Frame("FRAGMENT", fields, body)


def ack_ranges(frame, largest_sent):
    """Which packets an ACK frame names, as (first, last) from the newest down (section 9.1)."""
    last = expand_packet_number(frame.fields["largest"], 2, largest_sent)
    runs = frame.fields["runs"]
    ranges = [(last - runs[0] + 1, last)]
    for gap, run in zip(runs[1::2], runs[2::2]):
        last = ranges[-1][0] - gap - 1
        ranges.append((last - run + 1, last))
    if ranges[0][1] > largest_sent or ranges[-1][0] < 0:
        raise Refused("badAck")
    return ranges


def require(holds):
    """Refuses unless the rule holds."""
    if not holds:
        raise Refused(MALFORMED)
