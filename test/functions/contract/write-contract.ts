/**
 * `npm run build:contract`: writes what the schemas say into functions/contract/assets.
 */
import { writeFile } from 'node:fs/promises';
import { CONTRACT_FILE, contractText } from './contract-file.ts';

await writeFile(CONTRACT_FILE, contractText());
