/**
 * Chat: rooms, names that are nobody else's, and what was said before you came.
 *
 *   deno run -A examples/chat/server.ts
 *   deno run -A server/main.ts examples/chat/server.ts      the same, with all that the host can do
 *
 * @module
 */
import { getLogger } from "npm:@logtape/logtape@2.4.2";
import {
  CloseCode,
  defineGame,
  type Game,
  type Infer,
  type Peer,
  type Server,
  startGame,
} from "../../mod.ts";
import {
  Chat,
  MAX_CHAT_HISTORY,
  MAX_CHAT_NAME_BYTES,
  MAX_CHAT_TEXT_BYTES,
  MAX_ROOM_PEOPLE,
} from "../../schema/messages/chat.ts";
import { runCommand } from "../../server/cli_command.ts";
import { cleanName, cleanText, cutText, nameKey } from "../player_text.ts";
import { addressOf, runUntilStopped, serverFlags } from "../run_server.ts";
import { Seats } from "../seats.ts";

interface ChatPeer {
  /** Empty until it joined. */
  name: string;
  room: Room | undefined;
}

interface Room {
  readonly name: string;
  readonly people: Set<Peer<ChatPeer>>;
  readonly history: Infer<typeof Chat.Welcome>["history"];
}

/** Anybody can open rooms, so that they must not be kept for ever. */
const MAX_KEPT_ROOMS = 1_000;

/** The people and what they say. */
class ChatRooms {
  readonly #server: Server<typeof Chat, ChatPeer>;
  readonly #wallClockMs: () => number;
  readonly #rooms = new Map<string, Room>();
  // Who only listens says nothing for hours; only who does not answer any more loses the name.
  readonly #seats = new Seats<Peer<ChatPeer>>((peer) => peer.state === "connected" ? 0 : Infinity);

  constructor(server: Server<typeof Chat, ChatPeer>, wallClockMs: () => number) {
    this.#server = server;
    this.#wallClockMs = wallClockMs;
    server.on(Chat.Join, (peer, join) => this.#join(peer, join));
    server.on(Chat.Say, (peer, { text, style }) => this.#say(peer, text, style));
    server.on("disconnected", (peer, { code }) => {
      this.#leaveRoom(peer, code === CloseCode.timeout ? "timed-out" : "left");
      this.#seats.leave(peer.data.name, peer);
    });
  }

  statusLine(): string {
    return `${this.#seats.size} people in ${this.#rooms.size} rooms`;
  }

  #join(peer: Peer<ChatPeer>, wanted: Infer<typeof Chat.Join>): void {
    const isNew = peer.data.name === "";
    const name = isNew ? cleanName(wanted.name, MAX_CHAT_NAME_BYTES) : peer.data.name;
    const roomName = cleanName(wanted.room, MAX_CHAT_NAME_BYTES);
    const refuse = (reason: Infer<typeof Chat.Refused>["reason"]): void => {
      peer.send(Chat.Refused, { reason });
    };
    if (name === undefined) return refuse("name-invalid");
    if (roomName === undefined) return refuse("room-invalid");
    const room = this.#room(roomName);
    if (room === peer.data.room) return;
    if (room.people.size >= MAX_ROOM_PEOPLE) return refuse("room-full");
    if (isNew && !this.#takeName(peer, name, wanted.seat)) return refuse("name-taken");
    this.#leaveRoom(peer, "moved");
    this.#enter(peer, room);
  }

  #takeName(peer: Peer<ChatPeer>, name: string, seat: Uint8Array): boolean {
    const answer = this.#seats.ask(name, seat);
    if (answer.kind === "taken") return false;
    if (answer.kind !== "free") {
      this.#leaveRoom(answer.holder, "timed-out");
      answer.holder.disconnect({ code: CloseCode.superseded, reason: "you joined from elsewhere" });
    }
    this.#seats.take(name, seat, peer);
    peer.data.name = name;
    return true;
  }

  #enter(peer: Peer<ChatPeer>, room: Room): void {
    const { name } = peer.data;
    this.#rooms.set(nameKey(room.name), room);
    room.people.add(peer);
    peer.data.room = room;
    const people = Array.from(room.people, ({ data }) => data.name);
    peer.send(Chat.Welcome, { name, room: room.name, people, history: room.history });
    this.#server.broadcast(Chat.Joined, { name }, { to: room.people, except: peer });
  }

  #leaveRoom(peer: Peer<ChatPeer>, reason: Infer<typeof Chat.Left>["reason"]): void {
    const { name, room } = peer.data;
    if (room === undefined) return;
    peer.data.room = undefined;
    room.people.delete(peer);
    // What was said in an empty room is kept until there are too many of them.
    if (room.people.size === 0 && this.#rooms.size > MAX_KEPT_ROOMS) {
      this.#rooms.delete(nameKey(room.name));
    }
    this.#server.broadcast(Chat.Left, { name, reason }, { to: room.people });
  }

  #say(peer: Peer<ChatPeer>, said: string, style: "said" | "did"): void {
    const { name, room } = peer.data;
    const text = cutText(cleanText(said), MAX_CHAT_TEXT_BYTES);
    if (room === undefined || text === "") return;
    room.history.push({ name, text, style, atMs: Math.floor(this.#wallClockMs()) });
    if (room.history.length > MAX_CHAT_HISTORY) room.history.shift();
    this.#server.broadcast(Chat.Said, { name, text, style }, { to: room.people });
  }

  #room(name: string): Room {
    return this.#rooms.get(nameKey(name)) ?? { name, people: new Set(), history: [] };
  }
}

const chat: Game<typeof Chat, ChatPeer, Record<never, never>> = defineGame({
  protocol: Chat,
  peerData: (): ChatPeer => ({ name: "", room: undefined }),
  start: (server, { wallClockMs }) => new ChatRooms(server, wallClockMs),
});

export default chat;

if (import.meta.main) {
  await runCommand({
    usage: "examples/chat/server.ts [options]",
    about: "Serves chat rooms.",
    flags: serverFlags,
  }, async ({ values }) => {
    const environment = { flags: {}, logger: getLogger(["tickwire", "game", "chat"]) };
    const { server } = await startGame(chat, addressOf(values), environment);
    await runUntilStopped(server, { json: values.json, client: "examples/chat/client.ts" });
  });
}
