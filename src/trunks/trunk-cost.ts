/**
 * What a carrier takes for calls to one prefix. Money in micros of one currency, as safe integers: a rate that is larger is no rate.
 * The figures are those of a rate deck's line; billing charges by them, here they only put trunks in order.
 */
export type TrunkCost = {
  readonly connectFeeMicros: number;
  readonly pricePerMinuteMicros: number;
  readonly firstIncrementSeconds: number;
  readonly nextIncrementSeconds: number;
  readonly minimumSeconds: number;
  readonly minimumChargeMicros: number;
};

/** Trunks are compared by what a call of this length costs: calls that are answered last about three minutes. */
export const COMPARED_SECONDS = 180;

const SECONDS_PER_MINUTE = 60;

/** What a call of `talkSeconds` costs, in whole micros; nothing without talk. */
export function talkCostMicros(cost: TrunkCost, talkSeconds: number): number {
  if (talkSeconds <= 0) return 0;
  const seconds = Math.max(talkSeconds, cost.minimumSeconds);
  const beyondFirst = Math.max(0, seconds - cost.firstIncrementSeconds);
  const billedSeconds =
    cost.firstIncrementSeconds +
    Math.ceil(beyondFirst / cost.nextIncrementSeconds) * cost.nextIncrementSeconds;
  const timed = Math.round((cost.pricePerMinuteMicros * billedSeconds) / SECONDS_PER_MINUTE);
  return Math.max(cost.connectFeeMicros + timed, cost.minimumChargeMicros);
}
