import { describe, expect, it } from 'vitest';
import { toStoreError } from '../../../trainer/node/s3-errors.ts';

const facts = { bucket: 'models', endpoint: 'https://s3.example', accessKeyId: 'AK1' };
const refused = (name: string, message = name, status = 403) =>
  toStoreError(Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } }), facts)
    .message;

describe('a refusal is told by its code', () => {
  it.each([
    ['InvalidAccessKeyId', /does not know the access key/],
    ['SignatureDoesNotMatch', /the secret does not belong/],
    ['ExpiredToken', /the session has ended: sign in again/],
    ['AccessDenied', /is known and may not do this/],
    ['RequestTimeTooSkewed', /the clock of this machine/],
    ['SecondLevelDomainForbidden', /--addressing virtual/],
    ['AuthorizationHeaderMalformed', /another region: set AWS_REGION/],
    ['AccountProblem', /\(AccountProblem: AccountProblem\)|AWS_SECRET_ACCESS_KEY/],
  ])('%s', (name, message) => {
    expect(refused(name)).toMatch(/^the store at https:\/\/s3\.example refused the access key "AK1"/);
    expect(refused(name)).toMatch(message);
  });

  it('a bucket that wants checksums', () => {
    const message =
      'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock';
    expect(refused('InvalidRequest', message, 400)).toMatch(/--checksums when-supported/);
  });

  it('no region', () => {
    expect(toStoreError(new Error('Region is missing'), { ...facts, endpoint: null }).message).toMatch(
      /no region for the store at AWS S3: set AWS_REGION, or the region of the profile/,
    );
  });
});
