import { useCallback, useEffect, useState, useSyncExternalStore } from 'react';
import { ask, newKey } from '../api/client';
import { every } from '../clock';
import type { Levels } from './levels';
import { type AudioDevices, phone, type PhoneLogin, type PhoneState } from './softphone';

const LEVEL_EVERY_MS = 150;
const DEVICES_KEPT_AS = 'console-audio-devices';

export function usePhone(): PhoneState {
  return useSyncExternalStore(phone.subscribe, phone.state);
}

/** Switches the telephone of an account on with credentials that hold for this session. */
export async function switchOn(accountId: string): Promise<void> {
  const login = await ask<PhoneLogin>(`/accounts/${accountId}/browser-phone`, {
    method: 'POST',
    body: {},
    key: newKey(),
  });
  phone.use(keptDevices());
  await phone.start(login, { registers: true });
}

/** How loud a call is, again and again; null before anything is known. */
export function useLevels(callId: string): Levels | null {
  const [levels, setLevels] = useState<Levels | null>(null);
  useEffect(
    () => every(LEVEL_EVERY_MS, () => void phone.levels(callId).then(setLevels, () => setLevels(null))),
    [callId],
  );
  return levels;
}

export function keptDevices(): AudioDevices {
  try {
    const kept = JSON.parse(localStorage.getItem(DEVICES_KEPT_AS) ?? '{}') as Partial<AudioDevices>;
    return { microphone: kept.microphone ?? null, speaker: kept.speaker ?? null };
  } catch {
    return { microphone: null, speaker: null };
  }
}

/** Which microphone and loudspeaker are used, and the choice there is. Browsers name devices only once the microphone was allowed. */
export function useDevices() {
  const [chosen, setChosen] = useState(keptDevices);
  const [devices, setDevices] = useState<readonly MediaDeviceInfo[]>([]);
  const look = useCallback(() => {
    void navigator.mediaDevices?.enumerateDevices().then(setDevices, () => setDevices([]));
  }, []);
  useEffect(() => {
    look();
    navigator.mediaDevices?.addEventListener('devicechange', look);
    return () => navigator.mediaDevices?.removeEventListener('devicechange', look);
  }, [look]);
  const choose = (next: AudioDevices) => {
    localStorage.setItem(DEVICES_KEPT_AS, JSON.stringify(next));
    setChosen(next);
    phone.use(next);
  };
  const of = (kind: MediaDeviceKind) =>
    devices.filter((device) => device.kind === kind && device.deviceId !== '');
  return { chosen, choose, look, microphones: of('audioinput'), speakers: of('audiooutput') };
}
