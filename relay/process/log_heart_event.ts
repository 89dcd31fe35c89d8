/**
 * Logs what happens between a relay and its director: what an operator would want to know, once.
 *
 * @module
 */
import { getLogger } from "npm:@logtape/logtape@2.4.2";
import type { HeartEvent } from "./relay_heart.ts";

let lastMiss = "";

/** Logs an event. The same failure in a row is a warning once and then a detail. */
export function logHeartEvent(event: HeartEvent): void {
  const logger = getLogger(["tickwire", "relay"]);
  switch (event.kind) {
    case "connected":
      if (lastMiss !== "") {
        logger.info("Director {director} answers", { director: event.directorId });
      }
      lastMiss = "";
      break;
    case "missed": {
      const reason = event.error instanceof Error ? event.error.message : String(event.error);
      const level = reason === lastMiss ? "debug" : "warning";
      lastMiss = reason;
      logger[level]("Heartbeat failed: {reason}", { reason });
      break;
    }
    case "hold":
      logger.warning(
        "The director is away: sessions go on, and expired tickets are good for 15 minutes",
      );
      break;
    case "keys":
      logger.debug("Ticket keys {keys} are alive", { keys: event.keyIds.join(" and ") });
      break;
    case "drain":
      if (event.untilMs === undefined) logger.warning("The director called the drain off");
      else {
        const until = new Date(event.untilMs).toISOString();
        logger.warning("The director wants this relay empty by {until}", { until });
      }
      break;
    case "revoked":
      logger.info("Ended {count} sessions for the director", { count: event.sessions });
  }
}
