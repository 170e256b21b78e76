// `npm run iam`: writes deploy/iam/ from the table of statements. With --check it changes nothing and fails when what is
// committed is stale.
import { generateFiles } from '../generated-files/index.ts';
import { iamFiles } from './iam-files.ts';

generateFiles({
  directory: new URL('../../deploy/iam/', import.meta.url),
  name: 'deploy/iam',
  files: iamFiles(),
  command: 'npm run iam',
});
