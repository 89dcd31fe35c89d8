"""What a sender owes its receiver: docs/protocol.md, sections 8.2, 8.6, 9.1, 10.3, 10.4, 12, 15.2.

`Sender` follows the packets that one end of a connection sends and the acknowledgements that reach
it; `Outbound` is one of its channels, which outlives the connection.
"""

from .channels import CHARGE_BYTES, RELIABLE, WINDOW, expand_sequence
from .frames import ack_ranges
from .protection import packet_number_bytes
from .wire import Refused

ALONE = ("PATH_CHALLENGE", "PROBE", "CLOSE")
TIME_INTERVAL_MS = 200
DELAY_UNIT_MS = 0.5


class Outbound:
    """The sending side of one channel."""

    def __init__(self, channel):
        self.delivery, self.redundancy = channel["delivery"], channel["redundancy"]
        self.next_sequence, self.charged = 0, 0
        self.limit = max(65536, channel["maxMessageBytes"] + CHARGE_BYTES)
        self.unacked = {}

    def sent(self, frame, size):
        """Notes a frame with a sequence; yields the rules that it breaks. `size` is that of the message."""
        sequence = expand_sequence(frame.fields["sequence"], self.next_sequence)
        if sequence > self.next_sequence:
            yield f"sequence {sequence} after {self.next_sequence - 1}"
        if sequence == self.next_sequence:
            self.next_sequence += 1
            self.unacked[sequence] = set(range(frame.fields.get("partCount", 1)))
            self.charged += size + CHARGE_BYTES
            if self.delivery in RELIABLE:
                if self.charged > self.limit:
                    yield f"message {sequence} is charged up to {self.charged}, above the limit of {self.limit}"
                if sequence >= min(self.unacked) + WINDOW:
                    yield f"message {sequence} is beyond the window from {min(self.unacked)}"
            else:
                self.unacked = {sequence: self.unacked[sequence]}
        return sequence

    def acked(self, sequence, part):
        """A packet with this part is acknowledged."""
        parts = self.unacked.get(sequence, set())
        parts.discard(part)
        if not parts:
            self.unacked.pop(sequence, None)

    def credited(self, limit):
        """Section 12: totals modulo 2^32; grants never shrink."""
        increase = (limit - self.limit) % 2**32
        if 0 < increase < 2**31:
            self.limit += increase


class Sender:
    """The packets of one end of a connection."""

    def __init__(self):
        self.next_number, self.acked = 0, -1
        self.parts_of, self.phase_of, self.acknowledged = {}, {}, set()
        self.phase, self.time_at, self.repeats = 0, None, 0

    def sent(self, packet, end, peer, now):
        """Yields the rules that a packet breaks which this end sends now."""
        opened, names = packet.opened, [frame.name for frame in packet.frames]
        self.repeats = 0
        if opened.number != self.next_number:
            yield f"packet number {opened.number} after {self.next_number - 1}"
        self.next_number = opened.number + 1
        # What arrived at this very moment may have been read before or after.
        sizes = {packet_number_bytes(opened.number, acked) for acked in (self.acked, end.acked_before(now))}
        if opened.header.number_bytes not in sizes:
            yield f"{opened.header.number_bytes} bytes of packet number {opened.number}, {self.acked} acknowledged"
        yield from self.phase_rules(opened, end)
        if len(names) > 1 and any(name in ALONE for name in names):
            yield f"{names} do not travel alone"
        for frame in packet.frames:
            yield from self.frame_rules(packet, frame, end, peer, now)

    def phase_rules(self, opened, end):
        """Section 8.6: a new phase only in answer to the peer's, or when the peer has confirmed this one."""
        if opened.phase != self.phase:
            confirmed = any(self.phase_of[number] == self.phase for number in self.acknowledged)
            may_begin = end.opener.phase >= opened.phase or (end.opener.phase == self.phase and confirmed)
            if opened.phase != self.phase + 1 or not may_begin:
                yield f"phase {opened.phase} after {self.phase}, with the peer in {end.opener.phase}"
        self.phase = self.phase_of[opened.number] = opened.phase

    def frame_rules(self, packet, frame, end, peer, now):
        """The rules of single frames."""
        if frame.name == "ACK":
            yield from ack_rules(frame, end, peer, now)
        elif frame.name == "TIME":
            if end.role == "client" or frame.fields["tick"] == 0:
                yield "a TIME frame of a client, or of tick 0"
            if self.time_at is not None and now - self.time_at < TIME_INTERVAL_MS:
                yield f"TIME after {now - self.time_at} ms"
            self.time_at = now
        elif frame.name == "CREDIT":
            inbound = end.inbound[frame.fields["channel"]]
            if frame.fields["limit"] != inbound.limit % 2**32:
                yield f"a limit of {frame.fields['limit']} instead of {inbound.limit}"
        elif "sequence" in frame.fields:
            size = end.size_of(frame)
            outbound = end.outbound[frame.fields["channel"]]
            before = outbound.next_sequence
            sequence = yield from outbound.sent(frame, size)
            self.repeats += sequence < before and frame.name == "MESSAGE"
            part = (frame.fields["channel"], sequence, frame.fields.get("part", 0))
            self.parts_of.setdefault(packet.opened.number, []).append(part)

    def ack_arrived(self, frame, outbound):
        """Applies an ACK frame of the peer."""
        for first, last in ack_ranges(frame, self.next_number - 1):
            for number in range(first, last + 1):
                if number not in self.acknowledged:
                    self.acknowledged.add(number)
                    for channel, sequence, part in self.parts_of.pop(number, ()):
                        outbound[channel].acked(sequence, part)
        self.acked = max(self.acknowledged)


def ack_rules(frame, end, peer, now):
    """Section 9.1: an ACK names only what arrived, and tells how long ago the largest did."""
    try:
        ranges = ack_ranges(frame, peer.sender.next_number - 1)
    except Refused:
        yield "an ACK of what was never sent"
        return
    missing = [n for first, last in ranges for n in range(first, last + 1) if n not in end.arrived]
    if missing:
        yield f"an ACK of {missing}, which did not arrive"
        return
    largest = ranges[0][1]
    before = max((number for number, at in end.arrived.items() if at < now), default=0)
    if largest < before:
        yield f"an ACK up to {largest} with {before} received"
    delay = min(255, int((now - end.arrived[largest]) / DELAY_UNIT_MS + 0.5))
    if delay != frame.fields["delay"]:
        yield f"an ACK with a delay of {frame.fields['delay']} units instead of {delay}"
