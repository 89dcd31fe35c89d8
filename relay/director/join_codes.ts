/**
 * Join codes: six characters that a person reads to another, and what they lead to.
 *
 * @module
 */
import { KeyedBuckets, TokenBucket } from "../../protocol/token_bucket.ts";
import type { JoinCodeRecord } from "../directory/records.ts";
import { compareAndSet, type DirectorContext } from "./director_context.ts";
import { DirectorError } from "./director_error.ts";
import type { CodeReply } from "./requests.ts";

/**
 * No 0 O Q, 1 I L, 2 Z, 5 S, 8 B, U V, which look alike or sound alike on bad lines, and no A E, so that
 * no code is a word. 20 characters make 64 million codes: a guess hits one of a thousand with 1 in 64,000.
 */
export const CODE_ALPHABET = "34679CDFGHJKMNPRTWXY";

/** Characters of a code. */
export const CODE_CHARACTERS = 6;

const DEFAULT_LIFE_SECONDS = 3_600;

/** Guesses of one address, and wrong ones of everybody. */
const PER_SOURCE = { perSecond: 0.2, burst: 10 };
const WRONG_IN_ALL = { perSecond: 20, burst: 200 };

/** Makes codes and looks them up. */
export class JoinCodes {
  readonly #context: DirectorContext;
  readonly #sources = new KeyedBuckets(PER_SOURCE.perSecond, PER_SOURCE.burst);
  readonly #wrong: TokenBucket;

  constructor(context: DirectorContext) {
    this.#context = context;
    this.#wrong = new TokenBucket(
      WRONG_IN_ALL.perSecond,
      WRONG_IN_ALL.burst,
      context.clock.nowMs(),
    );
  }

  /**
   * The code of a server or of one of its rooms: one each. Asking again keeps it and prolongs it.
   *
   * @param wish A code that it had before the directory forgot it; given if nobody has it now.
   * @throws DirectorError `away`, `conflict`.
   */
  async make(
    serverId: string,
    { room = "", lifeSeconds = DEFAULT_LIFE_SECONDS, wish = "" }: {
      room?: string;
      lifeSeconds?: number;
      wish?: string;
    },
  ): Promise<CodeReply> {
    let wished = readCode(wish);
    const { directory, wallClockMs, keys, publicUrl } = this.#context;
    const expiresAtMs = wallClockMs() + lifeSeconds * 1_000;
    const record: JoinCodeRecord = { serverId, room, expiresAtMs };
    const owner = keys.recordKey(serverId, room);
    const code = await compareAndSet(async () => {
      const known = await directory.read("rooms", owner);
      if (known !== undefined) {
        const { code } = known.value;
        const held = await directory.read("codes", code);
        if (held?.value.serverId === serverId && held.value.room === room) {
          const revision = await directory.update("codes", code, record, held.revision);
          return revision === undefined ? undefined : code;
        }
      }
      const code = wished ?? this.#draw();
      wished = undefined;
      if (await directory.create("codes", code, record) === undefined) return undefined;
      const isNoted = known === undefined
        ? await directory.create("rooms", owner, { code })
        : await directory.update("rooms", owner, { code }, known.revision);
      if (isNoted !== undefined) return code;
      await directory.delete("codes", code);
      return undefined;
    });
    return { code, expiresAtMs, ...(publicUrl === undefined ? {} : { publicUrl }) };
  }

  /**
   * Where a code leads.
   *
   * @param source What guesses are counted by: `sourceKey` of the address that asks.
   * @throws DirectorError `not-found` for no code, one that has expired, and one of a server that is
   * gone; `too-many`.
   */
  async find(typed: string, source: string): Promise<JoinCodeRecord> {
    const { directory, clock, wallClockMs } = this.#context;
    const nowMs = clock.nowMs();
    if (!this.#sources.take(source, nowMs) || this.#wrong.available(nowMs) < 1) {
      throw new DirectorError("too-many", "Too many codes were tried; wait a little");
    }
    const code = readCode(typed);
    const entry = code === undefined ? undefined : await directory.read("codes", code);
    if (entry !== undefined && entry.value.expiresAtMs > wallClockMs()) return entry.value;
    this.#wrong.take(1, nowMs);
    throw new DirectorError("not-found", "No game has this code, or no longer");
  }

  /** Ends the code of a server or room; none is no error. */
  async end(serverId: string, room = ""): Promise<void> {
    const { directory, keys } = this.#context;
    const owner = keys.recordKey(serverId, room);
    const known = await directory.read("rooms", owner);
    if (known === undefined) return;
    await directory.delete("rooms", owner);
    await directory.delete("codes", known.value.code);
  }

  /** Every character equally likely: bytes that would favor the first ones are drawn again. */
  #draw(): string {
    const fair = 256 - 256 % CODE_ALPHABET.length;
    const bytes = new Uint8Array(4 * CODE_CHARACTERS);
    let code = "";
    while (code.length < CODE_CHARACTERS) {
      this.#context.tools.random(bytes);
      for (const byte of bytes) {
        if (byte < fair && code.length < CODE_CHARACTERS) {
          code += CODE_ALPHABET[byte % CODE_ALPHABET.length];
        }
      }
    }
    return code;
  }
}

/** The code that a person typed: in any case, with spaces and dashes; `undefined` when it is none. */
export function readCode(typed: string): string | undefined {
  const code = typed.toUpperCase().replace(/[\s-]/g, "");
  if (code.length !== CODE_CHARACTERS) return undefined;
  return [...code].every((character) => CODE_ALPHABET.includes(character)) ? code : undefined;
}
