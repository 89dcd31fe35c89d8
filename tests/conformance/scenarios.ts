/**
 * Every scenario by the name of its folder.
 *
 * @module
 */
import type { CaptureLab } from "./capture_lab.ts";
import { cookies, queries, refusals, strangers, tickets } from "./scenarios_handshake.ts";
import {
  clean,
  credit,
  datagramSize,
  deafClient,
  fragments,
  lossy,
  smallDatagrams,
  wide,
} from "./scenarios_delivery.ts";
import {
  close,
  migration,
  rekeyByAge,
  rekeyByCount,
  reset,
  resumption,
} from "./scenarios_session.ts";

/** Plays a scenario to its end. */
export type Scenario = (seed: number) => CaptureLab;

/** Scenarios by name. */
export const SCENARIOS: ReadonlyMap<string, Scenario> = new Map([
  ["clean", clean],
  ["lossy", lossy],
  ["fragments", fragments],
  ["small_datagrams", smallDatagrams],
  ["credit", credit],
  ["wide", wide],
  ["deaf_client", deafClient],
  ["datagram_size", datagramSize],
  ["migration", migration],
  ["rekey_by_age", rekeyByAge],
  ["rekey_by_count", rekeyByCount],
  ["resumption", resumption],
  ["reset", reset],
  ["close", close],
  ["tickets", tickets],
  ["refusals", refusals],
  ["cookies", cookies],
  ["queries", queries],
  ["strangers", strangers],
]);
