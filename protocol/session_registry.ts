/**
 * The sessions of a server endpoint, found by connection id, address, user and resume ticket.
 *
 * @module
 */
import type { ResumeTicket } from "../schema/messages/mod.ts";
import type { WireTable } from "../schema/mod.ts";
import { type Address, addressKey, isLoopback, sourceKey } from "./address.ts";
import type { Deadlined } from "./deadline_heap.ts";
import type { Session } from "./session.ts";

/** Who connected, as far as ticket and authorize hook tell. */
export interface Identity {
  /** Whom the ticket's issuer or the authorize hook vouches for; empty for anonymous peers. */
  readonly userId: string;
  /** What the ticket's issuer tells of the user. */
  readonly userData: Uint8Array;
}

/** A session at a server, with what the endpoint knows of it. */
export class ServerSession implements Deadlined {
  /** Number of the session, never used again within the process. */
  readonly id: number;
  /** The session itself. */
  readonly session: Session;
  /** The version of the protocol that it speaks. */
  readonly table: WireTable;
  /** Who it is. */
  readonly identity: Identity;
  /** Names the session in resume tickets: 8 random bytes. */
  readonly resumeId: Uint8Array;
  /** Generation of the ticket that came with its connection: older ones resume it no more. */
  generation = 0;
  /** Newest generation of which a ticket was issued; those not confirmed yet are good too. */
  issuedGeneration = 0;
  /** Whether it holds a place: it does not while its last CLOSE is being repeated. */
  isActive = true;
  /** The id under which the client addresses us now. */
  connectionId: number;
  /** Where it is now. */
  address: Address;
  /** Whether it waits in the endpoint's list of sessions that may transmit. */
  isDirty = false;
  /** Whether it waits in the endpoint's list of sessions with news. */
  hasNews = false;
  heapDeadlineMs = Infinity;
  heapIndex = -1;

  constructor(
    id: number,
    session: Session,
    table: WireTable,
    identity: Identity,
    resumeId: Uint8Array,
    connectionId: number,
    address: Address,
  ) {
    this.id = id;
    this.session = session;
    this.table = table;
    this.identity = identity;
    this.resumeId = resumeId;
    this.connectionId = connectionId;
    this.address = address;
  }
}

/** Sessions and their indexes. */
export class SessionRegistry {
  readonly #byConnectionId = new Map<number, ServerSession>();
  readonly #byId = new Map<number, ServerSession>();
  readonly #byAddress = new Map<string, ServerSession>();
  readonly #byUser = new Map<string, ServerSession>();
  readonly #byResumeId = new Map<string, ServerSession>();
  readonly #perSource = new Map<string, number>();
  #active = 0;

  /** Number of sessions, those included that wait to be resumed, or repeat their last CLOSE. */
  get size(): number {
    return this.#byId.size;
  }

  /** Sessions that are not over. */
  get active(): number {
    return this.#active;
  }

  /** All sessions, oldest first. */
  values(): IterableIterator<ServerSession> {
    return this.#byId.values();
  }

  /** The session that a DATA packet belongs to. */
  get(connectionId: number): ServerSession | undefined {
    return this.#byConnectionId.get(connectionId);
  }

  /** The session at exactly this address and port. */
  at(address: Address): ServerSession | undefined {
    return this.#byAddress.get(addressKey(address));
  }

  /** The session of a user. */
  ofUser(userId: string): ServerSession | undefined {
    return userId === "" ? undefined : this.#byUser.get(userId);
  }

  /**
   * The session that a resume ticket names, if the ticket is not outdated. The ticket of a connection that
   * was accepted but never confirmed is good: the client may have it and nothing else.
   */
  resumable(ticket: ResumeTicket): ServerSession | undefined {
    const entry = this.#byResumeId.get(String.fromCharCode(...ticket.session));
    if (entry === undefined || ticket.generation < entry.generation) return undefined;
    return ticket.generation <= entry.issuedGeneration ? entry : undefined;
  }

  /** Sessions from one source: an IPv4 address or an IPv6 /64. Loopback is not counted. */
  countFrom(address: Address): number {
    return this.#perSource.get(sourceKey(address.hostname)) ?? 0;
  }

  /** Sessions that wait to be resumed. */
  countDetached(): number {
    let count = 0;
    for (const entry of this.#byId.values()) if (entry.session.state === "detached") count++;
    return count;
  }

  /** The session that has waited longest to be resumed. */
  longestDetached(): ServerSession | undefined {
    let longest: ServerSession | undefined;
    for (const entry of this.#byId.values()) {
      if (entry.session.state !== "detached") continue;
      if (longest === undefined || entry.session.deadlineMs(0) < longest.session.deadlineMs(0)) {
        longest = entry;
      }
    }
    return longest;
  }

  /** Adds a session. */
  add(entry: ServerSession): void {
    this.#active++;
    this.#byId.set(entry.id, entry);
    this.#byConnectionId.set(entry.connectionId, entry);
    this.#byResumeId.set(String.fromCharCode(...entry.resumeId), entry);
    if (entry.identity.userId !== "") this.#byUser.set(entry.identity.userId, entry);
    this.#addAddress(entry);
  }

  /** Gives a session another connection id and address: it was resumed. */
  rebind(entry: ServerSession, connectionId: number, address: Address): void {
    this.#byConnectionId.delete(entry.connectionId);
    entry.connectionId = connectionId;
    this.#byConnectionId.set(connectionId, entry);
    this.move(entry, address);
  }

  /** Gives a session another address: its path changed. */
  move(entry: ServerSession, address: Address): void {
    if (entry.isActive) this.#removeAddress(entry);
    entry.address = address;
    if (entry.isActive) this.#addAddress(entry);
  }

  /**
   * A session is over but for the CLOSE that is being repeated: nothing but its connection id finds it any
   * more, and it holds no place.
   */
  retire(entry: ServerSession): void {
    if (!entry.isActive) return;
    entry.isActive = false;
    this.#active--;
    this.#byResumeId.delete(String.fromCharCode(...entry.resumeId));
    const { userId } = entry.identity;
    if (this.#byUser.get(userId) === entry) this.#byUser.delete(userId);
    this.#removeAddress(entry);
  }

  /** Removes a session. */
  remove(entry: ServerSession): void {
    this.retire(entry);
    this.#byId.delete(entry.id);
    this.#byConnectionId.delete(entry.connectionId);
  }

  #addAddress(entry: ServerSession): void {
    const key = addressKey(entry.address);
    // An address that is only claimed takes nothing from whoever is there.
    const isProven = entry.session.connection?.path.isProven ?? true;
    if (isProven || !this.#byAddress.has(key)) this.#byAddress.set(key, entry);
    if (isLoopback(entry.address.hostname)) return;
    const source = sourceKey(entry.address.hostname);
    this.#perSource.set(source, (this.#perSource.get(source) ?? 0) + 1);
  }

  #removeAddress(entry: ServerSession): void {
    const key = addressKey(entry.address);
    if (this.#byAddress.get(key) === entry) this.#byAddress.delete(key);
    if (isLoopback(entry.address.hostname)) return;
    const source = sourceKey(entry.address.hostname);
    const count = (this.#perSource.get(source) ?? 1) - 1;
    if (count > 0) this.#perSource.set(source, count);
    else this.#perSource.delete(source);
  }
}
