// The Pod that the controller runs in.
import {
  type ApiObject,
  apiVersionOf,
  ClusterError,
  KINDS,
  type ObjectName,
  type ObjectReader,
} from '../ports/index.ts';

/** The Pod of that name as an object that events can be about. Without its UID where it can't be read now. */
export async function readOwnPod(
  reader: Pick<ObjectReader, 'get'>,
  name: ObjectName,
  signal?: AbortSignal,
): Promise<ApiObject> {
  const typed = { apiVersion: apiVersionOf(KINDS.pods), kind: KINDS.pods.kind };
  try {
    const uid = (await reader.get(KINDS.pods, name, signal))?.metadata.uid;
    return { ...typed, metadata: { ...name, ...(uid === undefined ? {} : { uid }) } };
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    return { ...typed, metadata: name };
  }
}
