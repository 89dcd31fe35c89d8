/**
 * Network addresses as the protocol sees them: where a datagram came from and where one goes.
 *
 * One form serves IPv4 and IPv6: 16 bytes, IPv4 as `::ffff:a.b.c.d` (RFC 4291, section 2.5.5.2), because a
 * socket bound to `::` reports IPv4 peers in that form and everything that counts or blocks by address
 * must see one peer, not two. Names are resolved elsewhere (`transport/`); here are literals only.
 *
 * @module
 */

/** An IP address literal and a port. `hostname` may be in IPv4-mapped form as the socket reported it. */
export interface Address {
  /** IPv4 or IPv6 literal, without brackets. */
  readonly hostname: string;
  /** 1 to 65,535. */
  readonly port: number;
}

/** Bytes of an IP address in the one form that serves both families. */
export const IP_BYTES = 16;

/** Where IPv4 stands in these bytes, after `::ffff`. */
const IPV4_AT = 12;

const DOT = 0x2e;
const COLON = 0x3a;

/** For callers that want text only. Never held across a call. */
const scratch = new Uint8Array(IP_BYTES);

/**
 * Parses an IPv4 or IPv6 literal into 16 bytes at `at`. Allocates nothing.
 *
 * Takes dotted IPv4 with four decimal parts and no leading zeros (`010.0.0.1` is octal to some and decimal
 * to others, so it is neither here), and every IPv6 form of RFC 4291, section 2.2. No brackets, no zone
 * (`%eth0`), no surrounding space.
 *
 * @returns `false` when it is no literal; the bytes are then undefined.
 * @throws RangeError when `into` has no 16 bytes at `at`.
 */
export function parseIp(hostname: string, into: Uint8Array, at = 0): boolean {
  if (!(at >= 0 && at + IP_BYTES <= into.byteLength)) {
    throw new RangeError(`Cannot write ${IP_BYTES} bytes at ${at} of ${into.byteLength}`);
  }
  if (hostname.includes(":")) return parseIpv6(hostname, into, at);
  into.fill(0, at, at + IPV4_AT - 2);
  into[at + IPV4_AT - 2] = 0xff;
  into[at + IPV4_AT - 1] = 0xff;
  return parseIpv4(hostname, 0, into, at + IPV4_AT);
}

/**
 * The text of 16 bytes: dotted for IPv4, else as RFC 5952 wants it (lower case, no leading zeros, the
 * first longest run of two or more zero groups as `::`). What {@link parseIp} reads back to the same bytes.
 */
export function formatIp(bytes: Uint8Array, at = 0): string {
  if (isIpv4(bytes, at)) {
    const i = at + IPV4_AT;
    return `${bytes[i]}.${bytes[i + 1]}.${bytes[i + 2]}.${bytes[i + 3]}`;
  }
  const [runStart, runEnd] = longestZeroRun(bytes, at);
  let text = "";
  for (let group = 0; group < 8; group++) {
    if (group === runStart) {
      text += "::";
      group = runEnd - 1;
      continue;
    }
    if (group > 0 && group !== runEnd) text += ":";
    text += groupAt(bytes, at, group).toString(16);
  }
  return text;
}

/** Whether 16 bytes are an IPv4 address in its mapped form. */
export function isIpv4(bytes: Uint8Array, at = 0): boolean {
  for (let i = at; i < at + IPV4_AT - 2; i++) if (bytes[i] !== 0) return false;
  return bytes[at + IPV4_AT - 2] === 0xff && bytes[at + IPV4_AT - 1] === 0xff;
}

/**
 * Whether 16 bytes are in 100::/64, the discard-only prefix (RFC 6666). No network delivers from or to it,
 * so Tickwire names with it what is reached through relays: sessions and anchors.
 */
export function isVirtual(bytes: Uint8Array, at = 0): boolean {
  if (bytes[at] !== 1) return false;
  for (let i = at + 1; i < at + 8; i++) if (bytes[i] !== 0) return false;
  return true;
}

/** The one text of an address literal, or `undefined` when `hostname` is none. */
export function canonicalHostname(hostname: string): string | undefined {
  return parseIp(hostname, scratch) ? formatIp(scratch) : undefined;
}

/**
 * The one key of an address in maps, `"host port"`: the same for `1.2.3.4` and `::ffff:1.2.3.4`.
 *
 * @throws TypeError when the hostname is no IP literal.
 */
export function addressKey(address: Address): string {
  parseOrThrow(address.hostname);
  return `${formatIp(scratch)} ${address.port}`;
}

/**
 * The key by which limits per source count: the address itself for IPv4, its /64 for IPv6, where one
 * subscriber holds at least that much (RFC 6177) and could otherwise be 2^64 sources. Relayed peers stand
 * at addresses of 100::/64, one per relay session that a director vouched for: each is a source by itself.
 *
 * @throws TypeError when the hostname is no IP literal.
 */
export function sourceKey(hostname: string): string {
  parseOrThrow(hostname);
  if (isIpv4(scratch) || isVirtual(scratch)) return formatIp(scratch);
  scratch.fill(0, 8);
  return `${formatIp(scratch)}/64`;
}

/**
 * Whether an address is this very machine: 127.0.0.0/8 or `::1`. Kernels drop such sources when they come
 * from a network, so nobody elsewhere can claim one. What is no IP literal is not this machine.
 */
export function isLoopback(hostname: string): boolean {
  if (!parseIp(hostname, scratch)) return false;
  if (isIpv4(scratch)) return scratch[IPV4_AT] === 127;
  for (let i = 0; i < IP_BYTES - 1; i++) if (scratch[i] !== 0) return false;
  return scratch[IP_BYTES - 1] === 1;
}

function parseOrThrow(hostname: string): void {
  if (!parseIp(hostname, scratch)) {
    throw new TypeError(`"${hostname}" is no IPv4 or IPv6 address literal`);
  }
}

/** Parses all of `text` from `start` as four decimal parts. */
function parseIpv4(text: string, start: number, into: Uint8Array, at: number): boolean {
  let part = 0;
  let digits = 0;
  let value = 0;
  for (let i = start; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : DOT;
    if (code === DOT) {
      if (digits === 0 || part === 4) return false;
      into[at + part++] = value;
      digits = 0;
      value = 0;
      continue;
    }
    const digit = code - 0x30;
    const isLeadingZero = digits === 1 && value === 0;
    if (digit < 0 || digit > 9 || isLeadingZero) return false;
    value = value * 10 + digit;
    digits++;
    if (value > 255) return false;
  }
  return part === 4;
}

/** Parses groups from left to right, then moves what stands after `::` to the end. */
function parseIpv6(text: string, into: Uint8Array, at: number): boolean {
  const end = at + IP_BYTES;
  let next = at;
  let gap = -1;
  let i = 0;
  if (text.charCodeAt(0) === COLON) {
    if (text.charCodeAt(1) !== COLON) return false;
    gap = next;
    i = 2;
  }
  while (i < text.length) {
    const groupEnd = hexEnd(text, i);
    if (text.charCodeAt(groupEnd) === DOT) {
      if (next + 4 > end || !parseIpv4(text, i, into, next)) return false;
      next += 4;
      break;
    }
    if (groupEnd === i || groupEnd - i > 4 || next + 2 > end) return false;
    const group = hexValue(text, i, groupEnd);
    into[next++] = group >> 8;
    into[next++] = group & 0xff;
    i = groupEnd;
    if (i === text.length) break;
    if (text.charCodeAt(i) !== COLON || ++i === text.length) return false;
    if (text.charCodeAt(i) !== COLON) continue;
    if (gap !== -1) return false;
    gap = next;
    i++;
  }
  if (gap === -1) return next === end;
  // The gap stands for at least one group (RFC 4291, section 2.2, form 2).
  if (next > end - 2) return false;
  into.copyWithin(end - (next - gap), gap, next);
  into.fill(0, gap, end - (next - gap));
  return true;
}

function hexEnd(text: string, start: number): number {
  let i = start;
  while (i < text.length && hexDigit(text.charCodeAt(i)) >= 0) i++;
  return i;
}

function hexValue(text: string, start: number, end: number): number {
  let value = 0;
  for (let i = start; i < end; i++) value = value << 4 | hexDigit(text.charCodeAt(i));
  return value;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function groupAt(bytes: Uint8Array, at: number, group: number): number {
  return bytes[at + group * 2]! << 8 | bytes[at + group * 2 + 1]!;
}

/** First and past-the-last group of the first longest run of two or more zero groups, or `[-1, -1]`. */
function longestZeroRun(bytes: Uint8Array, at: number): [number, number] {
  let best: [number, number] = [-1, -1];
  let bestLength = 1;
  let start = 0;
  for (let group = 0; group < 8; group++) {
    if (groupAt(bytes, at, group) !== 0) start = group + 1;
    else if (group + 1 - start > bestLength) {
      best = [start, group + 1];
      bestLength = group + 1 - start;
    }
  }
  return best;
}
