// docs/mission-transcript.md: the transcript of the walk-through, with what stands in for what said before it.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { commandsIn, type Transcript } from './transcript.ts';

const FILE = new URL('../../../docs/mission-transcript.md', import.meta.url);

const INTRODUCTION = `# The walk-through, as it went

Written by \`npm run mission:transcript\`, never edited: every \`aws\` and \`kubectl\` command of the mission's walk-through, typed in
its order and as it is printed, and what came back; first as printed, then with exactly the commands run that \`dovetail doctor\`
printed. The same test (\`e2e/aws/mission/walk.test.ts\`) runs in \`npm run e2e:aws\`, checks what came of each, and that this page
has the commands that it typed. Whatever is different each time (ids, times, addresses) is replaced by its kind, and of long
answers the middle is left out.

No AWS account has seen any of this. What stands in for what:

| what the reader has | here |
|---|---|
| AWS | moto, behind the fault proxy of [e2e.md](e2e.md), in us-west-2 where the article has us-east-1: moto contradicts itself about zones there |
| the AWS CLI, version 2 | that of PyPI, version 1, which is handed the region and the endpoint in its own ways |
| an EKS cluster | etcd, kube-apiserver, kube-scheduler and kube-controller-manager of Kubernetes 1.36, and kubectl of the same; moto's EKS describes a cluster of 1.32, for which images are seeded (\`EKS_CONTROL_PLANE\`). The security group that EKS makes for a cluster is the proxy's answer |
| \`helm\`, and the chart | a stand-in: it installs \`deploy/crds\`, \`deploy/rbac\` and the webhook, and a Deployment with the same settings; there is no chart yet |
| the node that the controller runs on | a kubelet of the tests: it runs \`dovetail controller\` as a process for each pod, gives it a token and the role of its ServiceAccount as EKS does (moto's STS hands out the keys, and never looks at the trust policy), and serves its log |
| kubelets of new nodes | the tests make each node as its NodeClaim says, and say that its pods run; no container ever does |
| IAM | moto refuses nothing, so as printed the pods run although the role may launch nothing. From the second part on the proxy refuses what the policies of the role do not allow, by an evaluator of ours; access entries and \`iam:SimulatePrincipalPolicy\` are the proxy's answers too |
| EventBridge | moto's: an event that is put goes by the rules into the queue. Only AWS itself can put events of \`aws.ec2\`; moto lets anybody |
| \`requirements\` alone, of the article's fourth trouble | no command: \`npm run e2e:crds\` patches them in |
| OpenCost | is not installed: its manifest is fetched from the Internet, and it is no part of this |
`;

/** Writes the document anew where that was asked for. */
export function writeTranscript(transcript: Transcript): void {
  if (process.env.UPDATE_TRANSCRIPT === '1') writeFileSync(FILE, transcript.text(INTRODUCTION));
}

/** The commands that the document has. */
export function commandsInDocument(): string[] {
  return existsSync(FILE) ? commandsIn(readFileSync(FILE, 'utf8')) : [];
}
