/**
 * Grants and routes as JSON: bytes in base64url, 64-bit numbers as 16 hexadecimal digits.
 *
 * @module
 */
import { type Codec, compileCodec } from "../../../schema/codec.ts";
import { t } from "../../../schema/builders/t.ts";
import type { Infer } from "../../../schema/infer.ts";
import type { Address } from "../../address.ts";
import type { RelayGrant, RelayRoute } from "../relay_grant.ts";
import { hexField, hostnameField, idField, keyField, MAX_HOPS, portField } from "./api_fields.ts";

/** Characters of a 16-byte key in base64url. */
const HOP_KEY_CHARACTERS = 22;
/** Characters of four tickets of 144 bytes in base64url. */
const MAX_TICKETS_CHARACTERS = 768;

/** Who may learn a server's address. */
export const exposureField = t.enum("never", "fallback", "prefer");
const address = t.struct({ hostname: hostnameField, port: portField });
const hopKey = t.string({ maxBytes: HOP_KEY_CHARACTERS });

/** A route as JSON. */
export const routeSchema = t.struct({
  epoch: t.u8(),
  relays: t.array(
    t.struct({ relayId: idField, region: idField, address, shard: t.u8() }),
    { max: MAX_HOPS },
  ),
  tickets: t.string({ maxBytes: MAX_TICKETS_CHARACTERS }),
  firstLabel: t.u32(),
  firstKey: hopKey,
  lastLabel: t.u32(),
  lastKey: hopKey,
  notAfterS: t.u32(),
});

/** A grant as JSON. */
export const grantSchema = t.struct({
  sessionId: hexField,
  serverKey: keyField,
  primary: routeSchema,
  standby: routeSchema.optional(),
  exposure: exposureField,
  serverAddress: address.optional(),
  renewUrl: t.string({ maxBytes: 512 }).optional(),
  serverName: t.string({ maxBytes: 64 }).optional(),
  connectTicket: t.string({ maxBytes: 2_048 }).optional(),
});

/** The JSON of a route. */
export type RouteJson = Infer<typeof routeSchema>;
/** The JSON of a grant. */
export type GrantJson = Infer<typeof grantSchema>;

const codec: Codec<GrantJson> = compileCodec(grantSchema, {
  name: "RelayGrant",
  backend: "interpreter",
});

/** A route as JSON. */
export function routeToJson(route: RelayRoute): RouteJson {
  return {
    epoch: route.epoch,
    relays: route.relays.map(({ relayId, region, address: { hostname, port }, shard }) => ({
      relayId,
      region,
      address: { hostname, port },
      shard,
    })),
    tickets: toText(route.tickets),
    firstLabel: route.firstLabel,
    firstKey: toText(route.firstKey),
    lastLabel: route.lastLabel,
    lastKey: toText(route.lastKey),
    notAfterS: route.notAfterS,
  };
}

/**
 * A route from what {@link routeToJson} made.
 *
 * @throws TypeError or RangeError that names what does not fit.
 */
export function routeFromJson(json: RouteJson): RelayRoute {
  const count = json.relays.length;
  const tickets = fromText("tickets", json.tickets);
  // Routes end at a server, with a ticket of its own; an anchor ends at its relay.
  if (count === 0 || (tickets.byteLength !== (count + 1) * 144 && tickets.byteLength !== 144)) {
    throw new RangeError(`A route over ${count} relays has no ${tickets.byteLength} ticket bytes`);
  }
  return {
    epoch: json.epoch,
    relays: json.relays,
    tickets,
    firstLabel: json.firstLabel,
    firstKey: fromText("firstKey", json.firstKey, 16),
    lastLabel: json.lastLabel,
    lastKey: fromText("lastKey", json.lastKey, 16),
    notAfterS: json.notAfterS,
  };
}

/** A grant as JSON. */
export function grantToJson(grant: RelayGrant): GrantJson {
  const { serverAddress, renewUrl, serverName, connectTicket } = grant;
  return {
    sessionId: grant.sessionId.toString(16).padStart(16, "0"),
    serverKey: toText(grant.serverKey),
    primary: routeToJson(grant.primary),
    ...(grant.standby === undefined ? {} : { standby: routeToJson(grant.standby) }),
    exposure: grant.exposure,
    ...(serverAddress === undefined ? {} : { serverAddress: addressToJson(serverAddress) }),
    ...(renewUrl === undefined ? {} : { renewUrl }),
    ...(serverName === undefined ? {} : { serverName }),
    ...(connectTicket === undefined ? {} : { connectTicket }),
  };
}

/**
 * A grant from what {@link grantToJson} made.
 *
 * @throws TypeError or RangeError that names what does not fit.
 */
export function grantFromJson(json: unknown): RelayGrant {
  const grant = codec.fromJSON(json);
  const { sessionId, standby, serverAddress, renewUrl, serverName, connectTicket } = grant;
  if (!/^[0-9a-f]{16}$/.test(sessionId)) {
    throw new TypeError(`"sessionId" is no 16 hexadecimal digits: "${sessionId}"`);
  }
  return {
    sessionId: BigInt(`0x${sessionId}`),
    serverKey: fromText("serverKey", grant.serverKey, 32),
    primary: routeFromJson(grant.primary),
    standby: standby === undefined ? undefined : routeFromJson(standby),
    exposure: grant.exposure,
    ...(serverAddress === undefined ? {} : { serverAddress }),
    ...(renewUrl === undefined ? {} : { renewUrl }),
    ...(serverName === undefined ? {} : { serverName }),
    ...(connectTicket === undefined ? {} : { connectTicket }),
  };
}

/** Bytes as base64url without padding. */
export function toText(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

function addressToJson({ hostname, port }: Address): { hostname: string; port: number } {
  return { hostname, port };
}

function fromText(name: string, text: string, sizeBytes?: number): Uint8Array {
  let bytes: Uint8Array | undefined;
  try {
    bytes = Uint8Array.fromBase64(text, { alphabet: "base64url" });
  } catch {
    bytes = undefined;
  }
  if (bytes === undefined || (sizeBytes !== undefined && bytes.byteLength !== sizeBytes)) {
    throw new TypeError(`"${name}" is no base64url of ${sizeBytes ?? "some"} bytes`);
  }
  return bytes;
}
