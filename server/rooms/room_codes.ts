/**
 * Codes of private rooms: short enough to say on the phone.
 *
 * @module
 */
import { ROOM_CODE_ALPHABET, ROOM_CODE_LENGTH } from "../../schema/messages/rooms_values.ts";

/** Bytes above this are drawn again: the alphabet does not divide 256. */
const FAIR = 256 - 256 % ROOM_CODE_ALPHABET.length;

/** A code as a person may have typed it, as it was given out; `undefined` when it can be none. */
export function normalizeRoomCode(text: string): string | undefined {
  const code = text.replace(/[\s-]/g, "").toUpperCase();
  if (code.length !== ROOM_CODE_LENGTH) return undefined;
  for (const character of code) if (!ROOM_CODE_ALPHABET.includes(character)) return undefined;
  return code;
}

/** Draws a code that is not in use. */
export function drawRoomCode(
  random: (into: Uint8Array) => void,
  isTaken: (code: string) => boolean,
): string {
  while (true) {
    const code = draw(random);
    if (!isTaken(code)) return code;
  }
}

function draw(random: (into: Uint8Array) => void): string {
  const bytes = new Uint8Array(2 * ROOM_CODE_LENGTH);
  let code = "";
  while (true) {
    random(bytes);
    for (const byte of bytes) {
      if (byte < FAIR) code += ROOM_CODE_ALPHABET[byte % ROOM_CODE_ALPHABET.length];
      if (code.length === ROOM_CODE_LENGTH) return code;
    }
  }
}
