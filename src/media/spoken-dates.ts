import type { PromptName } from './prompts';
import type { SpokenDate } from './spoken-grammar';
import { grammarOf, NotSpeakable } from './spoken-numbers';

const FIRST_YEAR = 2000;
const LAST_YEAR = 2099;
const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** The words of a calendar day of the years 2000 to 2099: "the twenty first of March twenty twenty six". @throws NotSpeakable */
export function datePrompts(language: string, date: SpokenDate): PromptName[] {
  if (!isDay(date))
    throw new NotSpeakable(
      `${date.year}-${date.month}-${date.day} cannot be read out: days of the years ${FIRST_YEAR} to ${LAST_YEAR} can`,
      { ...date },
    );
  return grammarOf(language).date(date);
}

function isDay({ year, month, day }: SpokenDate): boolean {
  if (![year, month, day].every(Number.isInteger) || year < FIRST_YEAR || year > LAST_YEAR) return false;
  // Between 2000 and 2099 every fourth year is a leap year.
  const lastDay = month === 2 && year % 4 === 0 ? 29 : (DAYS_IN_MONTH[month - 1] ?? 0);
  return day >= 1 && day <= lastDay;
}
