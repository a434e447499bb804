/**
 * Who may use what the local runtime itself answers, under `/cdn-cgi/`: handlers that start runs, the bucket without a
 * key, the bucket over S3. They are on loopback, but so is every web page that is open in this machine's browser and
 * every program of every user of the machine. So pages from elsewhere get nothing, the keyless ways into the bucket are
 * shut, and what starts something asks for the local operators' key; S3 checks its own signatures.
 */

/**
 * The refusal, or null for what may go on. It runs in front of the runtime's entry, as text (guard-runtime.ts): nothing
 * outside of it is there.
 */
export function refuseLocal(request: Request): Response | null {
  const inner = request.headers.get('MF-Original-URL');
  const paths = [request.url, inner]
    .filter((url) => url !== null)
    .map((url) =>
      URL.canParse(url) ? new URL(url).pathname.replace(/\/{2,}/g, '/').toLowerCase() : '/cdn-cgi/',
    );
  const path = paths.find((path) => path.startsWith('/cdn-cgi/'));
  if (path === undefined) return null;
  const refuse = (status: 401 | 403, detail: string): Response =>
    Response.json(
      { error: detail },
      { status, headers: status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {} },
    );
  const host = (request.headers.get('Host') ?? new URL(request.url).host).replace(/:\d+$/, '').toLowerCase();
  if (!['127.0.0.1', 'localhost', '[::1]', 'trainer.localhost'].includes(host)) {
    return refuse(403, 'expected a request to this machine, by its loopback name');
  }
  const site = request.headers.get('Sec-Fetch-Site');
  const origin = request.headers.get('Origin');
  // A browser names itself by either. Nothing that is meant for a page lies here.
  if (site !== null || origin !== null) return refuse(403, 'expected a request from outside of a browser');
  if (path.startsWith('/cdn-cgi/local/r2/public')) {
    return refuse(403, 'the bucket is read over S3, with its keys: /cdn-cgi/local/r2/s3');
  }
  // The first checks signatures, the second a secret that the runtime shares with this process.
  const checksItself = ['/cdn-cgi/local/r2/s3', '/cdn-cgi/local/platform-proxy'];
  if (checksItself.some((prefix) => path === prefix || path.startsWith(`${prefix}/`))) return null;
  if (request.headers.get('Authorization') === 'Bearer local-operate') return null;
  return refuse(401, 'expected the header Authorization: Bearer local-operate');
}
