"""Plays a capture to both ends in the order of arrival: what applications must have been handed.

The ends open, note and deliver by the receiver's rules, on their own and not with what `passive.py`
found in the order of sending. Attempts: docs/protocol.md, section 7; path: 18; states of sessions:
19; resumption: 20; RESET: 21. What an application did (closing, leaving) and what a server decided
is seen in what its end sent.
"""

import base64
import json
from collections import Counter, defaultdict
from itertools import zip_longest

from .channels import Inbound
from .frames import parse_frames
from .packets import NO_COOKIE, packet_type, parse_accept, parse_query, parse_reset, parse_retry, reset_token
from .protection import parse_header
from .senders import Outbound, Sender
from .wire import Refused

ATTEMPT_MS = 5000
RESET_BYTES = 21
RESET_CODE, SILENCE_CODE = 3, 2


class End:
    """One end of a session on one connection."""

    def __init__(self, role, connection, now, sizes):
        self.role, self.peer_role = role, "server" if role == "client" else "client"
        self.connection, self.state = connection, "half open" if role == "server" else "open"
        self.opener, self.sender = connection.new_openers()[self.peer_role], Sender()
        self.arrived, self.acked_at = {}, []
        limits = connection.attempt.payload if role == "client" else connection.accept
        self.idle_timeout, self.heard_at = limits["limits"]["idleTimeoutMs"], now
        self.inbound = [Inbound(channel) for channel in connection.channels]
        self.outbound = [Outbound(channel) for channel in connection.channels]
        self.sizes, self.challenges = sizes, {}
        attempt = connection.attempt
        self.at, self.path = (attempt.client, attempt.server) if role == "client" else (attempt.server, None)

    def take_over(self, older):
        """Section 20: what goes on where it was."""
        self.inbound, self.outbound = older.inbound, older.outbound

    def acked_before(self, now):
        """Largest number acknowledged by frames that arrived before this moment."""
        return max((acked for at, acked in self.acked_at if at < now), default=-1)

    def size_of(self, frame):
        """Bytes of the message that a frame belongs to; a lower bound when it never became whole."""
        fields = frame.fields
        if frame.name == "MESSAGE":
            return fields["bytes"]
        key = (self.connection.session, self.role, fields["channel"], fields["sequence"])
        return self.sizes.get(key, fields["bytes"] * (fields["partCount"] - 1))


class Replay:
    """Both ends of every session of a scenario."""

    def __init__(self, scenario, passive, parsed, difference):
        self.scenario, self.passive, self.parsed, self.difference = scenario, passive, parsed, difference
        self.events, self.ends, self.triggers = [], {}, defaultdict(set)
        # What waits for the application at an address, and how much of it was not taken at once.
        self.waiting, self.late, self.seen = defaultdict(list), 0, Counter()
        self.trying, self.cookies, self.queries, self.reset_at = {}, {}, {}, {}
        self.server_addresses = {line["address"] for line in scenario.servers}
        self.sizes = {
            (*key, sequence % 65536): sum(map(len, gatherer.parts[sequence].values()))
            for key, gatherer in passive.gatherers.items()
            for sequence in gatherer.whole
        }

    def run(self):
        """Everything in the order of time: at one moment things arrive, are taken, are sent."""
        steps = []
        for datagram in self.scenario.datagrams:
            steps += [(at, 0, datagram["n"], self.arrived, datagram) for at in datagram["arrivals"]]
            steps.append((datagram["t"], 2, datagram["n"], self.sent, datagram))
            if packet_type(datagram["bytes"]) == "RESET":
                self.reset_at.setdefault(parse_reset(datagram["bytes"]), datagram["t"])
        steps += [(line["t"], 1, number, self.take, line) for number, line in enumerate(self.scenario.delivered)]
        steps += [(line["t"], 3, 0, lambda *_: None, None) for line in self.scenario.events]
        for now, _, _, step, what in sorted(steps, key=lambda step: step[:3]):
            self.time_passes(now)
            step(what, now)
        self.compare()

    def event(self, now, at, name, detail=None):
        """One line of events.jsonl."""
        self.seen[f"event {name}"] += 1
        self.events.append({"t": now, "at": at, "event": name, **({} if detail is None else {"detail": detail})})

    def call(self, prefix, datagram, now):
        """Lets the method for a type of packet have a datagram; refusals are counted elsewhere."""
        method = getattr(self, f"{prefix}_{packet_type(datagram['bytes']).lower()}", None)
        try:
            if method:
                method(datagram, now)
        except Refused as refusal:
            if refusal.reason in ("channelViolation", "badAck", "malformedFrames"):
                self.difference(f"datagram {datagram['n']} is refused: {refusal.reason}")

    # --- Time: sections 7.1 and 17 ----------------------------------------------------------------

    def time_passes(self, now):
        """What attempts and sessions do when nothing comes."""
        for attempt, until in [each for each in self.trying.values() if each[1] <= now]:
            del self.trying[attempt.hello.noise]
            if attempt.resume_session is None:
                self.event(until, attempt.client, "unreachable", [])
        silent = [end for end in self.ends.values() if end.state == "open" and end.heard_at + end.idle_timeout <= now]
        for end in silent:
            end.state = "detached"
            self.event(end.heard_at + end.idle_timeout, end.at, "detached", {"code": SILENCE_CODE})

    # --- What ends send ---------------------------------------------------------------------------

    def sent(self, datagram, now):
        """Learns what an end did, and checks that it was allowed to."""
        self.call("sent", datagram, now)

    def sent_hello(self, datagram, now):
        """Section 7.1: the cookie of the last RETRY from this address, zeros before that."""
        attempt = self.parsed[datagram["n"]]
        if not hasattr(attempt, "first_at"):
            return
        if attempt.first_at == datagram["n"]:
            self.trying[attempt.hello.noise] = (attempt, now + ATTEMPT_MS)
        cookie = datagram["bytes"][15:35]
        if cookie != self.cookies.get((attempt.hello.client_connection_id, datagram["to"]), NO_COOKIE):
            self.difference(f"cookie of HELLO {datagram['n']}")
        self.seen["cookie repeated"] += cookie != NO_COOKIE

    def sent_accept(self, datagram, now):
        """Section 7.2: the handshake is half open at the address that was answered first."""
        connection = self.parsed[datagram["n"]][2]
        if connection and ("server", connection.server_id) not in self.ends:
            end = End("server", connection, now, self.sizes)
            end.path = datagram["to"]
            self.ends["server", connection.server_id] = end
            token = reset_token(self.reset_key(end), connection.server_id)
            if token != token_of(connection):
                self.difference(f"reset token of ACCEPT {datagram['n']}")

    def reset_key(self, end):
        """The key of section 21 of the server that an end belongs to."""
        return bytes.fromhex(self.scenario.server_at(end.connection.attempt.server)["resetKey"])

    def sent_reset(self, datagram, now):
        """Section 21: smaller than its trigger, and the token is that of the trigger's connection id."""
        triggers = self.triggers[datagram["to"]]
        keys = {bytes.fromhex(line["resetKey"]) for line in self.scenario.servers}
        tokens = [reset_token(key, connection_id) for connection_id in triggers for key in keys]
        if parse_reset(datagram["bytes"]) not in tokens:
            self.difference(f"RESET {datagram['n']} has a token of no packet that came from there")

    def sent_query(self, datagram, now):
        """Section 23."""
        query = self.parsed[datagram["n"]]
        if query:
            self.queries[datagram["from"]] = query

    def sent_data(self, datagram, now):
        """Sections 8 to 15 for a sender; section 19 when it closes."""
        packet = self.parsed[datagram["n"]]
        if packet is None:
            return
        ids = {"client": packet.connection.client_id, "server": packet.connection.server_id}
        end, peer = (self.ends.get((role, ids[role])) for role in (packet.sender, other(packet.sender)))
        if end is None or end.state == "half open":
            self.difference(f"DATA {datagram['n']} before the connection was confirmed")
            return
        for fault in end.sender.sent(packet, end, peer, now):
            self.difference(f"datagram {datagram['n']}: {fault}")
        self.seen["message sent again"] += end.sender.repeats
        for frame in packet.frames:
            if frame.name == "CLOSE" and end.state == "open":
                end.state = "closing"
                self.event(now, end.at, "closed", {**frame.fields, "isByPeer": False})
            elif frame.name == "PATH_CHALLENGE":
                end.challenges[frame.fields["data"]] = datagram["to"]

    # --- What arrives -----------------------------------------------------------------------------

    def arrived(self, datagram, now):
        """A copy of a datagram reaches its end."""
        at_server = datagram["to"] in self.server_addresses
        self.call("at_server" if at_server else "at_client", datagram, now)

    def at_client_retry(self, datagram, now):
        """Section 7.1: cookies are kept per address."""
        client_id, cookie = parse_retry(datagram["bytes"])
        if any(each.hello.client_connection_id == client_id for each, _ in self.trying.values()):
            self.cookies[client_id, datagram["from"]] = cookie

    def at_client_accept(self, datagram, now):
        """Section 7.1: the first ACCEPT ends the attempt; section 20 for a resumption."""
        parse_accept(datagram["bytes"])
        attempt, accept, connection = self.parsed[datagram["n"]]
        if not self.trying.pop(attempt.hello.noise, None):
            return
        older = self.client_that_resumes(attempt)
        if accept["result"] == "refused":
            detail = {name: accept[name] for name in ("status", "reason", "retryAfterMs")}
            if older:
                older.state = "closed"
                detail = {"code": RESET_CODE, "reason": accept["reason"], "isByPeer": True}
            self.event(now, datagram["to"], "closed" if older else "refused", detail)
            return
        end = self.ends["client", connection.client_id] = End("client", connection, now, self.sizes)
        if accept["resumed"] != (older is not None):
            self.difference(f"ACCEPT {datagram['n']} says resumed: {accept['resumed']}")
        if older:
            end.take_over(older)
            older.state = "closed"
        self.event(now, datagram["to"], "resumed" if older else "connected")

    def client_that_resumes(self, attempt):
        """The detached end whose newest ticket an attempt carries."""
        ticket = attempt.payload.get("resumeTicket")
        ends = [end for end in self.ends.values() if end.role == "client" and end.state == "detached"]
        return next((end for end in ends if end.connection.accept["resumeTicket"] == ticket), None)

    def at_client_reset(self, datagram, now):
        """Section 21: a valid token is taken for silence at once."""
        token = parse_reset(datagram["bytes"])
        for end in self.clients_at(datagram["to"]):
            if end.state == "open" and token == token_of(end.connection):
                end.state = "detached"
                self.event(now, end.at, "detached", {"code": RESET_CODE})

    def at_client_query_reply(self, datagram, now):
        """Section 23: a reply counts when kind, token and page are those of the question."""
        reply, query = parse_query(datagram["bytes"], True), self.queries.get(datagram["to"])
        if query and (reply.kind, reply.token, reply.page) == (query.kind, query.token, query.page):
            del self.queries[datagram["to"]]
            self.event(now, datagram["to"], "answer", {"payload": reply.payload.hex()})

    def clients_at(self, address):
        """Client ends that have used an address, newest first."""
        ends = [end for end in self.ends.values() if end.role == "client" and address in end.connection.addresses]
        return reversed(ends)

    def at_client_data(self, datagram, now):
        """Section 8.4; of the connections that used this address, the one that opens the packet."""
        for end in self.clients_at(datagram["to"]):
            try:
                opened = self.open(end, datagram, now)
            except Refused:
                continue
            end.at = datagram["to"]
            self.accept(end, opened, datagram, now)
            return

    def at_server_data(self, datagram, now):
        """Sections 7.2 and 8.4: the first authentic packet confirms the handshake."""
        connection_id = parse_header(datagram["bytes"]).connection_id
        if connection_id is not None and len(datagram["bytes"]) > RESET_BYTES:
            self.triggers[datagram["from"]].add(connection_id)
        end = self.ends.get(("server", connection_id))
        if end is None or self.is_forgotten(end, now):
            return
        opened = self.open(end, datagram, now)
        if end.state == "half open":
            self.confirm(end, now)
        self.accept(end, opened, datagram, now)

    def is_forgotten(self, end, now):
        """Section 21: a RESET that is sent at this moment shows that the server does not know the session."""
        return end.state == "detached" or now >= self.reset_at.get(token_of(end.connection), float("inf"))

    def confirm(self, end, now):
        """The session begins, or goes on."""
        end.state = "open"
        resumed = end.connection.accept["resumed"]
        if resumed:
            sessions = [each for each in self.ends.values() if each.role == "server" and each is not end]
            older = [each for each in sessions if each.connection.session == end.connection.session]
            end.take_over(older[-1])
            for each in older:
                each.state = "closed"
        self.event(now, end.at, "resumed" if resumed else "connected")

    def open(self, end, datagram, now):
        """Opens a packet with the keys of an end."""
        opened = end.opener.open(datagram["bytes"], now)
        self.seen["keys of the previous phase"] += opened.phase < end.opener.phase
        return opened

    # --- Frames -----------------------------------------------------------------------------------

    def accept(self, end, opened, datagram, now):
        """Sections 8.4, steps 7 and 8, and 19: what an authentic packet does in each state."""
        frames, _ = parse_frames(opened.plaintext, end.connection.channels)
        end.opener.accept(opened.number)
        end.arrived[opened.number] = end.heard_at = now
        for frame in frames:
            if frame.name == "CLOSE":
                if end.state == "open":
                    self.event(now, end.at, "closed", {**frame.fields, "isByPeer": True})
                end.state = "draining" if end.state == "open" else "closed"
            elif end.state == "open":
                self.apply(end, frame, datagram, now)

    def apply(self, end, frame, datagram, now):
        """A frame of an open session."""
        fields = frame.fields
        if frame.name == "ACK":
            end.sender.ack_arrived(frame, end.outbound)
            end.acked_at.append((now, end.sender.acked))
        elif frame.name == "CREDIT":
            end.outbound[fields["channel"]].credited(fields["limit"])
        elif frame.name == "PATH_RESPONSE":
            # Section 18: the answer counts from the address that was asked.
            if end.challenges.get(fields["data"]) == datagram["from"] and end.path != datagram["from"]:
                end.path = datagram["from"]
                self.event(now, end.at, "pathChanged", end.path)
        elif frame.name in ("MESSAGE", "FRAGMENT"):
            inbound = end.inbound[fields["channel"]]
            if frame.name == "MESSAGE":
                bodies = inbound.message(fields.get("sequence"), frame.body)
            else:
                bodies = inbound.fragment(fields, frame.body, now)
            for body in bodies:
                name, value = end.connection.attempt.table.decode(fields["channel"], body, end.peer_role)
                line = {"t": now, "at": end.at, "from": end.path, "message": name, "value": value}
                self.waiting[end.at].append((line, inbound, len(body)))

    # --- Comparison -------------------------------------------------------------------------------

    def take(self, line, now):
        """An application takes its next message: it must be this line of delivered.jsonl."""
        if not self.waiting[line["at"]]:
            self.difference(f"nothing to deliver for {shown(line)}")
            return
        due, inbound, size = self.waiting[line["at"]].pop(0)
        inbound.take(size)
        self.seen[f"delivered {inbound.delivery}"] += 1
        if {**due, "t": now} != line:
            self.difference(f"{shown(line)} is delivered instead of {shown(due)}")
        elif due["t"] != now:
            self.late += 1

    def compare(self):
        """What was never taken, and events, end by end: ends do not wait for each other."""
        for at, left in self.waiting.items():
            if left:
                self.difference(f"{len(left)} messages for {at} are not delivered, the first is {shown(left[0][0])}")
        for line in self.scenario.events:
            # When a client stops asking is its application's choice, so the time is not known here.
            if line["event"] == "answer" and line["detail"] is None and line["at"] in self.queries:
                self.event(line["t"], line["at"], "answer")
                self.events[-1]["detail"] = None
        for at in sorted({line["at"] for line in self.events + self.scenario.events}):
            mine, theirs = ([line for line in each if line["at"] == at] for each in (self.events, self.scenario.events))
            for one, other_one in zip_longest(mine, theirs):
                if one != other_one:
                    self.difference(f"event at {at}: {shown(other_one)} instead of {shown(one)}")
                    break


def shown(line):
    """A line for people."""
    return json.dumps(line)[:240]


def other(role):
    """The role of the peer."""
    return "server" if role == "client" else "client"


def token_of(connection):
    """The reset token that an ACCEPT told."""
    return base64.b64decode(connection.accept["resetToken"])
