/**
 * Anchors: where relays reach a server that has no public address.
 *
 * @module
 */
import { MAX_ANCHORS, type ServerAnchor, type ServerRecord } from "../directory/records.ts";
import { type DirectorContext, TICKET_LIFE_MS } from "./director_context.ts";
import { DirectorError } from "./director_error.ts";
import { routeToJson, toText } from "../../protocol/relay/api/grant_json.ts";
import type { LabelOffice } from "./label_office.ts";
import type { RelayDesk } from "./relay_desk.ts";
import type { ServerReply } from "./requests.ts";
import { buildAnchor, randomHex, renewAnchor } from "./route_builder.ts";

/** Anchors of one server: a second one, so that the loss of a relay is not the loss of the server. */
const WANTED_ANCHORS = 2;

/** Gives anchors to servers. */
export class AnchorDesk {
  readonly #context: DirectorContext;
  readonly #relays: RelayDesk;
  readonly #labels: LabelOffice;

  constructor(context: DirectorContext, relays: RelayDesk, labels: LabelOffice) {
    this.#context = context;
    this.#relays = relays;
    this.#labels = labels;
  }

  /** Those of which the relay is there, and stays. */
  alive(anchors: readonly ServerAnchor[]): ServerAnchor[] {
    return anchors.filter(({ relayId, shard }) => {
      const relay = this.#relays.get(relayId);
      return relay?.state === "active" && relay.shards.some((one) => one.shard === shard);
    });
  }

  /**
   * Anchors for a server: those it keeps, and new ones at the relays it prefers, else at the least
   * loaded of its region, else anywhere.
   *
   * @throws DirectorError `no-capacity` when there is no relay at all; `invalid` for unknown wishes.
   */
  async place(
    server: Pick<ServerRecord, "id" | "region">,
    preferred: readonly string[],
    kept: readonly ServerAnchor[] = [],
  ): Promise<ServerAnchor[]> {
    for (const relayId of preferred) {
      if (this.#relays.get(relayId) === undefined) {
        throw new DirectorError("invalid", `"exitRelays" names no relay: "${relayId}"`);
      }
    }
    const rank = (id: string): number => (preferred.indexOf(id) + MAX_RANK) % MAX_RANK;
    const candidates = this.#relays.planned()
      .filter(({ id, state }) => state === "active" && !kept.some(({ relayId }) => relayId === id))
      .sort((a, b) =>
        rank(a.id) - rank(b.id) ||
        Number(b.region === server.region) - Number(a.region === server.region) ||
        a.load - b.load
      );
    const anchors = [...kept];
    for (const { id: relayId } of candidates) {
      if (anchors.length >= Math.min(WANTED_ANCHORS, MAX_ANCHORS)) break;
      const { shard: { shard } } = this.#relays.assign(relayId);
      const anchorId = randomHex(this.#context.tools);
      const label = await this.#labels.take(anchorId);
      anchors.push({ relayId, shard, anchorId, label });
    }
    if (anchors.length > 0) return anchors;
    throw new DirectorError("no-capacity", "No relay can hold an anchor for a server behind NAT");
  }

  /** What a server is told of one anchor. */
  reply(anchor: ServerAnchor, isFresh: boolean): ServerReply["anchors"][number] {
    const { wallClockMs, tools, keys } = this.#context;
    const notAfterS = Math.floor((wallClockMs() + TICKET_LIFE_MS) / 1_000);
    const { relayId, anchorId } = anchor;
    const relay = this.#relays.get(relayId);
    const port = relay?.shards.find(({ shard }) => shard === anchor.shard)?.port;
    if (!isFresh || relay === undefined || port === undefined) {
      return { relayId, anchorId, renewal: toText(renewAnchor(anchor, { notAfterS, tools })) };
    }
    const place = {
      relayId,
      region: relay.region,
      address: { hostname: relay.hostname, port },
      firstKey: keys.anchorKey(relayId, anchorId),
    };
    const route = buildAnchor(anchor, place, { notAfterS, tools });
    return { relayId, anchorId, route: routeToJson(route) };
  }
}

/** Above the most preferred relays; what is not preferred (-1) ranks last. */
const MAX_RANK = 1_024;
