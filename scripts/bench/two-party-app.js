'use strict';
// The bare drachtio-srf application of the two-party bench: connects every caller with one far end, ends when its parent does.
const Srf = require('drachtio-srf');

const app = new Srf();

process.once('message', ({ port, secret, to }) => {
  app.on('error', () => {});
  app.on('connect', () => setTimeout(() => process.send('ready'), 100));
  app.invite((req, res) => {
    app.createB2BUA(req, res, to, { localSdpB: req.body }).then(
      ({ uas, uac }) => {
        uas.on('destroy', () => uac.destroy().catch(() => {}));
        uac.on('destroy', () => uas.destroy().catch(() => {}));
      },
      () => {},
    );
  });
  void app.connect({ host: '127.0.0.1', port, secret });
});
process.once('disconnect', () => process.exit(0));
