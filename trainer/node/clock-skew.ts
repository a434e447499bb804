/**
 * How far this machine's clock is from a server's. Signed requests are refused beyond 15 minutes.
 */

/** @returns ours less theirs, in ms, to within a second and the way; null where the server does not say */
export async function clockSkewMs(url: string, now: () => number): Promise<number | null> {
  try {
    const began = now();
    const response = await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(10_000) });
    await response.body?.cancel();
    const date = Date.parse(response.headers.get('date') ?? '');
    return Number.isNaN(date) ? null : (began + now()) / 2 - date;
  } catch {
    return null;
  }
}
