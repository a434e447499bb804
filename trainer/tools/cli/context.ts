/**
 * What every command gets: where to work, how to speak, who acts.
 */
import { hostname, userInfo } from 'node:os';
import type { Command } from 'commander';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { guardStore } from '../../node/guarded-store.ts';
import { createS3Store, type S3StoreOptions } from '../../node/s3-store.ts';
import type { StoreLocation } from '../../node/store-url.ts';
import { unwrap, usageError } from './failure.ts';
import { findLocalUrl } from './local-url.ts';
import { createHttpTarget } from './http-target.ts';
import { type Environment, type GlobalOptions, resolveSettings } from './settings.ts';
import { createStoreTarget } from './store-target.ts';
import type { HttpTarget, Target } from './target.ts';

export type Connection =
  | { readonly kind: 'http'; readonly target: HttpTarget }
  | { readonly kind: 'store'; readonly target: Target; readonly store: ObjectStore };

export interface Context {
  /** The registry, over HTTP or straight on the store. */
  connect(): Connection;
  /** The bucket: for what no API offers. */
  openStore(): ObjectStore;
  /** Another bucket or folder of the same server, with the same credentials. */
  openBucket(location: StoreLocation): ObjectStore;
  /** `s3://bucket/prefix`, for messages. */
  readonly storeName: string;
  /** Of the bucket's server; null where it is AWS's, or no bucket is known. */
  readonly storeEndpoint: string | null;
  /** Who acts, for the records. */
  readonly by: string;
  readonly json: boolean;
  /** Prints `value` as JSON under --json, otherwise what `describe` says. */
  print(value: unknown, describe: () => string): void;
  now(): Date;
}

/** From the command's options and the environment. Throws a usage error where they do not go together. */
export function createContext(command: Command, env: Environment = process.env): Context {
  const options = command.optsWithGlobals<GlobalOptions>();
  const settings = unwrap(resolveSettings(options, env, findLocalUrl(env) ?? undefined), 2);
  const openStore = (): ObjectStore => {
    if (settings.store === null)
      throw usageError(
        'this needs the bucket itself: name it with --store s3://bucket (and --endpoint), or set HOLDFAST_STORE',
      );
    return openS3(settings.store);
  };
  return {
    connect() {
      const { http } = settings;
      if (http !== null) return { kind: 'http', target: createHttpTarget(http.url, http.key) };
      const store = openStore();
      return { kind: 'store', target: createStoreTarget(describeStore(settings.store), store), store };
    },
    openStore,
    openBucket: (location) => openS3({ ...settings.store, ...location }),
    storeName: describeStore(settings.store),
    storeEndpoint: settings.store?.endpoint ?? null,
    by: options.by ?? describeUser(env),
    json: options.json === true,
    print(value, describe) {
      console.log(options.json === true ? JSON.stringify(value, null, 2) : describe());
    },
    now: () => new Date(),
  };
}

/** Of a server that nobody knows, so it is tried before it is written to. */
function openS3(options: S3StoreOptions): ObjectStore {
  const where = options.endpoint === undefined ? '' : ` at ${options.endpoint}`;
  return guardStore(createS3Store(options), `${describeStore(options)}${where}`);
}

function describeStore(store: S3StoreOptions | null): string {
  return `s3://${store?.bucket ?? ''}${store?.prefix ? `/${store.prefix}` : ''}`;
}

function describeUser(env: Environment): string {
  return `${env['USER'] ?? userInfo().username}@${hostname()}`;
}
