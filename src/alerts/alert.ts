/** Something that somebody must be told, as it was when it was raised. */
export type Alert = {
  readonly id: string;
  /** What happened, in a word that stays: `guess-lockout-room`, `cdr-gap`. */
  readonly kind: string;
  /** The account whose owner is told; null for the operator. */
  readonly ownerAccountId: string | null;
  readonly roomId: string | null;
  readonly callerNumber: string | null;
  readonly trunkId: string | null;
  /** Facts of this kind of alert, as plain JSON. */
  readonly details: Readonly<Record<string, unknown>> | null;
  readonly raisedAtMs: number;
};

/** An alert about nobody's room or caller in particular. */
export type HouseAlert = Pick<Alert, 'id' | 'kind' | 'raisedAtMs'> & {
  readonly details: Readonly<Record<string, unknown>>;
};
