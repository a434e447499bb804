/**
 * A JSON Schema in TypeScript's notation, as HTML: short enough to be read, and what is referred to is a link.
 */

export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly not?: object;
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly description?: string;
}

const INDENT = '  ';

/** @param margin  what lines after the first begin with */
export function schemaHtml(schema: JsonSchema, margin = ''): string {
  if (schema.$ref !== undefined) return `<a href="#${nameOf(schema.$ref)}">${nameOf(schema.$ref)}</a>`;
  if (schema.const !== undefined) return escapeHtml(JSON.stringify(schema.const));
  if (schema.enum !== undefined) return schema.enum.map((one) => escapeHtml(JSON.stringify(one))).join(' | ');
  const options = schema.anyOf ?? schema.oneOf;
  if (options !== undefined) return options.map((option) => schemaHtml(option, margin)).join(' | ');
  if (schema.prefixItems !== undefined) {
    return `[${schema.prefixItems.map((item) => schemaHtml(item, margin)).join(', ')}]`;
  }
  if (schema.type === 'array') return listHtml(schema.items ?? {}, margin);
  if (schema.type === 'object') return objectHtml(schema, margin);
  if (schema.type === undefined) return `<i>${escapeHtml(schema.description ?? 'anything')}</i>`;
  return [schema.type].flat().join(' | ');
}

function listHtml(items: JsonSchema, margin: string): string {
  const html = schemaHtml(items, margin);
  return html.includes(' | ') ? `(${html})[]` : `${html}[]`;
}

function objectHtml(
  { properties = {}, required = [], additionalProperties }: JsonSchema,
  margin: string,
): string {
  const inner = margin + INDENT;
  const lines = Object.entries(properties)
    .filter(([, property]) => property.not === undefined)
    .map(([name, property]) => {
      const { description } = property;
      const said = description === undefined ? '' : `  <i>// ${escapeHtml(description)}</i>`;
      const mark = required.includes(name) ? '' : '?';
      return `${inner}${escapeHtml(name)}${mark}: ${schemaHtml(property, inner)}${said}`;
    });
  if (typeof additionalProperties === 'object') {
    lines.push(`${inner}[name]: ${schemaHtml(additionalProperties, inner)}`);
  }
  return lines.length === 0 ? '{}' : `{\n${lines.join('\n')}\n${margin}}`;
}

/** `Run` of `#/components/schemas/Run` */
export function nameOf(ref: string): string {
  return ref.slice(ref.lastIndexOf('/') + 1);
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
