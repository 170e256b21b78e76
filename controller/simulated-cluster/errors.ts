// The errors of the API server, with the words that it uses where people know them.
import { ClusterError, type Kind, type ObjectName } from '../ports/index.ts';

/** `pods` or `nodepools.karpenter.sh`, as messages have it. */
export function resourceOf(kind: Kind): string {
  return kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`;
}

export function notFound(kind: Kind, name: ObjectName): ClusterError {
  return new ClusterError('NotFound', `${resourceOf(kind)} "${name.name}" not found`);
}

export function alreadyExists(kind: Kind, name: string): ClusterError {
  return new ClusterError('AlreadyExists', `${resourceOf(kind)} "${name}" already exists`);
}

export function conflict(kind: Kind, name: string, why: string): ClusterError {
  return new ClusterError('Conflict', `Operation cannot be fulfilled on ${resourceOf(kind)} "${name}": ${why}`);
}

/** The stored object has another version than the caller has seen. */
export function versionConflict(kind: Kind, name: string): ClusterError {
  return conflict(
    kind,
    name,
    'the object has been modified; please apply your changes to the latest version and try again',
  );
}

export function invalid(kind: Kind, name: string, field: string, why: string): ClusterError {
  return new ClusterError('Invalid', `${kind.kind} "${name}" is invalid: ${field}: ${why}`);
}

export function badRequest(message: string): ClusterError {
  return new ClusterError('BadRequest', message);
}

export function forbidden(kind: Kind, name: string, why: string, cause?: string): ClusterError {
  return new ClusterError('Forbidden', `${resourceOf(kind)} "${name}" is forbidden: ${why}`, {
    causes: cause === undefined ? [] : [cause],
  });
}

export function gone(message: string): ClusterError {
  return new ClusterError('Gone', message);
}
