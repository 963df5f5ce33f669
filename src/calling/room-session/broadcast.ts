import type { IncomingMessage, ServerResponse } from 'node:http';
import { MediaUnavailable } from '../../media/media-servers';
import { pcmOfMulaw } from '../../media/mulaw';
import { STREAM_HEADER } from '../../media/wav-header';
import type { RoomSession } from './room-session';

/** Listeners of one room at once. */
const MAX_LISTENERS = 200;
/** A listener who is this far behind (4 s of sound) is cut off: he can come back to what is said now. */
const MAX_UNHEARD_BYTES = 64_000;

/** Sends a room's sound to one HTTP listener until he leaves or the conversation ends. @throws MediaUnavailable */
export async function broadcast(
  session: RoomSession,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  if (session.isEmpty || session.broadcastListeners >= MAX_LISTENERS) {
    const reason = session.isEmpty ? 'nobody talks yet' : 'too many listeners';
    throw new MediaUnavailable(reason);
  }
  let isStarted = false;
  const stop = await session.audio.listen({
    onFrame: (frame) => {
      if (!isStarted) return;
      if (res.writableLength > MAX_UNHEARD_BYTES) res.destroy();
      else res.write(pcmOfMulaw(frame));
    },
    onGone: () => res.end(),
  });
  session.broadcastListeners++;
  // Told by either side, and more than once.
  res.once('close', () => {
    stop();
    session.broadcastListeners--;
  });
  if (req.destroyed) return void res.destroy();
  res.writeHead(200, { 'Content-Type': 'audio/wav', 'Cache-Control': 'no-store' });
  res.write(STREAM_HEADER);
  isStarted = true;
}
