import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { Problem } from './api/client';
import { SESSION_KEY } from './api/session';
import { App } from './app';
import './console.css';
import {
  directionOf,
  keepLanguage,
  type Language,
  loadWords,
  preferredLanguage,
  type Words,
  WordsContext,
} from './strings/words';
import { ChooseLanguage } from './ui/language';

const TRIES = 2;

const queries: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    // Signed out elsewhere, or the session is over: the frame asks again who is signed in.
    onError: (error) => {
      if (error instanceof Problem && error.status === 401)
        void queries.invalidateQueries({ queryKey: SESSION_KEY });
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // What is refused stays refused; what did not arrive is asked for again.
      retry: (failures, error) =>
        failures < TRIES && (!(error instanceof Problem) || error.status === 0 || error.status >= 502),
    },
  },
});

function Console() {
  const [language, setLanguage] = useState<Language>(preferredLanguage);
  const [words, setWords] = useState<Words | null>(null);
  useEffect(() => {
    let isWanted = true;
    void loadWords(language).then((loaded) => {
      if (!isWanted) return;
      document.documentElement.lang = language;
      document.documentElement.dir = directionOf(language);
      setWords(loaded);
    });
    return () => {
      isWanted = false;
    };
  }, [language]);
  if (!words) return null;
  const choose = (chosen: Language) => {
    keepLanguage(chosen);
    setLanguage(chosen);
  };
  return (
    <WordsContext.Provider value={words}>
      <ChooseLanguage.Provider value={choose}>
        <App />
      </ChooseLanguage.Provider>
    </WordsContext.Provider>
  );
}

const place = document.querySelector('#console');
if (place)
  createRoot(place).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <Console />
      </QueryClientProvider>
    </StrictMode>,
  );
