/**
 * Which web pages may call this deployment from a browser (the Fetch standard's CORS protocol). None, until
 * HOLDFAST_CORS_ORIGINS names some. Keys come in a header and never by themselves, so a page that is let in can do no
 * more than the key it holds.
 */

export interface Cors {
  /** The answer to a preflight from an origin that is let in; null for every other request. */
  preflight(request: Request): Response | null;
  /** Lets pages of such origins read a response. */
  expose(request: Request, response: Response): Response;
}

export const ANY_ORIGIN = '*';

const ALLOWED_METHODS = 'GET, POST';
const ALLOWED_HEADERS = 'Authorization, Content-Type, Holdfast-Timeout-Ms, Inference-Header-Content-Length';
const EXPOSED_HEADERS =
  'Holdfast-Version, Holdfast-Prediction-Id, Holdfast-Request-Id, Holdfast-Unseen-Values, Holdfast-Warning, Inference-Header-Content-Length, Retry-After';
/** Two hours, the most that Chromium remembers. */
const PREFLIGHT_SECONDS = '7200';

/** @param origins  as browsers write them (`https://app.example`), or `*` alone; nobody when empty */
export function createCors(origins: readonly string[]): Cors {
  if (origins.length === 0) return { preflight: () => null, expose: (_, response) => response };
  const any = origins.includes(ANY_ORIGIN);
  const isAllowed = (origin: string | null): origin is string =>
    origin !== null && (any || origins.includes(origin));
  const expose = (request: Request, response: Response): Response => {
    const origin = request.headers.get('origin');
    if (!any) response.headers.append('Vary', 'Origin');
    if (!isAllowed(origin)) return response;
    response.headers.set('Access-Control-Allow-Origin', any ? ANY_ORIGIN : origin);
    response.headers.set('Access-Control-Expose-Headers', EXPOSED_HEADERS);
    return response;
  };
  return {
    preflight(request) {
      const asks = request.method === 'OPTIONS' && request.headers.has('access-control-request-method');
      if (!asks || !isAllowed(request.headers.get('origin'))) return null;
      const headers = {
        'Access-Control-Allow-Methods': ALLOWED_METHODS,
        'Access-Control-Allow-Headers': ALLOWED_HEADERS,
        'Access-Control-Max-Age': PREFLIGHT_SECONDS,
      };
      return expose(request, new Response(null, { status: 204, headers }));
    },
    expose,
  };
}
