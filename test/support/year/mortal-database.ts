import type { Database, Sql } from '../../../src/kernel/unit-of-work';

/** What everything says whose process is dead. */
export class Killed extends Error {
  constructor() {
    super('the process was killed');
    this.name = 'Killed';
  }
}

/** Counts units of work over all lives of a service, and says at which of them it dies. `before` and `after` are those of the commit. */
export class Fate {
  units = 0;
  deaths = 0;

  constructor(private readonly kills: ReadonlyMap<number, 'before' | 'after'> = new Map()) {}

  next(): 'before' | 'after' | null {
    this.units++;
    const kill = this.kills.get(this.units) ?? null;
    if (kill) this.deaths++;
    return kill;
  }
}

/** A database as one process sees it, until that dies: the unit of work is lost or kept whole, and after that nothing is read or written any more. */
export class MortalDatabase implements Database {
  isDead = false;
  readonly dialect: Database['dialect'];
  readonly read: Sql;
  readonly report: Sql;

  constructor(
    private readonly under: Database,
    private readonly fate: Fate,
  ) {
    this.dialect = under.dialect;
    this.read = this.#mortal(under.read);
    this.report = this.#mortal(under.report);
  }

  async write<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    this.#requireLife();
    const kill = this.fate.next();
    const result = await this.under.write(async (sql) => {
      const done = await work(sql);
      if (kill === 'before') this.#die();
      return done;
    });
    if (kill === 'after') this.#die();
    return result;
  }

  async close(): Promise<void> {}

  #mortal(sql: Sql): Sql {
    return {
      forUpdate: sql.forUpdate,
      all: async (...statement) => {
        this.#requireLife();
        return sql.all(...statement);
      },
      run: async (...statement) => {
        this.#requireLife();
        return sql.run(...statement);
      },
    };
  }

  #requireLife(): void {
    if (this.isDead) throw new Killed();
  }

  #die(): never {
    this.isDead = true;
    throw new Killed();
  }
}
