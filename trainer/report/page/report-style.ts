/**
 * The report's style sheet, inserted into the page. Colours once, as variables, for light and dark.
 */
import { raw } from 'hono/html';

export const REPORT_STYLE = raw(`
:root {
  --page: #f4f5f7; --card: #fff; --ink: #1c2430; --quiet: #667085; --line: #e4e7ec; --faint: #f2f4f7;
  --pass: #12805c; --fail: #c4320a; --hold: #b26a00; --skip: #98a2b3; --beyond: #c4320a14;
  --champion: #7a869a; --candidate: #2563eb;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f141b; --card: #171e27; --ink: #e6eaf0; --quiet: #94a0b3; --line: #2a3442; --faint: #1f2833;
    --pass: #3ccf97; --fail: #ff7a59; --hold: #f2b04c; --skip: #6b7789; --beyond: #ff7a591c;
    --champion: #9aa6b8; --candidate: #6ea2ff;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1000px; margin: 0 auto; padding: 28px 20px 40px; }
header, section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 22px 26px; margin-bottom: 16px; }
header { border-left: 6px solid var(--verdict); padding: 26px 28px; }
.promote { --verdict: var(--pass); } .reject { --verdict: var(--fail); } header.hold { --verdict: var(--hold); }
.pass { --colour: var(--pass); } .fail { --colour: var(--fail); } .hold { --colour: var(--hold); } .skip { --colour: var(--skip); }
.kicker { margin: 0; color: var(--quiet); } .kicker b { color: var(--ink); } .kicker span { margin-left: 8px; }
h1 { margin: 6px 0 4px; font-size: 40px; line-height: 1.1; letter-spacing: -0.02em; color: var(--verdict); }
h1::first-letter { text-transform: uppercase; }
h2 { margin: 0 0 6px; font-size: 17px; letter-spacing: -0.01em; }
.summary { margin: 0; font-size: 18px; } .decision { margin: 8px 0 0; color: var(--quiet); } .decision b { color: var(--ink); }
dl { display: flex; flex-wrap: wrap; gap: 12px 36px; margin: 20px 0 0; padding-top: 16px; border-top: 1px solid var(--line); }
dl div { min-width: 0; } dt { color: var(--quiet); font-size: 12px; } dd { margin: 0; }
code { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.caption { margin: 0 0 12px; color: var(--quiet); max-width: 70ch; }
.reasons { margin: 0; padding-left: 22px; } .reasons li { margin: 4px 0; } .reasons li:first-child { font-weight: 600; }
figure { margin: 0; overflow-x: auto; } figure + figure { margin-top: 14px; }
svg { display: block; width: 100%; min-width: 680px; height: auto; font: 12.5px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: var(--ink); }
.grid { stroke: var(--line); } .zero { stroke: var(--quiet); } .tick { fill: var(--quiet); font-size: 11.5px; font-variant-numeric: tabular-nums; }
.beyond { fill: var(--beyond); } .highlight { fill: var(--faint); }
.row .label { font-weight: 600; } .row.part .label { font-weight: 400; fill: var(--quiet); }
.row .numbers { font-variant-numeric: tabular-nums; white-space: pre; } .row.part .numbers { fill: var(--quiet); }
.row .interval { stroke: var(--colour); stroke-width: 2; fill: none; } .row.part .interval { stroke-width: 1.25; }
.row circle { fill: var(--colour); } .row .margin { stroke: var(--fail); stroke-width: 1.5; stroke-dasharray: 3 2; }
.series path { fill: none; stroke: var(--colour); stroke-width: 2.25; stroke-linejoin: round; }
.series circle { fill: var(--card); stroke: var(--colour); stroke-width: 2; }
.champion { --colour: var(--champion); } .candidate { --colour: var(--candidate); }
.legend { margin: 0 0 8px; color: var(--quiet); } .legend span { display: inline-block; margin-right: 18px; white-space: nowrap; }
.legend span::before { content: ""; display: inline-block; width: 18px; height: 3px; margin-right: 7px; vertical-align: middle; border-radius: 2px; background: var(--colour); }
.legend .highlight::before { height: 12px; background: var(--faint); border: 1px solid var(--line); }
.square svg { min-width: 0; max-width: 420px; } svg .margin { stroke: var(--quiet); stroke-dasharray: 3 3; }
.picture img { display: block; width: 56px; height: 56px; object-fit: contain; image-rendering: pixelated; background: var(--faint); border-radius: 4px; }
.matrix td.number { border: 2px solid transparent; padding: 5px 10px; } .matrix td.learned { border-color: var(--candidate); border-radius: 4px; }
.shade-0 { background: none; } .shade-1 { background: color-mix(in srgb, var(--candidate) 6%, transparent); }
.shade-2 { background: color-mix(in srgb, var(--candidate) 12%, transparent); } .shade-3 { background: color-mix(in srgb, var(--candidate) 18%, transparent); }
.shade-4 { background: color-mix(in srgb, var(--candidate) 26%, transparent); } .shade-5 { background: color-mix(in srgb, var(--candidate) 34%, transparent); }
.scroll { overflow-x: auto; } .flips { max-height: 420px; overflow-y: auto; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 500; font-size: 12px; color: var(--quiet); }
th, td { padding: 7px 12px 7px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tr:has(+ .detail) > td { border-bottom: 0; padding-bottom: 0; } .detail > td { color: var(--quiet); padding-top: 0; font-size: 14px; }
tr:last-child > td { border-bottom: 0; }
.mark { display: inline-block; width: 20px; height: 20px; border-radius: 50%; text-align: center; line-height: 20px; font-size: 12px; font-weight: 700; color: var(--card); background: var(--colour); }
details { margin-top: 8px; } summary { cursor: pointer; color: var(--quiet); } details table { margin-top: 4px; } details td { padding: 4px 10px 4px 0; }
footer { color: var(--quiet); font-size: 13px; text-align: center; padding-top: 8px; }
@media print { body { background: none; } header, section { break-inside: avoid; } }
`);
