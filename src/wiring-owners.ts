import { readAccount } from './accounts/accounts-store';
import { readInvoice } from './billing/invoicing/invoices-store';
import { readPayment } from './billing/payments/payments-store';
import { accountOfNotice } from './billing/reminders/notices-store';
import { findCdr } from './cdr/cdrs-store';
import type { Owners } from './http/own-things';
import { isE164 } from './kernel/phone-number';
import type { Sql } from './kernel/unit-of-work';
import { findDid } from './numbers/dids-store';
import { readDevice } from './phones/devices-store';
import { recordingById } from './rooms/recording/recordings-store';
import { roomById } from './rooms/rooms-store';
import { voicemailById } from './voicemail/voicemails-store';

/** Whose each kind of thing is: the account that pays for it or gets it. */
export const OWNERS: Owners = {
  account: async (_sql, id, accountId) => id === accountId,
  room: ownsRoom,
  invoice: async (sql, id, accountId) => (await readInvoice(sql, id)).accountId === accountId,
  device: async (sql, id, accountId) => (await readDevice(sql, id)).accountId === accountId,
  cdr: async (sql, id, accountId) => {
    const cdr = await findCdr(sql, id);
    return cdr !== null && (cdr.payerAccountId === accountId || cdr.accountId === accountId);
  },
  recording: async (sql, id, accountId) => ownsRoom(sql, (await recordingById(sql, id)).roomId, accountId),
  voicemail: async (sql, id, accountId) => (await voicemailById(sql, id)).accountId === accountId,
  notice: async (sql, id, accountId) => (await accountOfNotice(sql, id)) === accountId,
  payment: async (sql, id, accountId) => (await readPayment(sql, id)).accountId === accountId,
  did: async (sql, number, accountId) =>
    isE164(number) && (await findDid(sql, number))?.ownerAccountId === accountId,
  deck: async (sql, id, accountId) => (await readAccount(sql, accountId)).deckId === id,
};

async function ownsRoom(sql: Sql, roomId: string, accountId: string): Promise<boolean> {
  return (await roomById(sql, roomId)).ownerAccountId === accountId;
}
