import type { ReactNode } from 'react';
import icon from '../icon.svg';
import { LanguageSelect } from '../ui/language';
import { CookieChoice } from './cookie-choice';

/** The frame of pages for whoever is not signed in. */
export function Front({ children }: { children: ReactNode }): ReactNode {
  return (
    <div className="front">
      <header>
        <a className="brand" href="/">
          <img src={icon} alt="" />
          <bdi>123-voip</bdi>
        </a>
        <LanguageSelect />
      </header>
      <main id="main">{children}</main>
      <footer>
        <CookieChoice />
      </footer>
    </div>
  );
}

/** One sheet in the middle with a title. */
export function FrontSheet({ title, children }: { title: string; children: ReactNode }): ReactNode {
  return (
    <div className="sheet">
      <title>{`${title} · 123-voip`}</title>
      <h1>{title}</h1>
      {children}
    </div>
  );
}
