/** Calls of the native API, typed by its OpenAPI document, in the session that the browser's cookie stands for. */
import type { paths } from './schema';
import { proof, signedOut } from './session';

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
/** The paths that answer this method. */
export type PathOf<M extends Method> = { [P in keyof paths]: paths[P] extends { [K in M]: object } ? P : never }[keyof paths];

type Op<P extends keyof paths, M extends Method> = paths[P] extends { [K in M]: infer O } ? O : never;
type Json<R> = R extends { content: { 'application/json': infer T } } ? T : R extends { content: Record<string, infer T> } ? T : undefined;
/** What a call answers when it went well. */
export type Answer<P extends keyof paths, M extends Method> =
  Op<P, M> extends { responses: infer R } ? Json<R[keyof R & (200 | 201 | 202 | 204)]> : never;
type PathParams<P extends keyof paths, M extends Method> = Op<P, M> extends { parameters: { path: infer T } } ? Omit<T, 'company'> : object;
type Query<P extends keyof paths, M extends Method> = Op<P, M> extends { parameters: { query?: infer T } } ? T : never;
type Body<P extends keyof paths, M extends Method> = Op<P, M> extends { requestBody?: { content: infer C } } ? C[keyof C] : undefined;

/** What may go with a call. */
export interface Call<P extends keyof paths, M extends Method> {
  path?: PathParams<P, M>;
  query?: Query<P, M>;
  body?: Body<P, M>;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** A member of a request that is wrong. */
export interface FieldProblem {
  field: string;
  detail: string;
  /** Of a sheet: the line it is on. */
  line?: number;
}

/** A refusal, as RFC 9457 has it. */
export class Problem extends Error {
  readonly status: number;
  readonly kind: string;
  readonly title: string;
  readonly errors: FieldProblem[];
  readonly request: string | undefined;
  readonly body: Record<string, unknown>;

  constructor(status: number, body: Record<string, unknown>) {
    super(String(body.detail ?? body.title ?? `The server answered ${status}.`));
    this.status = status;
    this.kind = String(body.type ?? '').split(':').pop() ?? '';
    this.title = String(body.title ?? 'The call failed');
    this.errors = (body.errors as FieldProblem[] | undefined) ?? [];
    this.request = (body.instance as string | undefined)?.replace('urn:uuid:', '');
    this.body = body;
  }
}

let company = '';
/** Sets the company that every path means. */
export function workIn(id: string) {
  company = id;
}
/** The company that every path means. */
export function workingIn() {
  return company;
}

/** The address of a path with what goes into it. */
export function address(path: string, params: object = {}, query: object = {}) {
  const values: Record<string, unknown> = { company, ...params };
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values[name])));
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '');
  return pairs.length ? `${filled}?${new URLSearchParams(pairs.map(([k, v]) => [k, String(v)]))}` : filled;
}

/** Sends a request and reads what comes of it. */
export async function send(method: string, target: string, body?: unknown, headers: Record<string, string> = {}, signal?: AbortSignal) {
  const fields: Record<string, string> = { accept: 'application/json', ...headers };
  if (method !== 'GET') fields['guildhall-proof'] = proof();
  if (body !== undefined) fields['content-type'] ??= method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  // A file goes as it is.
  const sent = body === undefined ? null : body instanceof Blob ? body : JSON.stringify(body);
  let response: Response;
  try {
    response = await fetch(target, { method, headers: fields, body: sent, signal: signal ?? null });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new Problem(0, { title: 'The server cannot be reached', detail: 'No answer came. Check the connection; what is shown may be out of date.' });
  }
  const text = await response.text();
  const data = text ? safely(text) : undefined;
  if (!response.ok) {
    if (response.status === 401) signedOut();
    throw new Problem(response.status, (data as Record<string, unknown> | undefined) ?? {});
  }
  return data;
}

function safely(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { detail: text.slice(0, 300) };
  }
}

/** Reads. */
export function get<P extends PathOf<'get'>>(path: P, call: Call<P, 'get'> = {}): Promise<Answer<P, 'get'>> {
  return send('GET', address(path, call.path, call.query as object), undefined, call.headers, call.signal) as Promise<Answer<P, 'get'>>;
}

/** A change that can be tried before it is made. */
export interface Change {
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  target: string;
  body?: unknown;
  headers?: Record<string, string>;
}

/** The change that a call is, for [`make`] and [`tryOut`]. */
export function change<M extends 'post' | 'put' | 'patch' | 'delete', P extends PathOf<M>>(method: M, path: P, call: Call<P, M> = {}): Change {
  const verb = method.toUpperCase() as Change['method'];
  return { method: verb, target: address(path, call.path, call.query as object), body: call.body, headers: call.headers };
}

/** Makes a change, once: sent again after a lost answer it is not made twice. */
export async function make<T = unknown>(asked: Change, key: string = crypto.randomUUID()): Promise<T> {
  return (await send(asked.method, asked.target, asked.body, { 'idempotency-key': key, ...asked.headers })) as T;
}

/** Tells what a change would do, without making it. */
export async function tryOut<T = unknown>(asked: Change, signal?: AbortSignal): Promise<T> {
  const target = asked.target + (asked.target.includes('?') ? '&' : '?') + 'preview=true';
  return (await send(asked.method, target, asked.body, asked.headers, signal)) as T;
}
