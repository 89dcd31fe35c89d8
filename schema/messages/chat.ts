/**
 * Chat: rooms of people who talk. Everything arrives, in order, or not at all.
 *
 * @module
 */
import { t } from "../builders/t.ts";
import { message } from "../message.ts";
import { type Protocol, protocol } from "../protocol.ts";

/** Longest name of a person or room in bytes of UTF-8. */
export const MAX_CHAT_NAME_BYTES = 24;

/** Longest thing said in bytes of UTF-8. */
export const MAX_CHAT_TEXT_BYTES = 400;

/** What a newcomer is told of what was said before. */
export const MAX_CHAT_HISTORY = 20;

/** People in a room. */
export const MAX_ROOM_PEOPLE = 500;

/** Largest time value of a JavaScript `Date`. */
const MAX_DATE_MS = 8_640_000_000_000_000;

const name = t.string({ maxBytes: MAX_CHAT_NAME_BYTES });
const words = {
  text: t.string({ maxBytes: MAX_CHAT_TEXT_BYTES }),
  /** `said` in quotes, so to speak, or what the speaker does: "Ann yawns". */
  style: t.enum("said", "did"),
};

/** Enters a room, at first or instead of the one before. */
const Join = message({
  /** Only the first one counts: who is inside keeps the name. */
  name,
  room: name,
  /** Random, and kept by the client: whoever shows it again gets the name back at once. */
  seat: t.bytes({ length: 16 }),
}, { from: "client", delivery: "reliable-ordered", rate: { perSecond: 1, burst: 4 } });

/** Says something to the room. */
const Say = message(words, {
  from: "client",
  delivery: "reliable-ordered",
  rate: { perSecond: 2, burst: 5 },
});

/** You are inside. */
const Welcome = message({
  /** As everybody sees it. */
  name,
  room: name,
  people: t.array(name, { max: MAX_ROOM_PEOPLE }),
  /** The oldest first. */
  history: t.array(
    t.struct({ name, ...words, atMs: t.int(0, MAX_DATE_MS) }),
    { max: MAX_CHAT_HISTORY },
  ),
}, { from: "server", delivery: "reliable-ordered" });

/** You are not. */
const Refused = message({
  reason: t.enum("name-invalid", "name-taken", "room-invalid", "room-full"),
}, { from: "server", delivery: "reliable-ordered" });

/** Somebody came in. */
const Joined = message({ name }, { from: "server", delivery: "reliable-ordered" });

/** Somebody went. */
const Left = message({ name, reason: t.enum("left", "timed-out", "moved") }, {
  from: "server",
  delivery: "reliable-ordered",
});

/** Somebody said something; the server says who. */
const Said = message({ name, ...words }, { from: "server", delivery: "reliable-ordered" });

const definitions = { Join, Joined, Left, Refused, Said, Say, Welcome };

/** The protocol of `examples/chat`. */
export const Chat: Protocol<typeof definitions> = protocol("chat", { version: 1 }, definitions);
