// Every call that came through the proxy, with what it was about: what tests count, and what policies are held against.

import type { AuthorizationRequest } from './iam/index.ts';

/** One call. */
export interface CallRecord {
  readonly atMs: number;
  readonly service: string;
  readonly action: string;
  /** Ids and names of what it was about, as far as the request says. */
  readonly resources: readonly string[];
  /** Tags that it gave, by resource type. */
  readonly tags: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** What IAM would ask about it. */
  readonly authorizations: readonly AuthorizationRequest[];
  readonly parameters: ReadonlyMap<string, string>;
  /** HTTP status; 0 where the caller got no answer. */
  status: number;
  /** Of a refusal. */
  code?: string;
  /** Who answered. */
  by: 'moto' | 'proxy';
}
