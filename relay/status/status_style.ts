/**
 * The style sheet of the status page. No fonts, images or anything else from elsewhere.
 *
 * @module
 */

/** The style sheet. */
export const STATUS_STYLE = `
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --ink: #1b2028; --soft: #5c6675;
  --line: #dfe3e9; --accent: #2563a8; --good: #1d7a4c; --warn: #9a5b00; --warn-page: #fff4dc;
  --ga: #bfe5cb; --gb: #dcefc0; --gc: #f8ecb4; --gd: #f8d3aa; --ge: #f3b4ac; --lost: #d9868f; --none: #eceff3; }
@media (prefers-color-scheme: dark) { :root { --page: #14171c; --card: #1d2128; --ink: #e6e9ee;
  --soft: #9aa4b2; --line: #323843; --accent: #7db3ee; --good: #6fcf9c; --warn: #f2c063;
  --warn-page: #33290f; --ga: #1f5236; --gb: #3e5424; --gc: #5e531c; --gd: #67441c; --ge: #6b2f2a;
  --lost: #8c3a44; --none: #2a2f38; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1120px; padding: 24px 20px 48px; background: var(--page);
  color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 14px; }
h1 { font-size: 26px; margin: 0; } h2 { font-size: 17px; margin: 0 0 4px; }
.soft, .note { color: var(--soft); } .note { margin: 0 0 12px; font-size: 14px; max-width: 75ch; }
.badge { border-radius: 99px; padding: 1px 12px; font-size: 14px; font-weight: 600;
  border: 1px solid currentColor; color: var(--good); } .badge.warn { color: var(--warn); }
.lead { font-size: 17px; margin: 10px 0 16px; max-width: 75ch; }
.troubles { list-style: none; margin: 0 0 16px; padding: 10px 16px; border-radius: 8px;
  background: var(--warn-page); border-left: 4px solid var(--warn); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 16px 18px; margin: 0 0 16px; overflow-x: auto; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); gap: 16px;
  margin: 0 0 16px; } .tiles section { margin: 0; overflow: hidden; }
.tiles dt { color: var(--soft); font-size: 14px; } .tiles dl, .tiles dd { margin: 0; }
.big { font-size: 25px; font-weight: 650; line-height: 1.3; white-space: nowrap; font-variant-numeric: tabular-nums; }
.meter { height: 8px; border-radius: 99px; background: var(--none); overflow: hidden; margin-top: 8px; }
.meter i { display: block; height: 100%; background: var(--accent); }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(430px, 100%), 1fr)); gap: 16px; }
.columns section { margin: 0; } .columns { margin-bottom: 16px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 14px; }
th { text-align: left; color: var(--soft); font-weight: 500; }
th, td { padding: 4px 14px 4px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; } .number { text-align: right; white-space: nowrap; }
code { font: 13px ui-monospace, monospace; overflow-wrap: anywhere; }
code.id { white-space: nowrap; overflow-wrap: normal; }
.bar { display: block; height: 6px; min-width: 2px; border-radius: 3px; background: var(--accent); }
.hop { display: inline-block; border: 1px solid var(--line); border-radius: 6px; padding: 0 8px; }
.hop.self { border-color: var(--accent); font-weight: 600; } .end { color: var(--soft); }
svg text { fill: var(--ink); font: 13px system-ui, sans-serif; } svg .label { fill: var(--soft); }
svg .label.self { fill: var(--ink); font-weight: 700; } svg .small { font-size: 11px; } .matrix { width: 100%; height: auto; }
.cell.a rect { fill: var(--ga); } .cell.b rect { fill: var(--gb); } .cell.c rect { fill: var(--gc); }
.cell.d rect { fill: var(--gd); } .cell.e rect { fill: var(--ge); } .cell.lost rect { fill: var(--lost); }
.cell.none rect { fill: var(--none); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 10px 0 0; color: var(--soft); font-size: 13px; }
.swatch { display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 6px; vertical-align: -1px; }
.swatch.a { background: var(--ga); } .swatch.b { background: var(--gb); } .swatch.c { background: var(--gc); }
.swatch.d { background: var(--gd); } .swatch.e { background: var(--ge); }
.swatch.lost { background: var(--lost); } .swatch.none { background: var(--none); }
.spark { display: block; width: 100%; height: 48px; margin-top: 8px; }
.spark polyline { fill: none; stroke: var(--accent); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.spark polygon { fill: var(--accent); opacity: .15; }
footer { color: var(--soft); font-size: 13px; }
`;
