// The console in a real Chromium: every page, looked through by axe, and the stories people live on them.
// `node test/browser.mjs '<json>'` with url, token, and the ids of what is seeded; the tests of the server start it.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const axe = createRequire(import.meta.url)('axe-core').source;
const told = JSON.parse(process.argv[2]);
const { url, token, company, dark } = told;
const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);

const api = async (method, path, body) => {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const response = await fetch(`${url}/v1/companies/${company}${path}`, { method, headers, body: body && JSON.stringify(body) });
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${await response.clone().text()}`);
  const text = await response.text();
  return text && JSON.parse(text);
};

// What pages are to show: nestings, a window, a rule, an app, a policy's case, a receiver, a source.
const soon = new Date(Date.parse(told.now) + 5 * 86_400_000).toISOString();
await api('PUT', `/groups/${told.ops}/children/${told.eng}`, {});
await api('POST', `/groups/${told.ops}/members`, { members: [{ id: told.vera }], endsAt: soon, note: 'For the move' });
const ruled = await api('POST', '/groups', { name: 'Everybody who reads', icon: '📚', description: 'Kept by a rule', rule: 'user.role == "viewer"' });
const app = await api('POST', '/apps', { name: 'Ledger', tagLine: 'The books', permissionLevels: [{ name: 'Reader', isDefault: true }] });
await api('PUT', `/groups/${told.ops}/apps/${app.id}`, { visibility: 'default' });
const source = await api('POST', '/connections', { name: 'Okta', kind: 'scim' });
const hook = await api('POST', '/webhooks', { name: 'Audit', url: 'https://receiver.example/hook', events: ['*'] });
const review = await api('POST', '/reviews', { name: 'Autumn', of: 'groups', reviewers: 'owner', ids: [told.eng, told.ops], dueAt: soon });
const directory = await api('POST', '/connections', { name: 'Head office', kind: 'ldap', settings: { url: 'ldaps://ldap.example.com', users: { base: 'ou=people,dc=example,dc=com' }, everyMinutes: 60 } });
const team = await api('POST', '/teams', { name: 'Nordics', type: 'CLOSED' });
await api('PUT', `/teams/${team.id}/members/${told.ops}`);
const policy = await api('POST', '/policies', { name: 'Owners decide', requestType: 'JoinGroupRequest', steps: [{ approvers: 'groupOwner' }] });
await api('POST', '/conflicts', { name: 'Build and run', groups: [told.eng, ruled.id] });
await api('POST', '/requests', { type: 'JoinGroupRequest', group: told.eng, target: told.ada, purpose: 'To help out' });

const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
const context = await browser.newContext({ viewport: dark ? { width: 390, height: 844 } : { width: 1280, height: 860 }, colorScheme: dark ? 'dark' : 'light', reducedMotion: 'reduce' });
// The provider's own pages would fetch a font from afar, and wait for it.
await context.route((asked) => !['127.0.0.1', 'localhost'].includes(asked.hostname), (route) => route.abort());
const page = await context.newPage();
page.setDefaultTimeout(15_000);
const noise = [];
// A session that is not there yet, or a refusal that a story asks for, is an answer and no fault of the page.
page.on('console', (line) => line.type() === 'error' && !/status of 4\d\d/.test(line.text()) && line.location().url.startsWith(url) && noise.push(line.text()));
page.on('pageerror', (error) => noise.push(error.stack ?? error.message));

let passed = 0;
const failures = [];
async function step(name, act) {
  noise.length = 0;
  try {
    await act();
    assert.deepEqual(noise, [], 'the page complained');
    passed += 1;
    console.log(`ok ${name}`);
  } catch (error) {
    failures.push(name);
    console.log(`not ok ${name}\n${error.message.slice(0, 2500)}`);
  }
}

const settled = () => page.waitForFunction(() => !document.querySelector('[aria-busy="true"], .bone'), undefined, { timeout: 15_000 });
// Colours are judged as they stay, not half-way through a dialog's appearing.
const still = () => page.evaluate(async () => {
  const ending = document.getAnimations().filter((one) => one.effect?.getComputedTiming().iterations !== Infinity);
  await Promise.all(ending.map((one) => one.finished.catch(() => undefined)));
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
});
async function clean(what) {
  await settled();
  await still();
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  const words = found.violations.map((one) => `${one.id}: ${one.help}\n  ${one.nodes.slice(0, 4).map((node) => `${node.html.slice(0, 200)}\n  ${node.failureSummary?.slice(0, 300)}`).join('\n  ')}`);
  assert.deepEqual(words, [], `axe found something on ${what}`);
}
async function go(path) {
  await page.goto(`${url}/console${path}`);
  await page.waitForSelector('main h1');
  await settled();
}
const menu = () => dark && page.getByRole('button', { name: 'Menu' }).click();

await step('nobody gets in with a wrong key', async () => {
  await page.goto(`${url}/console/groups`);
  await page.getByLabel('Key', { exact: true }).fill('no.key');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').waitFor();
  await clean('the sign-in page');
});

await step('the right key opens the page that was asked for', async () => {
  await page.getByLabel('Key', { exact: true }).fill(token);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Groups', exact: true }).waitFor();
  const cookies = await context.cookies();
  assert.ok(cookies.every((cookie) => cookie.httpOnly && cookie.sameSite === 'Strict'), JSON.stringify(cookies));
  assert.equal(await page.evaluate(() => document.cookie), '');
});

const pages = [
  ['/', 'the overview'], ['/groups', 'groups'], ['/groups?state=archived', 'archived groups'], [`/groups/${told.ops}`, 'a group'], [`/groups/${told.ops}?tab=map`, 'a map'],
  [`/groups/${told.ops}?tab=gives`, 'what it gives'], [`/groups/${told.eng}?tab=owners`, 'owners'], [`/groups/${ruled.id}?tab=rule`, 'a rule'], [`/groups/${told.ops}?tab=history`, 'history'],
  ['/users', 'users'], [`/users/${told.vera}`, 'a user'], [`/users/${told.vera}?tab=access`, 'access'], [`/users/${told.vera}?tab=why&group=${told.ops}`, 'why'],
  [`/users/${told.gus}?tab=why&group=${told.ops}`, 'why not'], [`/users/${told.vera}?tab=profile`, 'a profile'], [`/users/${told.vera}?tab=history`, 'what became of somebody'], ['/tasks', 'tasks'], ['/requests', 'requests'], ['/apps', 'apps'],
  [`/apps/${app.id}`, 'an app'], ['/reviews', 'reviews'], [`/reviews/${review.id}`, 'a review'], ['/conflicts', 'conflicts'], [`/users/${told.vera}?tab=why&app=${app.id}`, 'why somebody has an app'], ['/roles', 'roles'], ['/policies', 'policies'], ['/connections', 'connections'], [`/connections/${source.id}`, 'a connection'],
  [`/connections/${directory.id}`, 'a connection that is read'], ['/teams', 'teams'], ['/teams?archived=true', 'archived teams'], [`/teams/${team.id}`, 'a team'], ['/sheets', 'sheets'],
  ['/webhooks', 'webhooks'], [`/webhooks/${hook.id}`, 'a webhook'], ['/keys', 'keys'], ['/journal', 'the journal'], ['/settings', 'settings'],
];
for (const [path, what] of pages) {
  await step(`axe finds nothing on ${what}`, async () => {
    await go(path);
    await clean(what);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wide <= 0, `${what} is ${wide} points wider than the screen`);
  });
}

await step('a search finds as one types', async () => {
  await go('/groups');
  await page.keyboard.press('/');
  await page.keyboard.type('engin');
  await page.getByRole('link', { name: 'Engineering' }).waitFor();
  await page.waitForFunction(() => document.querySelectorAll('[role=row]').length === 2);
  assert.match(page.url(), /q=engin/);
});

await step('members are added after a preview, and the step is undone', async () => {
  await go(`/groups/${told.ops}`);
  await page.getByRole('button', { name: 'Add members' }).first().click();
  await page.getByRole('combobox', { name: 'People' }).fill(told.guest);
  await page.getByRole('option', { name: new RegExp(told.guest, 'i') }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('region', { name: 'What this would do' }).getByText('+1').waitFor();
  await clean('a preview');
  await page.getByRole('button', { name: 'Add 1 person' }).click();
  await page.getByText('1 person joined').waitFor();
  assert.equal((await api('GET', `/groups/${told.ops}/members/${told.gus}`)).direct, true);
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.waitForFunction(async ([path]) => (await fetch(path)).status === 404, [`/v1/companies/${company}/groups/${told.ops}/members/${told.gus}`]);
});

await step('a person is edited, which rules would notice', async () => {
  await go(`/users/${told.gus}?tab=profile`);
  await page.getByRole('button', { name: 'Edit' }).click();
  await page.getByRole('dialog').getByLabel('Workspace role').selectOption('viewer');
  await page.getByRole('region', { name: 'What this would do' }).getByText('Everybody who reads').waitFor();
  await clean('the dialog of a person');
  await page.getByRole('dialog').getByLabel('Attributes').fill('{');
  assert.equal(await page.getByRole('button', { name: 'Save' }).isDisabled(), true);
  await page.getByRole('dialog').getByLabel('Attributes').fill('{"department":"Stock"}');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('is changed').waitFor();
  assert.equal((await api('GET', `/groups/${ruled.id}/members/${told.gus}`)).direct, true);
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.waitForFunction(async ([path]) => (await fetch(path)).status === 404, [`/v1/companies/${company}/groups/${ruled.id}/members/${told.gus}`]);
});

await step('a refusal says what is wrong and what to do', async () => {
  await go(`/groups/${ruled.id}`);
  await page.getByText('Members are kept by its rule').waitFor();
  await go(`/groups/${told.ops}?tab=map`);
  await page.getByRole('button', { name: 'Put it inside a group' }).click();
  await page.getByRole('combobox').fill('Engineering');
  await page.getByRole('option', { name: /Engineering/ }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('A group cannot be inside itself').first().waitFor();
  assert.equal(await page.getByRole('button', { name: 'Put it inside', exact: true }).isDisabled(), true);
  await clean('a refusal');
  await page.keyboard.press('Escape');
});

await step('a rule is tried while it is written', async () => {
  await go(`/groups/${ruled.id}?tab=rule`);
  await page.getByLabel('Expression').fill('user.role == "guest"');
  await page.getByText(/True of/).waitFor();
  await page.getByText('not saved').waitFor();
  await page.getByLabel('Expression').fill('user.role ==');
  await page.getByRole('alert').waitFor();
});

await step('the picture of why is drawn, and the ways are told in words', async () => {
  await go(`/users/${told.vera}?tab=why&group=${told.ops}`);
  await page.getByText('2 ways').first().waitFor();
  await page.waitForFunction(() => document.querySelector('.figure img')?.naturalWidth > 200);
});

await step('why somebody has an app is drawn too', async () => {
  await go(`/users/${told.vera}?tab=why&app=${app.id}`);
  await page.waitForFunction(() => document.querySelector('.figure img')?.naturalWidth > 200);
});

await step('a sheet is tried, put right, and taken in', async () => {
  const sheet = (name, email) => ({ name: 'users.csv', mimeType: 'text/csv', buffer: Buffer.from(`name,email,role\n${name},${email},viewer\n`) });
  await go('/sheets');
  await page.getByLabel('CSV file').setInputFiles(sheet('Sheila Sheet', 'no address'));
  await page.getByRole('alert').getByText('so nothing would be changed').waitFor();
  await page.getByRole('alert').getByText('Line 2:').waitFor();
  await clean('a sheet that is wrong');
  assert.equal(await page.getByRole('button', { name: 'Import it' }).isDisabled(), true);
  await page.getByLabel('CSV file').setInputFiles(sheet('Sheila Sheet', 'sheila@example.com'));
  await page.getByRole('region', { name: 'What this would do' }).getByText('Everybody who reads').waitFor();
  await clean('the trial of a sheet');
  assert.equal((await api('GET', '/users?q=sheila')).items.length, 0);
  await page.getByRole('button', { name: 'Import it' }).click();
  await page.getByRole('region', { name: 'What came of it' }).getByText('1 added').waitFor();
  assert.equal((await api('GET', '/users?q=sheila')).items[0].role, 'viewer');
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Users', exact: true }).last().click()]);
  const rows = (await readFile(await file.path(), 'utf8')).split('\r\n');
  assert.ok(rows.some((row) => row.includes('sheila@example.com')), rows[0]);
});

await step('a directory is connected, and its settings edited', async () => {
  await go('/connections');
  await page.getByRole('button', { name: 'New connection' }).click();
  await page.getByRole('button', { name: 'LDAP' }).click();
  await page.getByLabel('Name', { exact: true }).first().fill('Branch office');
  await page.getByLabel('Address', { exact: true }).fill('ldaps://branch.example.com');
  assert.equal(await page.getByRole('button', { name: 'Connect', exact: true }).isDisabled(), true);
  await page.getByLabel('People are below').fill('ou=people,dc=branch');
  await page.getByLabel('Password of the bind DN').fill('a secret of theirs');
  await page.getByText('Which attribute of a person is what').click();
  await page.getByLabel('Further attributes, for rules').fill('department = departmentNumber');
  await clean('the dialog of a connection');
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.getByRole('heading', { name: 'Branch office' }).waitFor();
  const made = (await api('GET', '/connections')).items.find((one) => one.name === 'Branch office');
  assert.deepEqual(made.settings, { url: 'ldaps://branch.example.com', server: 'openldap', users: { base: 'ou=people,dc=branch', attributes: { department: 'departmentNumber' } } });
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await page.getByLabel('Run every').fill('30');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('it runs every 30 minutes').waitFor();
  // Sent elsewhere, the password must be told again.
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await page.getByLabel('Address', { exact: true }).fill('ldaps://elsewhere.example.com');
  await page.getByText('the password must be given again').waitFor();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('dialog').getByRole('alert').waitFor();
  await page.keyboard.press('Escape');
});

await step('a policy gets another version, and the first is remembered', async () => {
  await go('/policies');
  const card = page.locator('section.card', { has: page.getByRole('heading', { name: 'Owners decide' }) });
  await card.getByRole('button', { name: 'Edit' }).click();
  await page.getByRole('button', { name: 'Another step' }).click();
  await page.getByText('Other steps are version 2').waitFor();
  await clean('the dialog of a policy');
  await page.getByRole('button', { name: 'Save' }).click();
  await card.getByRole('button', { name: 'Version 2' }).click();
  await page.getByRole('region', { name: 'Version 1' }).waitFor();
  assert.deepEqual((await api('GET', `/policies/${policy.id}`)).steps.map((one) => one.approvers), ['groupOwner', 'admins']);
  await page.keyboard.press('Escape');
});

await step('an app has levels and fields, and a policy of its own', async () => {
  const grants = await api('POST', '/policies', { name: 'Managers decide', requestType: 'GrantAccessRequest', steps: [{ approvers: 'manager' }] });
  await go(`/apps/${app.id}`);
  await page.getByRole('button', { name: 'Edit levels' }).click();
  await page.getByRole('button', { name: 'Another level' }).click();
  await page.getByLabel('Name', { exact: true }).last().fill('Booker');
  await clean('the levels of an app');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('The levels are changed').waitFor();
  await page.getByRole('button', { name: 'Edit fields' }).click();
  await page.getByRole('button', { name: 'Another field' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Tier');
  await page.getByLabel('Holds').selectOption('select');
  await page.getByLabel('What it offers').fill('Gold\nSilver');
  await clean('the fields of an app');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('The fields are changed').waitFor();
  const now = await api('GET', `/apps/${app.id}`);
  assert.deepEqual([now.permissionLevels.map((one) => one.name), now.customFields[0].options.map((one) => one.name)], [['Reader', 'Booker'], ['Gold', 'Silver']]);
  await page.getByLabel('Policy for Granting access', { exact: true }).selectOption(grants.id);
  await page.getByText('Chosen').waitFor();
  assert.equal((await api('GET', `/apps/${app.id}/policies`)).items[0].policy, grants.id);
});

await step('somebody decides in another’s place', async () => {
  await go(`/users/${told.ada}?tab=profile`);
  await page.getByRole('button', { name: 'Let another decide' }).click();
  await page.getByRole('combobox', { name: 'Who decides' }).fill('vera');
  await page.getByRole('option', { name: /vera/i }).first().waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Let them' }).click();
  await page.getByText('decides now').waitFor();
  assert.equal((await api('GET', `/users/${told.ada}/delegations`)).items[0].to, told.vera);
});

await step('a team takes whole groups in', async () => {
  await go(`/teams/${team.id}`);
  await page.getByText('with all its members').waitFor();
  await page.getByRole('button', { name: 'Remove' }).click();
  await page.getByText('Nobody is in it').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByText('with all its members').waitFor();
});

await step('a group is seen as it was', async () => {
  await go(`/groups/${told.ops}?at=${encodeURIComponent(told.now)}`);
  await page.getByText('You see this group as it was').waitFor();
  await page.getByRole('button', { name: 'Back to now' }).click();
  await page.getByText('You see this group as it was').waitFor({ state: 'detached' });
});

await step('a group is made, archived and restored', async () => {
  await go('/groups');
  await page.getByRole('button', { name: 'New group' }).click();
  await clean('the dialog of a new group');
  await page.getByLabel('Name', { exact: true }).fill('Night shift');
  await page.getByRole('button', { name: 'Make the group' }).click();
  await page.getByRole('heading', { name: 'Night shift' }).waitFor();
  await page.getByRole('button', { name: 'Archive' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Archive' }).click();
  await page.getByText('This group is archived').waitFor();
  await page.getByRole('button', { name: 'Restore' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Restore' }).click();
  await page.getByText('This group is archived').waitFor({ state: 'detached' });
});

await step('a review is decided row by row, and closed after a preview', async () => {
  await go(`/reviews/${review.id}`);
  await page.getByRole('button', { name: 'Keep', exact: true }).first().click();
  await page.getByText('1 row: keep').waitFor();
  await page.getByRole('button', { name: 'End', exact: true }).first().click();
  await page.getByText('1 row: end').waitFor();
  await page.getByRole('button', { name: 'Close…' }).click();
  // Whoever is in a group by nesting as well loses nothing.
  await page.getByRole('region', { name: 'What this would do' }).getByText(/^(Memberships|Nobody gains)/).waitFor();
  await clean('the dialog that closes a review');
  await page.getByRole('button', { name: 'Close it' }).click();
  await page.getByText('Autumn is closed').waitFor();
});

await step('the palette goes anywhere by keyboard', async () => {
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: /Search people/ }).waitFor();
  await clean('the palette');
  await page.keyboard.type('journ');
  await page.getByRole('option', { name: /Journal/ }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Journal' }).waitFor();
  await page.getByRole('button', { name: 'Verify' }).click();
  await page.getByText('Both chains are whole').waitFor();
});

await step('a key is made, and its token is shown once', async () => {
  await go('/keys');
  await page.getByRole('button', { name: 'New key' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('From the console');
  await page.getByRole('button', { name: 'Make the key' }).click();
  const shown = await page.locator('dialog code').first().textContent();
  assert.match(shown ?? '', /^[0-9a-f-]{36}\.[\w-]{43}$/);
  await page.getByRole('button', { name: 'Done' }).click();
  assert.equal((await page.content()).includes(shown), false);
});

await step('nothing is loaded from elsewhere, and the first page is small', async () => {
  await context.clearCookies();
  const sizes = [];
  const seen = (response) => sizes.push(response);
  page.on('response', seen);
  await page.goto(`${url}/console/groups`);
  await page.getByLabel('Key', { exact: true }).fill(token);
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'Engineering' }).waitFor();
  page.off('response', seen);
  let bytes = 0;
  for (const response of sizes) {
    assert.ok(response.url().startsWith(url), response.url());
    if (/\.(js|css)$/.test(new URL(response.url()).pathname)) {
      assert.match(response.headers()['content-encoding'] ?? '', /br|gzip/, response.url());
      assert.match(response.headers()['cache-control'], /immutable/);
      bytes += Number(response.headers()['content-length']);
    }
  }
  assert.ok(bytes > 20_000 && bytes < 250_000, `${bytes} bytes of scripts and styles`);
});

await step('signing out ends it', async () => {
  await menu();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.goto(`${url}/console/users`);
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
});

if (told.provider) {
  const through = async (address) => {
    await context.clearCookies();
    await page.goto(`${url}/console/users?q=vera`);
    await page.getByRole('link', { name: 'Continue with the test provider' }).click();
    await page.locator('input[name=login]').fill(address);
    await page.locator('input[name=password]').fill('any');
    await page.getByRole('button', { name: /sign-in/i }).click();
    await page.getByRole('button', { name: 'Continue', exact: true }).click();
  };

  await step('people sign in with OpenID Connect, and come to the page they asked for', async () => {
    await through(told.address);
    await page.getByRole('heading', { name: 'Users' }).waitFor();
    assert.match(page.url(), /q=vera/);
    const me = await page.evaluate(async () => (await fetch('/v1/me')).json());
    assert.deepEqual([me.user.email, me.access, me.session], [told.address, 'write', true]);
    const cookies = await context.cookies(url);
    assert.deepEqual(cookies.map((cookie) => [cookie.name, cookie.sameSite, cookie.httpOnly]), [['guildhall-session', 'Strict', true]]);
  });

  await step('whom nobody here knows, or whose address is not verified, is not let in', async () => {
    await through('stranger@nowhere.example');
    await page.getByText('nobody here has your e-mail address').waitFor();
    await clean('a refused sign-in');
    await through(`unverified-${told.address}`);
    await page.getByText('Your sign-in could not be checked').waitFor();
    assert.equal((await page.evaluate(async () => (await fetch('/v1/me')).status)), 401);
  });

  await step('an answer that this browser did not ask for is not taken', async () => {
    await context.clearCookies();
    await page.goto(`${url}/console/oidc/callback?code=x&state=y`);
    await page.getByText('begun too long ago').waitFor();
    await page.goto(`${url}/console/oidc/callback?error=access_denied&state=y`);
    await page.getByText('begun too long ago').waitFor();
  });
}

await browser.close();
console.log(`${passed} passed, ${failures.length} failed`);
process.exit(failures.length ? 1 : 0);
