'use strict';
// The bare drachtio-srf application of the SIP bench: answers every call, ends when its parent does.
const Srf = require('drachtio-srf');

const sdp =
  'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n';
const app = new Srf();

process.once('message', ({ port, secret }) => {
  app.on('error', () => {});
  app.on('connect', () => setTimeout(() => process.send('ready'), 100));
  app.invite((req, res) => {
    app.createUAS(req, res, { localSdp: sdp }).then(
      (dialog) => dialog.on('destroy', () => {}),
      () => {},
    );
  });
  void app.connect({ host: '127.0.0.1', port, secret });
});
process.once('disconnect', () => process.exit(0));
