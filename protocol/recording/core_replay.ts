/**
 * Replays a recording into the core alone: the application's calls come from the recording, so that
 * neither its code nor its modules are needed.
 *
 * @module
 */
import type { ProtocolCore, WireTable } from "../../schema/mod.ts";
import type { Address } from "../address.ts";
import type { CryptoBackend } from "../crypto/backend.ts";
import type { Handshake } from "../handshake_responder.ts";
import type { Verdict } from "../server_door.ts";
import type { Session } from "../session.ts";
import type { ServerSession } from "../session_registry.ts";
import { checkSameWire, protocolOf } from "./declared_protocol.ts";
import { clientOptionsOf, type ReplayKeys, serverOptionsOf } from "./made_options.ts";
import { isCall, RecordCode } from "./record_code.ts";
import { describeFact, type RecordedFact } from "./record_reader.ts";
import { decodeJson } from "./recording_header.ts";
import { RecordingError } from "./recording_error.ts";
import type { ReplayedThing, UnplacedThing } from "./replayed_thing.ts";
import { repeatSessionCall } from "./session_replay.ts";
import { TappedClientEndpoint } from "./tapped_client_endpoint.ts";
import { DELIVERY_RESULTS, type Outstanding } from "./tapped_session.ts";
import { TappedServerEndpoint } from "./tapped_server_endpoint.ts";
import { type Recording, ReplayDivergence, VerifyingTape } from "./verifying_tape.ts";

/** Options of a {@link CoreReplay}. */
export interface CoreReplayOptions {
  /** Keys and tags; any backend gives the same bytes. */
  readonly crypto: CryptoBackend;
  /** The protocol. Default: as the recording declares it. */
  readonly protocol?: ProtocolCore | undefined;
  /** Keys that the recording does not hold. */
  readonly keys?: ReplayKeys | undefined;
  /** Packets that each session remembers for {@link Session.trace}. Default: as it was recorded. */
  readonly traceDatagrams?: number | undefined;
  /** Told of everything that happens. */
  readonly onThing?: ((thing: ReplayedThing) => void) | undefined;
}

/** A session that the application knows. */
interface KnownSession {
  /** The server's entry of it; `undefined` at a client. */
  readonly entry: ServerSession | undefined;
  readonly session: Session;
  readonly table: WireTable;
  readonly held: () => Outstanding;
  readonly address: () => Address;
}

/** Calls that are only the way in which an application asks; what it is told is a thing of its own. */
const SILENT_CALLS: ReadonlySet<number> = new Set([
  RecordCode.handleDatagram,
  RecordCode.handleTimeout,
  RecordCode.pollTransmit,
  RecordCode.pollNews,
  RecordCode.pollAuthorization,
  RecordCode.pollClientEvent,
  RecordCode.pollMessage,
  RecordCode.pollEvent,
  RecordCode.release,
  RecordCode.send,
  RecordCode.flush,
  RecordCode.flushSession,
  RecordCode.deadline,
]);

/** A replay of the core. */
export class CoreReplay {
  /** The protocol. */
  readonly protocol: ProtocolCore;
  /** Which end was recorded. */
  readonly role: "server" | "client";
  /** What the replay is compared with. */
  readonly tape: VerifyingTape;
  readonly #options: CoreReplayOptions;
  readonly #into = new Uint8Array(65_536);
  readonly #sessions = new Map<number, KnownSession>();
  readonly #asked: Handshake[] = [];
  readonly #clients = new Map<number, TappedClientEndpoint>();
  #server: TappedServerEndpoint | undefined;
  #endpoint = 0;
  #capacityBytes = 0;
  #datagram: { readonly bytes: Uint8Array; readonly from: Address } | undefined;

  /** @throws RecordingError `protocol` when the protocol at hand has another wire. */
  constructor(recording: Recording, options: CoreReplayOptions) {
    const { header } = recording;
    if (options.protocol !== undefined) checkSameWire(header.protocol, options.protocol);
    this.protocol = options.protocol ?? protocolOf(header.protocol);
    this.#options = options;
    this.role = header.role;
    this.tape = new VerifyingTape(recording);
  }

  /** The version of the protocol that a session speaks. */
  tableOf(session: number): WireTable | undefined {
    return this.#sessions.get(session)?.table;
  }

  /** A session. */
  session(session: number): Session | undefined {
    return this.#sessions.get(session)?.session;
  }

  /** Sessions that the application knows, by number. */
  sessions(): IterableIterator<number> {
    return this.#sessions.keys();
  }

  /** Replays to the end. @throws RecordingError or {@link ReplayDivergence}. */
  run(): void {
    while (this.step());
  }

  /**
   * Replays the next record and what belongs to it.
   *
   * @returns `false` at the end.
   * @throws RecordingError when the recording is damaged or lacks something; ReplayDivergence at the first difference.
   */
  step(): boolean {
    const { tape } = this;
    const fact = tape.peek();
    if (fact === undefined) return false;
    if (fact.code === RecordCode.made) this.#make(fact);
    else if (isCall(fact.code)) this.#repeat(fact);
    else this.#accept(fact);
    return true;
  }

  #make(fact: RecordedFact): void {
    const { crypto, traceDatagrams, keys = {} } = this.#options;
    const { tape, protocol } = this;
    const surroundings = { protocol, crypto, random: (into: Uint8Array) => tape.random(into) };
    const traced = traceDatagrams === undefined ? {} : { traceDatagrams };
    this.#endpoint = fact.id;
    if (this.role === "server") {
      const options = serverOptionsOf(fact.text, surroundings, keys);
      const sessionLimits = { ...options.sessionLimits, ...traced };
      this.#server = new TappedServerEndpoint(
        { ...options, sessionLimits },
        fact.timeMs,
        tape,
        fact.text,
      );
      this.#server.onSeen = (entry, held) => {
        const { session, table } = entry;
        this.#sessions.set(entry.id, {
          entry,
          session,
          table,
          held: () => held,
          address: () => entry.address,
        });
      };
      return;
    }
    const options = clientOptionsOf(fact.text, surroundings);
    const sessionLimits = { ...options.sessionLimits, ...traced };
    const tap = { tape, id: fact.id, nowMs: fact.timeMs, madeOf: fact.text };
    this.#clients.set(fact.id, new TappedClientEndpoint({ ...options, sessionLimits }, tap));
  }

  /** What is not a call: it is there for the calls to come, or for somebody else. */
  #accept(fact: RecordedFact): void {
    switch (fact.code) {
      case RecordCode.datagram:
        // A copy: the core decrypts in place.
        this.#datagram = { bytes: fact.bytes.slice(), from: fact.address };
        this.tape.hasDatagram = true;
        break;
      case RecordCode.endpoint:
        // The tap says so itself, as soon as it is called; here we only learn whom to call.
        this.#endpoint = fact.id;
        this.tape.select(fact.id);
        return;
      case RecordCode.capacity:
        this.#capacityBytes = fact.number;
        this.tape.noteCapacity(fact.number);
        return;
      case RecordCode.tick:
        this.#setTick(fact);
        this.tape.noteTick({ tick: fact.id, startedAtMs: fact.value });
        return;
      case RecordCode.end:
        this.#tell({ what: "end", text: fact.text });
    }
    this.tape.skip();
  }

  #setTick({ id, value }: RecordedFact): void {
    if (this.#server === undefined) return;
    this.#server.time.tick = id;
    this.#server.time.startedAtMs = value;
    this.#tell({ what: "tick", tick: id });
  }

  #repeat(fact: RecordedFact): void {
    const { tape } = this;
    if (!SILENT_CALLS.has(fact.code)) {
      this.#tell({ what: "call", text: describeFact(fact) }, hasSession(fact) ? fact.id : -1);
    }
    try {
      if (fact.code >= RecordCode.send && fact.code <= RecordCode.linger) this.#repeatSession(fact);
      else if (this.role === "server") this.#repeatServer(fact);
      else this.#repeatClient(fact);
    } catch (error) {
      if (tape.divergence !== undefined) throw tape.divergence;
      if (error instanceof RecordingError || error instanceof ReplayDivergence) throw error;
      // The recorded call threw the same, or there would be a difference.
    }
    // Somebody on the way may have caught what the tape threw.
    if (tape.divergence !== undefined) throw tape.divergence;
  }

  #repeatSession(fact: RecordedFact): void {
    const known = this.#known(fact.id);
    if (fact.code === RecordCode.send) {
      const { number: channel, bytes } = fact;
      this.#tell({ what: "sent", channel, bytes }, fact.id);
    }
    this.#listen(fact.id, () => {
      const message = repeatSessionCall(known.session, known.held(), fact);
      if (message !== undefined) this.#tell({ what: "received", ...message }, fact.id);
    });
  }

  #repeatServer(fact: RecordedFact): void {
    const server = this.#server;
    if (server === undefined) throw missing("server");
    const { number, text, timeMs, value } = fact;
    switch (fact.code) {
      case RecordCode.handleDatagram:
        return this.#deliver(server, timeMs);
      case RecordCode.handleTimeout:
        return server.handleTimeout(timeMs);
      case RecordCode.pollTransmit:
        return this.#transmit(server, timeMs);
      case RecordCode.pollNews:
        return void server.pollNews();
      case RecordCode.pollAuthorization: {
        const request = server.pollAuthorization();
        if (request !== undefined) this.#asked.push(request.handshake);
        return;
      }
      case RecordCode.authorize:
        // Boundary cast: the tap wrote it.
        return server.authorize(this.#handshake(fact.id), decodeJson(text) as Verdict, timeMs);
      case RecordCode.block:
        return server.block(text, value, timeMs);
      case RecordCode.addBlock:
        return server.blockList.add(text, value);
      case RecordCode.removeBlock:
        return void server.blockList.remove(text);
      case RecordCode.closeAll:
        return server.closeAll(number, text, timeMs);
      case RecordCode.draining:
        server.isDraining = fact.flag;
        return;
      default:
        return this.#repeatServerSession(server, fact);
    }
  }

  #repeatServerSession(server: TappedServerEndpoint, fact: RecordedFact): void {
    const { id, number, text, timeMs, value } = fact;
    const { entry } = this.#known(id);
    if (entry === undefined) throw missing(`session ${id}`);
    if (fact.code === RecordCode.flushSession) server.flush(entry);
    else if (fact.code === RecordCode.closeSession) server.close(entry, number, text, timeMs);
    else server.linger(entry, number, text, value, timeMs);
  }

  #repeatClient(fact: RecordedFact): void {
    const client = this.#clients.get(this.#endpoint);
    if (client === undefined) throw missing(`endpoint ${this.#endpoint}`);
    const { timeMs } = fact;
    switch (fact.code) {
      case RecordCode.connect:
        return client.connect(timeMs);
      case RecordCode.handleDatagram:
        return this.#deliver(client, timeMs);
      case RecordCode.handleTimeout:
        return client.handleTimeout(timeMs);
      case RecordCode.deadline:
        return void client.deadlineMs(timeMs);
      case RecordCode.pollTransmit:
        return this.#transmit(client, timeMs);
      case RecordCode.pollClientEvent:
        return this.#listen(this.#endpoint, () => void client.pollEvent(timeMs));
      default:
        throw new RecordingError("corrupt", `A client has no ${describeFact(fact)}`);
    }
  }

  #deliver(endpoint: TappedServerEndpoint | TappedClientEndpoint, timeMs: number): void {
    const datagram = this.#datagram;
    if (datagram === undefined) throw missing("datagram");
    this.#datagram = undefined;
    const { bytes, from } = datagram;
    const original = this.#options.onThing === undefined ? bytes : bytes.slice();
    endpoint.handleDatagram(bytes, from, timeMs);
    this.#tell({ what: "in", bytes: original, address: from }, this.#sessionAt(from));
  }

  #transmit(endpoint: TappedServerEndpoint | TappedClientEndpoint, timeMs: number): void {
    const into = this.#into.subarray(0, this.#capacityBytes);
    const sizeBytes = endpoint.pollTransmit(into, timeMs);
    if (sizeBytes === 0) return;
    const address = endpoint.transmitTo;
    const bytes = into.slice(0, sizeBytes);
    this.#tell({ what: "out", bytes, address }, this.#sessionAt(address));
  }

  /** Tells what the tape notes as event during an action. */
  #listen(session: number, action: () => void): void {
    const { tape } = this;
    const { onThing } = this.#options;
    if (onThing !== undefined) {
      tape.onFact = (fact) => {
        if (fact.code === RecordCode.event) this.#tell({ what: "event", text: fact.text }, session);
        if (fact.code === RecordCode.delivery) {
          const text = `delivery ${DELIVERY_RESULTS[fact.number] ?? "?"}`;
          this.#tell({ what: "event", text }, session);
        }
      };
    }
    try {
      action();
    } finally {
      tape.onFact = undefined;
    }
  }

  #known(id: number): KnownSession {
    const known = this.#sessions.get(id) ?? this.#ofClient(id);
    if (known === undefined) throw missing(`session ${id}`);
    return known;
  }

  #ofClient(id: number): KnownSession | undefined {
    const client = this.#clients.get(id);
    const session = client?.session;
    if (client === undefined || session === undefined) return undefined;
    const known = {
      entry: undefined,
      session,
      table: this.protocol.tables[0]!,
      held: () => client.held,
      address: () => client.address,
    };
    this.#sessions.set(id, known);
    return known;
  }

  #handshake(index: number): Handshake {
    const handshake = this.#asked[index];
    if (handshake === undefined) throw missing(`player ${index} at the door`);
    return handshake;
  }

  #sessionAt({ hostname, port }: Address): number {
    if (this.#options.onThing === undefined) return -1;
    for (const [id, { address, session }] of this.#sessions) {
      if (session.state === "closed") continue;
      const other = address();
      if (other.port === port && other.hostname === hostname) return id;
    }
    return -1;
  }

  #tell(thing: UnplacedThing, session = -1): void {
    const { record, atMs } = this.tape;
    // Boundary cast: a union and an intersection of the same parts.
    this.#options.onThing?.({ ...thing, session, record, atMs } as ReplayedThing);
  }
}

function hasSession({ code }: RecordedFact): boolean {
  return code === RecordCode.closeSession || code === RecordCode.lingerSession ||
    code === RecordCode.close || code === RecordCode.linger;
}

function missing(what: string): RecordingError {
  return new RecordingError("corrupt", `The recording needs a ${what} that it does not tell of`);
}
