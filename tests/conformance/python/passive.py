"""Decodes a capture in the order of sending, as somebody who listens and has the keys.

What it decodes is compared with `expected.jsonl`. Handshakes: docs/protocol.md, sections 5 and 6;
packets: section 8; frames: section 9; parts: section 11.
"""

import base64
import json
from collections import Counter
from dataclasses import dataclass, field

from . import documents, layouts
from .blocks import decode_block
from .frames import parse_frames
from .noise import Handshake, public_key
from .packets import (
    CONNECT_TICKET, RESUME_TICKET, app_id, open_box, packet_type, parse_accept, parse_hello, parse_query,
    parse_reset, parse_retry, parse_version, write_hello,
)  # fmt: skip
from .protection import Opened, Opener, parse_header
from .wire import Refused

QUERY_PAYLOADS = {
    1: (documents.QUERY_INFO, layouts.query_info),
    2: (documents.QUERY_SCHEMA, layouts.query_schema),
}
# The captures name some refusals otherwise than section 25.
CAPTURE_NAMES = {"dataTooShort": "tooShort", "dataBadHeader": "badHeader", "replayed": "duplicate"}


class Scenario:
    """The files of one folder of a capture."""

    def __init__(self, folder):
        self.name = folder.name
        self.datagrams = read_lines(folder / "capture.jsonl")
        for datagram in self.datagrams:
            datagram["bytes"] = bytes.fromhex(datagram["bytes"])
        keys = read_lines(folder / "keys.jsonl")
        self.servers = [line for line in keys if line["kind"] == "server"]
        self.handshakes = [line for line in keys if line["kind"] == "handshake"]
        self.expected, self.delivered, self.events = (
            read_lines(folder / f"{name}.jsonl") for name in ("expected", "delivered", "events")
        )

    def keys_of(self, address, name):
        """All keys called `name` that servers at an address had."""
        return [bytes.fromhex(key) for line in self.servers if line["address"] == address for key in line[name]]

    def server_at(self, address):
        """The newest key line of a server; its static key outlives restarts."""
        return [line for line in self.servers if line["address"] == address][-1]


def read_lines(path):
    """A file of one JSON object a line."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@dataclass
class Attempt:
    """A HELLO with its keys: what a client does until it is answered."""

    hello: object
    payload: dict
    first_at: int
    client: str
    server: str
    keys: dict
    psk: bytes | None
    table: object
    answer: bytes | None = None
    resume_session: str | None = None


@dataclass
class Connection:
    """What one handshake makes, with the traffic secrets that were computed here."""

    attempt: Attempt
    server_id: int
    session: str
    accept: dict
    secrets: dict
    addresses: set = field(default_factory=set)
    openers: dict = field(default_factory=dict)

    @property
    def client_id(self):
        """The client's connection id."""
        return self.attempt.hello.client_connection_id

    @property
    def channels(self):
        """Channels of the protocol that was agreed on."""
        return self.attempt.table.channels

    def new_openers(self):
        """Receivers of both directions, in the state of a new connection. By their sender."""
        return {sender: Opener(secret) for sender, secret in self.secrets.items()}


@dataclass
class Packet:
    """An authentic DATA packet."""

    connection: Connection
    sender: str
    opened: Opened
    frames: list


class Passive:
    """Reads the datagrams of a scenario one after the other."""

    def __init__(self, scenario, tables, difference):
        self.scenario, self.tables, self.difference = scenario, tables, difference
        self.attempts, self.by_server_id, self.connections = {}, {}, []
        self.gatherers, self.seen = {}, Counter()

    def decode(self, datagram):
        """What one line of expected.jsonl says, and the parsed packet for those who want more."""
        kind = packet_type(datagram["bytes"])
        result = {"n": datagram["n"], "packet": kind}
        parse = getattr(self, f"decode_{kind.lower()}", None)
        parsed = None
        try:
            if parse:
                parsed = parse(datagram, result)
        except Refused as refusal:
            name = CAPTURE_NAMES.get(refusal.reason, refusal.reason)
            result["refused"] = "malformed" if name.endswith("Malformed") else name
            self.seen[f"refused {result['refused']}"] += 1
        self.seen[f"packet {kind}"] += 1
        return result, parsed

    def payload(self, node, layout, plaintext):
        """A payload by its declaration; by the table of appendix A it must be the same."""
        value = decode_block(node, plaintext)
        if layout(plaintext) != value.get("accept", value):
            self.difference(f"{layout.__name__} is {layout(plaintext)} by appendix A")
        return value

    def open_ticket(self, keys, label, node, layout, sealed_base64):
        """A sealed box of section 22; None when there is none, or no key opens it."""
        plaintext = open_box(keys, base64.b64decode(sealed_base64 or ""), label)
        return plaintext and self.payload(node, layout, plaintext)

    def connect_ticket(self, server, payload):
        """The ticket that a HELLO to a server carries."""
        keys, node = self.scenario.keys_of(server, "ticketKeys"), documents.SEALED_TICKET
        return self.open_ticket(keys, CONNECT_TICKET, node, layouts.sealed_ticket, payload.get("ticket"))

    def resume_ticket(self, server, payload):
        """The resume ticket of a HELLO or ACCEPT, its session as elsewhere in the captures."""
        keys, node = self.scenario.keys_of(server, "resumeKeys"), documents.RESUME_TICKET
        ticket = self.open_ticket(keys, RESUME_TICKET, node, layouts.resume_ticket, payload.get("resumeTicket"))
        return ticket and ticket | {"session": base64.b64decode(ticket["session"]).hex()}

    # --- Handshake packets ------------------------------------------------------------------------

    def decode_hello(self, datagram, result):
        """Sections 4.1, 5 and 6.1."""
        packet, server = datagram["bytes"], datagram["to"]
        hello = parse_hello(packet)
        result["version"] = hello.version
        if not hello.noise:
            return hello
        attempt = self.attempts.get(hello.noise) or self.open_hello(hello, datagram)
        if attempt.hello.prologue != hello.prologue:
            self.difference(f"HELLO {datagram['n']} repeats message 1 with other clear fields")
        table, payload = attempt.table, attempt.payload
        result |= {
            "pattern": hello.pattern, "appId": hello.app_id.hex(), "clientConnectionId": hello.client_connection_id,
            "cookie": hello.cookie.hex(), "noiseBytes": len(hello.noise), "payload": payload,
            "protocol": table.version if table else None,
        }  # fmt: skip
        ticket, resume = self.connect_ticket(server, payload), self.resume_ticket(server, payload)
        if ticket:
            result["ticket"] = ticket
            self.seen["ticket connect"] += 1
        if resume:
            self.seen["ticket resume"] += 1
            result["resumeTicket"] = resume
            attempt.resume_session = resume["session"]
        if any(hello.padding):
            self.difference("a padding that is not zero")
        again = write_hello(hello.pattern, hello.app_id, hello.client_connection_id, hello.cookie, hello.noise)
        if again != packet:
            self.difference(f"HELLO {datagram['n']} written again is another one")
        for connection in self.connections:
            if connection.attempt is attempt:
                connection.addresses.add(datagram["from"])
        return attempt

    def open_hello(self, hello, datagram):
        """Reads message 1 as the server, and writes it again as the client."""
        server = self.scenario.server_at(datagram["to"])
        static_public = bytes.fromhex(server["staticPublic"])
        noise = Handshake(hello.pattern, hello.prologue, static_public)
        plaintext = noise.read_message1(hello.noise, bytes.fromhex(server["staticSecret"]))
        payload = self.payload(documents.HELLO, layouts.hello, plaintext)
        keys = self.find_keys(hello, datagram["n"])
        client_secret = bytes.fromhex(keys["clientEphemeralSecret"])
        again = Handshake(hello.pattern, hello.prologue, static_public)
        if again.write_message1(plaintext, client_secret, static_public) != hello.noise:
            self.difference(f"message 1 of {datagram['n']} written again is another one")
        table = self.tables.get(base64.b64decode(payload["protocolId"]).hex())
        if table and app_id(table.name) != hello.app_id:
            self.difference(f"app id of {datagram['n']}")
        attempt = Attempt(hello, payload, datagram["n"], datagram["from"], datagram["to"], keys, None, table)
        ticket = self.connect_ticket(datagram["to"], payload)
        if hello.pattern == "NKpsk2" and ticket:
            attempt.psk = base64.b64decode(ticket["psk"])
            if attempt.psk.hex() != keys["psk"]:
                self.difference(f"pre-shared key of {datagram['n']}")
        self.attempts[hello.noise] = attempt
        self.seen[f"handshake {hello.pattern}"] += 1
        return attempt

    def find_keys(self, hello, n):
        """The key log's line of a HELLO; what it says of the HELLO is compared."""
        for line in self.scenario.handshakes:
            if public_key(bytes.fromhex(line["clientEphemeralSecret"])) == hello.noise[:32]:
                logged = (line["helloAt"], line["pattern"], line["clientConnectionId"])
                if logged != (n, hello.pattern, hello.client_connection_id):
                    self.difference(f"key log of HELLO {n} says {logged}")
                return line
        raise Refused("not in the key log")

    def decode_retry(self, datagram, result):
        """Section 4.2."""
        client_id, cookie = parse_retry(datagram["bytes"])
        result |= {"clientConnectionId": client_id, "cookie": cookie.hex()}
        return client_id, cookie

    def decode_version(self, datagram, result):
        """Section 4.4."""
        client_id, versions = parse_version(datagram["bytes"])
        result |= {"clientConnectionId": client_id, "versions": versions}

    def decode_reset(self, datagram, result):
        """Section 4.5."""
        token = parse_reset(datagram["bytes"])
        result["token"] = token.hex()
        return token

    def decode_query(self, datagram, result):
        """Section 23."""
        is_reply = result["packet"] == "QUERY_REPLY"
        query = parse_query(datagram["bytes"], is_reply)
        result |= {"kind": query.kind, "token": query.token.hex(), "page": query.page}
        if is_reply and query.kind > 0:
            node, layout = QUERY_PAYLOADS[query.kind]
            result["payload"] = self.payload(node, layout, query.payload)
        return query

    decode_query_reply = decode_query

    def decode_accept(self, datagram, result):
        """Sections 4.3, 5 and 6.2: reads message 2 as the client, writes it again as the server."""
        packet = datagram["bytes"]
        client_id, message = parse_accept(packet)
        result["clientConnectionId"] = client_id
        attempt = next(each for each in self.attempts.values() if each.hello.client_connection_id == client_id)
        keys, server, hello = attempt.keys, self.scenario.server_at(attempt.server), attempt.hello
        static_public, static_secret = (bytes.fromhex(server[name]) for name in ("staticPublic", "staticSecret"))
        client, again = (Handshake(hello.pattern, hello.prologue, static_public) for _ in range(2))
        for noise in (client, again):
            noise.read_message1(hello.noise, static_secret)
        client_secret, server_secret = (
            bytes.fromhex(keys[f"{end}EphemeralSecret"]) for end in ("client", "server")
        )
        plaintext = client.read_message2(packet[:6], message, client_secret, attempt.psk)
        if again.write_message2(packet[:6], plaintext, server_secret, hello.noise[:32], attempt.psk) != message:
            self.difference(f"message 2 of {datagram['n']} written again is another one")
        payload = self.payload(documents.ACCEPT, layouts.accept, plaintext)
        result["payload"], accept = payload, payload["accept"]
        if attempt.answer is None:
            self.note_accept(datagram, attempt, accept, client)
        elif attempt.answer != packet:
            self.difference(f"ACCEPT {datagram['n']} is not the one before, byte for byte")
        connection = next((each for each in self.connections if each.attempt is attempt), None)
        if connection:
            connection.addresses.add(datagram["to"])
        return attempt, accept, connection

    def note_accept(self, datagram, attempt, accept, noise):
        """Makes the connection of a first ACCEPT, and compares what the key log says of it."""
        attempt.answer = datagram["bytes"]
        is_accepted, (to_server, to_client) = accept["result"] == "accepted", noise.split()
        session = self.resume_ticket(attempt.server, accept)["session"] if is_accepted else None
        computed = {
            "acceptAt": datagram["n"], "client": datagram["to"], "server": datagram["from"],
            "serverConnectionId": accept.get("connectionId"), "session": session, "handshakeHash": noise.h.hex(),
            "clientToServerSecret": to_server.hex(), "serverToClientSecret": to_client.hex(),
        }  # fmt: skip
        for name, value in computed.items():
            if attempt.keys[name] != value:
                self.difference(f"key log of ACCEPT {datagram['n']}: {name} is {value}")
        self.seen["accept resumed" if accept.get("resumed") else f"accept {accept['result']}"] += 1
        if is_accepted:
            secrets = {"client": to_server, "server": to_client}
            connection = Connection(attempt, accept["connectionId"], session, accept, secrets)
            connection.openers = connection.new_openers()
            connection.addresses.add(attempt.client)
            self.connections.append(connection)
            self.by_server_id[connection.server_id] = connection

    # --- DATA -------------------------------------------------------------------------------------

    def decode_data(self, datagram, result):
        """Sections 8 and 9."""
        header = parse_header(datagram["bytes"])
        if header.connection_id is None:
            sender = "server"
            candidates = [each for each in reversed(self.connections) if datagram["to"] in each.addresses]
        else:
            sender = "client"
            candidates = [each for each in [self.by_server_id.get(header.connection_id)] if each]
        result["sender"] = sender
        connection, opened = open_by_any(candidates, sender, datagram)
        frames, pads = parse_frames(opened.plaintext, connection.channels)
        connection.openers[sender].accept(opened.number)
        if sender == "client":
            connection.addresses.add(datagram["from"])
        packet = Packet(connection, sender, opened, frames)
        self.count(packet, pads)
        result |= {
            "clientConnectionId": connection.client_id, "serverConnectionId": connection.server_id,
            "session": connection.session, "keyPhase": header.key_phase, "phase": opened.phase,
            "packetNumber": opened.number, "packetNumberBytes": header.number_bytes,
            "frames": [self.decode_frame(packet, frame) for frame in frames],
        }  # fmt: skip
        return packet

    def count(self, packet, pads):
        """What a capture must have enough of."""
        self.seen["decrypted"] += 1
        self.seen[f"number of {packet.opened.header.number_bytes} bytes"] += 1
        self.seen[f"phase {packet.opened.phase}"] += 1
        if pads:
            self.seen["frame PAD"] += pads
        for frame in packet.frames:
            self.seen[f"frame {frame.name}"] += 1
            self.seen["escaped channel"] += frame.fields.get("channel", 0) >= 31

    def decode_frame(self, packet, frame):
        """A frame as expected.jsonl shows it."""
        shown = {"frame": frame.name, **frame.fields}
        body, channel = frame.body, frame.fields.get("channel")
        if frame.name == "FRAGMENT":
            key = (packet.connection.session, packet.sender, channel)
            body = self.gatherers.setdefault(key, Gatherer()).add(frame)
            self.seen["message from parts"] += body is not None
        if frame.name == "MESSAGE" or (frame.name == "FRAGMENT" and body is not None):
            name, value = packet.connection.attempt.table.decode(channel, body, packet.sender)
            message = {"message": name, "value": value}
            shown |= message if frame.name == "MESSAGE" else {"completes": message}
        return shown


def open_by_any(connections, sender, datagram):
    """The first connection whose keys open a packet, and what it says."""
    refusal = Refused("unknownConnection")
    for connection in connections:
        try:
            return connection, connection.openers[sender].open(datagram["bytes"], datagram["t"])
        except Refused as refused:
            refusal = refused
    raise refusal


class Gatherer:
    """Joins the parts of one direction of a channel in the order of sending (section 11)."""

    def __init__(self):
        self.newest, self.parts, self.whole = 0, {}, set()

    def add(self, frame):
        """The body, when this part is the first to make a message whole."""
        truncated, count = frame.fields["sequence"], frame.fields["partCount"]
        sequence = self.newest + (truncated - self.newest + 0x8000) % 0x10000 - 0x8000
        self.newest = max(self.newest, sequence)
        parts = self.parts.setdefault(sequence, {})
        parts[frame.fields["part"]] = frame.body
        if len(parts) < count or sequence in self.whole:
            return None
        self.whole.add(sequence)
        return b"".join(parts[number] for number in range(count))
