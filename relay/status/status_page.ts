/**
 * The status page of a relay: one HTML document without scripts and without anything from elsewhere,
 * which loads itself anew every five seconds.
 *
 * @module
 */
import { explainDrop } from "./drop_reasons.ts";
import { Html, html } from "./html_text.ts";
import { relayTroubles } from "./relay_verdict.ts";
import type { FrameTraffic, RelaySnapshot } from "./relay_snapshot.ts";
import { hiddenRegions, matrixChart, matrixLegend, sparkline } from "./status_charts.ts";
import { STATUS_STYLE } from "./status_style.ts";
import { routesSection, sessionsSection } from "./status_tables.ts";
import { counted, duration, percent, wholeNumber, withPrefix } from "./status_words.ts";

/** Type of a response that carries {@link statusPage}. */
export const STATUS_CONTENT_TYPE = "text/html; charset=utf-8";

/** What the page may load, for a response's `content-security-policy`: nothing but its own style. */
export const STATUS_CONTENT_SECURITY_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Seconds after which a browser loads the page anew. */
const REFRESH_SECONDS = 5;

/** The page. */
export function statusPage(snapshot: RelaySnapshot): string {
  const { relayId } = snapshot;
  // The policy stands here too, for who saves the page or forgets the header; `frame-ancestors` may not.
  const page = html`
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta http-equiv="refresh" content="${REFRESH_SECONDS}">
        <meta http-equiv="content-security-policy"
          content="default-src 'none'; style-src 'unsafe-inline'">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="robots" content="noindex">
        <title>${relayId} · Tickwire relay</title>
        <style>${new Html(STATUS_STYLE)}</style>
      </head>
      <body>
        ${heading(snapshot)} ${tiles(snapshot)} ${regionsSection(snapshot)} ${routesSection(
          snapshot,
        )} ${sessionsSection(snapshot)}
        <div class="columns">${dropsSection(snapshot)} ${trafficSection(snapshot.traffic)}</div>
        <footer>
          Taken ${new Date(snapshot.takenAtMs).toISOString()}. This page loads itself anew every
          ${REFRESH_SECONDS} seconds.
        </footer>
      </body>
    </html>
  `;
  return page.text.trimStart();
}

function heading(snapshot: RelaySnapshot): Html {
  const { relayId, region, version, uptimeMs, state } = snapshot;
  const troubles = relayTroubles(snapshot);
  const isWell = troubles.length === 0;
  const badge = state === "draining" ? "draining" : isWell ? "works" : "needs a look";
  return html`
    <header>
      <h1>Relay ${relayId}</h1>
      <span class="badge ${isWell ? "" : "warn"}">${badge}</span>
      <span class="soft">region ${region} · version ${version} · up ${duration(uptimeMs)}</span>
    </header>
    <p class="lead">${summary(snapshot)}</p>
    ${isWell ? undefined : html`
      <ul class="troubles">${troubles.map((trouble) =>
        html`
          <li>${trouble}</li>
        `
      )}</ul>
    `}
  `;
}

function summary(snapshot: RelaySnapshot): string {
  const { framesIn } = snapshot.rates;
  return `Carries ${
    counted(sessionCount(snapshot), "game session")
  } between players and servers: ` +
    `${counted(Math.round(framesIn), "packet")} come in per second. ` +
    `What is in them is sealed; the relay cannot read it.`;
}

/** Places of servers behind NAT are listed, and are nobody's game. */
function sessionCount({ sessionsByState: { anchor: _, ...others } }: RelaySnapshot): number {
  return Object.values(others).reduce((sum, count) => sum + count, 0);
}

function tiles(snapshot: RelaySnapshot): Html {
  const { rates, load, history, sessionsByState, directory, directoryAgeMs } = snapshot;
  const states = Object.entries(sessionsByState)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${wholeNumber(count)} ${state}`)
    .join(", ");
  return html`
    <div class="tiles">
      ${tile("Sessions", wholeNumber(sessionCount(snapshot)), states === "" ? "none yet" : states)}
      ${tile(
        "Packets per second",
        wholeNumber(rates.framesIn + rates.framesOut),
        sparkline(history),
      )}
      ${tile(
        "Bandwidth in",
        withPrefix(rates.bitsIn, "bit/s"),
        `${withPrefix(rates.bitsOut, "bit/s")} out`,
      )}
      ${tile("Load, of what it can forward", percent(load), meter(load))}
      ${tile(
        "Directory",
        directory,
        `where relays find each other; heard ${duration(directoryAgeMs)} ago`,
      )}
    </div>
  `;
}

function tile(name: string, value: string, more: string | Html | undefined): Html {
  return html`
    <section>
      <dl>
        <dt>${name}</dt>
        <dd class="big">${value}</dd>
        <dd class="soft">${more}</dd>
      </dl>
    </section>
  `;
}

function meter(share: number): Html {
  const width = Math.min(100, Math.max(0, share * 100)).toFixed(1);
  return html`
    <div class="meter"><i style="width:${width}%"></i></div>
  `;
}

function regionsSection({ region, regionMatrix }: RelaySnapshot): Html {
  const hidden = hiddenRegions(regionMatrix);
  const isEmpty = regionMatrix.regions.length === 0;
  const note =
    "How long a packet takes from one region to another and back, as the relays measured " +
    "it in the last ten seconds: 95 of 100 packets are at least that fast.";
  return html`
    <section>
      <h2>Between regions</h2>
      <p class="note">${note}${hidden > 0
        ? ` ${counted(hidden, "smaller region")} not shown.`
        : ""}</p>
      ${isEmpty
        ? html`
          <p class="soft">No relay is known yet.</p>
        `
        : [matrixChart(regionMatrix, region), matrixLegend()]}
    </section>
  `;
}

function dropsSection({ drops }: RelaySnapshot): Html {
  const rows = Object.entries(drops)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a);
  const most = rows[0]?.[1] ?? 1;
  return html`
    <section>
      <h2>Dropped, by reason</h2>
      <p class="note">Since the relay started. Some are ordinary: the internet duplicates and strays.</p>
      ${rows.length === 0
        ? html`
          <p class="soft">Nothing was dropped.</p>
        `
        : html`
          <table>
            <tr><th>Packets</th><th>Reason</th></tr>
            ${rows.map(([reason, count]) =>
              html`
                <tr>
                  <td class="number">${wholeNumber(count)}</td>
                  <td>${explainDrop(
                    reason,
                  )} <code class="soft">${reason}</code><span class="bar" style="width:${(count /
                    most * 100)
                    .toFixed(1)}%"></span></td>
                </tr>
              `
            )}
          </table>
        `}
    </section>
  `;
}

function trafficSection(traffic: readonly FrameTraffic[]): Html {
  const rows = traffic.filter(({ received, sent }) => received + sent > 0);
  return html`
    <section>
      <h2>Traffic, by kind of packet</h2>
      <p class="note">Since the relay started. “data” is what players and servers say to each other.</p>
      ${rows.length === 0
        ? html`
          <p class="soft">Nothing came yet.</p>
        `
        : html`
          <table>
            <tr><th>Kind</th><th class="number">In</th><th class="number">Bytes</th><th class="number">Out</th><th class="number">Bytes</th></tr>
            ${rows.map(({ type, received, receivedBytes, sent, sentBytes }) =>
              html`
                <tr>
                  <td><code>${type}</code></td>
                  <td class="number">${wholeNumber(
                    received,
                  )}</td>
                  <td class="number">${withPrefix(receivedBytes, "B")}</td>
                  <td class="number">${wholeNumber(
                    sent,
                  )}</td>
                  <td class="number">${withPrefix(sentBytes, "B")}</td>
                </tr>
              `
            )}
          </table>
        `}
    </section>
  `;
}
