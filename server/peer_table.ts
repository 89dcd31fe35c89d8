/**
 * The peers of a server: from what happens to sessions to what the game hears of.
 *
 * @module
 */
import { getLogger } from "npm:@logtape/logtape@2.4.2";
import type { Address } from "../protocol/address.ts";
import { CloseCode } from "../protocol/close_code.ts";
import type { HandlerTable } from "../protocol/handler_table.ts";
import type { ServerEndpoint } from "../protocol/server_endpoint.ts";
import type { SessionEvent } from "../protocol/session_event.ts";
import type { ServerSession } from "../protocol/session_registry.ts";
import type { ServerEvents } from "./handlers.ts";
import type { PeerIdentity } from "./options.ts";
import { createPeer, linkOf, type Peer, type PeerHost, PeerLink } from "./peer.ts";

const access = getLogger(["tickwire", "access"]);

/** What a table of peers works with. */
export interface PeerTableOptions<Data> {
  /** Whose sessions they are. */
  readonly endpoint: ServerEndpoint;
  /** The game's handlers. */
  readonly handlers: HandlerTable<ServerEvents<Data>>;
  /** Makes what the game keeps with a peer. */
  readonly peerData: ((who: PeerIdentity) => Data) | undefined;
  /** What peers need of their server. */
  readonly host: PeerHost;
}

/** Peers by id, and their news. */
export class PeerTable<Data> {
  /** All peers that are not gone for good. */
  readonly peers = new Map<number, Peer<Data>>();
  readonly #options: PeerTableOptions<Data>;
  readonly #unflushed: PeerLink[] = [];
  #isClosing = false;

  constructor(options: PeerTableOptions<Data>) {
    this.#options = options;
  }

  /** From now on whoever comes is sent away at once. */
  close(): void {
    this.#isClosing = true;
  }

  /** Handles messages and events of all peers with news, and lets what was sent leave. */
  dispatch(nowMs: number): void {
    const { endpoint } = this.#options;
    for (let entry = endpoint.pollNews(); entry; entry = endpoint.pollNews()) {
      const { session } = entry;
      for (let event = session.pollEvent(); event; event = session.pollEvent()) {
        this.#handleEvent(entry, event, nowMs);
      }
      const peer = this.peers.get(entry.id);
      if (peer !== undefined) this.#handleMessages(peer, nowMs);
    }
    this.flush();
  }

  /** Handles messages of one peer that waited for its room to take them. */
  resume(id: number, nowMs: number): void {
    const peer = this.peers.get(id);
    if (peer !== undefined) this.#handleMessages(peer, nowMs);
  }

  /** Notes that something waits to be flushed. */
  onSent(link: PeerLink): void {
    if (link.isUnflushed) return;
    link.isUnflushed = true;
    this.#unflushed.push(link);
  }

  /** Lets everything that was sent leave with the next transmission. */
  flush(): void {
    const links = this.#unflushed;
    for (let i = 0; i < links.length; i++) {
      const link = links[i]!;
      link.isUnflushed = false;
      this.#options.endpoint.flush(link.entry);
    }
    links.length = 0;
  }

  #handleMessages(peer: Peer<Data>, nowMs: number): void {
    const link = linkOf(peer);
    const { typed } = link;
    const { handlers } = this.#options;
    // A handler may disconnect the peer: what is left of it then is nobody's business any more. It may
    // also seat the peer in a room, or take it out of one.
    while (link.state !== "disconnected") {
      if (link.router !== undefined) {
        if (!link.router.handleNext(link, nowMs)) return;
      } else {
        if (!typed.poll(nowMs)) return;
        handlers.dispatch(typed.message, peer, typed.value);
      }
    }
  }

  #handleEvent(entry: ServerSession, event: SessionEvent, nowMs: number): void {
    if (event.kind === "connected") {
      this.#welcome(entry, nowMs);
      return;
    }
    const { handlers } = this.#options;
    if (event.kind === "delivery") {
      handlers.run(() => event.callback(event.result), undefined, undefined, "delivery");
      return;
    }
    const peer = this.peers.get(entry.id);
    if (peer === undefined) return;
    const link = linkOf(peer);
    switch (event.kind) {
      case "detached":
        this.#handleMessages(peer, nowMs);
        if (link.state === "disconnected") break;
        link.state = "suspended";
        access.info("suspended {id} {address}", { id: peer.id, address: textOf(peer.address) });
        handlers.emit("suspended", peer);
        break;
      case "resumed":
        if (link.state === "disconnected") break;
        link.state = "connected";
        access.info("resumed {id} {address}", { id: peer.id, address: textOf(peer.address) });
        handlers.emit("resumed", peer);
        break;
      case "pathChanged":
        access.info("moved {id} {address}", { id: peer.id, address: textOf(event.address) });
        break;
      case "drained":
        if (link.state !== "disconnected") handlers.emit("drained", peer);
        break;
      case "closed":
        // What came before the end is still handled.
        this.#handleMessages(peer, nowMs);
        this.#farewell(peer, event);
    }
  }

  #welcome(entry: ServerSession, nowMs: number): void {
    const { endpoint, handlers, host, peerData } = this.#options;
    if (this.#isClosing) {
      endpoint.close(entry, CloseCode.shutdown, "the server stops", nowMs);
      return;
    }
    const { id, address, identity: { userId, userData } } = entry;
    let data: Data;
    try {
      // Without `peerData` the type parameter is `undefined`, which is what the cast says.
      data = peerData?.({ id, address, userId, userData }) as Data;
    } catch (error) {
      handlers.fail(error, "peerData");
      endpoint.close(entry, CloseCode.kicked, "internal error", nowMs);
      return;
    }
    const peer = createPeer(new PeerLink(entry, endpoint.drops, host), data);
    this.peers.set(id, peer);
    access.info("connected {id} {address} {user}", { id, address: textOf(address), user: userId });
    handlers.emit("connected", peer);
  }

  #farewell(peer: Peer<Data>, event: SessionEvent & { kind: "closed" }): void {
    const { code, reason, isByPeer } = event;
    linkOf(peer).state = "disconnected";
    this.peers.delete(peer.id);
    access.info("disconnected {id} {address} {code} {reason}", {
      id: peer.id,
      address: textOf(peer.address),
      code,
      reason,
    });
    this.#options.handlers.emit("disconnected", peer, { code, reason, isByPeer });
  }
}

function textOf(address: Address): string {
  return `${address.hostname} ${address.port}`;
}
