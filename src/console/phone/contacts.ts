import { useState } from 'react';

export type Contact = { readonly name: string; readonly number: string };

const KEPT_AS = 'console-contacts';
export const MAX_CONTACTS = 500;

/** Names for numbers, kept in this browser alone: they are the reader's own and need nobody's server. */
export function useContacts() {
  const [contacts, setContacts] = useState(kept);
  const keep = (next: readonly Contact[]) => {
    const sorted = next.toSorted((one, other) => one.name.localeCompare(other.name)).slice(0, MAX_CONTACTS);
    localStorage.setItem(KEPT_AS, JSON.stringify(sorted));
    setContacts(sorted);
  };
  return {
    contacts,
    add: (contact: Contact) => keep([...contacts.filter(({ number }) => number !== contact.number), contact]),
    remove: (number: string) => keep(contacts.filter((contact) => contact.number !== number)),
    nameOf: (number: string) => contacts.find((contact) => contact.number === number)?.name ?? null,
  };
}

function kept(): readonly Contact[] {
  try {
    const read: unknown = JSON.parse(localStorage.getItem(KEPT_AS) ?? '[]');
    return Array.isArray(read) ? read.filter(isContact) : [];
  } catch {
    return [];
  }
}

function isContact(value: unknown): value is Contact {
  const { name, number } = (value ?? {}) as Partial<Contact>;
  return typeof name === 'string' && typeof number === 'string';
}
