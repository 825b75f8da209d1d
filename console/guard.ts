// Who may ask this server for anything: its own pages, in a browser on this machine. What it shows is money and people, and
// any page that is open in the same browser could send requests here.

import type { MiddlewareHandler } from 'hono';

/** Nothing from outside, nothing inline, no frame around it. */
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
  // `no-referrer` would make the Origin of its own forms `null`.
  'referrer-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

/**
 * Refuses (403) what names another host (a name that was pointed at this machine), what another page sends, and what another
 * page embeds. Answers carry headers that keep it so.
 */
export function guard(): MiddlewareHandler {
  return async (c, next) => {
    const host = c.req.header('host') ?? '';
    const refused = isOwnHost(host) ? refusal(c.req.raw, `http://${host}`) : 'This server answers to 127.0.0.1 alone.';
    if (refused) c.res = c.text(refused, 403);
    else await next();
    for (const [name, value] of Object.entries(HEADERS)) c.res.headers.set(name, value);
  };
}

function isOwnHost(host: string): boolean {
  return /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host);
}

function refusal(request: Request, origin: string): string | undefined {
  const sender = request.headers.get('origin');
  if (sender !== null && sender !== origin) return 'Another page may not send requests here.';
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return sender === origin ? undefined : 'Only the console’s own pages may send this.';
  }
  const site = request.headers.get('sec-fetch-site');
  if (site === null || site === 'same-origin' || site === 'none') return undefined;
  // A link to a page from elsewhere is fine: reading changes nothing, and who linked cannot look inside.
  const opensPage =
    request.headers.get('sec-fetch-mode') === 'navigate' && request.headers.get('sec-fetch-dest') === 'document';
  return opensPage ? undefined : 'Another page may not read from here.';
}
