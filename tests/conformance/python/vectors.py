"""The worked example of docs/protocol.md, appendix B, and the example of docs/schema_wire.md.

Everything is made anew from what B.1 says and compared byte for byte.
"""

import base64
import re

from . import documents, layouts
from .blocks import decode_block
from .frames import ack_ranges, parse_frames
from .noise import Handshake, hmac_sha256, open_sealed, public_key, seal
from .packets import (
    CONNECT_TICKET, RESUME_TICKET, app_id, open_box, parse_accept, parse_hello, parse_query, parse_reset, parse_retry,
    parse_version, reset_token, write_hello,
)  # fmt: skip
from .protection import Keys, Opener, expand_packet_number, packet_number_bytes

# B.1 names the channels; B.3 and B.4 show bodies of these messages.
EXAMPLE_CHANNELS = [{"delivery": "reliable-ordered"}, {"delivery": "unreliable"}]


class Looked(dict):
    """Vectors of a section; remembers which were looked at, so that none is overlooked."""

    def __init__(self, vectors):
        super().__init__(vectors)
        self.unseen = set(vectors)

    def __getitem__(self, label):
        self.unseen.discard(label)
        return super().__getitem__(label)


class Vectors:
    """Compares; `checked` counts what was right."""

    def __init__(self, difference):
        self.b = {section: Looked(vectors) for section, vectors in documents.vectors().items()}
        self.difference, self.checked = difference, 0

    def same(self, section, label, value, *expected):
        """The document's vector, or what it is said to be, is what was made here."""
        known = expected[0] if expected else self.b[section][label]
        if known == value:
            self.checked += 1
        else:
            self.difference(f"{section}, {label}: {shown(value)} instead of {shown(known)}")

    def run(self):
        """All sections of appendix B, and the example of the schema wire."""
        start = self.b["B.1"]
        for end in ("static", "client ephemeral", "server ephemeral"):
            self.same("B.1", f"{end} key", public_key(start[f"{end} secret"]))
        self.server_id = int(start["server connection id"], 16)
        self.same("B.1", "reset key", hmac_sha256(start["static secret"], b"tickwire stateless reset"))
        self.same("B.1", "reset token", reset_token(start["reset key"], self.server_id))
        self.handshake("B.2", "NK", None)
        self.handshake("B.6", "NKpsk2", self.b["B.5"]["psk"])
        self.data("B.3", self.b["B.2"]["client to server secret"])
        self.data("B.4", self.b["B.2"]["server to client secret"])
        self.bodies()
        self.ticket()
        self.numbers()
        self.frames()
        self.other_packets()
        self.schema_wire()
        for section, vectors in self.b.items():
            for label in sorted(vectors.unseen):
                self.difference(f"{section}, {label}: nothing here knows this vector")

    def handshake(self, section, pattern, psk):
        """B.2 and B.6: both messages, the state after each step, the secrets."""
        vector, start = self.b[section], self.b["B.1"]
        hello_bytes = next(vector[label] for label in vector if label.startswith("HELLO, first"))
        accept = vector["ACCEPT, 144 bytes"]
        client_id, app = int(start["client connection id"], 16), app_id("example")
        prologue = write_hello(pattern, app, client_id, b"", b"")[:15]
        self.same(section, "prologue", prologue)
        client, server = (Handshake(pattern, prologue, start["static key"]) for _ in range(2))
        message1 = client.write_message1(vector["HELLO payload"], start["client ephemeral secret"], start["static key"])
        hello = write_hello(pattern, app, client_id, bytes(20), message1)
        self.same(section, "HELLO", hello, hello_bytes.ljust(1200, b"\0"))
        parsed = parse_hello(hello)
        self.same(section, "HELLO payload", server.read_message1(parsed.noise, start["static secret"]))
        clear, message2 = accept[:6], parse_accept(accept)[1]
        ephemeral = start["server ephemeral secret"], start["client ephemeral key"]
        self.same(section, "message 2", server.write_message2(clear, vector["ACCEPT payload"], *ephemeral, psk), message2)
        read = client.read_message2(clear, message2, start["client ephemeral secret"], psk)
        self.same(section, "ACCEPT payload", read)
        for label in vector:
            step = re.fullmatch(r"(h|ck) after (.*)", label)
            if step:
                self.same(section, label, client.trace[step[2]][step[1] == "ck"])
        self.same(section, "handshake hash", client.h)
        secrets = client.split()
        self.same(section, "client to server secret", secrets[0])
        self.same(section, "server to client secret", secrets[1])
        self.payloads(section)

    def payloads(self, section):
        """What B.1 says of the payloads, by their declarations and by the layouts of appendix A."""
        vector, start = self.b[section], self.b["B.1"]
        hello = decode_block(documents.HELLO, vector["HELLO payload"])
        accept = decode_block(documents.ACCEPT, vector["ACCEPT payload"])["accept"]
        self.same(section, "layout A.1", layouts.hello(vector["HELLO payload"]), hello)
        self.same(section, "layout A.2", layouts.accept(vector["ACCEPT payload"]), accept)
        self.same(section, "protocol id", base64.b64decode(hello["protocolId"]), start["protocol id"])
        limits = {"idleTimeoutMs": 10000, "packetsPerSecond": 500, "bytesPerSecond": 256000}
        self.same(section, "limits", [hello["limits"], accept["limits"]], [limits, limits])
        said = (accept["connectionId"], accept["serverTimeMs"], accept["tick"], base64.b64decode(accept["resetToken"]))
        time, tick = int(start["server time"].split()[0]), int(start["tick"])
        self.same(section, "ACCEPT", said, (self.server_id, time, tick, start["reset token"]))
        sealed = base64.b64decode(accept["resumeTicket"])
        self.same("B.1", "resume ticket nonce", sealed[:12])
        plaintext = open_box([start["resume key"]], sealed, RESUME_TICKET)
        ticket = decode_block(documents.RESUME_TICKET, plaintext)
        self.same(section, "layout A.6", layouts.resume_ticket(plaintext), ticket)
        self.same("B.1", "resume ticket session", base64.b64decode(ticket["session"]))
        self.same("B.1", "resume ticket generation", str(ticket["generation"]))

    def data(self, section, secret):
        """B.3 and B.4: keys, and a packet sealed and opened."""
        vector = self.b[section]
        packet = next(vector[label] for label in vector if label.startswith("packet, "))
        keys, number = Keys(secret), int(vector["packet number"])
        self.same(section, "secret of phase 0", keys.secret)
        self.same(section, "packet key", keys.key)
        self.same(section, "IV", keys.iv)
        self.same(section, "secret of phase 1", keys.next().secret)
        self.same(section, "nonce", keys.nonce(number))
        sealed = seal(keys.key, keys.nonce(number), vector["frames"], vector["header"])
        self.same(section, "packet", vector["header"] + sealed, packet)
        opened = Opener(secret).open(packet, 0)
        self.same(section, "header", packet[: opened.header.size])
        self.same(section, "frames", opened.plaintext)
        connection_id = self.server_id if section == "B.3" else None
        self.same(section, "connection id", opened.header.connection_id, connection_id)

    def bodies(self):
        """What B.3 and B.4 say that their frames are."""
        frames, _ = parse_frames(self.b["B.3"]["frames"], EXAMPLE_CHANNELS)
        shape = [(frame.name, frame.fields.get("channel"), frame.fields.get("sequence")) for frame in frames]
        self.same("B.3", "frames", shape, [("PING", None, None), ("MESSAGE", 0, 0)])
        self.same("B.3", "envelope and text", (frames[1].body[:1], frames[1].body[-2:]), (b"\1", b"hi"))
        frames, _ = parse_frames(self.b["B.4"]["frames"], EXAMPLE_CHANNELS)
        names = ["ACK", "TIME", "MESSAGE", "MESSAGE"]
        self.same("B.4", "frames", [frame.name for frame in frames], names)
        self.same("B.4", "ACK", frames[0].fields, {"largest": 0, "delay": 20, "runs": [1]})
        self.same("B.4", "tick", str(frames[1].fields["tick"]), self.b["B.1"]["tick"])
        self.same("B.4", "envelope and text", (frames[2].body[:1], frames[2].body[-5:]), (b"\1", b"hello"))
        self.same("B.4", "channel of Where", (frames[3].fields["channel"], frames[3].fields["bytes"]), (1, 2))

    def ticket(self):
        """B.5: the ticket sealed and opened, and that B.6 carries it."""
        vector, start = self.b["B.5"], self.b["B.1"]
        label, sealed = CONNECT_TICKET, vector["sealed, 100 bytes"]
        made = vector["nonce"] + seal(vector["ticket key"], vector["nonce"], vector["plaintext"], label)
        self.same("B.5", "sealed, 100 bytes", made)
        self.same("B.5", "plaintext", open_sealed(vector["ticket key"], sealed[:12], sealed[12:], label))
        ticket = decode_block(documents.SEALED_TICKET, vector["plaintext"])
        self.same("B.5", "layout A.4", layouts.sealed_ticket(vector["plaintext"]), ticket)
        self.same("B.5", "id", base64.b64decode(ticket["id"]))
        self.same("B.5", "psk", base64.b64decode(ticket["psk"]))
        prefix, data = base64.b64decode(ticket["serverKeyPrefix"]), base64.b64decode(ticket["userData"])
        expires = int(start["server time"].split()[0]) + 60000
        said = (prefix, data, ticket["userId"], ticket["expiresAtMs"])
        self.same("B.5", "contents", said, (start["static key"][:8], bytes([1, 2, 3]), "ada", expires))
        hello = decode_block(documents.HELLO, self.b["B.6"]["HELLO payload"])
        self.same("B.6", "ticket", base64.b64decode(hello["ticket"]), sealed)

    def numbers(self):
        """B.7 and B.8."""
        keys = Keys(self.b["B.2"]["client to server secret"])
        for label in self.b["B.7"]:
            self.same("B.7", label, keys.nonce(int(label.split()[1])))
        for label in self.b["B.8"]:
            sent = re.fullmatch(r"bytes of packet number (\d+) when (-?\d+) is the largest acknowledged", label)
            seen = re.fullmatch(r"packet number of 0x((?:..)+) when (-?\d+) is the largest received", label)
            if sent:
                value = packet_number_bytes(int(sent[1]), int(sent[2]))
            else:
                value = expand_packet_number(int(seen[1], 16), len(seen[1]) // 2, int(seen[2]))
            self.same("B.8", label, str(value))

    def frames(self):
        """B.9; a FRAGMENT is shown without most of its body."""
        vector, channels = self.b["B.9"], 64 * [{"delivery": "reliable-ordered"}]
        frame = {label: vector[label] + bytes(range(3, 256)) * ("FRAGMENT" in label) for label in vector}
        one = {label: parse_frames(data, channels)[0][0] for label, data in frame.items()}
        acked = {number for first, last in ack_ranges(one["ACK"], 299) for number in range(first, last + 1)}
        self.same("B.9", "ACK", (acked, one["ACK"].fields["delay"]), (set(range(300)) - {297, 298, 200, 10}, 6))
        said = {
            "CLOSE 1234 with reason": {"code": 1234, "reason": "done"},
            "PATH_CHALLENGE": {"data": "0102030405060708"},
            "CREDIT of 70,000 on channel 4": {"channel": 4, "limit": 70000},
            "MESSAGE aabb on channel 33, sequence 7": {"channel": 33, "sequence": 7, "bytes": 2},
            "FRAGMENT, first 10 bytes": {"channel": 5, "sequence": 0x1234, "part": 1, "partCount": 3, "bytes": 256},
        }
        for label, fields in said.items():
            self.same("B.9", label, one[label].fields, fields)
        bodies = one["MESSAGE aabb on channel 33, sequence 7"].body, one["FRAGMENT, first 10 bytes"].body
        self.same("B.9", "bodies", bodies, (b"\xaa\xbb", bytes(range(256))))

    def other_packets(self):
        """B.10."""
        vector, client_id = self.b["B.10"], int(self.b["B.1"]["client connection id"], 16)
        self.same("B.10", "RETRY", parse_retry(vector["RETRY with cookie 00 to 13"]), (client_id, bytes(range(20))))
        self.same("B.10", "VERSION", parse_version(vector["VERSION"]), (client_id, [1]))
        self.same("B.10", "RESET", parse_reset(vector["RESET with random bytes 01020304"]), self.b["B.1"]["reset token"])
        query = parse_query(vector["QUERY for page 2 of the schema, first 13 bytes"].ljust(1200, b"\0"), False)
        self.same("B.10", "QUERY", (query.kind, query.token, query.page), (2, bytes(range(1, 9)), 2))

    def schema_wire(self):
        """The example of schema_wire.md, section 3, by the declaration and the value that it prints."""
        example = documents.section(documents.SCHEMA_WIRE, "Example")
        declared, value = re.search(r"`(\{.*?\})` with\s+`(\{.*?\})`", example).groups()
        data = bytes.fromhex(documents.code_blocks(example)[0])
        expected = {name: text or int(digits) for name, text, digits in re.findall(r'(\w+): (?:"(.*?)"|(\d+))', value)}
        self.same("schema_wire", "example", decode_block(documents.declaration(declared), data), expected)


def shown(value):
    """Bytes as hexadecimal digits."""
    return value.hex() if isinstance(value, bytes) else repr(value)
