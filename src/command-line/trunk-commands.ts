import { InvalidInput } from '../kernel/app-error';
import { systemClock } from '../kernel/clock';
import { hostPort, type SipAddress, TRANSPORTS } from '../trunks/outward';
import { changeTrunk, createTrunk, trunkByName } from '../trunks/trunks-store';
import { type Command, type CommandInput, EXIT } from './command';
import { withDatabase } from './database-commands';

const TRANSPORT = {
  type: 'string',
  about: `How SIP is sent: ${TRANSPORTS.join(', ')}; a new trunk without it has udp`,
} as const;

export const addTrunk: Command = {
  name: 'add-trunk',
  usage: '<name>',
  about:
    'Adds a trunk that is recognised by its addresses, takes calls from us, or both. Passwords, limits and formats are set by the API: a command line is read by every program on the machine.',
  words: [1, 1],
  options: {
    addresses: { type: 'string', about: 'Addresses its calls come from, separated by commas: 192.0.2.0/24' },
    country: { type: 'string', about: 'Where its numbers are national: ISO 3166-1, for example BE' },
    'trusts-caller-id': { type: 'boolean', about: 'What it says of a caller’s number is believed' },
    'requires-tls': { type: 'boolean', about: 'Its calls are refused unless they come over TLS' },
    outward: { type: 'string', about: 'Where it takes calls from us: host or host:port' },
    transport: TRANSPORT,
  },
  examples: [
    '123-voip add-trunk Carrier --addresses 192.0.2.0/24 --outward sip.carrier.example --country BE',
  ],
  run: (input) =>
    withDatabase(input, async (database) => {
      const { addresses, country, outward } = input.options;
      const trunk = await createTrunk(database, {
        name: input.words[0] ?? '',
        addresses: typeof addresses === 'string' ? addresses.split(',').map((text) => text.trim()) : [],
        country: typeof country === 'string' ? country : null,
        trustsCallerId: input.options['trusts-caller-id'] === true,
        requiresTls: input.options['requires-tls'] === true,
        outward:
          typeof outward === 'string'
            ? { targets: [addressOf(outward)], ...transportIn(input.options) }
            : null,
        nowMs: systemClock.nowMs(),
      });
      input.print(`Trunk ${trunk.name} has the id ${trunk.id}.`);
      return EXIT.ok;
    }),
};

export const trunkOutbound: Command = {
  name: 'trunk-outbound',
  usage: '<trunk> <host[:port]>',
  about:
    'Says where a trunk takes calls from us. A host without a port is found by DNS (SRV), else on port 5060.',
  words: [2, 2],
  options: { transport: TRANSPORT },
  examples: ['123-voip trunk-outbound "Demo" sip.carrier.example:5060'],
  run: (input) =>
    withDatabase(input, async (database) => {
      const [name = '', address = ''] = input.words;
      const target = addressOf(address);
      const trunk = await trunkByName(database.read, name);
      await changeTrunk(database, trunk.id, {
        outward: { targets: [target], ...transportIn(input.options) },
      });
      input.print(`Calls go out through ${trunk.name} to ${hostPort(target)}.`);
      return EXIT.ok;
    }),
};

/** "host", "host:port" or "[2001:db8::1]:5060"; what of it fits, checkOutward says. */
function addressOf(text: string): SipAddress {
  const parts = /^(?:\[([0-9a-f:]+)\]|([^:\s]+))(?::(\d{1,5}))?$/i.exec(text);
  if (!parts) throw new InvalidInput('host', `"${text}" is no address`, 'write a host or host:port');
  return { host: parts[1] ?? parts[2] ?? '', port: parts[3] === undefined ? null : Number(parts[3]) };
}

/** The transport that was named; one that was not stays as it is. */
function transportIn({ transport }: CommandInput['options']): { transport?: (typeof TRANSPORTS)[number] } {
  if (transport === undefined) return {};
  const found = TRANSPORTS.find((known) => known === transport);
  if (!found)
    throw new InvalidInput('--transport', `"${String(transport)}" is none`, `use ${TRANSPORTS.join(', ')}`);
  return { transport: found };
}
