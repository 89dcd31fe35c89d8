import assert from "node:assert/strict";
import { ClientEndpoint } from "../../protocol/client_endpoint.ts";
import { noiseInitiator, noiseResponder } from "../../protocol/crypto/noise.ts";
import { HELLO_NOISE_OFFSET } from "../../protocol/handshake_packets.ts";
import { Link } from "../../protocol/link.ts";
import { ServerEndpoint } from "../../protocol/server_endpoint.ts";
import { acceptCodec } from "../../schema/messages/mod.ts";
import { markedText } from "./document.ts";
import { vectorsMarkdown } from "./vectors_markdown.ts";
import {
  clientDataExample,
  CRYPTO,
  type DataExample,
  Example,
  handshakeExample,
  INPUTS,
  opens,
  sealedTicket,
  serverDataExample,
} from "./worked_example.ts";

const SERVER = { hostname: "192.0.2.1", port: 9_999 };
const CLIENT = { hostname: "198.51.100.7", port: 40_000 };

/** Formatting may break lines elsewhere. */
function words(text: string): string {
  return text.split(/\s+/).join(" ").trim();
}

Deno.test("the vectors of docs/protocol.md are those of the code", () => {
  assert.equal(
    words(markedText("vectors")),
    words(vectorsMarkdown()),
    "run: deno run -A tests/conformance/emit.ts --vectors --write",
  );
});

for (const ticket of [undefined, sealedTicket().sealed]) {
  const pattern = ticket === undefined ? "NK" : "NKpsk2";
  Deno.test(`the steps of the example are the ${pattern} handshake of both ends`, () => {
    const example = handshakeExample(ticket);
    const noiseBytes = example.helloUsedBytes - HELLO_NOISE_OFFSET;
    const message1 = example.hello.subarray(HELLO_NOISE_OFFSET, HELLO_NOISE_OFFSET + noiseBytes);
    const staticPublic = CRYPTO.x25519PublicKey(INPUTS.staticSecret);
    const initiator = noiseInitiator(CRYPTO, {
      pattern,
      prologue: example.prologue,
      responderStatic: staticPublic,
      ephemeralSecret: INPUTS.clientEphemeralSecret,
      ...(ticket === undefined ? {} : { psk: INPUTS.psk }),
    });
    assert.deepEqual(initiator.writeMessage1(example.helloPlaintext), message1);
    initiator.mixHash(example.accept.slice(0, 6));
    assert.deepEqual(initiator.readMessage2(example.accept.subarray(6)), example.acceptPlaintext);

    const responder = noiseResponder(CRYPTO, {
      pattern,
      prologue: example.prologue,
      staticSecret: INPUTS.staticSecret,
      staticPublic,
      ephemeralSecret: INPUTS.serverEphemeralSecret,
    });
    assert.deepEqual(responder.readMessage1(message1), example.helloPlaintext);
    if (ticket !== undefined) responder.setPsk(INPUTS.psk);
    responder.mixHash(example.accept.slice(0, 6));
    assert.deepEqual(responder.writeMessage2(example.acceptPlaintext), example.accept.slice(6));

    const secrets = initiator.split();
    assert.deepEqual(secrets.send, example.clientToServer);
    assert.deepEqual(secrets.receive, example.serverToClient);
    assert.deepEqual(secrets.handshakeHash, example.handshakeHash);
  });

  Deno.test(`a server takes the ${pattern} HELLO of the example`, () => {
    const server = new ServerEndpoint({
      protocol: Example,
      crypto: CRYPTO,
      random: (into) => into.fill(0x77),
      staticSecret: INPUTS.staticSecret,
      epochMs: INPUTS.serverTimeMs,
      ticketKeys: [INPUTS.ticketKey],
      requireTicket: ticket !== undefined,
    }, 0);
    server.handleDatagram(handshakeExample(ticket).hello, CLIENT, 0);
    const into = new Uint8Array(1_452);
    assert.equal(server.pollTransmit(into, 0), 144);
    assert.equal(into[0], 0x42);
    assert.equal(server.halfOpen, 1);
  });

  Deno.test(`a client with the secrets of the example sends its ${pattern} HELLO and takes its ACCEPT`, () => {
    const example = handshakeExample(ticket);
    const client = new ClientEndpoint({
      protocol: Example,
      crypto: CRYPTO,
      random: (into) => {
        // The ephemeral secret and the connection id are drawn at once.
        if (into.byteLength !== 36) return;
        into.set(INPUTS.clientEphemeralSecret);
        new DataView(into.buffer, into.byteOffset).setUint32(32, INPUTS.clientConnectionId, true);
      },
      serverKey: CRYPTO.x25519PublicKey(INPUTS.staticSecret),
      addresses: [SERVER],
      ...(ticket === undefined ? {} : { ticket: { sealed: ticket, psk: INPUTS.psk } }),
    });
    client.connect(0);
    const into = new Uint8Array(1_452);
    assert.equal(client.pollTransmit(into, 0), example.hello.byteLength);
    assert.deepEqual(into.slice(0, example.hello.byteLength), example.hello);
    client.handleDatagram(example.accept.slice(), SERVER, 40);
    assert.equal(client.session?.state, "open");
    assert.equal(client.serverTimeMs, INPUTS.serverTimeMs);
    assert.equal(acceptCodec.decode(example.acceptPlaintext)?.accept.result, "accepted");
  });
}

Deno.test("the packets of the example open with their keys and nonces, and not when a bit is changed", () => {
  const { clientToServer, serverToClient } = handshakeExample();
  const packets: DataExample[] = [
    clientDataExample(clientToServer),
    serverDataExample(serverToClient),
  ];
  for (const data of packets) {
    assert.ok(opens(data.key, data.nonce, data));
    const link = new Link({
      crypto: CRYPTO,
      secrets: { send: new Uint8Array(32), receive: data.secret.slice() },
      localConnectionId: INPUTS.serverConnectionId,
      peerConnectionId: -1,
    }, 0);
    const changed = data.packet.slice();
    changed[changed.byteLength - 1]! ^= 1;
    assert.ok(link.open(changed, 0) < 0);
    const copy = data.packet.slice();
    const end = link.open(copy, 0);
    assert.deepEqual(copy.slice(data.header.byteLength, end), data.frames);
  }
});
