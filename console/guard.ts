// Who may use this server: its own pages, in a browser on this machine. The console shows money and people, and any page open
// in the same browser could send requests here.

import type { MiddlewareHandler } from 'hono';

/** No other host, nothing inline, no frames. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  // `no-referrer` would make the Origin of the console's own forms `null`.
  'referrer-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

/**
 * Rejects with 403 a request that names another host (a name that resolves to this machine), a request that another page sends,
 * and a request that another page embeds. Every response carries the headers above.
 */
export function guard(): MiddlewareHandler {
  return async (c, next) => {
    const host = c.req.header('host') ?? '';
    const refusal = isOwnHost(host)
      ? reasonToRefuse(c.req.raw, `http://${host}`)
      : 'Open the console at 127.0.0.1 or localhost.';
    if (refusal) c.res = c.text(refusal, 403);
    else await next();
    for (const [name, value] of Object.entries(HEADERS)) c.res.headers.set(name, value);
  };
}

function isOwnHost(host: string): boolean {
  return /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host);
}

function reasonToRefuse(request: Request, origin: string): string | undefined {
  const sender = request.headers.get('origin');
  if (sender !== null && sender !== origin) return 'Another page may not send requests here.';
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return sender === origin ? undefined : 'Only the console’s own pages may send this request.';
  }
  const site = request.headers.get('sec-fetch-site');
  if (site === null || site === 'same-origin' || site === 'none') return undefined;
  // A link from elsewhere may open a page: a GET changes nothing, and the linking page cannot read it.
  const opensPage =
    request.headers.get('sec-fetch-mode') === 'navigate' && request.headers.get('sec-fetch-dest') === 'document';
  return opensPage ? undefined : 'Another page may not read from here.';
}
