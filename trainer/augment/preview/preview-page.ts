/**
 * A preview as one HTML page that stands alone: originals at the left, copies to the right, with what was drawn.
 */
import { raw } from 'hono/html';
import { toBase64 } from '../../../shared/bytes.ts';
import { html, type Markup } from '../../report/page/html-template.ts';
import { renderPage } from '../../report/page/report-page.ts';
import type { Spec } from '../../../shared/model/spec/spec.ts';
import { reducePicture } from '../../report/flip-pictures.ts';
import { encodePng, type Picture } from '../../report/page/png.ts';
import { describeAugmentation, describeDraw } from '../describe.ts';
import type { Cell, PicturePreview, PreviewSettings, RowPreview } from './preview.ts';

const STYLE = raw(`
main { max-width: none; width: max-content; min-width: min(100%, 700px); }
header p { max-width: 90ch; }
.sheet { border-collapse: separate; border-spacing: 0; width: auto; }
.sheet td { padding: 10px 10px 10px 0; }
.sheet td:first-child { padding-right: 22px; border-right: 1px solid var(--line); }
.sheet td:nth-child(2) { padding-left: 22px; }
.sheet img { display: block; width: 128px; height: auto; background: var(--faint); border-radius: 4px; }
.sheet img.small { image-rendering: pixelated; }
.sheet p { margin: 6px 0 0; font-size: 12px; line-height: 1.35; color: var(--quiet); max-width: 128px; overflow-wrap: anywhere; }
.sheet span { display: block; }
.sheet b { color: var(--ink); }
.copy td { color: var(--quiet); } .copy .changed { color: var(--candidate); }
.original td { font-weight: 600; border-top: 2px solid var(--line); }
`);

/** Pictures below this size are shown in whole pixels; larger ones smoothly. */
const SMALL = 96;
/** Longer sides are reduced, so that the page stays small. */
const MOST_PIXELS = 160;

type About = Pick<Spec, 'name'> & PreviewSettings;

/** @param shape  of the pictures */
export async function renderPicturePreview(
  previews: readonly PicturePreview[],
  shape: Omit<Picture, 'pixels'>,
  about: About,
): Promise<string> {
  const className = Math.max(shape.height, shape.width) < SMALL ? 'small' : 'large';
  const draw = async (pixels: Uint8Array, name: string): Promise<Markup> => {
    const picture = reducePicture({ ...shape, pixels }, MOST_PIXELS);
    const uri = `data:image/png;base64,${toBase64(await encodePng(picture))}`;
    return html`<img class="${className}" src="${uri}" alt="${name}" />`;
  };
  const rows: Markup[] = [];
  for (const { id, label, original, copies } of previews) {
    const cells: Markup[] = [];
    for (const [i, { pixels, draw: drawn }] of copies.entries()) {
      const parts = describeDraw(drawn);
      const caption = parts.length === 0 ? ['as it was'] : parts;
      cells.push(
        html`<td>
          ${await draw(pixels, `copy ${i + 1} of ${id}`)}
          <p>${caption.map((part) => html`<span>${part}</span>`)}</p>
        </td>`,
      );
    }
    const name = html`<p>${label === null ? null : html`<b>${label}</b> `}${id}</p>`;
    rows.push(
      html`<tr>
        <td>${await draw(original, id)}${name}</td>
        ${cells}
      </tr>`,
    );
  }
  return page(
    about,
    'Originals at the left, copies to the right of them.',
    html`<table class="sheet">
      ${rows}
    </table>`,
  );
}

/** Columns that a page shows at most. */
const SHOWN_FEATURES = 40;

/**
 * Of rows: each example's features, its copies below, what was changed in colour. Features beyond the first are
 * counted, not shown.
 */
export function renderRowPreview(
  previews: readonly RowPreview[],
  features: readonly string[],
  about: About,
): string {
  const shown = features.slice(0, SHOWN_FEATURES);
  const more = features.length - shown.length;
  return page(
    about,
    'Copies below their originals. What differs is coloured; a dash is a feature that was dropped.',
    html`<div class="scroll">
      <table>
        <thead>
          <tr>
            <th>Example</th>
            ${shown.map((name) => html`<th>${name}</th>`)}
            ${more > 0 ? html`<th>and ${more} more</th>` : null}
          </tr>
        </thead>
        <tbody>
          ${previews.map((preview) => rowsOf(preview, shown.length))}
        </tbody>
      </table>
    </div>`,
  );
}

function rowsOf({ id, label, original, copies }: RowPreview, shown: number): Markup {
  return html`<tr class="original">
      <td>${label ?? ''} ${id}</td>
      ${original.slice(0, shown).map((cell) => html`<td>${formatCell(cell)}</td>`)}
    </tr>
    ${copies.map(
      (copy, i) =>
        html`<tr class="copy">
          <td>copy ${i + 1}</td>
          ${copy
            .slice(0, shown)
            .map(
              (cell, at) =>
                html`<td class="${cell === original[at] ? 'same' : 'changed'}">${formatCell(cell)}</td>`,
            )}
        </tr>`,
    )}`;
}

/** Five digits are enough to see what noise did; a dropped feature is a dash. */
export function formatCell(cell: Cell): string {
  if (cell === null) return '–';
  return typeof cell === 'number' ? String(Number(cell.toPrecision(5))) : cell;
}

function page({ name, augmentation, seed }: About, legend: string, body: Markup): string {
  const mixed =
    augmentation.mixup > 0
      ? ' Examples of a batch are mixed in training besides (mixup), which is not shown here.'
      : '';
  const content = html`<header>
      <p class="kicker"><b>${name}</b> <span>augmentation, seed ${seed}</span></p>
      <p class="summary">${describeAugmentation(augmentation)}</p>
      <p class="decision">${legend}${mixed}</p>
    </header>
    <section>${body}</section>`;
  const footer = 'only training examples are augmented, never held-out ones';
  return renderPage({ title: `${name}: augmentation`, content, footer, style: STYLE });
}
