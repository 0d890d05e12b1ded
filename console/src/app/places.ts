/** The pages there are, for the sidebar and the palette. */
import { AppWindow, BadgeCheck, Building2, CheckCheck, Cable, FileClock, FileSpreadsheet, KeyRound, LayoutDashboard, ListChecks, type LucideIcon, Scale, Scissors, Send, UserRound, UsersRound, Webhook, Waypoints } from 'lucide-react';

export interface Place {
  to: string;
  name: string;
  icon: LucideIcon;
  words?: string;
  admin?: boolean;
}

export const places: { title?: string; items: Place[] }[] = [
  {
    items: [
      { to: '/', name: 'Overview', icon: LayoutDashboard },
      { to: '/tasks', name: 'Tasks', icon: CheckCheck, words: 'approve decline waiting' },
    ],
  },
  {
    title: 'Directory',
    items: [
      { to: '/groups', name: 'Groups', icon: UsersRound },
      { to: '/users', name: 'Users', icon: UserRound, words: 'people' },
      { to: '/teams', name: 'Teams', icon: Waypoints, words: 'workspace areas' },
      { to: '/sheets', name: 'Sheets', icon: FileSpreadsheet, words: 'csv import export spreadsheet' },
    ],
  },
  {
    title: 'Access',
    items: [
      { to: '/requests', name: 'Requests', icon: Send },
      { to: '/reviews', name: 'Reviews', icon: ListChecks, words: 'certification attestation' },
      { to: '/apps', name: 'Apps', icon: AppWindow },
      { to: '/roles', name: 'Roles', icon: BadgeCheck, words: 'permissions' },
      { to: '/policies', name: 'Policies', icon: Scale, words: 'approval steps' },
      { to: '/conflicts', name: 'Conflicts', icon: Scissors, words: 'separation of duties sod' },
    ],
  },
  {
    title: 'Company',
    items: [
      { to: '/connections', name: 'Connections', icon: Cable, words: 'sync scim ldap brake', admin: true },
      { to: '/webhooks', name: 'Webhooks', icon: Webhook, words: 'deliveries', admin: true },
      { to: '/keys', name: 'Keys', icon: KeyRound, words: 'credentials api', admin: true },
      { to: '/journal', name: 'Journal', icon: FileClock, words: 'audit events history', admin: true },
      { to: '/settings', name: 'Settings', icon: Building2 },
    ],
  },
];
