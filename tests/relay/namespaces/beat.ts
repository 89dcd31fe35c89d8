/**
 * The traffic of the labs: numbers that a server sends back.
 *
 * @module
 */
import { message, protocol, t } from "../../../schema/mod.ts";

/** A number, there and back, never sent twice: what is lost is lost. */
export const Beat = message({ number: t.u32() }, { from: "both", delivery: "unreliable" });

/** The protocol. */
export const Beats = protocol("lab-beats", { version: 1 }, { Beat });
