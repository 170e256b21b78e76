// User data for a node, by the family of its image. Pure. It may carry secrets of its user: it never reaches a log, a
// message or a record.
import { al2UserData } from './al2.ts';
import { al2023UserData } from './al2023.ts';
import { bottlerocketUserData } from './bottlerocket.ts';
import { type ImageFamily, UserDataError, type UserDataInput } from './input.ts';
import { windowsUserData } from './windows.ts';

/** EC2 takes no more, before base64. */
const MOST_BYTES = 16_384;

const WRITERS: Readonly<Record<ImageFamily, (input: UserDataInput) => string>> = {
  AL2: al2UserData,
  AL2023: al2023UserData,
  Bottlerocket: bottlerocketUserData,
  Windows2019: windowsUserData,
  Windows2022: windowsUserData,
  Windows2025: windowsUserData,
  // Nobody here knows how such an image joins: its user does.
  Custom: ({ custom = '' }) => custom,
};

/**
 * The user data, as text. Equal input gives equal text.
 *
 * @throws UserDataError for what the user wrote and can't be merged, or is too much
 */
export function renderUserData(input: UserDataInput): string {
  const text = WRITERS[input.family](input);
  const bytes = Buffer.byteLength(text);
  if (bytes > MOST_BYTES) {
    const message = `write user data: ${bytes} bytes are more than the ${MOST_BYTES} that EC2 takes: shorten spec.userData`;
    throw new UserDataError('UserDataSizeLimitExceeded', message);
  }
  return text;
}
