/** The conference of a room on the media server; carries no Room ID, since everybody who looks at the server sees it. */
export function conferenceName(roomId: string): string {
  return `room-${roomId}`;
}
