/**
 * A room's worker without a thread: the same code, the same copies, on the test's own time.
 *
 * @module
 */
import { RoomHost } from "../../../server/workers/room_host.ts";
import type { SpawnWorker } from "../../../server/workers/spawn_worker.ts";

/** What a test does to a worker. */
export interface InProcessWorker {
  /** What `self.onerror` would report. */
  crash(reason: string): void;
  /** Whether it takes in what it is sent. */
  isStuck: boolean;
  /** Whether it was ended. */
  readonly isGone: boolean;
}

/** Starts such workers; they are in `workers`, in the order in which they were started. */
export function inProcessWorkers(): { spawn: SpawnWorker; workers: InProcessWorker[] } {
  const workers: InProcessWorker[] = [];
  const spawn: SpawnWorker = (_name, events) => {
    const waiting: (() => void)[] = [];
    let isGone = false;
    let isStuck = false;
    const host = new RoomHost((message, transfer) => {
      const copy = structuredClone(message, { transfer });
      queueMicrotask(() => {
        if (!isGone) events.onMessage(copy);
      });
    });
    const pump = (): void => {
      while (!isStuck && !isGone && waiting.length > 0) waiting.shift()!();
    };
    workers.push({
      crash: (reason) => events.onCrash(reason),
      get isStuck() {
        return isStuck;
      },
      set isStuck(value) {
        isStuck = value;
        queueMicrotask(pump);
      },
      get isGone() {
        return isGone;
      },
    });
    return {
      post: (message, transfer) => {
        const copy = structuredClone(message, { transfer });
        waiting.push(() => host.handle(copy));
        queueMicrotask(pump);
      },
      terminate: () => {
        isGone = true;
      },
    };
  };
  return { spawn, workers };
}
