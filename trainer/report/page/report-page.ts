/**
 * A page that stands alone: no scripts, no fonts, no requests.
 */
import { html, type Markup } from './html-template.ts';
import { REPORT_STYLE } from './report-style.ts';

/**
 * The page as a string, in the reports' style.
 *
 * @param page  its `style`, where it has one of its own, comes after that of all; `footer` stands behind the project's name
 */
export function renderPage({
  title,
  content,
  footer,
  style = null,
}: {
  readonly title: string;
  readonly content: Markup;
  readonly footer: string;
  readonly style?: Markup | null;
}): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <style>
          ${REPORT_STYLE}
          ${style}
        </style>
      </head>
      <body>
        <main>
          ${content}
          <footer>Holdfast · ${footer}</footer>
        </main>
      </body>
    </html> `.toString();
}
