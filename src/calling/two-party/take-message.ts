import { readAccount } from '../../accounts/accounts-store';
import { sleep } from '../../kernel/clock';
import { LegGone } from '../../media/leg';
import { promptFile, toneFile } from '../../media/prompts';
import { spoolName } from '../../voicemail/keep-message';
import { MAX_MESSAGE_SECONDS } from '../../voicemail/voicemail';
import type { CallingParts } from '../calling-parts';
import type { RunningCall } from '../running-call';
import type { ShownCaller } from './shown-caller';

/** So many seconds of silence end a message. */
const SILENCE_SECONDS = 5;
/** The media server closes the file of a caller who hung up within this time. */
const FILE_END_MS = 1_000;

/**
 * Asks whoever is on the line, who is answered already, for a message to an account, in that account's language, and keeps it. It ends by #, by five
 * seconds of silence, or when he hangs up: then too it is kept. Its owner sees `caller`, whatever telephone he speaks on. False when there was none.
 * @throws AlreadyEnded, LegGone when he hung up before the beep; faults of disk and database
 */
export async function takeMessage(
  parts: CallingParts,
  call: RunningCall,
  { accountId, caller }: { readonly accountId: string; readonly caller: ShownCaller },
): Promise<boolean> {
  const { promptsDir, houseLanguage } = parts.settings;
  const account = await readAccount(parts.database.read, accountId);
  const language = account.language ?? houseLanguage;
  await call.leg.play([promptFile(promptsDir, language, 'leave-message'), toneFile(promptsDir, 'beep')]);
  const cdrId = call.id;
  const fromNumber = caller.isWithheld ? null : caller.number;
  const isNumberKnown = fromNumber !== null && fromNumber === call.opened.fromNumber;
  const file = parts.spoolFile(spoolName({ accountId, cdrId, isNumberKnown, nowMs: call.now() }));
  await recordUntilEnd(call, file);
  const isKept = await parts.mailbox.keep({ accountId, cdrId, fromNumber, file });
  if (isKept && !call.end) await call.leg.play([promptFile(promptsDir, language, 'message-saved')]);
  return isKept;
}

/** Whoever ends the call ends the message too, and does not take it back. */
async function recordUntilEnd(call: RunningCall, file: string): Promise<void> {
  const { leg } = call;
  const recording = leg
    .recordShort(file, {
      maxSeconds: MAX_MESSAGE_SECONDS,
      silenceSeconds: SILENCE_SECONDS,
      terminator: '#',
    })
    .catch((error: unknown) => {
      if (!(error instanceof LegGone)) throw error;
    });
  await Promise.race([recording, call.whenEnded]);
  if (!call.end) return;
  // While it ends the channel, the media server writes the last of the file.
  await leg.hangUp();
  await recording;
  await sleep(call.parts.clock, FILE_END_MS);
}
