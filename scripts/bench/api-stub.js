'use strict';
// The limit of P18: Express with the same middleware and forty routes, which answers a constant, and a page of CDRs read by mysql2. Run by api.js.
const { createHmac } = require('node:crypto');
const express = require('express');
const helmet = require('helmet');
const { rateLimit } = require('express-rate-limit');
const mysql = require('mysql2/promise');

const [, , url] = process.argv;
const pool = mysql.createPool({ uri: url, supportBigNumbers: true, bigNumberStrings: true });
const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.use(helmet.default());
app.use(rateLimit({ windowMs: 60_000, limit: 10_000_000, standardHeaders: 'draft-8', legacyHeaders: false }));
app.use(express.json({ limit: '100kb' }));
for (let n = 0; n < 40; n++) app.get(`/other/${n}/:id`, (_req, res) => void res.json({ n }));
app.get('/light', (_req, res) => void res.json({ live: true, version: '0.1.0' }));
app.get('/page', (req, res, next) => {
  const key = createHmac('sha256', 'key')
    .update(req.get('Authorization') ?? '')
    .digest('hex');
  pool
    .query('SELECT * FROM cdrs ORDER BY started_at_ms DESC, id DESC LIMIT 50')
    .then(([rows]) => res.json({ key, cdrs: rows, next: null }), next);
});
const server = app.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
