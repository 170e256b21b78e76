// `npm run webhook`: writes deploy/webhook from the table of configurations. With --check it changes nothing and fails when
// what is committed is stale.
import { generateFiles } from '../generated-files/index.ts';
import { webhookFiles } from './configurations.ts';

generateFiles({
  directory: new URL('../../deploy/webhook/', import.meta.url),
  name: 'deploy/webhook',
  files: webhookFiles(),
  command: 'npm run webhook',
});
