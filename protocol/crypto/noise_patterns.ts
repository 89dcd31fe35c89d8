/**
 * Handshake patterns of the Noise framework (revision 34, section 7) as data.
 *
 * Sessions use `NK` and `NKpsk2`. The others cost a line each and are here because their published
 * vectors prove the tokens that the two share with them.
 *
 * @module
 */

/** What a message does, in order: send a key, mix a Diffie-Hellman result, mix the pre-shared key. */
export type NoiseToken = "e" | "s" | "ee" | "es" | "se" | "ss" | "psk";

/** The two messages of a one-round-trip pattern. */
export interface NoisePattern {
  /** Whether the initiator knows the responder's static key beforehand. */
  readonly isResponderKnown: boolean;
  /** Whether a pre-shared key takes part, which also mixes each ephemeral key into the chain. */
  readonly isPsk: boolean;
  /** Initiator to responder, then responder to initiator. */
  readonly messages: readonly [readonly NoiseToken[], readonly NoiseToken[]];
}

/** The patterns by their name in the protocol name. */
export const NOISE_PATTERNS = {
  NK: { isResponderKnown: true, isPsk: false, messages: [["e", "es"], ["e", "ee"]] },
  NX: { isResponderKnown: false, isPsk: false, messages: [["e"], ["e", "ee", "s", "es"]] },
  IK: {
    isResponderKnown: true,
    isPsk: false,
    messages: [["e", "es", "s", "ss"], ["e", "ee", "se"]],
  },
  NKpsk0: { isResponderKnown: true, isPsk: true, messages: [["psk", "e", "es"], ["e", "ee"]] },
  NKpsk2: { isResponderKnown: true, isPsk: true, messages: [["e", "es"], ["e", "ee", "psk"]] },
  NXpsk2: {
    isResponderKnown: false,
    isPsk: true,
    messages: [["e"], ["e", "ee", "s", "es", "psk"]],
  },
} as const satisfies Record<string, NoisePattern>;

/** A name of {@link NOISE_PATTERNS}. */
export type NoisePatternName = keyof typeof NOISE_PATTERNS;

/** The full protocol name, which the handshake hash starts from. */
export function noiseProtocolName(pattern: NoisePatternName): string {
  return `Noise_${pattern}_25519_ChaChaPoly_SHA256`;
}
