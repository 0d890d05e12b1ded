/** What a group is inside of and what is inside it, as a picture, and the nestings one away to change. */
import { useQuery } from '@tanstack/react-query';
import { Network, Plus } from 'lucide-react';
import { useState } from 'react';
import { change, get } from '../../api/client';
import { learn, type Schemas, useGet, useRights } from '../../api/queries';
import { Graph, type GraphNode } from '../../ui/graph';
import { Bones, Card, Empty, Icon, Note, Wrong } from '../../ui/parts';
import { Picker, type Picked } from '../../ui/picker';
import { ChangeDialog } from '../../ui/preview';
import { Who } from '../../ui/names';

type Group = Schemas['Group'];
const MOST = 40;
const DEPTH = 5;

/** Walks nestings one way, level by level, as far as a picture can show. */
async function walk(start: Group, towards: 'parents' | 'children') {
  const found = new Map<string, { group: Group; level: number }>();
  const edges: [string, string][] = [];
  let edge = [start];
  for (let level = 1; level <= DEPTH && edge.length > 0 && found.size < MOST; level++) {
    const lists = await Promise.all(edge.map((group) => get(`/v1/companies/{company}/groups/{group}/${towards}`, { path: { group: group.id } })));
    const next: Group[] = [];
    lists.forEach((list, n) => {
      const from = edge[n] as Group;
      for (const group of list.groups) {
        learn(group.id, group.name, 'group');
        edges.push(towards === 'parents' ? [from.id, group.id] : [group.id, from.id]);
        // What is reached again on a longer way stands where that way ends.
        if (!found.has(group.id)) next.push(group);
        found.set(group.id, { group, level });
      }
    });
    edge = next.slice(0, MOST);
  }
  return { found: [...found.values()].slice(0, MOST), edges };
}

export function GroupMap({ group }: { group: Group }) {
  const { manages } = useRights();
  const [asks, setAsks] = useState<{ what: 'in' | 'around' } | { out: string; name: string; of: 'parent' | 'child' }>();
  const map = useQuery({
    queryKey: ['map', group.id],
    queryFn: async () => {
      const [up, down] = await Promise.all([walk(group, 'parents'), walk(group, 'children')]);
      return { up, down };
    },
  });
  const parents = useGet('/v1/companies/{company}/groups/{group}/parents', { path: { group: group.id } });
  const children = useGet('/v1/companies/{company}/groups/{group}/children', { path: { group: group.id } });
  if (map.isError) return <Wrong error={map.error} retry={() => void map.refetch()} />;
  if (!map.data) return <div className="grid"><Bones /></div>;
  const { up, down } = map.data;
  const node = (one: Group, column: number): GraphNode => ({ id: one.id, name: one.name, icon: one.icon, column });
  const nodes: GraphNode[] = [
    { ...node(group, 0), here: true },
    ...up.found.map(({ group: one, level }) => node(one, level)),
    ...down.found.map(({ group: one, level }) => node(one, -level)),
  ];
  const shown = new Set(nodes.map((one) => one.id));
  const edges = [...up.edges, ...down.edges].filter(([from, to]) => shown.has(from) && shown.has(to));
  const cut = up.found.length >= MOST || down.found.length >= MOST;
  const list = (title: string, groups: Group[] | undefined, of: 'parent' | 'child', none: string) => (
    <Card
      title={title}
      aside={
        manages && group.state === 'live' && (
          <button type="button" className="btn small" onClick={() => setAsks({ what: of === 'child' ? 'in' : 'around' })}>
            <Icon of={Plus} /> {of === 'child' ? 'Put a group inside' : 'Put it inside a group'}
          </button>
        )
      }
    >
      {groups?.length === 0 && <p className="small muted">{none}</p>}
      <ul className="col">
        {groups?.map((one) => (
          <li key={one.id} className="row spread small">
            <Who id={one.id} face />
            {manages && (
              <button type="button" className="btn quiet small" onClick={() => setAsks({ out: one.id, name: one.name, of })}>
                Take out…
              </button>
            )}
          </li>
        ))}
      </ul>
    </Card>
  );
  return (
    <div className="stack">
      {nodes.length === 1 ? (
        <div className="grid">
          <Empty icon={Network} title="It stands by itself">
            Put a group inside this one and all its members are members here as well; put this one inside another and it lends it its members.
          </Empty>
        </div>
      ) : (
        <>
          <p className="small muted">Members flow from left to right: whoever is in a group is in every group to the right of it.</p>
          <Graph label={`What is inside ${group.name}, and what it is inside of`} nodes={nodes} edges={edges} />
          {cut && <Note>The picture is cut at {MOST} groups on a side. Go to one of them to see further.</Note>}
        </>
      )}
      <div className="cards">
        {list('Inside it', children.data?.groups, 'child', 'No group is inside it.')}
        {list('It is inside of', parents.data?.groups, 'parent', 'It is inside of no group.')}
      </div>
      {asks && 'what' in asks && <Nest group={group} around={asks.what === 'around'} onClose={() => setAsks(undefined)} />}
      {asks && 'out' in asks && (
        <ChangeDialog
          title={asks.of === 'child' ? `Take ${asks.name} out of ${group.name}?` : `Take ${group.name} out of ${asks.name}?`}
          danger
          verb="Take out"
          done="Taken out"
          change={nesting('delete', asks.of === 'child' ? group.id : asks.out, asks.of === 'child' ? asks.out : group.id)}
          undo={() => nesting('put', asks.of === 'child' ? group.id : asks.out, asks.of === 'child' ? asks.out : group.id)}
          onClose={() => setAsks(undefined)}
        />
      )}
    </div>
  );
}

function nesting(method: 'put' | 'delete', parent: string, child: string) {
  return change(method, '/v1/companies/{company}/groups/{group}/children/{child}', { path: { group: parent, child } });
}

function Nest({ group, around, onClose }: { group: Group; around: boolean; onClose: () => void }) {
  const [other, setOther] = useState<Picked[]>([]);
  const id = other[0]?.id;
  const [parent, child] = around ? [id, group.id] : [group.id, id];
  return (
    <ChangeDialog
      title={around ? `Put ${group.name} inside a group` : `Put a group inside ${group.name}`}
      verb="Put it inside"
      done="Put inside"
      change={parent && child ? nesting('put', parent, child) : undefined}
      undo={() => (parent && child ? nesting('delete', parent, child) : undefined)}
      onClose={onClose}
    >
      <Picker label={around ? 'The group around it' : 'The group to put inside'} kinds={['group']} value={other} onChange={setOther} without={[group.id]} autoFocus />
    </ChangeDialog>
  );
}
