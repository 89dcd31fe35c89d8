/**
 * What a server tells a client about its inputs, for games that predict.
 *
 * A game puts {@link InputReport} into its own protocol; `PeerInputs` sends it and `Netcode` reads it.
 *
 * @module
 */
import { t } from "../builders/t.ts";
import { Field } from "../field.ts";
import { message, MessageDefinition } from "../message.ts";

/** Margins beyond this many ticks are reported as this many. */
export const MAX_REPORTED_MARGIN_TICKS = 127;

/** What {@link InputReport} carries. */
export interface InputReportValue {
  /** The tick that was about to run. */
  tick: number;
  /** How many ticks before it was due the latest of the inputs came; below 0 it came too late. */
  marginTicks: number;
  /** Ticks since the last report for which there was no input. */
  missing: number;
}

/**
 * How early inputs arrive: clients run ahead as far as that takes and no further. Sequenced, because
 * only the newest says something.
 */
export const InputReport: MessageDefinition<InputReportValue, "server"> = message({
  tick: t.tick(),
  marginTicks: t.int(-MAX_REPORTED_MARGIN_TICKS - 1, MAX_REPORTED_MARGIN_TICKS),
  missing: t.u8(),
}, { from: "server", delivery: "sequenced" });

/**
 * A field for an input message: how many ticks before the input's own the world was drawn that the
 * player aimed at. The server rewinds by it; see `RewindRing`. Up to 127 ticks in sixteenths; 11 bits.
 */
export function drawnBehind(): Field<number> {
  return t.quantized(0, 127, 1 / 16);
}
