'use strict';
// Ratios to a limit taken in the same run: limit, product, limit, product, limit, product, limit; the median of three counts.

/** Limits further apart than this say that the machine was busy with something else. */
const STEADY_WITHIN = 0.1;
const MAX_RUNS = 3;

/** How often a second `pass` gets through `count` items; whole passes only. */
function itemsPerSecond(pass, count, forMs) {
  const startedAt = process.hrtime.bigint();
  const until = startedAt + BigInt(forMs) * 1_000_000n;
  let passes = 0;
  let now = startedAt;
  while (now < until) {
    pass();
    passes++;
    now = process.hrtime.bigint();
  }
  return (passes * count) / (Number(now - startedAt) / 1e9);
}

/** Runs both by turns until the limits of a run agree, three runs at most; `steady` is false when they never did. */
function ratioRun({ limit, product, count, quick }) {
  const forMs = quick ? 400 : 2_000;
  itemsPerSecond(limit, count, forMs);
  itemsPerSecond(product, count, forMs);
  let best;
  for (let run = 0; run < MAX_RUNS; run++) {
    const limits = [itemsPerSecond(limit, count, forMs)];
    const products = [];
    for (let turn = 0; turn < 3; turn++) {
      products.push(itemsPerSecond(product, count, forMs));
      limits.push(itemsPerSecond(limit, count, forMs));
    }
    const ratios = products.map((rate, turn) => rate / ((limits[turn] + limits[turn + 1]) / 2));
    const spread = Math.max(...limits) / Math.min(...limits) - 1;
    const result = {
      limitPerSecond: median(limits),
      productPerSecond: median(products),
      ratio: median(ratios),
      limitSpread: spread,
      steady: spread <= STEADY_WITHIN,
    };
    if (!best || spread < best.limitSpread) best = result;
    if (result.steady) break;
  }
  return best;
}

function median(values) {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)];
}

module.exports = { ratioRun };
