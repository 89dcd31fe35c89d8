/**
 * Lets a newer process of the same relay take this one's place: the side of the old process.
 *
 * Whoever may open the socket file may take the relay over, so it stands in a folder of its owner.
 *
 * @module
 */
import { dirname } from "node:path";
import { readJson, writeBlock, writeJson } from "./takeover_channel.ts";
import { TAKEOVER_VERSION, TakeoverError, type TakeoverOffer } from "./takeover_guest.ts";

/** What can be taken over. */
export interface TakeoverSource {
  /** What a newer process has to know first. */
  offer(): Omit<TakeoverOffer, "version">;
  /** Stops speaking to the director, and gives the sessions of every shard. */
  surrender(): Promise<readonly Uint8Array[]>;
  /** What the director in this process knows, or `""` where there is none. */
  exportDirectory(): string;
  /** The newer process did not come up: goes on as before. */
  resume(): void;
  /** Frees what the newer process needs besides the ports, such as the HTTP port. */
  makeRoom(): Promise<void>;
}

/** Waits for a newer process. */
export class TakeoverHost {
  /** Resolves when a newer process has taken over; this one should empty its sockets and end. */
  readonly done: Promise<void>;
  readonly #path: string;
  readonly #source: TakeoverSource;
  readonly #listener: Deno.UnixListener;
  readonly #serving: Promise<void>;
  readonly #resolve: () => void;
  #connection: Deno.Conn | undefined;
  #isClosed = false;

  private constructor(path: string, source: TakeoverSource, listener: Deno.UnixListener) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.done = promise;
    this.#resolve = resolve;
    this.#path = path;
    this.#source = source;
    this.#listener = listener;
    this.#serving = this.#serve();
  }

  /** Listens. Throws TakeoverError `running` when another process of this relay does. */
  static async listen(path: string, source: TakeoverSource): Promise<TakeoverHost> {
    await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await refuseSecond(path);
    const listener = Deno.listen({ transport: "unix", path });
    await Deno.chmod(path, 0o600);
    return new TakeoverHost(path, source, listener);
  }

  /** Stops listening. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listener.close();
    this.#connection?.close();
    await this.#serving;
    await Deno.remove(this.#path).catch(() => {});
  }

  async #serve(): Promise<void> {
    while (!this.#isClosed) {
      try {
        const connection = await this.#listener.accept();
        this.#connection = connection;
        if (await this.#handOver(connection)) return;
      } catch {
        // The listener was closed, or a connection broke before it began.
      }
      this.#connection = undefined;
    }
  }

  /** Speaks to one newer process; whether it took over. */
  async #handOver(connection: Deno.Conn): Promise<boolean> {
    const source = this.#source;
    let hasSurrendered = false;
    try {
      await writeJson(connection, { version: TAKEOVER_VERSION, ...source.offer() });
      await expectWish(connection, "tables");
      hasSurrendered = true;
      for (const table of await source.surrender()) await writeBlock(connection, table);
      await writeJson(connection, source.exportDirectory());
      await expectWish(connection, "place");
      await source.makeRoom();
      this.#isClosed = true;
      this.#listener.close();
      await Deno.remove(this.#path).catch(() => {});
      await writeJson(connection, { done: true });
      this.#resolve();
      return true;
    } catch {
      if (hasSurrendered) source.resume();
      return false;
    } finally {
      if (!this.#isClosed || hasSurrendered) closeQuietly(connection);
    }
  }
}

/** The path of the socket file of a relay; short, since such paths have 108 characters at most. */
export function takeoverPath(folder: string, relayId: string): string {
  return `${folder}/${relayId}.sock`;
}

/**
 * Makes sure that no process of this relay listens at the path, and removes what a killed one left.
 *
 * @throws TakeoverError `running` when one does.
 */
export async function refuseSecond(path: string): Promise<void> {
  let connection: Deno.Conn;
  try {
    connection = await Deno.connect({ transport: "unix", path });
  } catch {
    // Left behind by a process that was killed, or none at all.
    await Deno.remove(path).catch(() => {});
    return;
  }
  connection.close();
  throw new TakeoverError(
    "running",
    `This relay runs already (it listens at "${path}"): stop it, or take over with --takeover`,
  );
}

async function expectWish(connection: Deno.Conn, wish: string): Promise<void> {
  const message = await readJson(connection);
  const isWish = typeof message === "object" && message !== null && "want" in message &&
    message.want === wish;
  if (!isWish) throw new TypeError(`Expected the wish "${wish}"`);
}

function closeQuietly(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // Closed already.
  }
}
