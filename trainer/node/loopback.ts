/**
 * Whether a URL leads to this machine and nowhere else: only there are the known local keys of any use.
 */

/** Literal addresses and `localhost`; a name that merely looks like one (`127.example.com`) is none. */
export function isLoopback(url: string | null): boolean {
  if (url === null || !URL.canParse(url)) return false;
  const { hostname } = new URL(url);
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
