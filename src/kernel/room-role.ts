/**
 * What somebody is in a room: who may do what stands in calling/room-session/permissions.ts. A host is the room's owner, or whom the owner
 * made one; a coach is heard by hosts and moderators alone.
 */
export const ROOM_ROLES = ['host', 'moderator', 'speaker', 'listener', 'coach'] as const;

export type RoomRole = (typeof ROOM_ROLES)[number];
