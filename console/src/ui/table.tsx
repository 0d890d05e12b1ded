/** A table of any length: only the rows in sight are there, and pages are fetched as they come into it. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown, ArrowUp } from 'lucide-react';
import { useEffect, useRef, useSyncExternalStore, type ReactNode } from 'react';
import { Icon } from './parts';

export interface Column<T> {
  key: string;
  head: ReactNode;
  width: string;
  cell: (row: T) => ReactNode;
  /** What `sort` says for this column; without it the column has no order. */
  sort?: string;
  end?: boolean;
  /** Left out on narrow screens. */
  wide?: boolean;
}

interface Shape<T> {
  label: string;
  columns: Column<T>[];
  rows: T[];
  id: (row: T) => string;
  total?: number | undefined;
  more?: boolean;
  onMore?: () => void;
  sort?: string;
  onSort?: (to: string) => void;
  loading?: boolean;
  empty?: ReactNode;
  height?: string;
  /** Is the row a link as a whole? Then one of its cells has a link of class `cover`. */
  links?: boolean;
  foot?: ReactNode;
  /** Has its rows two lines on narrow screens, for sentences that would be cut? */
  tall?: boolean;
}

const ROW = 44;
const TALL = 60;

const small = matchMedia('(max-width: 860px)');
function useSmall() {
  return useSyncExternalStore(
    (tell) => {
      small.addEventListener('change', tell);
      return () => small.removeEventListener('change', tell);
    },
    () => small.matches,
  );
}

export function Table<T>({ label, columns, rows, id, total, more, onMore, sort, onSort, loading, empty, height, links, foot, tall }: Shape<T>) {
  const isSmall = useSmall();
  const row = tall && isSmall ? TALL : ROW;
  const scroller = useRef<HTMLDivElement>(null);
  const count = more && total !== undefined ? Math.max(total, rows.length) : rows.length;
  const view = useVirtualizer({ count, getScrollElement: () => scroller.current, estimateSize: () => row, overscan: 12 });
  const { measure } = view;
  useEffect(() => measure(), [measure, row]);
  const seen = view.getVirtualItems();
  const last = seen.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && onMore && last >= rows.length - 20) onMore();
  }, [more, onMore, last, rows.length]);

  if (!loading && rows.length === 0 && empty) return <div className="grid">{empty}</div>;
  const wide = columns.map((column) => column.width).join(' ');
  // A narrow screen has no room for the least widths of a wide one.
  const narrow = columns
    .filter((column) => !column.wide)
    .map((column) => column.width.replace(/minmax\(\d+px/, 'minmax(0'))
    .join(' ');
  const cell = (column: Column<T>) => `${column.end ? 'end ' : ''}${column.wide ? 'wide' : ''}`;
  const size = height ?? 'min(calc(100dvh - 250px), 1200px)';
  return (
    <div className={`grid ${tall ? 'tall' : ''}`} style={{ '--cols-wide': wide, '--cols-narrow': narrow, '--row': `${row}px` } as React.CSSProperties} aria-busy={loading}>
      <div className="scroll cols" ref={scroller} style={{ maxHeight: size, minHeight: Math.min(Math.max(count, loading ? 8 : 1), 8) * row + 37 }} role="table" aria-label={label} aria-rowcount={total ?? rows.length} tabIndex={0}>
        <div role="rowgroup" className="headgroup">
          <div className="tr h" role="row">
            {columns.map((column) => {
              const sorted = column.sort && (sort === column.sort ? 'ascending' : sort === `-${column.sort}` ? 'descending' : undefined);
              return (
                <div key={column.key} role="columnheader" className={cell(column)} aria-sort={sorted || undefined}>
                  {column.sort && onSort ? (
                    <button type="button" className="sort" onClick={() => onSort(sort === column.sort ? `-${column.sort}` : (column.sort as string))}>
                      {column.head}
                      {sorted && <Icon of={sorted === 'ascending' ? ArrowUp : ArrowDown} />}
                    </button>
                  ) : (
                    column.head
                  )}
                </div>
              );
            })}
          </div>
        </div>
        <div role="rowgroup" style={{ height: view.getTotalSize(), position: 'relative' }}>
          {seen.map((item) => {
            const one = rows[item.index];
            return (
              <div key={one ? id(one) : `bone${item.index}`} className={`tr abs ${links ? 'link' : ''}`} role="row" aria-rowindex={item.index + 2} style={{ transform: `translateY(${item.start}px)` }}>
                {columns.map((column) => (
                  <div key={column.key} role="cell" className={cell(column)}>
                    {one ? column.cell(one) : <span className="bone" />}
                  </div>
                ))}
              </div>
            );
          })}
          {loading && rows.length === 0 && (
            <div>
              {Array.from({ length: 8 }, (_, n) => (
                <div className="tr" role="row" key={n}>
                  {columns.map((column) => (
                    <div key={column.key} role="cell" className={cell(column)}>
                      <span className="bone" style={{ width: `${40 + ((n * 29 + column.key.length * 13) % 45)}%` }} />
                    </div>
                  ))}
                </div>
              ))}
            </div>
          )}
        </div>
      </div>
      <div className="foot">
        <span aria-live="polite">{foot ?? (total !== undefined ? `${total.toLocaleString()} in all` : `${rows.length.toLocaleString()}${more ? '+' : ''} shown`)}</span>
      </div>
    </div>
  );
}
