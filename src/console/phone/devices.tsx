import type { ReactNode } from 'react';
import { useWords } from '../strings/words';
import { useDevices } from './use-phone';

/** Which microphone and which loudspeaker the telephone takes. */
export function Devices(): ReactNode {
  const { t } = useWords();
  const { chosen, choose, look, microphones, speakers } = useDevices();
  const allow = async () => {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    for (const track of stream.getTracks()) track.stop();
    look();
  };
  return (
    <div className="fields">
      <Choice
        label={t('phone.microphone')}
        devices={microphones}
        value={chosen.microphone}
        onChoose={(microphone) => choose({ ...chosen, microphone })}
      />
      {speakers.length > 0 && (
        <Choice
          label={t('phone.speaker')}
          devices={speakers}
          value={chosen.speaker}
          onChoose={(speaker) => choose({ ...chosen, speaker })}
        />
      )}
      {microphones.length === 0 && (
        <button type="button" onClick={() => void allow().catch(() => look())}>
          {t('phone.allowMicrophone')}
        </button>
      )}
    </div>
  );
}

function Choice({
  label,
  devices,
  value,
  onChoose,
}: {
  label: string;
  devices: readonly MediaDeviceInfo[];
  value: string | null;
  onChoose: (deviceId: string | null) => void;
}): ReactNode {
  const { t } = useWords();
  return (
    <div className="field">
      <label>
        <span className="label">{label}</span>
        <select value={value ?? ''} onChange={(event) => onChoose(event.target.value || null)}>
          <option value="">{t('phone.systemDevice')}</option>
          {devices.map((device, index) => (
            <option key={device.deviceId} value={device.deviceId}>
              {device.label || `${label} ${index + 1}`}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
