/**
 * What this machine shows to get its seat back after a crash.
 *
 * One secret per machine, kept where browsers and Deno keep such things. A server gets only a hash of
 * it with the server's own key, so that it cannot sit down in our place on another server.
 *
 * @module
 */

const STORAGE_KEY = "tickwire.seat";

/**
 * The token for a server, 16 bytes.
 *
 * @param serverKey The server's public key.
 * @param remember Whether the next start shows the same; otherwise it is random.
 */
export async function seatToken(
  serverKey: Uint8Array | undefined,
  remember: boolean,
): Promise<Uint8Array> {
  const secret = remember ? storedSecret() : newSecret();
  const bytes = new Uint8Array([...secret, ...serverKey ?? []]);
  const hash = await crypto.subtle.digest("SHA-256", bytes);
  return new Uint8Array(hash, 0, 16);
}

function storedSecret(): Uint8Array {
  try {
    const stored = localStorage.getItem(STORAGE_KEY);
    if (stored !== null) return Uint8Array.fromBase64(stored);
    const secret = newSecret();
    localStorage.setItem(STORAGE_KEY, secret.toBase64());
    return secret;
  } catch {
    // No storage here, or what it held was no secret of ours: then the seat is good for this run only.
    return newSecret();
  }
}

function newSecret(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(32));
}
