/**
 * Why a session ended. Codes below 1,000 belong to the protocol, the rest to applications.
 *
 * @module
 */

/** Codes of the CLOSE frame, and of ends that no frame announced. */
export const CloseCode = {
  /** Ended by the application without a particular reason. */
  normal: 0,
  /** The peer sent what no honest peer sends. */
  protocolError: 1,
  /** The peer fell silent. Never on the wire. */
  timeout: 2,
  /** The peer does not know the session any more. Never on the wire. */
  reset: 3,
  /** The server stops. */
  shutdown: 4,
  /** The operator threw the peer out. */
  kicked: 5,
  /** The operator blocked the peer's address. */
  blocked: 6,
  /** The same player connected anew. */
  superseded: 7,
  /** The server drains: connect elsewhere or later. */
  draining: 8,
} as const;

/** Lowest code that applications may use. */
export const FIRST_APPLICATION_CODE = 1_000;

/**
 * Checks a code that an application wants to send.
 *
 * @throws RangeError unless it is an integer of 32 bits, and neither `timeout` nor `reset`: an end of
 * those kinds makes a client come back, and is never announced.
 */
export function checkCloseCode(code: number): void {
  const isSendable = Number.isInteger(code) && code >= 0 && code <= 0xffff_ffff;
  if (isSendable && code !== CloseCode.timeout && code !== CloseCode.reset) return;
  throw new RangeError(
    `Cannot close with code ${code}: a code is one of CloseCode but timeout and reset, ` +
      `or an integer of ${FIRST_APPLICATION_CODE} to 4294967295`,
  );
}

/** The name of a protocol code, for texts; application codes give "application". */
export function closeCodeName(code: number): string {
  if (code >= FIRST_APPLICATION_CODE) return "application";
  for (const [name, value] of Object.entries(CloseCode)) if (value === code) return name;
  return "unknown";
}
