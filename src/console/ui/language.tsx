import { createContext, type ReactNode, useContext } from 'react';
import { isLanguage, LANGUAGE_NAMES, LANGUAGES, type Language, useWords } from '../strings/words';

export const ChooseLanguage = createContext<(language: Language) => void>(() => undefined);

/** Chooses the console's language. */
export function LanguageSelect(): ReactNode {
  const { t, language } = useWords();
  const choose = useContext(ChooseLanguage);
  return (
    <label className="row">
      <span className="visually-hidden">{t('language')}</span>
      <select value={language} onChange={({ target }) => isLanguage(target.value) && choose(target.value)}>
        {LANGUAGES.map((one) => (
          <option key={one} value={one} lang={one}>
            {LANGUAGE_NAMES[one]}
          </option>
        ))}
      </select>
    </label>
  );
}
