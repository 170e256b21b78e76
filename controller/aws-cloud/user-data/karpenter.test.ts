// User data against Karpenter's own, part by part: what Karpenter 1.14.1 writes for the table in testdata/inputs.json was
// written down once by its Go module (e2e/aws/user-data). Parts are compared by what they mean: parsed YAML and TOML,
// arguments by name, lists without their order.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse as parseToml } from 'smol-toml';
import { parse as parseYaml } from 'yaml';
import { renderUserData, UserDataError, type UserDataInput } from './index.ts';

interface Answer {
  readonly name: string;
  readonly userData?: string;
  readonly error?: string;
}

function read<Row>(name: string): readonly Row[] {
  return JSON.parse(readFileSync(new URL(`./testdata/${name}`, import.meta.url), 'utf8')) as Row[];
}

const inputs = read<UserDataInput & { readonly name: string }>('inputs.json');
const answers = new Map(read<Answer>('karpenter.json').map((answer) => [answer.name, answer]));

/** Parts of an archive as [headers, content]; written apart from the code that is tested. */
function mimeParts(text: string): readonly (readonly [string, string])[] {
  const [head = '', ...rest] = text.split('\n--//');
  assert.equal(head, 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="//"\n');
  assert.equal(rest.at(-1)?.trim(), '--');
  return rest.slice(0, -1).map((part) => {
    const [headers = '', ...content] = part.split('\n\n');
    return [headers.trim().split('\n').sort().join('\n'), content.join('\n\n')];
  });
}

/** Words, with what is in single quotes kept together. */
function words(text: string): string[] {
  return [...text.matchAll(/'([^']*)'|((?:[^\s'\\])+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
}

/** --name="a,b" by name, lists without their order. */
function kubeletArguments(text: string): Record<string, unknown> {
  const found = [...text.matchAll(/(--[a-z-]+)=("(?:[^"\\]|\\.)*"|\S+)/g)];
  assert.equal(found.map(([all]) => all).join(' '), text, 'every argument is understood');
  return Object.fromEntries(
    found.map(([, name, value = '']) => [name, value.startsWith('"') ? value.slice(1, -1).split(',').sort() : value]),
  );
}

/** A call of a start-up script, its kubelet arguments taken apart. */
function callOf(text: string, kubeletFlag: string): readonly unknown[] {
  const found = words(text);
  return found.map((word, index) => (found[index - 1] === kubeletFlag ? kubeletArguments(word) : word));
}

/** Karpenter writes mappings that say nothing, too. */
function withoutEmpty(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).map(([key, one]) => [key, withoutEmpty(one)] as const);
  return Object.fromEntries(
    entries.filter(([, one]) => typeof one !== 'object' || one === null || Object.keys(one).length > 0),
  );
}

function nodeConfig(text: string): unknown {
  const config = withoutEmpty(parseYaml(text)) as { spec?: { kubelet?: { flags?: string[] } } };
  const kubelet = config.spec?.kubelet;
  const flags = kubelet?.flags?.map(kubeletArguments);
  return flags === undefined ? config : { ...config, spec: { ...config.spec, kubelet: { ...kubelet, flags } } };
}

function meaning(family: UserDataInput['family'], text: string): unknown {
  switch (family) {
    case 'AL2':
    case 'AL2023':
      return mimeParts(text).map(([headers, content]) => [
        // Of parts for AL2023 Karpenter loses all headers but the type; cloud-init reads them, and they are kept here.
        family === 'AL2023' ? headers.split('\n').filter((line) => line.startsWith('Content-Type:')) : headers,
        headers.includes('application/node.eks.aws')
          ? nodeConfig(content)
          : content.includes('/etc/eks/bootstrap.sh')
            ? callOf(content, '--kubelet-extra-args')
            : content,
      ]);
    case 'Bottlerocket':
      return parseToml(text);
    case 'Custom':
      return text;
    default:
      return callOf(text, '-KubeletExtraArgs');
  }
}

for (const input of inputs) {
  test(`${input.name}: as Karpenter writes it`, () => {
    const answer = answers.get(input.name) ?? assert.fail('Karpenter was not asked');
    if (answer.error !== undefined) {
      assert.throws(() => renderUserData(input), UserDataError);
      return;
    }
    assert.deepEqual(
      meaning(input.family, renderUserData(input)),
      meaning(input.family, answer.userData ?? ''),
      `Karpenter's:\n${answer.userData}`,
    );
  });
}

test('Karpenter was asked about the table as it is', () => {
  assert.deepEqual([...answers.keys()].sort(), inputs.map(({ name }) => name).sort());
});
