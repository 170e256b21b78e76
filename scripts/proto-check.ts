// buf lint, buf format and buf breaking against the committed baseline (proto/baseline.binpb). The baseline changes
// only by --write-baseline, in a commit of its own that names the ADR which allows the change.
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { rootDirectory, runBuf, withProtobufWorkspace } from './protobuf.ts';

const baseline = join(rootDirectory, 'proto/baseline.binpb');

withProtobufWorkspace((directory) => {
  if (process.argv.includes('--write-baseline')) {
    runBuf(directory, ['build', 'proto', '--exclude-source-info', '--as-file-descriptor-set', '-o', 'baseline.binpb']);
    copyFileSync(join(directory, 'baseline.binpb'), baseline);
    console.log('wrote proto/baseline.binpb: commit it alone, naming the ADR');
    return;
  }
  runBuf(directory, ['lint', '--path', 'proto/dovetail']);
  runBuf(directory, ['format', '--diff', '--exit-code', 'proto']);
  if (!existsSync(baseline)) throw new Error('proto/baseline.binpb is missing: it is committed with the contract');
  // Imported files (google/protobuf/descriptor.proto) come with buf itself and differ from version to version.
  runBuf(directory, ['breaking', 'proto', '--against', baseline, '--exclude-imports']);
  console.log('proto: lint, format and breaking check passed');
});
