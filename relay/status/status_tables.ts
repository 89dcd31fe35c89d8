/**
 * The tables of the status page that show what goes through the relay: routes and sessions.
 *
 * @module
 */
import { type Html, html } from "./html_text.ts";
import type { RelaySnapshot, RouteSnapshot, SessionSnapshot } from "./relay_snapshot.ts";
import {
  counted,
  duration,
  milliseconds,
  percent,
  wholeNumber,
  withPrefix,
} from "./status_words.ts";

/** Rows of a table; what is beyond that is in the JSON. */
const MAX_ROWS = 25;

/** Routes through this relay, those with the most sessions first. */
export function routesSection({ relayId, routes }: RelaySnapshot): Html {
  const rows = routes.toSorted((a, b) => b.primary - a.primary || b.standby - a.standby);
  return html`
    <section>
      <h2>Routes</h2>
      <p class="note">
        The ways that packets take through this relay. A session uses one, and keeps another in reserve
        that shares no relay with it.
      </p>
      ${rows.length === 0
        ? html`
          <p class="soft">No route leads through this relay.</p>
        `
        : html`
          <table>
            <tr><th>Way</th><th class="number">In use by</th><th class="number">In reserve for</th><th class="number">Cost</th></tr>
            ${rows.slice(0, MAX_ROWS).map((route) => routeRow(route, relayId))}
          </table>
          ${more(rows.length, "route")}
        `}
    </section>
  `;
}

function routeRow({ relays, primary, standby, costMs }: RouteSnapshot, relayId: string): Html {
  const hops = relays.map((id) =>
    html`
      → <span class="hop ${id === relayId ? "self" : ""}">${id}</span>
    `
  );
  return html`
    <tr>
      <td><span class="end">player</span> ${hops} <span class="end">→ server</span></td>
      <td class="number">${counted(
        primary,
        "session",
      )}</td>
      <td class="number">${counted(standby, "session")}</td>
      <td class="number">${costMs === undefined ? "–" : milliseconds(costMs)}</td>
    </tr>
  `;
}

/** Sessions on this relay. */
export function sessionsSection({ sessions }: RelaySnapshot): Html {
  return html`
    <section>
      <h2>Sessions</h2>
      <p class="note">
        One row per player's connection, or per server that waits behind its router: packets that went
        through, and the share that was lost before it came here. Nothing says who they are.
      </p>
      ${sessions.length === 0
        ? html`
          <p class="soft">No session is on this relay.</p>
        `
        : html`
          <table>
            <tr><th>Session</th><th>State</th><th class="number">Age</th><th class="number">To server</th><th class="number">Lost</th><th class="number">To player</th><th class="number">Lost</th><th class="number">Moved address</th><th class="number">Ticket ends in</th></tr>
            ${sessions.slice(0, MAX_ROWS).map(sessionRow)}
          </table>
          ${more(sessions.length, "session")}
        `}
    </section>
  `;
}

function sessionRow(session: SessionSnapshot): Html {
  const { sessionId, state, isAnchor, ageMs, silentMs, expiresInMs, rebinds } = session;
  const words = isAnchor
    ? "server"
    : silentMs >= 5_000
    ? `silent for ${duration(silentMs)}`
    : state;
  return html`
    <tr>
      <td><code class="id">${sessionId}</code></td>
      <td>${words}</td>
      <td class="number">${duration(
        ageMs,
      )}</td>
      <td class="number">${traffic(session.framesUp, session.bytesUp)}</td>
      <td class="number">${percent(
        lostShare(session.missingUp, session.framesUp),
      )}</td>
      <td class="number">${traffic(session.framesDown, session.bytesDown)}</td>
      <td class="number">${percent(
        lostShare(session.missingDown, session.framesDown),
      )}</td>
      <td class="number">${rebinds}</td>
      <td class="number">${expiresInMs < 0 ? "held" : duration(expiresInMs)}</td>
    </tr>
  `;
}

function traffic(frames: number, bytes: number): string {
  return `${wholeNumber(frames)} (${withPrefix(bytes, "B")})`;
}

/** Of all that was sent on the hop before; nothing sent is nothing lost. */
function lostShare(missing: number, arrived: number): number {
  return missing === 0 ? 0 : missing / (missing + arrived);
}

function more(rows: number, noun: string): Html | undefined {
  if (rows <= MAX_ROWS) return undefined;
  return html`
    <p class="soft">And ${counted(rows - MAX_ROWS, `more ${noun}`)}.</p>
  `;
}
