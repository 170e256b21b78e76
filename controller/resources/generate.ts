// `npm run crds`: writes deploy/crds/ from the descriptions of the resources. With --check it changes nothing and fails
// when what is committed is stale.
import { generateFiles } from '../generated-files/index.ts';
import { crdFiles } from './crd-files.ts';

generateFiles({
  directory: new URL('../../deploy/crds/', import.meta.url),
  name: 'deploy/crds',
  files: crdFiles(),
  command: 'npm run crds',
});
