"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.FakeClock = void 0;
/** A clock that stands until it is told to go on; timers fire in the order of their times. */
class FakeClock {
    #now;
    #pending = [];
    constructor(startMs = Date.UTC(2026, 0, 15, 12)) {
        this.#now = startMs;
    }
    nowMs() {
        return this.#now;
    }
    monotonicMs() {
        return this.#now;
    }
    after(delayMs, fire) {
        return this.#add(delayMs, null, fire);
    }
    every(periodMs, fire) {
        return this.#add(periodMs, periodMs, fire);
    }
    /** Moves time on by `ms`, firing what falls due and letting promises settle after each. */
    async advance(ms) {
        const untilMs = this.#now + ms;
        for (let due = this.#next(untilMs); due; due = this.#next(untilMs)) {
            this.#now = Math.max(this.#now, due.atMs);
            if (due.everyMs === null)
                due.cancelled = true;
            else
                due.atMs += due.everyMs;
            due.fire();
            await settle();
        }
        this.#now = untilMs;
        await settle();
    }
    #next(untilMs) {
        this.#pending = this.#pending.filter((timer) => !timer.cancelled);
        return this.#pending.filter((timer) => timer.atMs <= untilMs).toSorted((a, b) => a.atMs - b.atMs)[0];
    }
    #add(delayMs, everyMs, fire) {
        const timer = { atMs: this.#now + delayMs, everyMs, fire, cancelled: false };
        this.#pending.push(timer);
        return {
            cancel: () => {
                timer.cancelled = true;
            },
        };
    }
}
exports.FakeClock = FakeClock;
/** Lets promises and immediate callbacks that are ready now run to their end. */
async function settle() {
    for (let turn = 0; turn < 5; turn++)
        await new Promise((resolve) => setImmediate(resolve));
}
//# sourceMappingURL=fake-clock.js.map