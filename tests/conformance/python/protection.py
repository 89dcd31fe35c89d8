"""Packet numbers, protection, replay window, key phases: docs/protocol.md, sections 8.1 to 8.6."""

from dataclasses import dataclass

from .noise import hmac_sha256, open_sealed
from .wire import Refused

TAG_BYTES = 16
SMALLEST_PACKET = 19
REPLAY_WINDOW = 1024
PREVIOUS_KEYS_MS = 3000


@dataclass
class Header:
    """Everything before the ciphertext (section 8.1)."""

    key_phase: int
    connection_id: int | None
    number_bytes: int
    truncated: int
    size: int


def parse_header(packet):
    """Header of a DATA packet."""
    if len(packet) < SMALLEST_PACKET:
        raise Refused("dataTooShort")
    first = packet[0]
    if first & 1:
        raise Refused("dataBadHeader")
    at = 5 if first & 0x08 else 1
    number_bytes = (first >> 1 & 3) + 1
    size = at + number_bytes
    if len(packet) < size + 1 + TAG_BYTES:
        raise Refused("dataTooShort")
    connection_id = int.from_bytes(packet[1:5], "little") if at == 5 else None
    return Header(first >> 4 & 1, connection_id, number_bytes, int.from_bytes(packet[at:size], "little"), size)


def expand_packet_number(truncated, number_bytes, largest):
    """What a receiver makes of a truncated number (section 8.2)."""
    expected, window = largest + 1, 256**number_bytes
    half = window // 2
    candidate = expected - expected % window + truncated
    if candidate <= expected - half:
        return candidate + window
    if candidate > expected + half and candidate >= window:
        return candidate - window
    return candidate


def packet_number_bytes(number, acked):
    """How many bytes a sender writes (section 8.2)."""
    span = 2 * (number - acked)
    return 1 if span <= 0xFF else 2 if span <= 0xFFFF else 3 if span <= 0xFFFFFF else 4


class Keys:
    """Key and IV of one direction and key phase (section 8.3)."""

    def __init__(self, secret):
        self.secret = secret
        self.key = hmac_sha256(secret, b"tickwire key")
        self.iv = hmac_sha256(secret, b"tickwire iv")[:12]

    def next(self):
        """Keys of the next phase."""
        return Keys(hmac_sha256(self.secret, b"tickwire next"))

    def nonce(self, number):
        """The IV, its last eight bytes xored with the packet number."""
        mixed = int.from_bytes(self.iv[4:], "little") ^ number
        return self.iv[:4] + mixed.to_bytes(8, "little")


@dataclass
class Opened:
    """A packet that was authentic."""

    header: Header
    number: int
    phase: int
    plaintext: bytes


class Opener:
    """The receiver of one direction of a connection: section 8.4, steps 3 to 6 and 8."""

    def __init__(self, secret):
        self.previous, self.current, self.next = None, Keys(secret), Keys(secret).next()
        self.phase, self.first_of_phase, self.changed_at = 0, 0, 0
        self.largest, self.accepted = -1, set()

    def open(self, packet, now):
        """Opens a packet or refuses it. Only `accept` notes its number."""
        header = parse_header(packet)
        number = expand_packet_number(header.truncated, header.number_bytes, self.largest)
        if number <= self.largest - REPLAY_WINDOW:
            raise Refused("tooOld")
        if number in self.accepted:
            raise Refused("replayed")
        keys, phase = self.choose(header.key_phase, number, now)
        plaintext = open_sealed(keys.key, keys.nonce(number), packet[header.size :], packet[: header.size])
        if phase > self.phase:
            self.previous, self.current, self.next = self.current, self.next, self.next.next()
            self.phase, self.first_of_phase, self.changed_at = phase, number, now
        return Opened(header, number, phase, plaintext)

    def choose(self, key_phase, number, now):
        """Which keys a packet is opened with (section 8.6)."""
        if key_phase == self.phase % 2:
            return self.current, self.phase
        if self.previous and number < self.first_of_phase:
            if now - self.changed_at > PREVIOUS_KEYS_MS:
                raise Refused("forged")
            return self.previous, self.phase - 1
        return self.next, self.phase + 1

    def accept(self, number):
        """Step 8: notes the number as received."""
        self.accepted.add(number)
        self.largest = max(self.largest, number)
