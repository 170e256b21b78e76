// Windows: one block of PowerShell, in which what the user wrote runs before the image's own Start-EKSBootstrap.ps1.
import type { UserDataInput } from './input.ts';
import { dnsAddress, kubeletArguments } from './kubelet.ts';

const SCRIPT = '"$env:ProgramFiles\\Amazon\\EKS\\Start-EKSBootstrap.ps1"';

/** The user data. */
export function windowsUserData(input: UserDataInput): string {
  const { cluster, custom = '', kubelet } = input;
  const dns = dnsAddress(kubelet);
  const call = [
    `& $EKSBootstrapScriptFile -EKSClusterName '${cluster.name}' -APIServerEndpoint '${cluster.endpoint}'`,
    ...(cluster.caBundle === undefined ? [] : [`-Base64ClusterCA '${cluster.caBundle}'`]),
    `-KubeletExtraArgs '${kubeletArguments(input).join(' ')}'`,
    ...(dns === undefined ? [] : [`-DNSClusterIP '${dns}'`]),
  ];
  return [
    '<powershell>',
    ...(custom === '' ? [] : [custom]),
    `[string]$EKSBootstrapScriptFile = ${SCRIPT}`,
    call.join(' '),
    '</powershell>',
  ].join('\n');
}
