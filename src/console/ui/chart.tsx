import { type ReactNode, useEffect, useRef } from 'react';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useWords } from '../strings/words';

const HEIGHT_PX = 180;
const DAY_SECONDS = 86_400;
/** Ticks stand on whole days. */
const TICKS_SECONDS = [1, 2, 7, 14, 30, 90, 365].map((days) => days * DAY_SECONDS);

/** One row of figures over time. Those who do not see it have the table below it. */
export function Chart({
  name,
  times,
  values,
}: {
  name: string;
  times: readonly number[];
  values: readonly (number | null)[];
}): ReactNode {
  const { language } = useWords();
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const box = place.current;
    if (!box) return undefined;
    const style = getComputedStyle(box);
    const ink = style.getPropertyValue('color');
    const accent = style.getPropertyValue('accent-color');
    const axis = { stroke: ink, grid: { stroke: ink, width: 0.15 }, ticks: { show: false } };
    const day = new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short', timeZone: 'UTC' });
    const plot = new UPlot(
      {
        width: box.clientWidth,
        height: HEIGHT_PX,
        legend: { show: false },
        cursor: { y: false },
        tzDate: (seconds) => UPlot.tzDate(new Date(seconds * 1000), 'UTC'),
        scales: {
          y: { range: (_, __, most) => [0, (most ?? 0) * 1.1 || 1] },
        },
        axes: [
          {
            ...axis,
            incrs: TICKS_SECONDS,
            values: (_, ticks) => ticks.map((tick) => day.format(tick * 1000)),
          },
          axis,
        ],
        series: [
          {},
          { label: name, stroke: accent, width: 2, points: { show: true, size: 6, fill: accent } },
        ],
      },
      [[...times], [...values]],
      box,
    );
    const watch = new ResizeObserver(() => plot.setSize({ width: box.clientWidth, height: HEIGHT_PX }));
    watch.observe(box);
    return () => {
      watch.disconnect();
      plot.destroy();
    };
  }, [name, times, values, language]);
  return (
    <figure className="chart">
      <figcaption className="small soft">{name}</figcaption>
      <div ref={place} className="plot" dir="ltr" aria-hidden="true" />
    </figure>
  );
}
