/** Lines of the journal in words. */
import { AppWindow, BadgeCheck, Building2, Cable, CheckCheck, DoorOpen, FileClock, KeyRound, ListChecks, type LucideIcon, LogIn, Network, Scale, Scissors, UserRound, UserRoundCog, UsersRound, Waypoints, Webhook } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Schemas } from '../api/queries';
import { Who } from './names';
import { Icon, plural } from './parts';
import { Time } from './time';

type Event = Schemas['Event'];

const icons: Record<string, LucideIcon> = {
  company: Building2, user: UserRound, group: UsersRound, role: BadgeCheck, key: KeyRound, webhook: Webhook, connection: Cable, app: AppWindow,
  policy: Scale, request: CheckCheck, task: CheckCheck, session: LogIn, signing_key: KeyRound, team: Waypoints, delegation: UserRoundCog, review: ListChecks, conflict: Scissors,
  offboarding: DoorOpen,
};

export function eventIcon(kind: string): LucideIcon {
  if (kind === 'group.nested' || kind === 'group.unnested') return Network;
  return icons[kind.split('.')[0] ?? ''] ?? FileClock;
}

/** "webhook.paused" as "paused a webhook", with its name where the event tells it. */
function plainly(kind: string, name: unknown) {
  const [noun = '', verb = ''] = kind.split('.').map((word) => word.replaceAll('_', ' '));
  const done = verb === 'created' ? 'made' : verb;
  return typeof name === 'string' ? <>{done} the {noun} <strong>{name}</strong></> : `${done} ${/^[aeio]/.test(noun) ? 'an' : 'a'} ${noun}`;
}

/** What happened, as the end of a sentence that begins with who did it. */
export function Sentence({ event }: { event: Event }): ReactNode {
  const data = event.data as Record<string, unknown>;
  const it = <Who id={event.subject} />;
  const users: string[] = Array.isArray(data.users) ? (data.users as string[]) : [];
  const people = users.length === 1 ? <Who id={users[0]} /> : plural(users.length, 'person', 'people');
  const fields = Object.keys({ ...(data.fields as object | undefined), ...(data.personal as object | undefined) });
  switch (event.kind) {
    case 'group.created': return <>made the group {it}</>;
    case 'group.updated': return <>changed {fields.length ? fields.join(', ') : 'the record'} of {it}</>;
    case 'group.archived': return <>archived {it}</>;
    case 'group.restored': return <>restored {it}</>;
    case 'group.purged': return <>purged a group</>;
    case 'group.nested': return <>put <Who id={data.child as string} /> inside {it}</>;
    case 'group.unnested': return <>took <Who id={data.child as string} /> out of {it}</>;
    case 'group.members_added': return <>added {people} to {it}</>;
    case 'group.members_removed': return <>removed {people} from {it}</>;
    case 'group.members_changed': return <>changed how long {people} stay in {it}</>;
    case 'group.members_started': return <>saw the membership of {people} in {it} begin</>;
    case 'group.members_ended': return <>saw the membership of {people} in {it} end</>;
    case 'group.owners_changed': return <>changed who owns {it}</>;
    case 'group.roles_changed': return <>changed what roles {it} gives</>;
    case 'group.app_linked': return <>gave {it} an app</>;
    case 'group.app_unlinked': return <>took an app from {it}</>;
    case 'group.brake_released': return <>released the brake on {it}</>;
    case 'user.created': return <>made the user {it}</>;
    case 'user.updated': return <>changed {fields.length ? fields.join(', ') : 'the record'} of {it}</>;
    case 'user.deactivated': return <>deactivated {it}</>;
    case 'user.reactivated': return <>reactivated {it}</>;
    case 'user.erased': return <>erased a person</>;
    case 'session.started': return <>signed in to the console</>;
    case 'session.ended': return <>signed out of the console</>;
    case 'key.created': return <>made a key{data.user ? <> for <Who id={data.user as string} /></> : null}</>;
    case 'key.rotated': return <>gave a key a new secret</>;
    case 'key.revoked': return <>revoked a key</>;
    case 'company.updated': return <>changed the company’s settings</>;
    case 'company.imported': return <>imported {plural(Number(data.users ?? 0), 'user')}, {plural(Number(data.groups ?? 0), 'group')} and {plural(Number(data.memberships ?? 0), 'membership')}</>;
    case 'app.access_given': return <>gave somebody an app</>;
    case 'app.access_ended': return <>ended somebody’s access to an app</>;
    case 'webhook.secret_rotated': return <>gave a webhook a new secret</>;
    case 'user.linked': case 'group.linked': return <>linked {it} to a connection</>;
    case 'user.unlinked': case 'group.unlinked': return <>took {it} out of a connection</>;
    case 'team.members_changed': return <>changed who is in a team</>;
    case 'delegation.created': return <>let <Who id={data.to as string} /> decide for <Who id={data.from as string} /></>;
    case 'delegation.ended': return <>ended a delegation</>;
    case 'offboarding.started': return <>began to offboard {it}</>;
    case 'offboarding.ended': return <>ended the offboarding of {it}</>;
    case 'policy.chosen': return <>chose another policy</>;
    case 'webhook.redelivered': return <>sent a message of a webhook again</>;
    case 'review.reminded': return <>reminded the reviewers</>;
    case 'review.decided': return <>decided in a review</>;
    default: return <>{plainly(event.kind, (data.fields as Record<string, unknown> | undefined)?.name)}</>;
  }
}

export function EventLine({ event, extra }: { event: Event; extra?: ReactNode }) {
  return (
    <li>
      <span className="dot">
        <Icon of={eventIcon(event.kind)} />
      </span>
      <span>
        <Who id={event.actor} /> <Sentence event={event} />
        {event.cause && <span className="faint"> – {event.cause}</span>}
      </span>
      <span className="row faint xs">
        {extra}
        <Time at={event.at} />
      </span>
    </li>
  );
}
