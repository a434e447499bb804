/**
 * What a person should hear of: a promotion, a rollback, a run that failed or was held. One notice a cause: a notice is
 * named after what it tells of, so whoever notices it again writes nothing.
 */
import * as z from '../zod.ts';
import { loadJson, putJson } from './store/json.ts';
import { keys } from './store/keys.ts';
import type { ObjectStore } from './store/store.ts';

export const noticeSchema = z.object({
  format: z.literal('holdfast-notice/1'),
  /** The same for whoever tells of the same cause. */
  id: z.string(),
  model: z.string(),
  kind: z.enum([
    'promoted',
    'rolled-back',
    'promotion-resumed',
    'run-failed',
    'run-held',
    'run-refused',
    'run-waiting',
    'not-serving',
    'run-late',
    'labels-apart',
    'rollback-advised',
  ]),
  /** When its cause came about. */
  at: z.iso.datetime(),
  /** One sentence for a person. */
  text: z.string(),
  version: z.nullable(z.int().check(z.minimum(1))),
  run: z.nullable(z.string()),
});
export type Notice = z.infer<typeof noticeSchema>;

/**
 * Keeps a notice, and lays it out to be sent. Laid out first: a crash in between sends it, and whoever notices the cause
 * again keeps it. Two at once send the same id twice, which receivers know by it.
 *
 * @returns whether it is new
 */
export async function keepNotice(store: ObjectStore, notice: Notice): Promise<boolean> {
  const key = keys.notice(notice.model, notice.at, notice.id);
  if ((await store.get(key)) !== null) return false;
  await putJson(store, keys.outbox(notice.model, notice.id), { notice, attempts: 0, nextAt: notice.at });
  return (await putJson(store, key, notice, { absent: true })) !== null;
}

/**
 * The newest notices of a model, oldest first.
 */
export async function listNotices(
  store: ObjectStore,
  model: string,
  { most = 100 }: { readonly most?: number } = {},
): Promise<Notice[]> {
  const listed = (await store.list(keys.notices(model))).slice(-most);
  const notices: Notice[] = [];
  for (const key of listed) {
    const notice = await loadJson(store, key, noticeSchema);
    if (notice.ok) notices.push(notice.value.value);
  }
  return notices;
}
