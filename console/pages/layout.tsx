/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// What every page has: the way to the others, and whether the stack is there.

import type { Child, FC } from 'hono/jsx';

const PAGES = [
  ['/', 'Set up'],
  ['/testing', 'Testing suite'],
  ['/feed', 'Live feed'],
  ['/customers', 'Customers'],
  ['/transactions', 'Transactions'],
  ['/partners', 'Partners'],
  ['/dashboard', 'Dashboard'],
  ['/dead-letters', 'Dead letters'],
] as const;

export interface LayoutProps {
  readonly title: string;
  /** The page's own entry in the navigation. */
  readonly path: (typeof PAGES)[number][0];
  readonly intro?: Child;
  /** The page's own scripts, of /assets. */
  readonly scripts?: readonly string[];
  readonly styles?: readonly string[];
  readonly children?: Child;
}

export const Layout: FC<LayoutProps> = ({ title, path, intro, scripts = [], styles = [], children }) => (
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <title>{`${title} · Stripe Partner Sync`}</title>
      <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
      {[...styles, 'console.css'].map((name) => (
        <link rel="stylesheet" href={`/assets/${name}`} />
      ))}
      {['live.js', 'copy.js', ...scripts].map((name) => (
        <script type="module" src={`/assets/${name}`} />
      ))}
    </head>
    <body>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="top">
        <a class="brand" href="/">
          <img src="/assets/icon.svg" alt="" width="22" height="22" />
          Stripe Partner Sync
        </a>
        <p class="state" id="state" role="status">
          <span class="dot" aria-hidden="true" />
          <span id="state-text">Running on this machine</span>
        </p>
        <nav aria-label="Pages">
          <ul>
            {PAGES.map(([href, name]) => (
              <li>
                <a href={href} {...(href === path ? { 'aria-current': 'page' as const } : {})}>
                  {name}
                  {href === '/dead-letters' ? <span class="badge" id="dead-letters" hidden /> : null}
                </a>
              </li>
            ))}
          </ul>
        </nav>
      </header>
      <main id="main" tabindex={-1}>
        <h1>{title}</h1>
        {intro ? <p class="intro">{intro}</p> : null}
        {children}
      </main>
    </body>
  </html>
);

/** What there is to see where there is nothing yet: what to do next. */
export const Empty: FC<{ children?: Child }> = ({ children }) => <p class="empty">{children}</p>;

/** A region that scrolls by itself where it is too wide, by keyboard too. */
export const Scroll: FC<{ label: string; children?: Child }> = ({ label, children }) => (
  <section class="scroll" aria-label={label} tabindex={0}>
    {children}
  </section>
);

export const Copy: FC<{ id: string; what: string }> = ({ id, what }) => (
  <button type="button" class="quiet" data-copy={id} aria-label={`Copy ${what}`}>
    Copy
  </button>
);

export function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(11, 19);
}

export function date(seconds: number | undefined): string {
  return seconds === undefined ? '–' : new Date(seconds * 1000).toISOString().slice(0, 10);
}
