/**
 * HTML and SVG from template literals, escaped by construction: Hono's `html`, of values that are here already, so that
 * what comes of it is markup and no promise, and with types that let in only what it can show.
 */
import { html as template } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';

/** What `html` and Hono's `raw` made: inserted as it is, where any other text is escaped. */
export type Markup = HtmlEscapedString;

type Insert = string | number | null | Markup | readonly Insert[];

/** Works in element content and in quoted attribute values; not in scripts, styles or unquoted attributes. */
export function html(strings: TemplateStringsArray, ...values: readonly Insert[]): Markup {
  return template(strings, ...values) as Markup;
}
