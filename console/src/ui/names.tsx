/** Users and groups by id, named and linked. */
import { Link } from '@tanstack/react-router';
import { Cog } from 'lucide-react';
import { useName } from '../api/queries';
import { Avatar, Icon } from './parts';

export function Who({ id, face }: { id: string | null | undefined; face?: boolean }) {
  const isId = !!id && id.length === 36;
  const found = useName(isId ? id : undefined);
  if (!id) return <span className="faint">The system</span>;
  if (!isId) {
    return (
      <span className="row" style={{ display: 'inline-flex' }}>
        {face && <Icon of={Cog} />}
        {id === 'platform' ? 'The operator' : 'The system'}
      </span>
    );
  }
  if (found === undefined) return <span className="bone" style={{ width: 90, display: 'inline-block' }} />;
  if (found === null) return <code className="xs faint" title={id}>{id.slice(0, 8)}…</code>;
  const to = found.type === 'user' ? '/users/$user' : '/groups/$group';
  return (
    <span className="row" style={{ display: 'inline-flex' }}>
      {face && <Avatar name={found.name} group={found.type !== 'user'} />}
      <Link className="link" to={to} params={{ user: id, group: id } as never}>
        {found.name}
      </Link>
    </span>
  );
}
