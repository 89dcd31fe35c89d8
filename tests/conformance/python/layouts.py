"""Payloads by the tables of offsets of docs/protocol.md, appendix A.

The same payloads are decoded by their declarations; both ways must agree. A decoder that speaks
only version 1 needs no more of the schema wire than this for its handshakes.
"""

import base64
import struct

from .wire import Refused

STATUSES = ("full", "auth", "version", "schema", "banned", "busy", "gone")


def bits(data, first, count):
    """`count` bits from bit `first` on, of a row's bytes as one little-endian integer."""
    return int.from_bytes(data, "little") >> first & ((1 << count) - 1)


def require(holds):
    """A payload is as long as its fields say."""
    if not holds:
        raise Refused("length")


def base64_of(data):
    """Bytes as the captures show them in payloads."""
    return base64.b64encode(data).decode()


def limits(data, at):
    """Three `u32`."""
    names = ("idleTimeoutMs", "packetsPerSecond", "bytesPerSecond")
    return dict(zip(names, struct.unpack_from("<III", data, at)))


def hello(data):
    """A.1"""
    payload = {"protocolId": base64_of(data[15:23]), "protocolVersion": bits(data[0:2], 0, 16), "limits": limits(data, 2)}
    at = 23
    for bit, (name, size) in enumerate((("ticket", 2), ("resumeTicket", 1), ("auth", 2))):
        if bits(data[14:15], bit, 1):
            length = bits(data[at : at + size], 0, 16)
            payload[name] = base64_of(data[at + size : at + size + length])
            at += size + length
    require(at == len(data))
    return payload


def accept(data):
    """A.2 and A.3"""
    if data[0] == 0:
        length = bits(data[5:6], 0, 7)
        require(len(data) == 50 + length)
        return {
            "result": "accepted", "connectionId": bits(data[1:5], 0, 32), "resetToken": base64_of(data[34:50]),
            "resumeTicket": base64_of(data[50:]), "resumed": bits(data[5:6], 7, 1) == 1,
            "resumeWindowMs": bits(data[6:10], 0, 32), "limits": limits(data, 10),
            "serverTimeMs": struct.unpack_from("<d", data, 22)[0], "tick": bits(data[30:34], 0, 32),
        }  # fmt: skip
    row = data[1:7]
    require(data[0] == 1 and len(data) == 7 + bits(row, 35, 7))
    return {
        "result": "refused", "status": STATUSES[bits(row, 0, 3)], "retryAfterMs": bits(row, 3, 32),
        "reason": data[7:].decode(),
    }  # fmt: skip


def sealed_ticket(data):
    """A.4"""
    user_id = 66 + bits(data[8:10], 0, 7)
    require(len(data) == user_id + bits(data[8:10], 7, 9))
    return {
        "id": base64_of(data[10:26]), "serverKeyPrefix": base64_of(data[26:34]),
        "expiresAtMs": struct.unpack_from("<d", data)[0], "psk": base64_of(data[34:66]),
        "userId": data[66:user_id].decode(), "userData": base64_of(data[user_id:]),
    }  # fmt: skip


def resume_ticket(data):
    """A.6"""
    require(len(data) == 12)
    return {"generation": bits(data[0:4], 0, 32), "session": base64_of(data[4:12])}


def query_info(data):
    """A.7"""
    row = data[0:12]
    name = 44 + bits(row, 0, 7)
    game = name + bits(row, 7, 7)
    require(len(data) == game + 8)
    return {
        "staticKey": base64_of(data[12:44]), "name": data[44:name].decode(), "game": data[name:game].decode(),
        "protocolVersion": bits(row, 14, 16), "protocolId": base64_of(data[game:]), "players": bits(row, 30, 32),
        "capacity": bits(row, 62, 32), "needsTicket": bits(row, 94, 1) == 1, "draining": bits(row, 95, 1) == 1,
    }  # fmt: skip


def query_schema(data):
    """A.8"""
    require(len(data) == 4 + bits(data[2:4], 0, 11))
    return {"pageCount": bits(data[0:2], 0, 16), "text": base64_of(data[4:])}
