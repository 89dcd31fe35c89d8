/**
 * A director with its directory, ready to be served.
 *
 * @module
 */
import { systemClock } from "../../transport/system_clock.ts";
import { type ApiConnection, directorApi } from "../director/api/director_api.ts";
import type { DirectorSecrets } from "../director/api/secrets_file.ts";
import { Director } from "../director/director.ts";
import { followMesh } from "../director/follow_mesh.ts";
import type { Directory } from "../directory/directory.ts";
import { MemoryDirectory } from "../directory/memory_directory.ts";
import type { Mesh } from "../routes/mesh_matrix.ts";
import { RoutePlanner } from "../routes/route_planner.ts";
import type { DirectorLink } from "./director_link.ts";

/** Options of {@link openDirectorHost}. */
export interface DirectorHostOptions {
  /** Key and tokens. */
  readonly secrets: DirectorSecrets;
  /** NATS servers of the directory; empty for a directory in memory. */
  readonly nats: readonly string[];
  /** Where clients reach the API. */
  readonly publicUrl: string;
  /** Whether a proxy stands in front that sets `X-Forwarded-For`. */
  readonly behindProxy: boolean;
  /** How long tickets are sealed with one key; the same for all directors of a network. */
  readonly keyPeriodMs: number;
  /** Most relays of a route. */
  readonly maxRelays: number;
  /** Told of defects. */
  readonly onDefect: (error: unknown) => void;
}

/** A director of this process. */
export interface DirectorHost {
  /** The director. */
  readonly director: Director;
  /** For a relay of the same process. */
  readonly link: DirectorLink;
  /** What relays measured of each other. */
  readonly mesh: Mesh;
  /** Its API. */
  readonly fetch: (request: Request, connection: ApiConnection) => Response | Promise<Response>;
  /** What a directory in memory knows; `""` for one that outlives the process. */
  exportRecords(): string;
  /** Takes what the directory of the process before knew. */
  importRecords(records: string): void;
  /** Ends director and directory. */
  close(): Promise<void>;
}

/** Opens a director. Throws DirectorError, DirectoryError, RangeError when it cannot be. */
export async function openDirectorHost(options: DirectorHostOptions): Promise<DirectorHost> {
  const { secrets, publicUrl, behindProxy, keyPeriodMs, maxRelays, onDefect } = options;
  const directory = await openDirectory(options.nats);
  try {
    const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
    const director = await Director.open({
      directory,
      key: secrets.key,
      planner: new RoutePlanner({ seed }),
      publicUrl,
      keyPeriodMs,
      maxRelays,
    });
    const { fetch } = directorApi(director, { tokens: secrets.tokens, behindProxy, onDefect });
    const { mesh, stop } = followMesh(directory, systemClock);
    return {
      director,
      link: { heartbeat: (beat) => director.relayHeartbeat(beat) },
      mesh,
      fetch,
      exportRecords: () => directory instanceof MemoryDirectory ? directory.exportRecords() : "",
      importRecords: (records) => {
        if (directory instanceof MemoryDirectory) directory.importRecords(records);
      },
      close: async () => {
        stop();
        director.close();
        await directory.close();
      },
    };
  } catch (error) {
    await directory.close();
    throw error;
  }
}

async function openDirectory(nats: readonly string[]): Promise<Directory> {
  if (nats.length === 0) return new MemoryDirectory({ clock: systemClock });
  // Loaded only by who has several hosts.
  const { NatsDirectory } = await import("../directory/nats_directory.ts");
  return await NatsDirectory.open({ servers: nats });
}
