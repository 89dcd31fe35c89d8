/**
 * Two sessions on one connection without a handshake, so that their keys can be changed after a few
 * packets: endpoints leave that to their defaults of 2^30 packets and an hour.
 *
 * @module
 */
import type { Address } from "../../protocol/address.ts";
import { DropCounters } from "../../protocol/counters.ts";
import { FrameTable } from "../../protocol/frames.ts";
import { DEFAULT_SESSION_LIMITS } from "../../protocol/limits.ts";
import { Link } from "../../protocol/link.ts";
import { MemoryView } from "../../protocol/memory_view.ts";
import { MessagePool } from "../../protocol/message_pool.ts";
import { PacketWriter } from "../../protocol/packet_writer.ts";
import { Session } from "../../protocol/session.ts";
import { TypedSession } from "../../protocol/typed_session.ts";
import type { BoundMessage } from "../../schema/mod.ts";
import { EndpointDriver } from "../../transport/endpoint_driver.ts";
import type { DatagramPipe } from "../../transport/pipe.ts";
import { addressText } from "./capture.ts";
import { type CaptureLab, CLIENT_HOST, SERVER_HOST } from "./capture_lab.ts";
import { Conform } from "./capture_protocols.ts";

const CLIENT_CONNECTION_ID = 0x0c0c_0c0c;
const SERVER_CONNECTION_ID = 0x5e5e_5e5e;

/** One end of the pair. */
class PairEnd {
  readonly #lab: CaptureLab;
  readonly #pipe: DatagramPipe;
  readonly #peer: Address;
  readonly #session: Session;
  readonly #typed: TypedSession;
  readonly #driver: EndpointDriver;

  constructor(
    lab: CaptureLab,
    role: "client" | "server",
    pipe: DatagramPipe,
    peer: Address,
    link: Link,
  ) {
    this.#lab = lab;
    this.#pipe = pipe;
    this.#peer = peer;
    const drops = new DropCounters();
    const table = Conform.tables[0]!;
    const session = new Session(table.channels, DEFAULT_SESSION_LIMITS, {
      role,
      drops,
      pool: new MessagePool(),
      writer: new PacketWriter(),
      table: new FrameTable(),
      memory: new MemoryView(),
      random: lab.recorder.random,
      time: undefined,
    }, lab.nowMs);
    session.attach(link, peer, DEFAULT_SESSION_LIMITS, lab.nowMs);
    this.#session = session;
    this.#typed = new TypedSession(session, table, role === "client" ? "server" : "client", drops);
    const endpoint = {
      handleDatagram: (bytes: Uint8Array, from: Address, nowMs: number): void =>
        session.handlePacket(bytes, from, nowMs),
      handleTimeout: (nowMs: number): void => session.handleTimeout(nowMs),
      deadlineMs: (nowMs: number): number => session.deadlineMs(nowMs),
      pollTransmit: (into: Uint8Array, nowMs: number): number => session.pollTransmit(into, nowMs),
      get transmitTo(): Address {
        return session.transmitTo;
      },
    };
    this.#driver = new EndpointDriver(
      endpoint,
      pipe,
      lab.network.clock,
      (nowMs) => this.#news(nowMs),
    );
    this.#driver.start();
  }

  /** Sends a message at once. */
  send(message: BoundMessage, value: unknown): void {
    const { nowMs } = this.#lab;
    this.#typed.send(message, value, undefined, nowMs);
    this.#session.flush();
    this.#driver.service(nowMs);
  }

  #news(nowMs: number): void {
    const at = this.#pipe.localAddress;
    for (let event = this.#session.pollEvent(); event; event = this.#session.pollEvent()) {
      this.#lab.noteSession(nowMs, at, event);
    }
    this.#lab.drain(nowMs, at, this.#peer, this.#typed);
  }
}

/** Both ends of a connection whose keys live for `rekeyPackets` packets. */
export function connectPair(
  lab: CaptureLab,
  rekeyPackets: number,
): { readonly client: PairEnd; readonly server: PairEnd } {
  const clientPipe = lab.network.bind(CLIENT_HOST, 40_000);
  const serverPipe = lab.network.bind(SERVER_HOST, 9_999);
  const clientToServer = lab.recorder.draw(32);
  const serverToClient = lab.recorder.draw(32);
  lab.connections.push({
    clientConnectionId: CLIENT_CONNECTION_ID,
    serverConnectionId: SERVER_CONNECTION_ID,
    session: "pair",
    table: Conform.tables[0]!,
    // Links wipe the secrets that they are given.
    clientToServer: clientToServer.slice(),
    serverToClient: serverToClient.slice(),
    client: addressText(clientPipe.localAddress),
  });
  const { crypto, nowMs } = lab;
  const rekey = { rekeyPackets };
  const clientLink = new Link({
    crypto,
    rekey,
    secrets: { send: clientToServer.slice(), receive: serverToClient.slice() },
    localConnectionId: CLIENT_CONNECTION_ID,
    peerConnectionId: SERVER_CONNECTION_ID,
  }, nowMs);
  const serverLink = new Link({
    crypto,
    rekey,
    secrets: { send: serverToClient.slice(), receive: clientToServer.slice() },
    localConnectionId: SERVER_CONNECTION_ID,
    peerConnectionId: -1,
  }, nowMs);
  const server = serverPipe.localAddress;
  const client = clientPipe.localAddress;
  return {
    client: new PairEnd(lab, "client", clientPipe, server, clientLink),
    server: new PairEnd(lab, "server", serverPipe, client, serverLink),
  };
}
