/**
 * The schema library as the edge carries it: zod's functions without its methods, so that a bundle holds only what a
 * schema uses (methods bring every check and the JSON Schema generator along: 20 kB compressed), and messages in
 * English, which that half of zod leaves out. Where no edge Worker reads a schema, `zod` itself does as well; the two
 * mix, but only methods of the one are absent from the other.
 */
import en from 'zod/v4/locales/en.js';
import { config } from 'zod/mini';

config(en());

export * from 'zod/mini';
export { _default as withDefault } from 'zod/mini';
