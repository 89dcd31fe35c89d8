"""The receiving side of channels: docs/protocol.md, sections 10.3, 10.5, 11 and 12.

`Inbound` is one direction of one channel. It takes frames of accepted packets in their order and
says which bodies the application is handed. A violation raises Refused("channelViolation"); what
comes from honest ends never does, so nothing is undone then. The budgets of section 11 and the
application that is behind (section 10.5) are left out: they depend on an end's own limits.
"""

from .wire import Refused

WINDOW = 512
CHARGE_BYTES = 64
SMALLEST_PART = 256
MOST_UNRELIABLE_PARTS = 16
PARTS_KEPT_MS = 1000
RELIABLE = ("reliable-ordered", "reliable-unordered")
NEWEST_ONLY = ("sequenced", "reliable-latest", "input")


def expand_sequence(truncated, reference):
    """The number nearest to the reference (section 10.3)."""
    return reference + (truncated - reference + 0x8000) % 0x10000 - 0x8000


def require(holds):
    """Refuses unless the rule holds."""
    if not holds:
        raise Refused("channelViolation")


class Parts:
    """A message that is not whole yet (section 11)."""

    def __init__(self, count, now):
        self.count, self.first_at, self.bodies = count, now, {}

    def add(self, part, body, most_bytes):
        """Keeps a part; the body when that makes the message whole."""
        last = self.count - 1
        self.bodies.setdefault(part, body)
        sizes = {len(each) for number, each in self.bodies.items() if number != last}
        size = max(sizes, default=SMALLEST_PART)
        require(len(sizes) <= 1 and last * max(size, SMALLEST_PART) < most_bytes)
        require(not sizes or len(self.bodies.get(last, b"")) <= size)
        if len(self.bodies) < self.count:
            return None
        whole = b"".join(self.bodies[number] for number in range(self.count))
        require(len(whole) <= most_bytes)
        return whole


class Inbound:
    """What a receiver knows of one channel."""

    def __init__(self, channel):
        self.delivery, self.most_bytes = channel["delivery"], channel["maxMessageBytes"]
        self.newest_fragment = 0
        self.newest = None
        self.low, self.received, self.waiting = 0, set(), {}
        self.parts = {}
        self.initial_limit = max(65536, self.most_bytes + CHARGE_BYTES)
        self.limit, self.taken = self.initial_limit, 0

    def message(self, truncated, body):
        """Bodies to hand over when a MESSAGE frame says this."""
        require(len(body) <= self.most_bytes)
        if self.delivery == "unreliable":
            return [body]
        sequence = self.expand(truncated)
        return self.hand_over(sequence, body) if self.is_wanted(sequence) else []

    def fragment(self, fields, body, now):
        """Bodies to hand over when a FRAGMENT frame says this."""
        count, part = fields["partCount"], fields["part"]
        require(self.delivery != "input" and (count - 1) * SMALLEST_PART < self.most_bytes)
        if self.delivery in ("unreliable", "sequenced"):
            require(count <= MOST_UNRELIABLE_PARTS)
            self.parts = {key: each for key, each in self.parts.items() if now - each.first_at < PARTS_KEPT_MS}
        sequence = self.expand(fields["sequence"])
        if not self.is_wanted(sequence):
            return []
        if self.delivery == "unreliable":
            self.newest_fragment = max(self.newest_fragment, sequence)
        if self.delivery in NEWEST_ONLY:
            if any(gathered > sequence for gathered in self.parts):
                return []
            self.parts = {key: each for key, each in self.parts.items() if key == sequence}
        parts = self.parts.setdefault(sequence, Parts(count, now))
        require(parts.count == count)
        whole = parts.add(part, body, self.most_bytes)
        if whole is None:
            return []
        del self.parts[sequence]
        return [whole] if self.delivery == "unreliable" else self.hand_over(sequence, whole)

    def expand(self, truncated):
        """The whole sequence; below 0 it is a violation where it cannot be stale."""
        if self.delivery == "unreliable":
            reference = self.newest_fragment
        else:
            reference = self.low if self.delivery in RELIABLE else self.newest or 0
        sequence = expand_sequence(truncated, reference)
        require(sequence >= 0 or self.delivery in RELIABLE)
        return sequence

    def is_wanted(self, sequence):
        """Whether a sequence is accepted; a stale one is acknowledged and ignored (section 10.5)."""
        if self.delivery in RELIABLE:
            require(sequence < self.low + WINDOW)
            return sequence >= self.low and sequence not in self.received
        return self.delivery == "unreliable" or self.newest is None or sequence > self.newest

    def hand_over(self, sequence, body):
        """Notes a whole message and says which bodies are due."""
        if self.delivery in NEWEST_ONLY:
            self.newest = sequence
            self.parts = {key: each for key, each in self.parts.items() if key > sequence}
            return [body]
        self.received.add(sequence)
        self.waiting[sequence] = body
        due = [body] if self.delivery == "reliable-unordered" else []
        while self.low in self.received:
            self.received.discard(self.low)
            ready = self.waiting.pop(self.low)
            if self.delivery == "reliable-ordered":
                due.append(ready)
            self.low += 1
        return due

    def take(self, size):
        """The application takes a message: section 12 grants anew. Only reliable channels have credit."""
        self.taken += size + CHARGE_BYTES
        if 2 * (self.limit - self.taken) < self.initial_limit:
            self.limit = self.taken + self.initial_limit
