/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// What every page has: the navigation, and whether the stack is running.

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
  /** The page's own scripts and styles, by their names in `assets.ts`. */
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
      {['console.css', ...styles].map((name) => (
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
      <Header path={path} />
      <main id="main" tabindex={-1}>
        <h1>{title}</h1>
        {intro ? <p class="intro">{intro}</p> : null}
        {children}
      </main>
    </body>
  </html>
);

const Header: FC<{ path: string }> = ({ path }) => (
  <header class="top">
    <a class="brand" href="/">
      <img src="/assets/icon.svg" alt="" width="22" height="22" />
      Stripe Partner Sync
    </a>
    <p class="state" id="state" role="status">
      <span class="dot" aria-hidden="true" />
      <span id="state-text">Running locally</span>
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
);
