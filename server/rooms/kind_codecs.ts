/**
 * Checks options, metadata and profiles that the game gives, and turns them into what the wire carries:
 * what a list is filtered by is then equal to the bit.
 *
 * @module
 */
import { type Codec, compileCodec, type Fields, t } from "../../schema/mod.ts";
import type { RoomKind } from "../../schema/messages/rooms.ts";

/** Values of one kind of room. */
export class KindCodecs {
  readonly #options: Codec<object>;
  readonly #metadata: Codec<object>;
  readonly #profile: Codec<object>;

  /** @param name What errors call the kind. */
  constructor(name: string, kind: RoomKind) {
    const codec = (fields: Fields, what: string): Codec<object> =>
      // The interpreter: these are a few values a minute, not worth a millisecond of compiling each.
      compileCodec(t.struct(fields), { name: `${name} ${what}`, backend: "interpreter" });
    this.#options = codec(kind.options, "options");
    this.#metadata = codec(kind.metadata, "metadata");
    this.#profile = codec(kind.profile, "profile");
  }

  /** Options as the wire carries them. Throws TypeError or RangeError for what the kind does not allow. */
  options(value: unknown): object {
    return canonical(this.#options, value);
  }

  /** Options as text: equal for equal options. */
  optionsKey(value: unknown): string {
    return this.#options.encode(value as object).toHex();
  }

  /** Metadata as the wire carries it, the defaults without any. Throws as {@link options} does. */
  metadata(value: unknown): object {
    return value === undefined ? this.#metadata.create() : canonical(this.#metadata, value);
  }

  /** A profile as the wire carries it. Throws as {@link options} does. */
  profile(value: unknown): object {
    return canonical(this.#profile, value);
  }
}

/** The codec throws for a value of another type, so the cast lets nothing pass. */
function canonical(codec: Codec<object>, value: unknown): object {
  return codec.decode(codec.encode(value as object))!;
}
