import { FakeClock } from '../../../test/support/fake-clock';
import { rfcTimers } from '../sip/client-transactions';
import { TimerWheel } from '../user-agent/timer-wheel';
import { ReliableAnswers } from './reliable-answers';

function setUp() {
  const clock = new FakeClock();
  const wheel = new TimerWheel(clock, () => {});
  const told: string[] = [];
  const answers = new ReliableAnswers(wheel, rfcTimers, () => told.push('lost'));
  const send = (): number => {
    const seq = answers.takeSeq();
    answers.sent(seq, () => told.push(`again ${seq}`));
    return seq;
  };
  return { clock, told, answers, send };
}

describe('reliable provisional answers (RFC 3262)', () => {
  it('are repeated with growing pauses until their PRACK comes, numbered upwards', async () => {
    const { clock, told, answers, send } = setUp();
    const seq = send();
    await clock.advance(1_600);
    expect(told).toEqual([`again ${seq}`, `again ${seq}`]);
    expect(answers.acknowledged(`${seq} 7 INVITE`, 7)).toBe(true);
    await clock.advance(60_000);
    expect(told).toHaveLength(2);
    expect(send()).toBe(seq + 1);
  });

  it('are acknowledged by nothing but their own PRACK, and once', () => {
    const { answers, send } = setUp();
    const seq = send();
    for (const rack of [`${seq + 1} 7 INVITE`, `${seq} 8 INVITE`, `${seq} 7 UPDATE`, '', 'x'.repeat(99)])
      expect(answers.acknowledged(rack, 7)).toBe(false);
    expect(answers.acknowledged(`${seq} 7 INVITE`, 7)).toBe(true);
    expect(answers.acknowledged(`${seq} 7 INVITE`, 7)).toBe(false);
  });

  it('let others wait: as many go out as need no PRACK of their own', () => {
    const { told, answers, send } = setUp();
    const first = send();
    let second = 0;
    answers.hold(() => {
      second = send();
    });
    answers.hold(() => told.push('200'));
    answers.acknowledged(`${first} 1 INVITE`, 1);
    expect([answers.waiting, told]).toEqual([true, []]);
    answers.acknowledged(`${second} 1 INVITE`, 1);
    expect(told).toEqual(['200']);
  });

  it('hold no more than ten, and nothing of a call that has ended', () => {
    const { told, answers, send } = setUp();
    const seq = send();
    const held = Array.from({ length: 11 }, () => answers.hold(() => told.push('sent')));
    expect(held.indexOf(false)).toBe(10);
    answers.stop();
    answers.acknowledged(`${seq} 1 INVITE`, 1);
    expect(told).toEqual([]);
  });

  it('are given up after 64 * T1', async () => {
    const { clock, told, send } = setUp();
    send();
    await clock.advance(31_900);
    expect(told).not.toContain('lost');
    await clock.advance(200);
    expect(told.filter((one) => one === 'lost')).toHaveLength(1);
  });
});
