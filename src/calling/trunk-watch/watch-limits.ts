/** A carrier that says nothing to OPTIONS or REGISTER for this long gives no answer: with PROBE_RULES it is known to be dead within ten seconds of the first silence. */
export const ANSWER_LIMIT_MS = 2_000;
/** How often trunks that were added, changed or disabled are looked for. */
export const RELOAD_EVERY_MS = 5_000;
/** The node that registers keeps that right for this long after it last said that it lives. */
export const REGISTRAR_LEASE_MS = 20_000;
/** How old the figures of trunks' calls may be that a choice is made by. */
export const QUALITY_KEPT_MS = 10_000;
