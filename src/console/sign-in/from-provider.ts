/** What stands behind the # of a page that somebody came to from a provider: a ticket of it, and for signing up his mail address and name. */
export function fromProvider(): Readonly<Record<'ticket' | 'mail' | 'name', string>> {
  const given = new URLSearchParams(window.location.hash.slice(1));
  return {
    ticket: given.get('ticket') ?? '',
    mail: given.get('mail') ?? '',
    name: given.get('name') ?? '',
  };
}
