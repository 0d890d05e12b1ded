/** A small picture of things and what leads from one to another, in columns, each thing a link. */
import { Link } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';

export interface GraphNode {
  id: string;
  name: string;
  column: number;
  icon?: string | null;
  here?: boolean;
  sub?: string;
}

const WIDTH = 190;
const HEIGHT = 44;
const GAP_X = 56;
const GAP_Y = 14;

/** Places nodes in their columns, each near the middle of what it is tied to, and draws the ties. */
export function Graph({ label, nodes, edges }: { label: string; nodes: GraphNode[]; edges: [string, string][] }) {
  const least = Math.min(...nodes.map((node) => node.column));
  const columns = new Map<number, GraphNode[]>();
  for (const node of nodes) columns.set(node.column - least, [...(columns.get(node.column - least) ?? []), node]);
  const place = new Map<string, { x: number; y: number }>();
  const tallest = Math.max(...[...columns.values()].map((column) => column.length));
  const height = tallest * (HEIGHT + GAP_Y) - GAP_Y + 32;
  const settle = () => {
    for (const [at, column] of [...columns].sort((a, b) => a[0] - b[0])) {
      const pull = (node: GraphNode) => {
        const tied = edges.flatMap(([from, to]) => (from === node.id ? [place.get(to)] : to === node.id ? [place.get(from)] : [])).filter((spot) => spot !== undefined);
        return tied.length ? tied.reduce((sum, spot) => sum + spot.y, 0) / tied.length : 0;
      };
      column.sort((a, b) => pull(a) - pull(b) || a.name.localeCompare(b.name));
      const top = (height - (column.length * (HEIGHT + GAP_Y) - GAP_Y)) / 2;
      column.forEach((node, n) => place.set(node.id, { x: 16 + at * (WIDTH + GAP_X), y: top + n * (HEIGHT + GAP_Y) }));
    }
  };
  settle();
  settle();
  const frame = useRef<HTMLDivElement>(null);
  const here = nodes.find((node) => node.here);
  const at = here && place.get(here.id)?.x;
  // What it is about is in sight, where not all is.
  useEffect(() => {
    const held = frame.current;
    if (held && at !== undefined) held.scrollLeft = at + WIDTH / 2 - held.clientWidth / 2;
  }, [at]);
  const width = 32 + (Math.max(...columns.keys()) + 1) * (WIDTH + GAP_X) - GAP_X;
  return (
    <div className="graph" ref={frame} tabIndex={0} role="group" aria-label={label}>
      <div style={{ position: 'relative', width, height, margin: '0 auto' }}>
        <svg width={width} height={height} aria-hidden="true">
          {edges.map(([from, to]) => {
            const a = place.get(from);
            const b = place.get(to);
            if (!a || !b) return null;
            const [x1, y1, x2, y2] = [a.x + WIDTH, a.y + HEIGHT / 2, b.x, b.y + HEIGHT / 2];
            const bend = Math.max(24, (x2 - x1) / 2);
            return <path key={from + to} d={`M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`} />;
          })}
        </svg>
        {nodes.map((node) => (
          <Link key={node.id} to="/groups/$group" params={{ group: node.id }} search={{ tab: 'map' }} className={`node ${node.here ? 'here' : ''}`} aria-current={node.here ? 'true' : undefined} style={{ left: place.get(node.id)?.x, top: place.get(node.id)?.y, width: WIDTH, height: HEIGHT }}>
            <span className="cut">
              {node.icon && <span aria-hidden="true">{node.icon} </span>}
              {node.name}
            </span>
            {node.sub && <span className="xs faint cut">{node.sub}</span>}
          </Link>
        ))}
      </div>
    </div>
  );
}
