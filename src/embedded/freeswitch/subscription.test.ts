import type { FreeswitchEvent } from './event';
import { Subscription } from './subscription';

function eventOf(name: string, headers: Record<string, string> = {}, subclass?: string): FreeswitchEvent {
  return { name, subclass, headers: { 'Event-Name': name, ...headers }, body: '' };
}

function subscribed(line: string): Subscription {
  const subscription = new Subscription();
  subscription.enable(line.split(' '));
  return subscription;
}

describe('which events a client gets', () => {
  it('takes names with and without the SWITCH_EVENT_ prefix, and subclasses after CUSTOM', () => {
    const subscription = subscribed('json DTMF SWITCH_EVENT_PLAYBACK_START CUSTOM conference::maintenance');
    expect(subscription.format).toBe('json');
    expect(subscription.wants('DTMF', undefined)).toBe(true);
    expect(subscription.wants('PLAYBACK_START', undefined)).toBe(true);
    expect(subscription.wants('CUSTOM', 'conference::maintenance')).toBe(true);
    expect(subscription.wants('CUSTOM', 'sofia::register')).toBe(false);
    expect(subscription.wants('HEARTBEAT', undefined)).toBe(false);
  });

  it('says so when no name is known', () => {
    expect(new Subscription().enable(['json', 'NONSENSE'])).toBe('-ERR no keywords supplied');
    expect(new Subscription().enable(['plain', 'ALL'])).toBe('+OK event listener enabled plain');
  });

  it('passes an event that matches any filter', () => {
    const subscription = subscribed('json DTMF');
    expect(subscription.filter('Unique-ID abc')).toBe('+OK filter added. [Unique-ID]=[abc]');
    subscription.filter('add Conference-Name room1');
    expect(subscription.passes(eventOf('DTMF', { 'Unique-ID': 'abc' }))).toBe(true);
    expect(subscription.passes(eventOf('DTMF', { 'Conference-Name': 'ROOM1' }))).toBe(true);
    expect(subscription.passes(eventOf('DTMF', { 'Unique-ID': 'xyz' }))).toBe(false);
    expect(subscription.passes(eventOf('DTMF'))).toBe(false);
  });

  it('keeps out what a filter with a minus names, and reads patterns between slashes', () => {
    const subscription = subscribed('json ALL');
    subscription.filter('Unique-ID /^a/');
    subscription.filter('Unique-ID -abc');
    expect(subscription.passes(eventOf('DTMF', { 'Unique-ID': 'abd' }))).toBe(true);
    expect(subscription.passes(eventOf('DTMF', { 'Unique-ID': 'abc' }))).toBe(false);
  });

  it('forgets filters again', () => {
    const subscription = subscribed('json ALL');
    subscription.filter('Unique-ID abc');
    expect(subscription.filter('delete Unique-ID abc')).toBe('+OK filter deleted. [Unique-ID][abc]');
    expect(subscription.passes(eventOf('DTMF'))).toBe(true);
  });

  it('takes names back one by one, also after ALL', () => {
    const subscription = subscribed('plain ALL');
    expect(subscription.disable(['DTMF'])).toBe('+OK events nixed');
    expect(subscription.wants('DTMF', undefined)).toBe(false);
    expect(subscription.wants('HEARTBEAT', undefined)).toBe(true);
  });

  it('is silent after noevents', () => {
    const subscription = subscribed('plain ALL');
    expect(subscription.disableAll()).toBe('+OK no longer listening for events');
    expect(subscription.wants('DTMF', undefined)).toBe(false);
    expect(subscription.disableAll()).toBe('-ERR not listening for events');
  });

  it('gets only its own channel after myevents', () => {
    const subscription = new Subscription();
    expect(subscription.enableOwn('abc')).toBe('+OK Events Enabled');
    expect(subscription.passes(eventOf('DTMF', { 'Unique-ID': 'abc' }))).toBe(true);
    expect(subscription.passes(eventOf('DTMF', { 'Unique-ID': 'abd' }))).toBe(false);
  });

  it('does not choke on a filter that is no pattern', () => {
    const subscription = subscribed('json ALL');
    subscription.filter('Unique-ID /(/');
    expect(subscription.passes(eventOf('DTMF', { 'Unique-ID': 'abc' }))).toBe(false);
  });
});
