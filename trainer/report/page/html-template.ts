/**
 * HTML and SVG from template literals, escaped by construction: only what this tag produced is inserted as
 * markup, everything else as text.
 */

export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Insert = string | number | null | Markup | readonly Insert[];

/** Works in element content and in quoted attribute values; not in scripts, styles or unquoted attributes. */
export function html(strings: TemplateStringsArray, ...values: readonly Insert[]): Markup {
  const parts = strings.map((literal, i) => literal + (i < values.length ? insert(values[i] ?? null) : ''));
  return new Markup(parts.join(''));
}

function insert(value: Insert): string {
  if (value === null) return '';
  if (value instanceof Markup) return value.text;
  if (typeof value === 'string' || typeof value === 'number') return escapeText(String(value));
  return value.map(insert).join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
