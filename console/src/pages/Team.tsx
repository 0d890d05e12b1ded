/** One team: who is in it, by themselves and by their groups. */
import { useMutation } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { Archive, ArchiveRestore, Pencil, UserPlus, UsersRound } from 'lucide-react';
import { useState } from 'react';
import { change, make } from '../api/client';
import { refresh, useGet, useRights } from '../api/queries';
import { Ask } from '../ui/ask';
import { Dialog } from '../ui/dialog';
import { Who } from '../ui/names';
import { Avatar, Bones, Card, Empty, Head, Icon, Note, Wrong } from '../ui/parts';
import { Picker, type Picked } from '../ui/picker';
import { say } from '../ui/toast';
import { type Team, TeamBadges, TeamForm } from './Teams';

const member = (method: 'put' | 'delete', team: Team, id: string) => change(method, '/v1/companies/{company}/teams/{team}/members/{member}', { path: { team: team.id, member: id } });

export function TeamPage() {
  const { team: id } = useParams({ from: '/teams/$team' });
  const { manages } = useRights();
  const [asks, setAsks] = useState<'edit' | 'archive' | 'add'>();
  const found = useGet('/v1/companies/{company}/teams/{team}', { path: { team: id } });
  const members = useGet('/v1/companies/{company}/teams/{team}/members', { path: { team: id } });
  const team = found.data;
  const remove = useMutation({
    mutationFn: (who: string) => make(member('delete', team as Team, who)),
    onSuccess: (_, who) => {
      say('No longer in the team', () => void make(member('put', team as Team, who)).then(() => refresh(), (error: Error) => say(error.message)));
      void refresh();
    },
  });
  if (found.isError) return <Wrong error={found.error} retry={() => void found.refetch()} />;
  if (!team) return <div className="grid"><Bones /></div>;
  const live = !team.archivedAt;
  const close = () => setAsks(undefined);
  const archive = (archived: boolean) => change('patch', '/v1/companies/{company}/teams/{team}', { path: { team: id }, body: { archived } });
  return (
    <>
      <Head
        crumbs={<Link to="/teams">Teams</Link>}
        icon={<Avatar name={team.name} group big icon={team.icon} />}
        title={team.name}
        sub={
          <span className="row wrap">
            <TeamBadges team={team} />
            {team.description}
          </span>
        }
        actions={
          manages && (
            <>
              {live && (
                <>
                  <button type="button" className="btn primary" onClick={() => setAsks('add')}>
                    <Icon of={UserPlus} /> Add
                  </button>
                  <button type="button" className="btn" onClick={() => setAsks('edit')}>
                    <Icon of={Pencil} /> Edit
                  </button>
                </>
              )}
              <button type="button" className="btn" onClick={() => setAsks('archive')}>
                <Icon of={live ? Archive : ArchiveRestore} /> {live ? 'Archive' : 'Bring back'}
              </button>
            </>
          )
        }
      />
      <div className="stack">
        {!live && <Note tone="warn">This team is archived: nobody works in it until it is brought back.</Note>}
        <Card title="Who is in it">
          <Wrong error={members.error ?? remove.error} />
          {members.isPending && <Bones rows={3} />}
          {team.default && <p className="small muted">Everybody but guests, and besides:</p>}
          {members.data?.items.length === 0 && (
            <Empty icon={UsersRound} title={team.default ? 'Nobody besides' : 'Nobody is in it'}>
              Put people into it, or groups: whoever is in them is in the team.
            </Empty>
          )}
          <ul className="col">
            {members.data?.items.map((one) => (
              <li key={one.id} className="row spread small" style={{ minHeight: 32 }}>
                <span className="row">
                  <Who id={one.id} face />
                  {one.type === 'group' && <span className="faint cut">with all its members</span>}
                </span>
                {manages && live && (
                  <button type="button" className="btn quiet small" onClick={() => remove.mutate(one.id)} disabled={remove.isPending}>
                    Remove
                  </button>
                )}
              </li>
            ))}
          </ul>
        </Card>
      </div>
      {asks === 'edit' && <TeamForm team={team} onClose={close} />}
      {asks === 'add' && <AddMembers team={team} held={members.data?.items.map((one) => one.id) ?? []} onClose={close} />}
      {asks === 'archive' && (
        <Ask title={live ? `Archive ${team.name}?` : `Bring ${team.name} back?`} verb={live ? 'Archive' : 'Bring it back'} danger={live} done={live ? `${team.name} is archived` : `${team.name} is back`} change={archive(live)} onClose={close}>
          <p className="small muted">{live ? 'Who is in it stays on record, and it can be brought back.' : 'Whoever was in it is in it again.'}</p>
        </Ask>
      )}
    </>
  );
}

function AddMembers({ team, held, onClose }: { team: Team; held: string[]; onClose: () => void }) {
  const [who, setWho] = useState<Picked[]>([]);
  const adding = useMutation({
    mutationFn: async () => {
      for (const one of who) await make(member('put', team, one.id));
    },
    onSuccess: onClose,
    // Those before one that was refused are in it all the same.
    onSettled: () => refresh(),
  });
  return (
    <Dialog
      title={`Add to ${team.name}`}
      onClose={onClose}
      onSubmit={() => adding.mutate()}
      footer={
        <>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="btn primary" disabled={who.length === 0 || adding.isPending}>
            Add
          </button>
        </>
      }
    >
      <Picker label="People and groups" kinds={['user', 'group']} many value={who} onChange={setWho} without={held} autoFocus />
      <Wrong error={adding.error} />
    </Dialog>
  );
}
