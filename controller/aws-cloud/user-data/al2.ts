// Amazon Linux 2: a MIME archive whose last part is a script that calls the image's own bootstrap.sh. What the user wrote
// comes before it.
import type { UserDataInput } from './input.ts';
import { dnsAddress, hasIpv6, kubeletArguments } from './kubelet.ts';
import { isMime, partOf, readMime, SHELL_SCRIPT, writeMime } from './mime.ts';

/** The user data. */
export function al2UserData(input: UserDataInput): string {
  const { custom = '' } = input;
  const own = custom === '' ? [] : isMime(custom) ? readMime(custom) : [partOf(SHELL_SCRIPT, custom)];
  return writeMime([...own, partOf(SHELL_SCRIPT, bootstrapScript(input))]);
}

function bootstrapScript(input: UserDataInput): string {
  const { cluster, kubelet, raid0 } = input;
  const dns = dnsAddress(kubelet);
  // bootstrap.sh takes its arguments apart from their names, not joined by an equals sign.
  const call = [
    `/etc/eks/bootstrap.sh '${cluster.name}' --apiserver-endpoint '${cluster.endpoint}'${
      cluster.caBundle === undefined ? '' : ` --b64-cluster-ca '${cluster.caBundle}'`
    }`,
    ...(hasIpv6(kubelet) ? ['--ip-family ipv6'] : []),
    ...(dns === undefined ? [] : [`--dns-cluster-ip '${dns}'`]),
    ...(kubelet.maxPods === undefined ? [] : ['--use-max-pods false']),
    `--kubelet-extra-args '${kubeletArguments(input).join(' ')}'`,
    ...(raid0 ? ['--local-disks raid0'] : []),
  ];
  return [
    '#!/bin/bash -xe',
    'exec > >(tee /var/log/user-data.log|logger -t user-data -s 2>/dev/console) 2>&1',
    call.join(' \\\n'),
  ].join('\n');
}
