"""Layouts of everything but DATA: docs/protocol.md, sections 2, 4 and 23. Cookies: section 7.3."""

import hashlib
from dataclasses import dataclass

from .noise import open_sealed, sha256
from .wire import Reader, Refused

QUESTION_BYTES = 1200
VERSION = 1
PATTERNS = ("NK", "NKpsk2")
NO_COOKIE = bytes(20)
CONNECT_TICKET = b"tickwire connect ticket 1"
RESUME_TICKET = b"tickwire resume ticket 1"
TYPES = {
    0x40: "HELLO", 0x41: "RETRY", 0x42: "ACCEPT", 0x43: "VERSION", 0x44: "RESET",
    0x48: "QUERY", 0x49: "QUERY_REPLY",
}  # fmt: skip


def packet_type(packet):
    """What the first byte says (section 2)."""
    if not packet:
        return "unknown"
    return "DATA" if 0x20 <= packet[0] <= 0x3F else TYPES.get(packet[0], "unknown")


def app_id(protocol_name):
    """Section 4.1."""
    return sha256(b"tickwire game " + protocol_name.encode())[:8]


@dataclass
class Hello:
    """Section 4.1. A HELLO of another version is read no further than that."""

    version: int
    pattern: str = ""
    app_id: bytes = b""
    client_connection_id: int = 0
    cookie: bytes = b""
    noise: bytes = b""
    prologue: bytes = b""
    padding: bytes = b""


def parse_hello(packet):
    """Refuses another size, pattern or noise length as `helloMalformed`."""
    reader = Reader(packet, "helloMalformed", 1)
    if len(packet) != QUESTION_BYTES:
        raise Refused("helloMalformed")
    version = reader.uint(1)
    if version != VERSION:
        return Hello(version)
    pattern, app, connection_id, cookie = reader.uint(1), reader.bytes(8), reader.uint(4), reader.bytes(20)
    noise_bytes = reader.uint(2)
    if pattern >= len(PATTERNS) or not 48 <= noise_bytes <= 1163:
        raise Refused("helloMalformed")
    noise = reader.bytes(noise_bytes)
    return Hello(version, PATTERNS[pattern], app, connection_id, cookie, noise, packet[:15], reader.rest())


def write_hello(pattern, app, connection_id, cookie, noise):
    """Section 4.1, with the padding."""
    head = bytes([0x40, VERSION, PATTERNS.index(pattern)]) + app + connection_id.to_bytes(4, "little")
    return (head + cookie + len(noise).to_bytes(2, "little") + noise).ljust(QUESTION_BYTES, b"\0")


def parse_retry(packet):
    """Section 4.2: client connection id and cookie."""
    if len(packet) != 26 or packet[1] != VERSION:
        raise Refused("unexpectedReply")
    return int.from_bytes(packet[2:6], "little"), packet[6:]


def parse_accept(packet):
    """Section 4.3: client connection id and Noise message 2."""
    if not 6 + 48 <= len(packet) <= 240 or packet[1] != VERSION:
        raise Refused("unexpectedReply")
    return int.from_bytes(packet[2:6], "little"), packet[6:]


def parse_version(packet):
    """Section 4.4: client connection id and versions."""
    if len(packet) < 7 or len(packet) != 6 + packet[5]:
        raise Refused("unexpectedReply")
    return int.from_bytes(packet[1:5], "little"), list(packet[6:])


def parse_reset(packet):
    """Section 4.5: the token."""
    if len(packet) != 21:
        raise Refused("resetForged")
    return packet[5:]


@dataclass
class Query:
    """Section 23: a QUERY, or the QUERY_REPLY to one with its payload."""

    kind: int
    token: bytes
    page: int
    payload: bytes = b""


def parse_query(packet, is_reply):
    """QUERY has 1,200 bytes, a reply as many as it needs."""
    reader = Reader(packet, "queryMalformed", 1)
    version, kind, token, page = reader.uint(1), reader.uint(1), reader.bytes(8), reader.uint(2)
    payload = reader.rest()
    if version != VERSION or kind > 2 or (not is_reply and len(packet) != QUESTION_BYTES):
        raise Refused("queryMalformed")
    if is_reply and kind == 0 and payload:
        raise Refused("unexpectedReply")
    return Query(kind, token, page, payload if is_reply else b"")


def open_box(keys, sealed, label):
    """Plaintext of a sealed box of section 22, by whichever key opens it; None when none does."""
    for key in keys if len(sealed) >= 28 else ():
        try:
            return open_sealed(key, sealed[:12], sealed[12:], label)
        except Refused:
            continue
    return None


def reset_token(reset_key, server_connection_id):
    """Section 21: the token of a connection, from its id alone."""
    return hashlib.blake2b(server_connection_id.to_bytes(4, "little"), key=reset_key, digest_size=16).digest()
