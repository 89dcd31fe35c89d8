#!/usr/bin/python3
"""Checks captures of Tickwire with a decoder that was written from its documents alone.

    verify.py DIR [--verbose]

DIR is what `emit.ts --out DIR` wrote (README.md beside this file). The decoder in `python/` knows
docs/protocol.md and docs/schema_wire.md and nothing else of Tickwire; each of its functions names
the section that it implements. It needs Python 3.11 and Debian's python3-cryptography.

One line per scenario tells what was decoded. The exit code is 0 when everything is as expected and
enough of every kind was seen, so that a capture with little in it does not pass.
"""

import argparse
import json
import re
import sys
from collections import Counter
from pathlib import Path

sys.dont_write_bytecode = True

from python import documents  # noqa: E402
from python.passive import Passive, Scenario  # noqa: E402
from python.replay import Replay  # noqa: E402
from python.tables import Table  # noqa: E402
from python.vectors import Vectors  # noqa: E402

# The application of this scenario is slow to take its messages; everywhere else it takes them at once.
SLOW_READER = "credit"
SHOWN_DIFFERENCES = 20

# What has to be seen at least, over all scenarios. PAD frames are not asked for: nothing sends any.
LEAST = {
    **{f"packet {name}": 1 for name in ("RETRY", "VERSION", "RESET", "QUERY", "QUERY_REPLY", "unknown")},
    **{f"packet {name}": 20 for name in ("HELLO", "ACCEPT", "DATA")},
    **{f"frame {name}": 100 for name in ("PING", "ACK", "MESSAGE", "FRAGMENT")},
    **{f"frame {name}": 5 for name in ("CLOSE", "TIME", "CREDIT", "PROBE")},
    **{f"frame {name}": 2 for name in ("PATH_CHALLENGE", "PATH_RESPONSE")},
    **{f"delivered {name}": 50 for name in ("unreliable", "sequenced", "reliable-latest", "input")},
    **{f"delivered {name}": 100 for name in ("reliable-unordered", "reliable-ordered")},
    **{f"event {name}": 1 for name in (
        "connected", "refused", "unreachable", "detached", "resumed", "closed", "pathChanged", "answer")},
    **{f"refused {name}": 1 for name in (
        "malformed", "tooShort", "badHeader", "unknownConnection", "forged", "duplicate")},
    "handshake NK": 10, "handshake NKpsk2": 1, "accept resumed": 1, "accept refused": 3,
    "ticket connect": 2, "ticket resume": 1, "cookie repeated": 1,
    "number of 2 bytes": 50, "phase 2": 1, "keys of the previous phase": 1,
    "escaped channel": 1, "message from parts": 10, "message sent again": 20,
}  # fmt: skip


class Report:
    """Differences, and what was seen."""

    def __init__(self):
        self.seen, self.found = Counter(), {}

    def difference(self, where, text):
        """Something is not as the documents say."""
        self.found.setdefault(where, []).append(text)

    def show(self, where):
        """Prints the differences of one place; what stands on its line."""
        texts = self.found.get(where, [])
        for text in texts[:SHOWN_DIFFERENCES]:
            print(f"  {where}: {text}")
        if len(texts) > SHOWN_DIFFERENCES:
            print(f"  {where}: and {len(texts) - SHOWN_DIFFERENCES} more")
        return "ok" if not texts else f"{len(texts)} DIFFERENCES"


def check_documents(report):
    """The vectors that the documents print."""
    vectors = Vectors(lambda text: report.difference("documents", text))
    vectors.run()
    print(f"documents: {vectors.checked} vectors, {report.show('documents')}")


def read_tables(folder, report):
    """The protocols of a capture, by protocol id."""
    tables = {}
    for protocol in json.loads((folder / "schema.json").read_text("utf-8")):
        for entry in protocol["tables"]:
            table = Table(protocol["name"], entry)
            for text in table.differences():
                report.difference("schema", text)
            tables[table.id] = table
    print(f"schema: {len(tables)} protocol ids, {report.show('schema')}")
    return tables


def check_scenario(scenario, tables, report, verbose):
    """Decodes in the order of sending, then plays to both ends in the order of arrival."""

    def difference(text):
        report.difference(scenario.name, text)

    passive, parsed = Passive(scenario, tables, difference), []
    if len(scenario.expected) != len(scenario.datagrams):
        difference(f"{len(scenario.expected)} lines of expected.jsonl for {len(scenario.datagrams)} datagrams")
    for datagram, expected in zip(scenario.datagrams, scenario.expected):
        result, packet = passive.decode(datagram)
        parsed.append(packet)
        if verbose:
            print(f"  {scenario.name} {datagram['t']:.3f} {datagram['from']} {json.dumps(result)}")
        if result != expected:
            difference(f"datagram {datagram['n']}: {first_difference(result, expected)}")
    replay = Replay(scenario, passive, parsed, difference)
    replay.run()
    if replay.late and scenario.name != SLOW_READER:
        difference(f"{replay.late} messages were delivered later than they could have been")
    seen = passive.seen + replay.seen
    report.seen += seen
    frames, messages = (listed(seen, prefix) for prefix in ("frame ", "delivered "))
    print(
        f"{scenario.name}: {len(scenario.datagrams)} datagrams, {seen['decrypted']} packets decrypted, "
        f"frames {frames}; messages {messages}; {report.show(scenario.name)}"
    )


def first_difference(mine, theirs, path=""):
    """Where two values differ first, as deep as they have the same shape."""
    if isinstance(mine, dict) and isinstance(theirs, dict):
        for name in [*mine, *theirs]:
            if mine.get(name) != theirs.get(name):
                return first_difference(mine.get(name), theirs.get(name), f"{path}.{name}")
    if isinstance(mine, list) and isinstance(theirs, list) and len(mine) == len(theirs):
        for number, pair in enumerate(zip(mine, theirs)):
            if pair[0] != pair[1]:
                return first_difference(*pair, f"{path}[{number}]")
    return f"{path.lstrip('.')} is {json.dumps(mine)[:200]} by the documents, {json.dumps(theirs)[:200]} here"


def listed(seen, prefix):
    """Counts whose name begins with a prefix."""
    counts = [f"{name.removeprefix(prefix)} {count}" for name, count in sorted(seen.items()) if name.startswith(prefix)]
    return ", ".join(counts) or "none"


def check_minimum(report):
    """Whether enough was seen of everything."""
    for name, least in LEAST.items():
        if report.seen[name] < least:
            report.difference("minimum", f"{name}: {report.seen[name]} seen, {least} are the least")
    print(f"minimum: {len(LEAST)} kinds, {report.show('minimum')}")


def main():
    """Checks the documents, then one capture directory."""
    parser = argparse.ArgumentParser(description="Checks a Tickwire capture by the documents alone.")
    parser.add_argument("folder", metavar="DIR", type=Path, help="what emit.ts --out wrote")
    parser.add_argument("--verbose", action="store_true", help="print every datagram as it was decoded")
    options, report = parser.parse_args(), Report()
    check_documents(report)
    tables = read_tables(options.folder, report)
    folders = {folder.name: folder for folder in sorted(options.folder.iterdir()) if folder.is_dir()}
    scenarios = re.findall(r"^\| `(\w+)`", documents.section(documents.CAPTURES, "Scenarios"), re.M)
    if set(scenarios) != set(folders):
        report.difference("scenarios", f"README.md tells of {scenarios}, here are {list(folders)}")
        report.show("scenarios")
    for folder in folders.values():
        check_scenario(Scenario(folder), tables, report, options.verbose)
    check_minimum(report)
    return 1 if report.found else 0


if __name__ == "__main__":
    sys.exit(main())
