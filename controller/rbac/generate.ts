// `npm run rbac`: writes deploy/rbac/ from the table of grants. With --check it changes nothing and fails when what is
// committed is stale.
import { generateFiles } from '../generated-files/index.ts';
import { rbacFiles } from './rbac-files.ts';

generateFiles({
  directory: new URL('../../deploy/rbac/', import.meta.url),
  name: 'deploy/rbac',
  files: rbacFiles(),
  command: 'npm run rbac',
});
