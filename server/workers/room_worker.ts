/**
 * The thread of one room: what `spawnRoomWorker` starts.
 *
 * @module
 */
/// <reference lib="deno.worker" />
import { RoomHost } from "./room_host.ts";
import type { ToRoomWorker } from "./room_wire.ts";

// This file is a worker's own, whose global scope is this one.
const scope = self as unknown as DedicatedWorkerGlobalScope;

const host = new RoomHost((message, transfer) => scope.postMessage(message, transfer));
// What comes is what IsolatedDriver sends.
scope.onmessage = ({ data }: MessageEvent): void => host.handle(data as ToRoomWorker);
