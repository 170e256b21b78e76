// What the page may be asked to do, where it may do anything: requests are read and checked here, and carried out by whoever
// runs the cluster.
import type { ActionsState } from './messages.ts';

/** Carries out what a person asks for. What can't be done rejects with an ActionError. */
export interface PageActions {
  state(): ActionsState;
  scale(namespace: string, name: string, replicas: number): Promise<void>;
  /** The cloud takes a spot instance back. */
  interrupt(nodeId: string): Promise<void>;
  /** Nothing more can be had in a zone, or again. */
  setZone(zone: string, isExhausted: boolean): Promise<void>;
  /** Adds a pod that no instance type holds. */
  addMisfit(): Promise<void>;
  removeMisfits(): Promise<void>;
}

/** What was asked for can't be done; the message is for the user. */
export class ActionError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ActionError';
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** Carries out one action by its name. Undefined where there is none of the name. */
export function runAction(actions: PageActions, name: string, body: Fields): Promise<void> | undefined {
  switch (name) {
    case 'scale':
      return actions.scale(
        text(body, 'namespace'),
        text(body, 'name'),
        wholeNumber(body, 'replicas', actions.state().maxReplicas),
      );
    case 'interrupt':
      return actions.interrupt(text(body, 'node'));
    case 'zone':
      return actions.setZone(text(body, 'zone'), flag(body, 'isExhausted'));
    case 'add-misfit':
      return actions.addMisfit();
    case 'remove-misfits':
      return actions.removeMisfits();
    default:
      return undefined;
  }
}

const LONGEST_TEXT = 253;

function text(body: Fields, field: string): string {
  const value = body[field];
  if (typeof value !== 'string' || value === '' || value.length > LONGEST_TEXT) {
    throw new ActionError(`${field}: write a name`);
  }
  return value;
}

function flag(body: Fields, field: string): boolean {
  const value = body[field];
  if (typeof value !== 'boolean') throw new ActionError(`${field}: write true or false`);
  return value;
}

function wholeNumber(body: Fields, field: string, most: number): number {
  const value = body[field];
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > most) {
    throw new ActionError(`${field}: write a whole number from 0 to ${most.toLocaleString('en-US')}`);
  }
  return value;
}
