/**
 * Starts the thread of a room.
 *
 * @module
 */
import type { FromRoomWorker, ToRoomWorker } from "./room_wire.ts";

/** A thread as its owner sees it. */
export interface RoomThread {
  /** Sends it something; the buffers are gone here afterwards. */
  post(message: ToRoomWorker, transfer: ArrayBuffer[]): void;
  /** Ends it at once, whatever it does. */
  terminate(): void;
}

/** What the owner of a thread is told. */
export interface RoomThreadEvents {
  /** It says something. */
  onMessage(message: FromRoomWorker): void;
  /** It failed and is gone. */
  onCrash(reason: string): void;
}

/** Starts a thread. */
export type SpawnWorker = (name: string, events: RoomThreadEvents) => RoomThread;

/** Starts a real worker, with the permissions of this one. */
export function spawnRoomWorker(name: string, events: RoomThreadEvents): RoomThread {
  const { onMessage, onCrash } = events;
  const worker = new Worker(new URL("./room_worker.ts", import.meta.url), { type: "module", name });
  // What comes is what room_worker.ts sends.
  worker.onmessage = ({ data }) => onMessage(data as FromRoomWorker);
  worker.onmessageerror = () => onCrash("it said what cannot be read");
  worker.onerror = (event) => {
    // Otherwise the failure of a worker ends the whole program.
    event.preventDefault();
    onCrash(event.message);
  };
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    terminate: () => worker.terminate(),
  };
}
