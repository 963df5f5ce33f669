import { setOutboundAddress, trunkByName } from '../trunks/trunks-store';
import { type Command, EXIT } from './command';
import { withDatabase } from './database-commands';

const SIP_PORT = 5060;

export const trunkOutbound: Command = {
  name: 'trunk-outbound',
  usage: '<trunk> <host[:port]>',
  about:
    'Says where a trunk takes calls from us: rooms then call their lists through it. Port 5060 when left out; calls go by UDP and without digest.',
  words: [2, 2],
  options: {},
  examples: ['123-voip trunk-outbound "Demo" sip.carrier.example:5060'],
  run: (input) =>
    withDatabase(input, async (database) => {
      const [name = '', address = ''] = input.words;
      const [host = '', port = String(SIP_PORT)] = address.split(':');
      const trunk = await trunkByName(database.read, name);
      await setOutboundAddress(database, trunk.id, { host, port: Number(port) });
      input.print(`Calls go out through ${trunk.name} to ${host}:${port}.`);
      return EXIT.ok;
    }),
};
