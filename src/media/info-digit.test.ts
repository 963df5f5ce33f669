import { dtmfRelayBody } from './info-digit';

describe('a key sent as SIP INFO', () => {
  it.each([
    ['application/dtmf-relay', 'Signal=5\r\nDuration=160\r\n', 'Signal=5\r\nDuration=160\r\n'],
    ['Application/DTMF-Relay; charset=utf-8', 'Signal= #\nDuration= 100', 'Signal=#\r\nDuration=100\r\n'],
    ['application/dtmf-relay', 'Signal = 11', 'Signal=#\r\nDuration=250\r\n'],
    ['application/dtmf-relay', 'Signal=d\r\nDuration=0', 'Signal=D\r\nDuration=250\r\n'],
    ['application/dtmf-relay', 'Signal=1\r\nDuration=99999', 'Signal=1\r\nDuration=5000\r\n'],
    ['application/dtmf', '#', 'Signal=#\r\nDuration=250\r\n'],
    ['application/dtmf', ' 10\r\n', 'Signal=*\r\nDuration=250\r\n'],
  ])('%s %j is passed on as %j', (contentType, body, passedOn) => {
    expect(dtmfRelayBody(contentType, body)).toBe(passedOn);
  });

  it.each([
    ['application/dtmf-relay', 'Duration=160'],
    ['application/dtmf-relay', 'Signal=16'],
    ['application/dtmf-relay', 'Signal=!'],
    ['application/dtmf-relayed', 'Signal=1'],
    ['application/dtmf', '12#'],
    ['application/dtmf', ''],
    ['text/plain', '1'],
  ])('%s %j is no key', (contentType, body) => {
    expect(dtmfRelayBody(contentType, body)).toBeNull();
  });
});
