/** How many groups and users there were, week by week, as a chart and as a table for who cannot see it. */
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { get } from '../api/client';
import { Bones, Wrong } from '../ui/parts';

/** The most pages that are read for it: what is older than they reach is one step at the left. */
const PAGES = 10;

async function births(path: '/v1/companies/{company}/groups' | '/v1/companies/{company}/users') {
  const times: number[] = [];
  let total = 0;
  let cursor: string | undefined;
  for (let n = 0; n < PAGES; n++) {
    const page = await get(path, { query: { sort: '-createdAt', limit: 1000, cursor, total: n === 0 } as never });
    if (n === 0) total = page.total ?? 0;
    for (const one of page.items) times.push(new Date(one.createdAt).getTime() / 1000);
    cursor = page.next ?? undefined;
    if (!cursor) break;
  }
  return { times, total: total || times.length };
}

async function grown() {
  const [groups, users] = await Promise.all([births('/v1/companies/{company}/groups'), births('/v1/companies/{company}/users')]);
  const now = Date.now() / 1000;
  const first = Math.min(now - 12 * 604_800, ...[groups.times.at(-1) ?? now, users.times.at(-1) ?? now]);
  const steps = 48;
  const x = Array.from({ length: steps + 1 }, (_, n) => first + ((now - first) * n) / steps);
  // Of what there is now, how much was there at each step: those made later are taken off.
  const line = ({ times, total }: { times: number[]; total: number }) => x.map((at) => total - times.filter((time) => time > at).length);
  return { x, groups: line(groups), users: line(users) };
}

export function Growth() {
  const box = useRef<HTMLDivElement>(null);
  const found = useQuery({ queryKey: ['growth'], queryFn: grown, staleTime: 300_000 });
  useEffect(() => {
    const held = box.current;
    if (!held || !found.data) return;
    const { x, groups, users } = found.data;
    const style = getComputedStyle(held);
    const colour = (name: string) => {
      // A canvas needs a colour that is settled, not one that still depends on light or dark.
      const probe = document.createElement('span');
      probe.style.color = `var(${name})`;
      held.append(probe);
      const settled = getComputedStyle(probe).color;
      probe.remove();
      return settled;
    };
    const axis = { stroke: colour('--ink-3'), grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false }, font: `11px ${style.fontFamily}` };
    const chart = new uPlot(
      {
        width: held.clientWidth,
        height: 220,
        legend: { show: false },
        cursor: { y: false },
        scales: { y: { range: (_, __, most) => [0, Math.max(4, Math.ceil(most * 1.1))] } },
        axes: [axis, { ...axis, size: 46 }],
        series: [{}, { stroke: colour('--accent'), width: 2, points: { show: false } }, { stroke: colour('--info'), width: 2, points: { show: false } }],
      },
      [x, groups, users],
      held,
    );
    const watch = new ResizeObserver(() => chart.setSize({ width: held.clientWidth, height: 220 }));
    watch.observe(held);
    return () => {
      watch.disconnect();
      chart.destroy();
    };
  }, [found.data]);
  if (found.isError) return <Wrong error={found.error} />;
  const shown = found.data;
  return (
    <figure>
      <figcaption className="legend">
        <span><i style={{ background: 'var(--accent)' }} />Groups</span>
        <span><i style={{ background: 'var(--info)' }} />Users</span>
        <span className="faint">those there are now, by when they were made</span>
      </figcaption>
      <div className="chart" ref={box} aria-hidden="true">
        {!shown && <Bones rows={4} />}
      </div>
      {shown && (
        <table className="sr">
          <caption>Groups and users over time</caption>
          <tbody>
            {shown.x.map((at, n) =>
              n % 8 === 0 ? (
                <tr key={at}>
                  <th scope="row">{new Date(at * 1000).toLocaleDateString()}</th>
                  <td>{shown.groups[n]} groups</td>
                  <td>{shown.users[n]} users</td>
                </tr>
              ) : null,
            )}
          </tbody>
        </table>
      )}
    </figure>
  );
}
