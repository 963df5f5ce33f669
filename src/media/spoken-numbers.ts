import type { PromptName } from './prompts';

export function numberPrompts(_language: string, _value: number): PromptName[] {
  return [];
}
