/**
 * The key-value buckets of a NATS directory.
 *
 * @module
 */
import { jetstream } from "npm:@nats-io/jetstream@3.4.0";
import { type KV, Kvm } from "npm:@nats-io/kv@3.4.0";
import type { NatsConnection } from "npm:@nats-io/transport-node@3.4.0";
import { BUCKETS } from "./directory.ts";
import type { BucketName } from "./records.ts";

/** One key-value store per bucket. */
export type NatsBuckets = { readonly [B in BucketName]: KV };

/** How buckets are made where they are missing. */
export interface NatsBucketOptions {
  /** In front of the names of all buckets. */
  readonly prefix: string;
  /** Copies of each bucket. */
  readonly replicas: number;
  /** Most bytes of a bucket. */
  readonly maxBucketBytes: number;
  /** Longest wait for an answer. */
  readonly timeoutMs: number;
}

/** Opens or makes every bucket, one after the other: a new cluster places them better so. */
export async function openNatsBuckets(
  connection: NatsConnection,
  { prefix, replicas, maxBucketBytes, timeoutMs }: NatsBucketOptions,
): Promise<NatsBuckets> {
  const kvm = new Kvm(jetstream(connection, { timeout: timeoutMs }));
  const open = (bucket: BucketName): Promise<KV> => {
    const { leaseMs } = BUCKETS[bucket];
    return kvm.create(`${prefix}_${bucket}`, {
      history: 1,
      replicas,
      max_bytes: maxBucketBytes,
      ttl: leaseMs === Infinity ? 0 : leaseMs,
    });
  };
  return {
    relays: await open("relays"),
    servers: await open("servers"),
    mesh: await open("mesh"),
    leaders: await open("leaders"),
    config: await open("config"),
    keys: await open("keys"),
    sessions: await open("sessions"),
    codes: await open("codes"),
    rooms: await open("rooms"),
    labels: await open("labels"),
  };
}
