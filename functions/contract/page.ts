/**
 * The contract as one page that needs nothing beside it: operations by tag, each as a command to copy, and the schemas
 * in TypeScript's notation.
 */
import { PAGE_STYLE } from './page-style.ts';
import { escapeHtml, type JsonSchema, nameOf, schemaHtml } from './schema-html.ts';

interface Contract {
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly parameters: Readonly<Record<string, Parameter>>;
    readonly responses: Readonly<Record<string, Response>>;
  };
}

interface Operation {
  readonly tags: readonly string[];
  readonly summary: string;
  readonly security: readonly { readonly bearer: readonly string[] }[];
  readonly parameters?: readonly { readonly $ref: string }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, Response | { readonly $ref: string }>>;
}

type Content = Readonly<Record<string, { readonly schema: JsonSchema; readonly example?: unknown }>>;

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly description?: string;
  readonly example?: unknown;
}

interface Response {
  readonly description: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content: Content;
}

const JSON_TYPE = 'application/json';

/**
 * @param contract  the document that /openapi.json answers
 * @param origin    of the deployment, for the commands: a URL, or the shell variable that holds it
 */
export function renderPage(contract: object, origin: string): string {
  const { info, tags, paths, components } = contract as Contract;
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const sections = tags.map(({ name, description }) => {
    const own = operations.filter(({ operation }) => operation.tags.includes(name));
    const shown = own.map(({ path, method, operation }) =>
      operationHtml(method, path, operation, components, origin),
    );
    return `<section><h2>${escapeHtml(name)}</h2>${prose(description)}${shown.join('')}</section>`;
  });
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) => `<h3 id="${name}">${name}</h3><pre>${schemaHtml(schema)}</pre>`,
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(info.title)} API</title><style>${PAGE_STYLE}</style>
<header><h1>${escapeHtml(info.title)} <small>${escapeHtml(info.version)}</small></h1>${prose(info.description)}<p><a href="/openapi.json">openapi.json</a></header>
<main>${sections.join('')}<section><h2>Schemas</h2>${schemas.join('')}</section></main></html>`;
}

function operationHtml(
  method: string,
  path: string,
  operation: Operation,
  components: Contract['components'],
  origin: string,
): string {
  const parameters = (operation.parameters ?? []).map(
    ({ $ref }) => components.parameters[nameOf($ref)] as Parameter,
  );
  const scopes = operation.security.flatMap(({ bearer }) => bearer);
  const answers = Object.entries(operation.responses).map(([status, answer]) =>
    answerHtml(status, '$ref' in answer ? (components.responses[nameOf(answer.$ref)] as Response) : answer),
  );
  const body = operation.requestBody?.content;
  return `<details><summary><b class="${method}">${method}</b> <code>${escapeHtml(path)}</code> ${escapeHtml(operation.summary)}</summary>
<p>${scopes.length === 0 ? 'Needs no key.' : `Needs the scope <code>${scopes.join('</code> or <code>')}</code>.`}
<pre class="command">${escapeHtml(curl(method, path, operation, parameters, origin))}</pre>
${parameters
  .filter((parameter) => parameter.in === 'header')
  .map(headerHtml)
  .join('')}
${body === undefined ? '' : `<h4>Body</h4>${contentHtml(body)}`}<h4>Answers</h4><dl>${answers.join('')}</dl></details>`;
}

/** A command that can be run as it is, once HOLDFAST_URL and HOLDFAST_KEY are set. */
function curl(
  method: string,
  path: string,
  { security, requestBody }: Operation,
  parameters: readonly Parameter[],
  origin: string,
): string {
  const filled = parameters
    .filter((parameter) => parameter.in === 'path')
    .reduce((filled, { name, example }) => filled.replace(`{${name}}`, String(example)), path);
  const lines = [`curl -i ${origin}${filled}`];
  if (security.length > 0) lines.push('-H "Authorization: Bearer $HOLDFAST_KEY"');
  const example = requestBody?.content[JSON_TYPE]?.example;
  if (example !== undefined) lines.push(`-d '${JSON.stringify(example).replaceAll("'", String.raw`'\''`)}'`);
  else if (method !== 'GET') lines.push(`-X ${method}`);
  return lines.join(' \\\n  ');
}

function headerHtml({ name, description = '' }: Parameter): string {
  return `<p><code>${escapeHtml(name)}</code>: ${inline(description)}`;
}

function answerHtml(status: string, { description, headers = {}, content }: Response): string {
  const named = Object.keys(headers).map((name) => ` <code>${escapeHtml(name)}</code>`);
  return `<dt>${status}<dd>${inline(description)}${named.join('')}${contentHtml(content)}`;
}

function contentHtml(content: Content): string {
  const forms = Object.entries(content).map(
    ([type, { schema }]) => `<li><code>${escapeHtml(type)}</code> <span>${schemaHtml(schema)}</span>`,
  );
  return `<ul>${forms.join('')}</ul>`;
}

function prose(text: string): string {
  return text
    .split('\n\n')
    .map((paragraph) => `<p>${inline(paragraph)}</p>`)
    .join('');
}

function inline(text: string): string {
  return escapeHtml(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');
}
