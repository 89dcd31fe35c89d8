/**
 * Takes the place of a running process of the same relay: the side of the new process.
 *
 * 1. It asks for ports and keys, and binds beside the old process: from then on datagrams wait here.
 * 2. It takes the tables of all sessions and starts. The old process still sends what it has received.
 * 3. It tells the old one that it is there; that one frees its HTTP port, empties its sockets and ends.
 *
 * @module
 */
import { readBlock, readJson, writeJson } from "./takeover_channel.ts";
import type { Shard } from "./shard.ts";

/** What an old process says of itself first. */
export interface TakeoverOffer {
  /** Layout of what follows; only equal versions understand each other. */
  readonly version: number;
  /** Id of the relay. */
  readonly relayId: string;
  /** Ticket keys, sealed to the key of the relay; empty when it never had any. */
  readonly sealedKeys: string;
  /** Its shards with their ports. */
  readonly shards: readonly { readonly shard: number; readonly port: number }[];
}

/** Version of the talk between the two processes. */
export const TAKEOVER_VERSION = 1;

/** A takeover did not come about. The old process goes on. */
export class TakeoverError extends Error {
  /** Always `"TakeoverError"`. */
  override readonly name = "TakeoverError";
  /** For programs. */
  readonly code: "nobody-there" | "other-relay" | "other-version" | "running";

  /** Takes the code and the sentence for people. */
  constructor(code: TakeoverError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A process that is about to be replaced. */
export class TakenOver {
  /** Ports by shard. */
  readonly ports: ReadonlyMap<number, number>;
  /** Ticket keys. */
  readonly sealedKeys: string;
  /** Sessions that were taken. */
  sessions = 0;
  /** Given what the director in the old process knew, if there was one; called before anything is started. */
  onDirectory: (records: string) => void = () => {};
  readonly #connection: Deno.Conn;
  #isFinished = false;

  private constructor(connection: Deno.Conn, offer: TakeoverOffer) {
    this.#connection = connection;
    this.ports = new Map(offer.shards.map(({ shard, port }) => [shard, port]));
    this.sealedKeys = offer.sealedKeys;
  }

  /** Asks the process at this socket. Throws TakeoverError. */
  static async begin(path: string, relayId: string): Promise<TakenOver> {
    let connection: Deno.Conn;
    try {
      connection = await Deno.connect({ transport: "unix", path });
    } catch (error) {
      throw new TakeoverError("nobody-there", `No relay to take over from at "${path}"`, {
        cause: error,
      });
    }
    try {
      const offer = await readOffer(connection);
      if (offer.relayId !== relayId) {
        throw new TakeoverError(
          "other-relay",
          `The relay at "${path}" is "${offer.relayId}", not "${relayId}"`,
        );
      }
      return new TakenOver(connection, offer);
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** Takes the sessions over. Throws RangeError when the shards are others than those of the old process. */
  async importInto(shards: readonly Shard[]): Promise<void> {
    await writeJson(this.#connection, { want: "tables" });
    for (const [number] of this.ports) {
      const table = await readBlock(this.#connection);
      const shard = shards.find(({ shard }) => shard === number);
      if (shard === undefined || shards.length !== this.ports.size) {
        throw new RangeError(
          `The old process has shards ${
            [...this.ports.keys()].join(", ")
          }: take over with the same`,
        );
      }
      this.sessions += await shard.importTable(table);
    }
    const records = await readJson(this.#connection);
    if (typeof records === "string" && records !== "") this.onDirectory(records);
  }

  /** Tells the old process to leave; when this resolves, its HTTP port and socket file are free. */
  async finish(): Promise<void> {
    await writeJson(this.#connection, { want: "place" });
    await readJson(this.#connection);
    this.cancel();
  }

  /** Gives up, unless it is finished: the old process goes on. */
  cancel(): void {
    if (!this.#isFinished) this.#connection.close();
    this.#isFinished = true;
  }
}

async function readOffer(connection: Deno.Conn): Promise<TakeoverOffer> {
  const offer = await readJson(connection);
  if (isOffer(offer)) return offer;
  throw new TakeoverError("other-version", "The old process speaks another version of takeovers");
}

/** Both processes are of one owner; this tells releases apart, no more. */
function isOffer(value: unknown): value is TakeoverOffer {
  return typeof value === "object" && value !== null && "version" in value &&
    value.version === TAKEOVER_VERSION;
}
